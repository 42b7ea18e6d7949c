"""Which study a page is about; the address holds the choice, so a reload and a copied link keep it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from listening_tests import study as studies
from listening_tests.study import Study
from ser_core import places
from ser_core.errors import BadInput

Broken = list[tuple[Path, BadInput]]


def study() -> Study | None:
    """Let the researcher choose among the studies that can be opened; None (and a way on) where there is none.

    What is wrong with the others is said in full by ``show_broken``.
    """
    good, broken = read_all()
    if not good:
        _nothing(broken)
        return None
    if len(good) == 1:
        return good[0]
    by_id = {s.id: s for s in good}
    wanted = st.query_params.get("study") or st.session_state.get("study of the last page")
    first = list(by_id).index(wanted) if wanted in by_id else 0
    # Streamlit could bind the address to the widget by itself, but would write what is shown there, not the id.
    chosen = st.selectbox(
        "Study", list(by_id), first, format_func=lambda i: f"{title(by_id[i])} · {i}", key="study", width=416
    )
    st.query_params["study"] = st.session_state["study of the last page"] = chosen
    return by_id[chosen]


def title(study: Study) -> str:
    """The study's title in the researchers' language, or in the study's first."""
    return study.title.get("en") or study.title[study.languages[0]]


def read_all() -> tuple[list[Study], Broken]:
    """Every study that can be opened, and what keeps the others shut."""
    good: list[Study] = []
    broken: Broken = []
    for folder in places.studies():
        try:
            found = studies.load(folder)
        except BadInput as bad:
            broken.append((folder, bad))
            continue
        twin = next((s for s in good if s.id == found.id), None)
        if twin:
            broken.append((folder, BadInput(f"has the id '{found.id}', as {twin.folder} has; give each study its own")))
        else:
            good.append(found)
    return good, broken


def show_broken(broken: Broken) -> None:
    """Refuse studies with every problem, where it is and what to do."""
    for folder, bad in broken:
        count = len(bad.problems)
        st.error(f"**{folder.name}** is not opened: {count} problem{'s' if count != 1 else ''}", icon=":material/block:")
        _list(bad)
        check = places.typed("listening_tests", "check", str(folder))
        st.caption(f"Mend it and load this page again, or check it with `{check}`.")


def show_problems(what: str, bad: BadInput) -> None:
    """Say what cannot be shown, with every problem and where it is."""
    st.error(what, icon=":material/block:")
    _list(bad)


def _list(bad: BadInput) -> None:
    st.code("\n".join(str(p) for p in bad.problems), language=None, wrap_lines=True)


def _nothing(broken: Broken) -> None:
    if broken:
        st.info("No study can be opened. The studies page says what is wrong with each.")
    else:
        st.info(
            f"No study yet. Put a folder with `study.yaml` and `stimuli.csv` into `{places.data() / 'studies'}`, then load "
            "this page again. The demo study (`data/demo`) shows how both look."
        )
