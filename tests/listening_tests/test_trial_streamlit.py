"""What a trial draws, Streamlit draws: every type's page and feedback, run by Streamlit itself."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from listening_tests.trial import trial_types


def _script():
    import streamlit as st

    from listening_tests import study as studies
    from listening_tests.trial import trial_types
    from tests.listening_tests._ui import Page, trial

    class Real(Page):
        def submit(self, trial, answer):
            st.session_state["given"] = answer

    name, study = st.session_state["name"], studies.load(st.session_state["folder"])
    page = Real(study, "de", completion_url="https://example.org/?code=1")
    page.st = st
    one = trial(name, study, "000", other="002")
    kind = trial_types()[name]
    kind.show(one, page)
    if kind.feedback:
        kind.feedback(one, {}, page)


@pytest.mark.parametrize("name", sorted(trial_types()))
def test_streamlit_draws_every_type_of_trial(name, folder):
    app = AppTest.from_function(_script, default_timeout=30)
    app.session_state["name"], app.session_state["folder"] = name, str(folder)
    app.run()
    assert not app.exception


def test_a_press_of_the_button_submits(folder):
    app = AppTest.from_function(_script, default_timeout=30)
    app.session_state["name"], app.session_state["folder"] = "instruction", str(folder)
    app.run().button[0].click().run()
    assert app.session_state["given"] == {"read": True}
