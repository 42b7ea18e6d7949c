"""Earwitness, the human side: studies, sessions, answers. Imports neither streamlit nor torch."""
