"""Whether groups differ: what of the tests is chosen, and one family of them after the other."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.parts import compare_address, table
from pages.parts.reads import Compared, Joined
from ser_core.comparisons import USUAL, Asked, Family
from ser_core.made_up import stamped

_MARGIN, _PAIR, _MIXED, _FAMILY = "margin", "pair by", "mixed", "family"  # keys of the boxes, and names in the address
_LEAST, _MOST = 0.01, 0.5


def asked(joined: Joined) -> Asked:
    """What is chosen of the tests, before anything is computed; the boxes themselves stand further down."""
    compare_address.begin(_PAIR, ["", *joined.conditions], "")
    compare_address.keep(_PAIR, "")
    compare_address.begin(_MIXED, ("yes", ""), "")
    compare_address.keep(_MIXED, "")
    margin = compare_address.number(_MARGIN, USUAL.margin, least=_LEAST, most=_MOST)
    return Asked(round(margin, 3), str(st.session_state[_PAIR]), st.session_state[_MIXED] == "yes")


def draw(joined: Joined, compared: Compared, language: str, *, rests_on: str) -> None:
    """The section: what is chosen, and the tests of one family."""
    files, families = compared.files, compared.families
    st.subheader("Do they differ?", anchor=False)
    if "human" not in " ".join(families):
        st.info("Tests need at least two groups of listeners. Invite people of another native language.")
    _choices(joined, compared.options)
    # what compares languages names none
    here = {name: family for name, family in families.items() if not language or {language, ""} & family.languages}
    if here:
        _family(here, language, compared.made_up)
        st.caption(rests_on)
    with st.container(horizontal=True):
        table.save(files["tests.csv"], "tests.csv")
        table.save(files["groups.csv"], "groups.csv")


def _choices(joined: Joined, chosen: Asked) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Comparable within",
            _LEAST,
            _MOST,
            step=0.01,
            format="%.2f",
            key=_MARGIN,
            width=160,
            help="The difference of UA below which two groups are called comparable. Choose it before you see the data.",
        )
        st.selectbox(
            "Same listeners between values of",
            ["", *joined.conditions],
            key=_PAIR,
            format_func=lambda name: name or "nothing",
            width=320,
            help="A column of the clips or the answers: UA of the same listeners is compared between its values.",
        )
        words, wanted, icon = (
            ("Leave the mixed model out", "", ":material/close:")
            if chosen.mixed
            else ("Fit the mixed model", "yes", ":material/play_arrow:")
        )
        st.button(
            words,
            on_click=_fit,
            args=(wanted,),
            icon=icon,
            help="Group, language and emotion at once, with what is hard about each clip. It takes seconds to minutes.",
        )


def _fit(chosen: str) -> None:
    st.session_state[_MIXED] = chosen


def _family(here: Mapping[str, Family], language: str, made_up: str) -> None:
    names = list(here)
    compare_address.begin(_FAMILY, names, names[0])
    family = st.selectbox("Family of tests", names, key=_FAMILY)
    compare_address.keep(_FAMILY, names[0])
    rows = here[family].table
    rows = rows[rows["language"].isin([language, ""])] if language else rows
    test, unit = ("; ".join(dict.fromkeys(rows[name])) for name in ("test", "unit"))
    st.caption(f"{test}; the unit is the {unit}. p_holm and p_fdr are corrected over the whole family.")
    empty = [n for n in rows.columns if rows[n].isna().all() or not (rows[n].astype("str") != "").any()]
    table.draw(stamped(rows.drop(columns=["family", "test", "unit", *empty]), made_up))
