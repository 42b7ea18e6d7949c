"""Earwitness, the model side and all measures: three tables in, numbers out. Knows no Streamlit and no participants."""

from ser_core.torchaudio_guard import install as _install_torchaudio_guard

_install_torchaudio_guard()
