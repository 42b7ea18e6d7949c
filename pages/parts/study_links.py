"""How listeners come to a study: personal links, one link for all, and services that send participants."""

from __future__ import annotations

import streamlit as st

from listening_tests import overview, recruitment
from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import sign_in, study_progress, table, where
from ser_core.ratings import to_csv

_EXAMPLE = """\
# Prolific: in study.yaml
recruitment:
  id_parameter: PROLIFIC_PID
  completion_url: "https://app.prolific.com/submissions/complete?cc=YOUR-CODE"
  ended_url: "https://app.prolific.com/submissions/complete?cc=YOUR-SCREEN-OUT-CODE"
  declined_url: "https://app.prolific.com/submissions/complete?cc=YOUR-NO-CONSENT-CODE"

# SONA: in study.yaml
recruitment:
  id_parameter: survey_code
  completion_url: "https://YOUR.sona-systems.com/webstudy_credit.aspx?experiment_id=…&credit_token=…&survey_code={id}"
"""


def draw(study: Study, store: Store) -> None:
    """Make links, show those that can be shown, and say what to give to a service."""
    if store.state(study.id) != "open":
        st.info("Links can be made and sent already; they work as soon as the study is open.", icon=":material/info:")
    _personal(study, store)
    _made(study)
    _for_all(study, store)
    _service(study, store)


def _personal(study: Study, store: Store) -> None:
    st.subheader("Personal links", anchor=False)
    st.write("One for each listener. It opens the test where they left it, on any device.")
    with st.form("invite", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.number_input("How many", 1, 500, 1, width=144)
        if st.form_submit_button("Make links", type="primary"):
            made = overview.links(study, store.invite(study, int(count)), where.address())
            st.session_state["links"] = {**st.session_state.get("links", {}), study.id: made}
            study_progress.refresh()


def _made(study: Study) -> None:
    made = st.session_state.get("links", {}).get(study.id)
    if made is None:
        return
    st.success(
        f"{len(made)} personal link{'s' if len(made) != 1 else ''}. **Copy or save them now**: only a hash of each is kept, "
        "so they cannot be shown again.",
        icon=":material/key:",
    )
    st.code("\n".join(made["link"]), language=None, wrap_lines=True, height="content" if len(made) <= 8 else 240)
    with st.container(horizontal=True):
        table.save(to_csv(made).encode(), f"{study.id}-links.csv")
        if st.button("I have them, hide", type="tertiary", key="hide links"):
            del st.session_state["links"][study.id]
            st.rerun()


def _for_all(study: Study, store: Store) -> None:
    st.subheader("One link for all", anchor=False)
    st.write(
        "For a mailing list or a notice: whoever opens it is a new listener, with a personal link of their own from then."
    )
    code = store.join_code(study.id)
    if not code:
        st.button("Make the link for all", key="make join", on_click=_renew, args=(study, store))
        return
    st.code(recruitment.join_link(study, code, where.address()), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.button("Make another", key="renew join", icon=":material/autorenew:", on_click=_renew, args=(study, store))
        st.button("Take it back", key="revoke join", icon=":material/link_off:", on_click=_revoke, args=(study, store))
    st.caption("Either way this one stops working for newcomers; who came by it goes on.")


def _renew(study: Study, store: Store) -> None:
    if sign_in.is_signed_in():
        store.new_join_code(study)


def _revoke(study: Study, store: Store) -> None:
    if sign_in.is_signed_in():
        store.revoke_join_code(study)


def _service(study: Study, store: Store) -> None:
    st.subheader("Prolific, SONA and the like", anchor=False)
    settings = study.settings.recruitment
    if settings is None:
        st.write(
            "A service puts its id for a participant into the link, and they are sent back to it at the end. Say in "
            "`study.yaml` which parameter holds the id, and where to send them:"
        )
        with st.expander("What to write"):
            st.code(_EXAMPLE, language=None, wrap_lines=True)
        return
    st.write(
        f"Give the service the **link for all** as the study's URL: it ends with `{settings.id_parameter}=`, where the "
        "service fills in its id for each participant. Whoever comes again with the same id goes on where they were."
    )
    if not store.join_code(study.id):
        st.info("Make the link for all first.")
    _way_back("Whoever finishes is sent to", settings.completion_url, "completion_url")
    _way_back("Whoever is sent home before is sent to", settings.ended_url, "ended_url")
    _way_back("Whoever does not consent is sent to", settings.declined_url, "declined_url")
    st.caption(
        "`{id}` becomes the service's id, `{code}` our completion code. The export leaves the ids out unless asked for."
    )


def _way_back(who: str, url: str, key: str) -> None:
    if url:
        st.markdown(f"{who}:")
        st.code(url, language=None, wrap_lines=True)
    else:
        st.markdown(f"{who} nowhere: `{key}` is not set in `study.yaml`.")
