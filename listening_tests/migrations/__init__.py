"""Alembic's migrations of the answers database; ``Store`` runs them when it opens a database."""
