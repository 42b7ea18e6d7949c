"""Every fault at every step: as many sessions as there are faults, each of which begins with another one."""

from __future__ import annotations

import pytest

from tests.browser.faults import CASES, Unlucky
from tests.browser.test_every_trial import expect_stored


@pytest.mark.parametrize("first", range(len(CASES)))
def test_a_session_survives_a_fault_at_every_step(start_whole, context, first):
    unlucky = Unlucky(start_whole, context)
    unlucky.walk(first)
    expect_stored(unlucky.walker, touch=False, again=True)
