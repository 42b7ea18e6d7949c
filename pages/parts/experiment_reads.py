"""Experiments as the pages read them again and again, kept until a file of theirs changes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from ser_core import experiment_folders, experiment_published, published
from ser_core.experiment_folders import Experiment
from ser_core.published import Published

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


def projections(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Where chosen models lay clips, and how well these fall apart; no rows where it does not say.

    Raises:
        BadInput: a file is damaged.
    """
    return _projections(str(folder), experiment_folders.version(folder))


@st.cache_resource(max_entries=4, show_spinner="Reading …")
def _projections(folder: str, version: Version) -> tuple[pd.DataFrame, pd.DataFrame]:
    return experiment_folders.projections(Path(folder))


def beside(folder: Path, number: int) -> tuple[Published, pd.DataFrame]:
    """A paper, and one of ``experiment_published.TABLES`` of it with one's own.

    Raises:
        BadInput: files of the experiment are missing or damaged.
    """
    return _beside(str(folder), experiment_folders.version(folder), number)


@st.cache_resource(max_entries=64, show_spinner=False)
def _beside(folder: str, version: Version, number: int) -> tuple[Published, pd.DataFrame]:
    own, one = experiment(Path(folder)), experiment_published.TABLES[number]
    paper = _paper(one.paper)
    spoken = (own.config.get("experiment") or {}).get("encoders") or {}
    return paper, one.rows(paper, own.best, spoken)


@st.cache_resource(show_spinner=False)
def _paper(name: str) -> Published:
    """It comes with the program and does not change while that runs."""
    return published.read(name)
