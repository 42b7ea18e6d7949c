"""Who is asking: the sign-in that stands before every researcher's page.

With ``[auth]`` in Streamlit's secrets the identity provider answers (OIDC), and ``EARWITNESS_RESEARCHERS`` says which of its
users are researchers. Without it a password does; its form posts to ``/api/sign-in`` (see
``listening_tests/sign_in_routes.py``), whose cookie outlives a reload, which ``st.session_state`` does not.

Asked anew at every run of a page, so a sign-out in one tab closes the others at their next click.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from listening_tests import researcher
from ser_core import places
from ser_core.errors import BadInput

RESEARCHERS = "EARWITNESS_RESEARCHERS"

_HERE = Path(__file__).parent
_ANOTHER = places.typed("listening_tests", "password", "--new")
_form = st.components.v2.component(
    "earwitness_sign_in",
    html=(_HERE / "sign_in.html").read_text(encoding="utf-8").format(another=_ANOTHER),
    css=(_HERE / "sign_in.css").read_text(encoding="utf-8"),
    js=(_HERE / "sign_in.js").read_text(encoding="utf-8"),
)


def require() -> None:
    """Let a researcher through; show everybody else the sign-in, and end the run."""
    if is_signed_in():
        return
    with st.container(horizontal_alignment="center"), st.container(width=416, key="sign_in"):
        st.title("Earwitness", anchor=False)
        st.write("Who hears the emotion in a voice better, people or models, and across which languages?")
        st.space("small")
        _door()
        st.space("small")
        st.caption("Invited to a listening test? Open the personal link you were given; you need no password.")
    st.stop()


def is_signed_in() -> bool:
    """Whether whoever looks at this page is a researcher."""
    if _has_provider():
        return is_researcher(st.user.to_dict(), os.environ.get(RESEARCHERS, ""))
    try:
        return researcher.is_signed_in(st.context.cookies.get(researcher.COOKIE))
    except BadInput:  # the form says what is wrong with the configured hash
        return False


def later() -> Callable[[], bool]:
    """Like ``is_signed_in``, for what happens after this run of the page: whether this visitor still is one then.

    An identity provider cannot be asked outside of a run; its user counts as signed in as long as the page is.
    """
    if _has_provider():
        return lambda: True
    cookie = st.context.cookies.get(researcher.COOKIE)
    return lambda: researcher.is_signed_in(cookie)


def is_researcher(user: Mapping[str, Any], allowed: str) -> bool:
    """Whether the identity provider's user is one of the allowed: addresses and ``@domains`` with commas between.

    An address that the provider calls unverified counts for nothing, and an empty list lets nobody in: many providers sign
    in the whole world.

    >>> is_researcher({"is_logged_in": True, "email": "Ada@uni.example"}, "bob@x.example, @uni.example")
    True
    >>> is_researcher({"is_logged_in": True, "email": "ada@uni.example", "email_verified": False}, "@uni.example")
    False
    """
    email = str(user.get("email") or "").strip().lower()
    if not user.get("is_logged_in") or user.get("email_verified") is False or "@" not in email:
        return False
    names = {name.strip().lower() for name in allowed.split(",")} - {"", "@"}
    return email in names or "@" + email.rpartition("@")[2] in names


def leave() -> None:
    """Sign out: the provider's user, or this browser's cookie."""
    if _has_provider():
        st.logout()
    else:
        researcher.sign_out(st.context.cookies.get(researcher.COOKIE, ""))


def _has_provider() -> bool:
    return "is_logged_in" in st.user  # Streamlit adds it where, and only where, [auth] is configured


def _door() -> None:
    if _has_provider():
        _provider()
        return
    try:
        known = researcher.password_hash()
    except BadInput as bad:
        st.error(f"Nobody can sign in: {bad}")
        return
    if known:
        _form(key="sign_in_form")
    else:
        st.info(
            f"Nobody can sign in yet: there is no password. Run `{_ANOTHER}` where Earwitness runs, which prints one, or "
            f"set `{researcher.VARIABLE}`."
        )


def _provider() -> None:
    if not os.environ.get(RESEARCHERS, "").strip():
        st.info(f"Nobody can sign in yet: set `{RESEARCHERS}` to the e-mail addresses (or `@domains`) of the researchers.")
    elif st.user.is_logged_in:
        st.info(f"{st.user.to_dict().get('email') or 'This account'} is not on this server's list of researchers.")
        st.button("Sign out", on_click=st.logout)
    else:
        st.button("Sign in", type="primary", on_click=st.login, width="stretch")
