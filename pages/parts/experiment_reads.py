"""Experiments as the pages read them again and again, kept until a file of theirs changes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from ser_core import experiment_folders
from ser_core.experiment_folders import Experiment

Version = tuple[tuple[str, int, int], ...]


def experiment(folder: Path) -> Experiment:
    """An experiment's folder.

    Raises:
        BadInput: files are missing or damaged.
    """
    return _experiment(str(folder), experiment_folders.version(folder))


@st.cache_resource(max_entries=16, show_spinner="Reading …")
def _experiment(folder: str, version: Version) -> Experiment:
    return experiment_folders.read(Path(folder))


def curves(folder: Path) -> pd.DataFrame:
    """The learning curves of all its models.

    Raises:
        BadInput: the file is damaged.
    """
    return _curves(str(folder), experiment_folders.version(folder))


@st.cache_resource(max_entries=4, show_spinner="Reading …")
def _curves(folder: str, version: Version) -> pd.DataFrame:
    return experiment_folders.curves(Path(folder))
