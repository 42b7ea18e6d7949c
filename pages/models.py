"""How do models hear the study's clips? Start one as a process of its own, watch it, see which runs there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from listening_tests import languages
from listening_tests.study import Study
from pages.parts import frame, pick, reads, sign_in, table
from ser_core import places
from ser_core.engine import local
from ser_core.engine.local import Job
from ser_core.errors import BadInput
from ser_core.methods._find import all_methods
from ser_core.methods._method import Method
from ser_core.runs import Run

frame.begin("models")


def _choose(study: Study, methods: dict[str, Method], *, busy: bool) -> None:
    st.subheader("Run a model", anchor=False)
    if study.training is None:
        st.info(
            "This study brings nothing to learn from. Name a table of other clips as `training:` in its `study.yaml`, and "
            "load this page again."
        )
        return
    st.write(
        "It learns from the study's training part, once for each language there, and then rates every test clip as a "
        "listener would: **mono** where a clip's language is the one it learned, **cross** elsewhere."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Model", list(methods), format_func=lambda name: methods[name].title, key="model", width=416)
        st.number_input("Seed", 0, 2**31 - 1, 0, key="seed", width=144, help="Of everything that is drawn by chance.")
        st.button("Start", type="primary", disabled=busy, on_click=_start, args=(study,))
    if busy:
        st.caption("One at a time: the next can start when this one is over.")
    if said := st.session_state.pop("not started", None):
        st.error(said, icon=":material/block:")


def _start(study: Study) -> None:
    """Start what the widgets say now: arguments of a callback are as old as the page on which the button was drawn."""
    if not sign_in.is_signed_in():
        return
    model, seed = st.session_state["model"], int(st.session_state["seed"])
    name = f"{study.id}-{model}-s{seed}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    arguments = ["predict", "--stimuli", str(study.folder / "stimuli.csv"), "--model", model]
    arguments += ["--train", str(study.training), "--seed", str(seed), "--out", str(places.runs() / name)]
    try:
        local.start(arguments, name)
    except BadInput as bad:
        st.session_state["not started"] = str(bad)


def _watch() -> None:
    """The latest job; run every second as a fragment while it works, and once more, with the whole page, when it ends."""
    if not sign_in.is_signed_in():
        st.rerun()
    job = next(iter(local.jobs()), None)
    if job is None:
        return
    if job.state != "running" and st.session_state.pop("watched", None) == job.name:
        st.rerun()
    st.subheader("Latest", anchor=False)
    if job.state == "running":
        st.session_state["watched"] = job.name
        share = job.done / job.total if job.total else 0.0
        st.progress(share, text=f"{job.what or 'starting'}{f' ({job.done} of {job.total})' if job.total else ''}")
        st.button("Cancel", on_click=_cancel, args=(job,), key="cancel")
    else:
        _ended(job)
    _log(job)


def _cancel(job: Job) -> None:
    if sign_in.is_signed_in():
        local.cancel(job)


def _ended(job: Job) -> None:
    took = f"{max(0.0, (job.ended_at - job.started_at).total_seconds()):.0f} s" if job.ended_at else "an unknown time"
    if job.state == "done":
        st.success(f"`{job.name}` is done, after {took}.", icon=":material/check:")
        st.page_link(str(frame.PAGES / "compare.py"), label="See it beside the listeners", icon=":material/arrow_forward:")
    elif job.state == "cancelled":
        st.info(f"`{job.name}` was cancelled after {took}; nothing of it was kept.")
    else:
        status = "" if job.exit_code is None else f" (exit status {job.exit_code})"
        st.error(
            f"`{job.name}` failed after {took}: {job.reason}{status}. Nothing half-written was kept.",
            icon=":material/error:",
        )


def _log(job: Job) -> None:
    shown = job.state != "done"
    with st.expander("Log", expanded=shown):
        st.code(
            job.log_tail.strip() or "Nothing yet.",
            language=None,
            wrap_lines=True,
            height=240 if job.log_tail.count("\n") > 9 else "content",
        )
        st.caption(f"`python -m ser_core {' '.join(job.args)}`")


def _finished(study: Study, found: Sequence[Run], methods: dict[str, Method]) -> None:
    st.subheader("Finished runs", anchor=False)
    if not found:
        st.info("No model has rated this study's clips yet." + (" Start one above." if study.training else ""))
        return
    table.show(pd.DataFrame([_row(run, methods) for run in found]), f"{study.id}-runs")
    st.caption(f"Each is a folder of `{places.runs()}`, with ratings, posteriors, the resolved config and the log.")


def _row(run: Run, methods: dict[str, Method]) -> dict[str, object]:
    model = str(run.config["model"])
    raters = run.tables.raters
    learned = sorted(set(raters["source"]) - {""})
    return {
        "model": methods[model].title if model in methods else model,
        "learned from": ", ".join(languages.spoken(tag, "en") for tag in learned),
        "clips": len(run.tables.stimuli),
        "raters": len(raters),
        "seed": str(run.config["seed"]),
        "finished (UTC)": str(run.config["written_at"])[:16].replace("T", " "),
        "run": run.id,
    }


st.title("Models", anchor=False)
chosen = pick.study()
if chosen:
    known = all_methods()
    running = any(job.state == "running" for job in local.jobs())
    if chosen.synthetic:
        frame.synthetic_banner()
    _choose(chosen, known, busy=running)
    st.fragment(_watch, run_every=1 if running else None)()
    try:
        _finished(chosen, reads.finished(chosen), known)
    except BadInput as bad:
        pick.show_problems("A run folder is damaged; remove it or restore it, then load this page again.", bad)
