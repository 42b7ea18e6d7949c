"""From a cell of a confusion table to the clips in it: hear them, see who said what and what each model said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from listening_tests.study import Study
from pages.parts import beside, compare_address, compare_figure, segments, sign_in, table
from pages.parts.reads import Compared
from ser_core import clip_lists, compare_figures, figures
from ser_core.emotions import in_order
from ser_core.made_up import stamped

_IN_A_ROW = 3
_WHO, _TRUTH, _LABEL, _CLIP = "heard by", "spoken", "heard", "clip"  # in the address, and keys of the boxes
_HARDEST, _APART = "hardest", "apart"
_COLUMNS = ("group", "truth", "label")
_LISTED = 50


def draw(study: Study, compared: Compared, language: str, *, rests_on: str) -> None:
    """A fragment: confusion tables whose cells can be pressed, and below them the clips of the chosen cell."""
    if not sign_in.is_signed_in():
        st.rerun()
    confusion = compared.scored.confusion_of_groups
    here = confusion[(confusion["rater"] == "") & (confusion["language"] == language)]
    st.subheader("What was heard as what", anchor=False)
    st.caption("Each row is what was spoken and sums to 1. Press a cell: the clips in it are below the tables.")
    _begin(here)
    _grids(here, in_order(set(confusion["label"])), language, compared)
    compare_figure.under(here, f"confusion {beside.tag(language)}", rests_on=rests_on, made_up=compared.made_up)
    _cell(study, compared, here, language)


def _begin(here: pd.DataFrame) -> None:
    """Begin with the cell that the address names, or with the commonest mistake; keep to cells that are there."""
    known = set(zip(here["group"], here["truth"], here["label"], strict=True))
    asked = [st.session_state.get(name, st.query_params.get(name)) for name in (_WHO, _TRUTH, _LABEL)]
    if tuple(asked) not in known:
        wrong = here[here["truth"] != here["label"]]
        first = (wrong if wrong["count"].sum() else here).sort_values("count", ascending=False, kind="stable").iloc[0]
        unknown = [value for value, name in zip(asked, _COLUMNS, strict=True) if value and value not in set(here[name])]
        if unknown and _WHO not in st.session_state:
            st.warning(f"The address names a cell of {', '.join(unknown)}, which is not here; it is passed over.")
        group = asked[0] if asked[0] in set(here["group"]) else first["group"]
        truth = asked[1] if asked[1] in set(here["truth"]) else first["truth"]
        label = asked[2] if asked[2] in set(here["label"]) else first["label"]
        mine = here[(here["group"] == group) & (here["truth"] == truth)]
        asked = [group, truth if len(mine) else here.loc[here["group"] == group, "truth"].iloc[0], label]
    for name, value in zip((_WHO, _TRUTH, _LABEL), asked, strict=True):
        st.session_state[name] = value


def _grids(here: pd.DataFrame, labels: Sequence[str], language: str, compared: Compared) -> None:
    """A heat map for each group; columns stack by themselves on a phone."""
    groups = list(here["group"].unique())
    for start in range(0, len(groups), _IN_A_ROW):
        row = st.columns(_IN_A_ROW)
        for column, group in zip(row, groups[start : start + _IN_A_ROW], strict=False):
            rows = here[here["group"] == group]
            chosen = (st.session_state[_TRUTH], st.session_state[_LABEL]) if group == st.session_state[_WHO] else None
            key = f"confusion {beside.tag(language)} {group}"
            with column:
                compare_figure.draw(
                    partial(_grid, rows, group, labels, chosen),
                    key,
                    alt=f"Confusion table of {group}; its numbers are in the table below, its cells in the boxes below",
                    made_up=compared.made_up,
                    number=f"judgements: {int(rows['count'].sum()):,}",
                    on_select=partial(_pressed, key, group),
                    kept=compared.drawn,
                    of=chosen,
                )


def _grid(rows: pd.DataFrame, group: str, labels: Sequence[str], chosen: tuple[str, str] | None) -> Any:
    figure = figures.confusion(rows, compare_figures.short(group), labels=labels)
    return compare_figures.cells(figure, in_order(set(rows["truth"])), labels, chosen=chosen)


def _pressed(key: str, group: str) -> None:
    points = st.session_state[key]["selection"]["points"]
    if points:
        truth, label, *_ = points[0]["customdata"]
        st.session_state.update({_WHO: group, _TRUTH: truth, _LABEL: label})


def _cell(study: Study, compared: Compared, here: pd.DataFrame, language: str) -> None:
    """The boxes say which cell it is, for whoever cannot or will not press one; then the clips in it."""
    st.markdown("#### Clips in one cell")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = st.selectbox("Heard by", list(here["group"].unique()), key=_WHO, width=320)
        mine = here[here["group"] == group]
        truth = st.selectbox("Spoken as", in_order(set(mine["truth"])), key=_TRUTH, format_func=_word, width=160)
        label = st.selectbox("Heard as", in_order(set(mine["label"])), key=_LABEL, format_func=_word, width=160)
    for name in (_WHO, _TRUTH, _LABEL):
        st.query_params[name] = st.session_state[name]
    cell = partial(clip_lists.in_cell, compared.counted, group=group, language=language, truth=truth, label=label)
    clips = compared.once("cell", group, language, truth, label, make=cell)
    if clips.empty:
        st.info(f"{group} never heard {_word(truth)} as {_word(label)} on {beside.clips(language)}.")
        return
    given, of = int(clips["given"].sum()), len(clips)
    st.caption(f"{given:,} judgement{'s' if given != 1 else ''} of {of:,} clip{'s' if of != 1 else ''} in this cell.")
    shares = {row["stimulus"]: f"{row['given']} of {row['judgements']}" for row in clips.to_dict("records")}
    _clip(study, compared, shares)


def _clip(study: Study, compared: Compared, shares: dict[str, str]) -> None:
    """One of these clips: its sound, and all that was said of it."""
    names = list(shares)
    if st.session_state.get(_CLIP) not in names:
        asked = st.query_params.get(_CLIP)
        st.session_state[_CLIP] = asked if asked in names else names[0]
    at = names.index(st.session_state[_CLIP])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Clip", names, key=_CLIP, format_func=lambda name: f"{name} · {shares[name]}", width=416)
        beside.turn("Previous clip", ":material/chevron_left:", names, at - 1)
        beside.turn("Next clip", ":material/chevron_right:", names, at + 1)
    st.query_params[_CLIP] = names[at]
    _heard(study, compared, names[at], "cell")


def _heard(study: Study, compared: Compared, clip: str, where: str) -> None:
    """A clip's sound, and all that was said of it; ``where`` on the page it stands."""
    segments.play(study, clip, compared.tables, key=f"player {where}")
    by_group = compared.once("by group", clip, make=partial(clip_lists.by_group, compared.counted, clip))
    table.draw(stamped(by_group, compared.made_up))
    with st.expander("Who said what", key=f"who said what {where}"):
        said = compared.once("answers", clip, make=partial(clip_lists.answers, compared.tables, clip))
        table.draw(stamped(said, compared.made_up))
        compare_figure.save(said, f"who said what of {clip}, {where}", made_up=compared.made_up)


def lists(study: Study, compared: Compared, language: str) -> None:
    """A fragment: the hardest clips, and those on which people and models part; each can be heard."""
    if not sign_in.is_signed_in():
        st.rerun()
    rows = compared.measures["clips"]
    rows = rows[(rows["language"] == language) | (language == "")].drop(columns=["ci_low", "ci_high"])
    st.subheader("The hardest clips", anchor=False)
    who = "people" if rows["people"].any() else "models"
    st.caption(f"Those that the fewest {who} recognised come first. Of few judgements, chance decides the order.")
    hardest = rows[rows[who] > 0].sort_values([f"{who}_right", who, "stimulus"], ascending=[True, False, True])
    _listed(hardest, f"hardest clips {beside.tag(language)}", compared.made_up)
    _one_of(study, compared, hardest, _HARDEST)
    st.subheader("Where people and models part", anchor=False)
    apart = rows[rows["value"].notna()].sort_values(["value", "stimulus"], ascending=[False, True])
    if apart.empty:
        st.info("No clip was judged by people and by models.")
        return
    st.caption(
        "`value` is how far their answers lie apart on a clip: 0 if they gave the same labels equally often, 1 if never the "
        "same. Two listeners cannot part from a model by a third: read it beside the numbers of judgements."
    )
    _listed(apart, f"clips where people and models part {beside.tag(language)}", compared.made_up)
    _one_of(study, compared, apart, _APART)


def _listed(rows: pd.DataFrame, name: str, made_up: str) -> None:
    shown = rows.head(_LISTED).drop(columns=[n for n in ("note",) if not rows["note"].any()])
    table.draw(stamped(shown, made_up))
    compare_figure.save(rows, name, made_up=made_up)


def _one_of(study: Study, compared: Compared, rows: pd.DataFrame, name: str) -> None:
    """Let the reader open one of the clips that are listed; the address has the name of the box."""
    offered = list(rows["stimulus"].head(_LISTED))
    compare_address.begin(name, offered)
    chosen = st.selectbox("Open one of these clips", offered, index=None, placeholder="none", key=name, width=320)
    compare_address.keep(name)
    if chosen:
        _heard(study, compared, chosen, name)


def _word(emotion: str) -> str:
    return emotion.replace("_", " ")
