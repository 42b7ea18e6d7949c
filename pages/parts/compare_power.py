"""What this study's design can find at all, and how many listeners a difference needs; made when somebody asks."""

from __future__ import annotations

import streamlit as st

from pages.parts import compare_address, sign_in, table
from pages.parts.reads import Compared, Joined
from ser_core.errors import BadInput
from ser_core.made_up import stamped
from ser_core.power import WANTED
from ser_core.ratings import to_csv

_EFFECT = "effect"
_USUAL, _LEAST, _MOST = 0.1, 0.01, 0.9


def draw(joined: Joined, compared: Compared, language: str) -> None:
    """A fragment, since it takes long: the effect to find, a button, and of the language what ``power`` writes."""
    if not sign_in.is_signed_in():
        st.rerun()
    st.subheader("What could this design find?", anchor=False)
    effect = round(compare_address.number(_EFFECT, _USUAL, least=_LEAST, most=_MOST), 3)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Difference of UA to find", _LEAST, _MOST, step=0.01, format="%.2f", key=_EFFECT, width=200)
        pressed = st.button("Draw a thousand studies", icon=":material/play_arrow:", disabled=not compared.people)
    if not compared.people:
        st.info("Power is told from people’s judgements; nobody has answered yet.")
        return
    if not pressed and effect not in compared.powers:
        st.caption("Studies are simulated with the spread that the listeners and clips of this one show; it takes seconds.")
        return
    try:
        with st.spinner("Drawing studies …"):
            found = compared.power(effect)
    except BadInput as bad:
        st.info(" ".join(str(problem) for problem in bad.problems))
        return
    st.caption(
        f"`power`: how often Welch’s test of UA finds a difference of {effect:g} with so many listeners in two groups. "
        f"`detectable`: the difference that they find with a power of {WANTED:g}. `needed`: how many in each group find "
        f"{effect:g} so."
    )
    here = found[(found["language"] == language) | (language == "")]
    table.draw(stamped(here.drop(columns=["effect", "seed", "studies"]), compared.made_up))
    st.code(
        joined.commands("power", out="power", where=compared.where, options=["--effect", f"{effect:g}"]),
        language=None,
        wrap_lines=True,
    )
    table.save(to_csv(stamped(found, compared.made_up)).encode(), "power.csv")
