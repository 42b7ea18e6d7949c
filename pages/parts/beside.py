"""What pages that lay people and models side by side have in common: which runs, which language, and who is simulated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from listening_tests import languages
from ser_core.runs import Run


def runs(found: Sequence[Run]) -> list[Run]:
    """Which runs stand beside the people; at first the latest that has given each rater, for a rater answers once."""
    if not found:
        return []
    by_id = {run.id: run for run in found}
    latest = {tuple(run.tables.raters["rater"]): run.id for run in reversed(found)}
    default = [i for i in by_id if i in latest.values()]
    chosen = st.multiselect("Model runs", list(by_id), default=default, key="runs", placeholder="none")
    return [by_id[i] for i in chosen]


def language(tags: Iterable[str]) -> str:
    """The language that everything below is about; empty = all of them together."""
    spoken = sorted(set(tags) - {""})
    offered = [*spoken, ""] if len(spoken) > 1 else spoken
    chosen = st.segmented_control("Language of the clips", offered, default=offered[0], format_func=name, required=True)
    return str(chosen)


def name(tag: str) -> str:
    """A language's name in the researchers' language."""
    return languages.spoken(tag, "en") if tag else "All together"


def clips(language: str) -> str:
    """What is said of the clips of a language."""
    return f"clips in {name(language)}" if language else "all clips"


def simulated(number: int, people: int) -> None:
    """Say that some listeners heard nothing."""
    if number:
        st.warning(
            f"**Simulated listeners.** {number} of {people} listeners are simulated: they answered by chance and heard "
            "nothing.",
            icon=":material/smart_toy:",
        )
