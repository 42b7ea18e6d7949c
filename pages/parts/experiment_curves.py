"""How much a few labelled clips of the target help, and how much noise costs: a figure for each, of one target."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts import compare_figure
from pages.parts.experiment_results import rests_on
from pages.parts.experiment_transfer import one_of, one_of_words
from ser_core import experiment_curves
from ser_core import experiment_protocol as protocol
from ser_core.experiment_curves import Over
from ser_core.experiment_figures import end
from ser_core.experiment_folders import Experiment
from ser_core.experiment_intervals import FEW
from ser_core.experiment_tables import whole


def shots(experiment: Experiment, best: pd.DataFrame) -> None:
    """UA over the number of shots, where models had different numbers."""
    few = best[best["shots"] != ""]
    if few["shots"].nunique() < 2:
        return
    st.subheader("With a few clips of the target", anchor=False)
    with st.container(horizontal=True):
        here = _target(few, "shots of")
        condition = one_of_words(protocol.conditions_in_order(here["condition"]), "Condition", "shots condition")
    st.caption(f"UA over the labelled clips of the tested corpus that models learned from, too. {_drawn(experiment)}")
    _figure(experiment, here[here["condition"] == condition], "shots", condition)


def _drawn(experiment: Experiment) -> str:
    """How the shots were drawn, as far as the folder tells."""
    trials = experiment.models["trial"].max() + 1
    asked = (experiment.config.get("experiment") or {}).get("shots") or {}
    said = [
        f"Each number was drawn {trials:g} times; 0 and all, once." if trials > 1 else "Each number was drawn once.",
        "Numbers are those of each emotion." if asked.get("of") == "emotion" else "",
        "They are of the tested voices." if asked.get("voices") == "tested" else "",
        "Where there were fewer, all there are were taken." if asked.get("too_few") == "cap" else "",
    ]
    return " ".join(filter(None, said))


def noise(experiment: Experiment, best: pd.DataFrame) -> None:
    """UA over what was done to the test clips, where more than one thing was."""
    if best["condition"].nunique() < 2:
        return
    st.subheader("In noise", anchor=False)
    with st.container(horizontal=True):
        here = _target(best, "noise of")
        count = one_of_words(protocol.shots_in_order(here["shots"]), "Shots", "noise shots")
    own = here[(here["shots"] == count) | (here["shots"] == "")]
    where = (experiment.config.get("experiment") or {}).get("noise_in")
    heard = {"test": " Models learned from clean clips.", "both": " Models learned from clips with the same noise."}
    st.caption(f"UA by noise and its ratio: speech over noise, in dB.{heard.get(str(where), '')}")
    _figure(experiment, own, "condition", protocol.shots_words(count))


def _target(cells: pd.DataFrame, key: str) -> pd.DataFrame:
    end = one_of(cells[["target_corpus", "target"]], "Tested in", key, width=320)
    return cells[(cells["target_corpus"] == end[0]) & (cells["target"] == end[1])].reset_index(drop=True)


def _figure(experiment: Experiment, cells: pd.DataFrame, over: Over, words: str) -> None:
    if cells.empty:
        st.info("There is no such model.")
        return
    st.caption(_of_intervals(cells))
    target = end(cells.iloc[0].to_dict(), "target")
    name = " ".join(filter(None, (experiment.name, over, target, words)))
    more = len(experiment_curves.panels(cells)) - experiment_curves.MOST_PANELS
    if more > 0:
        st.caption(f"{more} panels are not drawn; choose them by “Models shown”.")
    drawn = experiment_curves.curves(cells, over, guessing=experiment.guessing)
    compare_figure.draw(drawn, name, alt=f"UA over {over}; the numbers are in the table below", made_up=experiment.made_up)
    compare_figure.under(whole(cells), name, rests_on=rests_on(experiment, cells), made_up=experiment.made_up)


def _of_intervals(cells: pd.DataFrame) -> str:
    """What the strokes are, or why there are none."""
    if cells["ci_low"].isna().all():
        whys = [why for why in dict.fromkeys(cells["why"]) if why]
        return f"No intervals: {'; '.join(whys) or 'the folder was written by an earlier release'}."
    least = int(cells.loc[cells["ci_low"].notna(), "speakers"].min())
    few = f" {least} speakers are few, so it is too narrow." if least < FEW else ""
    return f"Strokes: 95 % interval over draws of the test’s speakers, of all folds together.{few} Dotted: pure guessing."
