"""How do models hear the study's clips? Choose some, watch them work, see which runs there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from listening_tests.study import Study
from pages.parts import frame, model_choice, model_queue, model_runs, pick, reads
from pages.parts.model_choice import Chosen
from ser_core import places
from ser_core.engine import jobs
from ser_core.errors import BadInput
from ser_core.methods._find import all_methods
from ser_core.methods._method import Method

frame.begin("models")


def _run(study: Study, methods: Mapping[str, Method]) -> None:
    st.subheader("Run models", anchor=False)
    chosen = model_choice.draw(study, methods)
    count = len(chosen or ())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="seed", width=144, help="Of everything that is drawn by chance.")
        where = model_choice.machine()
        pressed = st.button(f"Run {count} models" if count > 1 else "Run", type="primary", key="run", disabled=not chosen)
    st.caption("Tick one or several. Each becomes a run of its own; on one device they run one after the other.")
    if pressed and chosen:
        _queue(study, chosen, seed=int(seed), where=where)


def _queue(study: Study, chosen: Sequence[Chosen], *, seed: int, where: Sequence[str]) -> None:
    """In the order of the page, each as the command that a shell would take."""
    refused: list[str] = []
    for one in chosen:
        name = f"{study.id}-{one.model}-s{seed}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        try:
            jobs.start(
                ["predict", *one.arguments(study), "--seed", str(seed), *where, "--out", str(places.runs() / name)], name
            )
        except BadInput as bad:
            refused.append(str(bad))
    if refused:
        st.error("\n\n".join(refused), icon=":material/block:")
    if started := len(chosen) - len(refused):
        st.toast(f"{started} model{'s' if started > 1 else ''} queued; how far, stands below.", icon=":material/check:")


st.title("Models", anchor=False)
picked = pick.study()
if picked:
    known = all_methods()
    if picked.synthetic:
        frame.synthetic_banner()
    _run(picked, known)
    model_queue.draw({name: method.title for name, method in known.items()})
    try:
        model_runs.draw(picked, reads.finished(picked), known)
    except BadInput as bad:
        pick.show_problems("A run folder is damaged; remove it or restore it, then load this page again.", bad)
