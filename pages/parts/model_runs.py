"""The runs that are over: which model heard a study's clips, with what, for how long, and all that decided its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from listening_tests import languages
from listening_tests.study import Study
from pages.parts import frame, table
from pages.parts.model_queue import lasting
from ser_core import places
from ser_core.methods._method import Method, settable
from ser_core.runs import Run

_WIDE = st.column_config.Column(width="medium")


def draw(study: Study, found: Sequence[Run], methods: Mapping[str, Method]) -> None:
    """The table with its download, the ways on, and one run's record."""
    st.subheader("Finished runs", anchor=False)
    if not found:
        st.info("No model has rated this study's clips yet. Choose one above.")
        return
    rows = pd.DataFrame([_row(run, methods) for run in found])
    table.show(rows, f"{study.id}-runs", model=st.column_config.Column(pinned=True), settings=_WIDE)
    st.caption(
        f"Each is a folder in `{places.runs()}`: what the model said of each clip and how sure it was, all its settings, "
        "and what happened while it ran."
    )
    with st.container(horizontal=True):
        st.page_link(str(frame.PAGES / "compare.py"), label="Beside the listeners", icon=":material/arrow_forward:")
        if "parts" in set(rows["says"]):
            st.page_link(str(frame.PAGES / "segments.py"), label="Segment by segment", icon=":material/arrow_forward:")
    _record({run.id: run for run in found})


def _row(run: Run, methods: Mapping[str, Method]) -> dict[str, object]:
    config = run.config
    model, raters = str(config["model"]), run.tables.raters
    revision = str(config.get("revision") or "")
    learned = sorted(set(raters["source"]) - {""})
    return {
        "model": methods[model].title if model in methods else model,
        "settings": _settings(config.get("hyper_parameters") or {}, methods.get(model)),
        "says": "parts" if (run.tables.ratings["start_s"].notna()).any() else "whole clips",
        "learned from": ", ".join(languages.spoken(tag, "en") for tag in learned),
        "encoder": config.get("encoder") or "",
        "layer": _layer((config.get("hyper_parameters") or {}).get("layer")),
        "revision": revision if " " in revision else revision[:12],
        "clips": len(run.tables.stimuli),
        "raters": len(raters),
        "seed": str(config["seed"]),
        "device": config.get("device") or "",
        "took": _took(run),
        "finished (UTC)": str(config["written_at"])[:16].replace("T", " "),
        "run": run.id,
    }


def _settings(hyper_parameters: Mapping[str, Any], method: Method | None) -> str:
    """What was not left as it is by itself; encoder and layer have columns of their own."""
    defaults = {key: value for key, value in settable(method).items() if key not in ("encoder", "layer")} if method else {}
    chosen = {key: hyper_parameters[key] for key in defaults if key in hyper_parameters}
    return ", ".join(f"{key}={value}" for key, value in chosen.items() if str(value) != str(defaults[key]))


def _took(run: Run) -> str:
    """From the first line of its log to its end, pauses included where it was gone on from; empty without a log."""
    with suppress(FileNotFoundError, ValueError):
        began = datetime.fromisoformat((run.folder / "log.txt").read_text(encoding="utf-8")[:19]).replace(tzinfo=UTC)
        return lasting((datetime.fromisoformat(str(run.config["written_at"])) - began).total_seconds())
    return ""


def _layer(number: object) -> str:
    """As the settings call it."""
    return {None: "", -1: "the last"}.get(number, str(number))  # type: ignore[call-overload, no-any-return]


def _record(by_id: Mapping[str, Run]) -> None:
    with st.expander("All that decided a run's numbers", key="record"):
        name = st.selectbox("Run", list(by_id), key="record of")
        content = (by_id[name].folder / "config.yaml").read_bytes()
        st.code(content.decode(), language=None, wrap_lines=True, height=400)
        table.save(content, f"{name}.yaml")
