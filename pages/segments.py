"""Who marked which part of a clip, and how far from the truth? Listeners and models over each other; their error rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import beside, chart, frame, pick, reads, segments, sign_in, table
from ser_core import languages, made_up, segment_figures
from ser_core.errors import BadInput
from ser_core.made_up import stamped
from ser_core.ratings import Tables, to_csv
from ser_core.runs import Run
from ser_core.scores import Scores
from ser_core.segment_agreement import KINDS

frame.begin("segments")

_ALL = "all emotions"
_WHO = {"human": "people", "machine": "model", "truth": "truth"}


# --- one clip ---


def _one_clip(study: Study, tables: Tables, errors: pd.DataFrame, chosen: Sequence[Run]) -> None:
    """A fragment: going from clip to clip draws nothing else anew."""
    if not sign_in.is_signed_in():
        st.rerun()
    clips = {row["stimulus"]: row for row in segment_figures.clips(tables, errors).to_dict("records")}
    names = list(clips)
    if st.session_state.get("clip") not in names:
        wanted = st.query_params.get("clip")
        st.session_state["clip"] = wanted if wanted in names else names[0]
    at = names.index(st.session_state["clip"])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Clip", names, key="clip", format_func=lambda name: _called(clips[name]), width=416)
        beside.turn("Previous clip", ":material/chevron_left:", names, at - 1)
        beside.turn("Next clip", ":material/chevron_right:", names, at + 1)
    st.query_params["clip"] = names[at]
    hardest = "" if pd.isna(clips[names[0]]["eder"]) else ", the hardest first (mean EDER of all who marked it)"
    st.caption(_about(clips[names[at]], tables) + f" Clip {at + 1} of {len(names)}{hardest}.")
    segments.draw(study, names[at], tables, errors=errors, posteriors=_posteriors(chosen, names[at]))
    st.caption(
        "Press a part to hear it; with the keyboard, Tab goes to a row and arrow keys from part to part. Grey areas: how "
        "many of a group marked each moment with an emotion. Coloured areas: how sure a model is of the label."
    )
    with st.expander("All parts of this clip as a table"):
        table.draw(segment_figures.parts(tables, names[at], errors=errors))


def _posteriors(chosen: Sequence[Run], stimulus: str) -> dict[str, pd.DataFrame]:
    try:
        return reads.posteriors(chosen, stimulus)
    except BadInput as bad:
        pick.show_problems("How sure the models are cannot be shown.", bad)
        return {}


def _called(clip: Mapping[Any, Any]) -> str:
    rate = "" if pd.isna(clip["eder"]) else f"EDER {clip['eder']:.2f}"
    return " · ".join(filter(None, (clip["stimulus"], clip["truth"], beside.name(clip["language"]), rate)))


def _about(clip: Mapping[Any, Any], tables: Tables) -> str:
    row = tables.stimuli[tables.stimuli["stimulus"] == clip["stimulus"]].iloc[0]
    if not clip["truth"]:
        truth = "What was meant is not known."
    elif pd.isna(row["truth_start_s"]) or pd.isna(row["truth_end_s"]):
        truth = f"Meant to sound {clip['truth']}; the table of clips does not say where."
    else:
        truth = f"Meant to sound {clip['truth']} from {row['truth_start_s']:.2f} to {row['truth_end_s']:.2f} s."
    number = {"listener": clip["people"], "model": clip["models"]}
    marked = " and ".join(f"{n} {who}{'s' if n != 1 else ''}" for who, n in number.items() if n)
    return f"{truth} Marked by {marked}."


# --- all clips ---


def _error_rates(scored: Scores | str, language: str) -> None:
    st.subheader(f"How far from the truth, on {beside.clips(language)}?", anchor=False)
    if isinstance(scored, str):
        st.info(f"No error rate: {scored}")
        return
    rows = scored.scores[scored.scores["metric"].isin(["eder", "eder_pooled"]) & (scored.scores["rater"] == "")]
    here = rows[(rows["language"] == language) & (rows["corpus"] == "")]
    if here.empty:
        st.info(
            "No error rate: of no clip in which somebody marked a part is it known where its emotion is. Add "
            "`truth_start_s` and `truth_end_s`, in seconds, to the study's `stimuli.csv`."
        )
    else:
        st.caption(
            "EDER: the share of a clip's time that was called wrongly: missed, marked where nothing is, or given another "
            "label. 0 is a perfect match. Mean over clips, with its 95 % interval (raters and clips drawn anew many times); "
            "pooled: over all clips as if they were one."
        )
        chart.draw(segment_figures.eder_dots(here, names={"": _ALL}), key=f"eder {language}")
        table.draw(_wide(here))
    with st.container(horizontal=True):
        table.save(scored.files["segments.csv"], "segments.csv")
        table.save(scored.files["scores.csv"], "scores.csv")
    for sentence in scored.left_out:
        st.caption(sentence)


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """One line for each group: EDER over all emotions, of each emotion, and pooled."""
    emotion = rows["emotion"].replace("", _ALL)
    called = emotion.where(rows["metric"] == "eder", "pooled: " + emotion)
    wide = rows.assign(_name=called).pivot(index=["group", "rater_type"], columns="_name", values="value")
    shown = wide[list(dict.fromkeys(called))].reset_index().rename_axis(columns=None)
    return shown.assign(rater_type=shown["rater_type"].replace(_WHO)).rename(columns={"rater_type": "who"})


def _languages(tables: Tables) -> set[str]:
    marked = set(tables.ratings.loc[tables.ratings["start_s"].notna(), "stimulus"])
    return {languages.normal(tag) for tag in tables.stimuli.loc[tables.stimuli["stimulus"].isin(marked), "language"]}


def _agreement(agreed: reads.Agreed, language: str, *, made_up: str) -> None:
    st.subheader("Do they mark the same part?", anchor=False)
    if agreed.agreement.empty:
        st.info("Nobody to agree with yet: no two raters marked the same clip, and where its truth is is not known.")
        return
    st.caption(
        "Agreement on the marked time of every two raters, corrected for chance: 1 is perfect, 0 is what parts of the same "
        "lengths at random places in the same clips would give, less is worse than chance. A group against itself: its "
        "raters among each other. The column where asks only for the place, whatever the label; the last for the same label "
        "too. Empty where all marks are of the whole clip, for those say nothing about where."
    )
    table.draw(_pairs(agreed.agreement, language))
    table.save(to_csv(stamped(agreed.agreement, made_up)).encode(), "agreement.csv")
    st.subheader("How early or late do they begin and end?", anchor=False)
    st.caption(
        "Seconds from the median edge of the other group in the same clip; later is positive, earlier negative. The "
        "median tells whether one begins or ends early or late as a rule; the distance, early and late alike, how far "
        "off one is on average."
    )
    table.draw(_edges(agreed.deviations, language))
    with st.container(horizontal=True):
        table.save(to_csv(stamped(agreed.deviations, made_up)).encode(), "deviations.csv")
        table.save(to_csv(stamped(agreed.density, made_up)).encode(), "density.csv")
    st.caption(
        "`density.csv` has the steps of every grey area above: which share of a group marked each moment of each clip."
    )


_BETWEEN = ["group", "against"]


def _pairs(agreement: pd.DataFrame, language: str) -> pd.DataFrame:
    over_all = agreement[(agreement["language"] == language) & (agreement["emotion"] == "") & (agreement["stimulus"] == "")]
    where, what = (over_all[over_all["kind"] == kind].set_index(_BETWEEN) for kind in KINDS)
    shown = where[["value", "ci_low", "ci_high"]].set_axis(["where", "95 % from", "95 % to"], axis=1)
    counts = {"pairs": where["pairs"], "clips": where["clips"]}
    return shown.assign(**counts, **{"where and which label": what["value"]}).reset_index()


def _edges(deviations: pd.DataFrame, language: str) -> pd.DataFrame:
    groups = deviations[(deviations["rater"] == "") & (deviations["language"] == language) & (deviations["emotion"] == "")]
    start, end = (groups[groups["edge"] == edge].set_index(_BETWEEN) for edge in ("onset", "offset"))
    first = {"begins (s)": start["median_s"], "distance of beginnings (s)": start["mean_abs_s"]}
    last = {"ends (s)": end["median_s"], "distance of ends (s)": end["mean_abs_s"]}
    return start[[]].assign(**first, **last, marks=start["n"]).reset_index()


def _scored(study: Study, store: Store, chosen: Sequence[Run]) -> Scores | str:
    """What ``score`` writes; or why it cannot: marks of clips whose truth nobody knows can still be looked at."""
    try:
        return reads.scored(study, store, chosen) or ""
    except BadInput as bad:
        return str(bad)


# --- the page ---


def _nothing() -> None:
    st.info(
        "Nobody has marked a part of a clip yet. Listeners do so in trials of the type `clip` of the study's timeline, and "
        "so do models that mark parts."
    )
    with st.container(horizontal=True):
        st.page_link(str(frame.PAGES / "studies.py"), label="Invite listeners", icon=":material/person_add:")
        st.page_link(str(frame.PAGES / "models.py"), label="Run a model", icon=":material/play_arrow:")


def _page(study: Study) -> None:
    if study.synthetic:
        frame.synthetic_banner()
    found = [run for run in reads.finished(study) if run.tables.ratings["start_s"].notna().any()]
    store, chosen = Store(), beside.runs(found)
    joined = reads.joined(study, store, chosen)
    if joined is None or joined.tables.ratings["start_s"].isna().all():
        _nothing()
        return
    beside.simulated(joined.simulated, joined.people)
    if not found:
        beside.no_model("marked parts of these clips", "Run one that marks parts")
    st.fragment(_one_clip)(study, joined.tables, joined.errors, chosen)
    st.subheader("All clips together", anchor=False)
    language = beside.language(_languages(joined.tables))
    _error_rates(_scored(study, store, chosen), language)
    if (agreed := reads.agreed(study, store, chosen)) is not None:  # takes longest, so it comes when all else stands
        _agreement(agreed, language, made_up=made_up.words(joined.tables))
    st.subheader("The same without this page", anchor=False)
    st.write("These commands write the same files to the byte.")
    st.code(joined.commands("score", "segments", out="scored"), language=None, wrap_lines=True)


st.title("Segments", anchor=False)
picked = pick.study()
if picked:
    try:
        _page(picked)
    except BadInput as bad:
        pick.show_problems("These cannot be shown as they are.", bad)
