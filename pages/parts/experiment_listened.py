"""The chosen models on the very clips that listeners heard, beside these listeners where their study is here."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import beside, compare_figure, frame, pick, reads, table
from ser_core import experiment_tables
from ser_core.errors import BadInput
from ser_core.experiment_folders import Experiment


def draw(experiment: Experiment) -> None:
    """Models first, then the people of each study that has these clips."""
    if experiment.listened is None:
        return
    st.subheader("On the clips that listeners heard", anchor=False)
    models = experiment_tables.listened(experiment.models)
    st.caption(
        "UA of the chosen models on clips that listeners heard in the language the models are tested in; none of them "
        "learned from these clips or was stopped or chosen by them. Lowest and highest of the folds."
    )
    empty = [name for name in ("method", "settings", "layer") if models[name].isna().all() or (models[name] == "").all()]
    table.draw(experiment_tables.whole(models.drop(columns=empty)))
    compare_figure.save(experiment_tables.whole(models), f"{experiment.name} listened", made_up=experiment.made_up)
    found = _studies_of(experiment.listened)
    for study in found:
        _people(study)
    if not found:
        st.info("No study of these clips is here, so there are no people to lay beside them.")


def _people(study: Study) -> None:
    try:
        scored = reads.scored(study, Store(), [])
    except BadInput as bad:
        pick.show_problems(f"The answers of {pick.title(study)} cannot be scored.", bad)
        return
    if scored is None:
        st.info(f"Nobody has answered in {pick.title(study)} yet.")
    else:
        rows = scored.scores
        people = rows[(rows["metric"] == "ua") & (rows["rater"] == "") & (rows["corpus"] == "")]
        st.write(f"People of **{pick.title(study)}** on the same clips:")
        named = people.assign(language=people["language"].map(beside.name))
        table.draw(named[["group", "language", "value", "ci_low", "ci_high", "n"]].rename(columns={"value": "ua"}))
        if scored.made_up:
            st.caption(f"Not real: {scored.made_up}.")
    st.page_link(
        str(frame.PAGES / "compare.py"), label="People and models side by side", icon=":material/arrow_forward:",
        query_params={"study": study.id},
    )  # fmt: skip


def _studies_of(clips: pd.DataFrame) -> list[Study]:
    """The studies that have every one of these clips, by id and content."""
    asked = set(zip(clips["stimulus"], clips["sha256"], strict=True))
    return [s for s in pick.read_all()[0] if asked <= set(zip(s.stimuli["stimulus"], s.stimuli["sha256"], strict=True))]
