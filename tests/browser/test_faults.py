"""At each step of a session something goes wrong: nothing acknowledged is lost, nothing is there twice, the order stays.

One session has each type of trial with one fault; ``tests/other_browsers/test_all_faults.py`` has each with every fault.
"""

from __future__ import annotations

from tests.browser.faults import Unlucky
from tests.browser.test_every_trial import expect_stored


def test_a_session_survives_a_fault_at_every_step(start_whole, context):
    unlucky = Unlucky(start_whole, context)
    unlucky.walk(first=0)
    expect_stored(unlucky.walker, touch=False, again=True)
