"""What pages that lay people and models side by side have in common: which runs, which language, and who is simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import streamlit as st

from listening_tests import languages
from pages.parts import frame
from ser_core.runs import Run

_ALL = "all"


def runs(found: Sequence[Run]) -> list[Run]:
    """Which runs stand beside the people; at first the latest that has given each rater, for a rater answers once."""
    if not found:
        return []
    by_id = {run.id: run for run in found}
    latest = {tuple(run.tables.raters["rater"]): run.id for run in reversed(found)}
    default = [i for i in by_id if i in latest.values()]
    named = {run.id: _called(run) for run in found}
    often = Counter(named.values())  # the widget knows what is chosen by its words, so two runs need two
    called = {i: f"{words} · {i}" if often[words] > 1 else words for i, words in named.items()}.__getitem__
    chosen = st.multiselect("Model runs", list(by_id), default=default, key="runs", placeholder="none", format_func=called)
    return [by_id[i] for i in chosen]


def no_model(did: str, label: str) -> None:
    """Where models are run, for who has none beside the people yet; ``did`` is what they would have done."""
    st.caption(f"No model has {did} yet.")
    st.page_link(str(frame.PAGES / "models.py"), label=label, icon=":material/play_arrow:")


def _called(run: Run) -> str:
    """The model with its settings as tables and figures name it, then the seed, then when it was done (UTC).

    An experiment is called by its own name: it brings models of many kinds.
    """
    done = str(run.config.get("written_at", ""))[:16].replace("T", " ")
    if isinstance(run.config.get("experiment"), dict):
        models = len(run.tables.raters)
        return " · ".join(filter(None, (f"experiment {run.id.partition('/')[0]}", f"{models:,} models", done)))
    first = run.tables.raters.iloc[0]
    of_this_one = ".".join(filter(None, [first["source"], first["target"], f"s{first['seed']}"]))
    name = str(first["rater"]).removesuffix(f".{of_this_one}")
    return " · ".join(filter(None, (name, f"seed {run.config.get('seed', 0)}", done)))


def language(tags: Iterable[str]) -> str:
    """The language that everything below is about, which the address holds; empty = all of them together."""
    spoken = sorted(set(tags) - {""})
    offered = [*spoken, ""] if len(spoken) > 1 else spoken
    if "language" not in st.session_state:
        asked = st.query_params.get("language", tag(offered[0]))
        st.session_state["language"] = "" if asked == _ALL else asked
        if st.session_state["language"] not in offered:
            st.warning(f"The address asks for clips in '{asked}', which are not here; it is passed over.")
    if st.session_state["language"] not in offered:
        st.session_state["language"] = offered[0]
    chosen = st.segmented_control("Language of the clips", offered, key="language", format_func=name, required=True)
    st.query_params["language"] = tag(str(chosen))
    return str(chosen)


def tag(language: str) -> str:
    """What an address and the name of a file call a language."""
    return language or _ALL


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
            f"**Simulated listeners.** {number} of {people} listeners are simulated: a program answered for "
            "them, which heard nothing.",
            icon=":material/smart_toy:",
        )


def turn(words: str, icon: str, names: Sequence[str], to: int) -> None:
    """A button that goes to the clip ``names[to]``, if there is one: the box of clips has the key ``clip``."""
    there = 0 <= to < len(names)
    st.button(words, icon=icon, disabled=not there, on_click=_turn_to, args=(names[to] if there else "",))


def _turn_to(name: str) -> None:
    st.session_state["clip"] = name
