"""What may go wrong at any step of a session, and what must be true afterwards.

An answer counts as acknowledged once it is in the database; what was only pressed may be lost with a closed page, but never
with a page that stays, and never twice.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext

from listening_tests.study import Study
from listening_tests.trial import Trial, trial_types
from tests.browser.devices import Chromium, Device, What
from tests.browser.people import App, opened
from tests.browser.walker import HURRY, Walker

MOMENTS = ("before", "pressed", "stored")
"""When it happens: all is filled in; the answer was just pressed; the answer was just stored."""

FAULTS = ("server", "reload", "closed", "both")
"""What happens: the server is killed, the page is loaded anew, the page is closed, or the server and the page are gone."""

OFTEN = 5
"""So many buttons may stand before a sound."""

CASES = [(fault, moment) for moment in MOMENTS for fault in FAULTS]


class Patient(Walker):
    """Who presses what may stand before a sound after a fault: what was told of a trial, or that it did not load."""

    def come_to(self, play: What) -> None:
        """Press the button of a sound once it is there."""
        there = self.eyes.ask
        retry: What = {"role": "button", "name": self.words["player.retry"]}

        def next_button() -> What | None:
            return next((what for what in (play, retry) if there("why", what) == ""), None) or self.told()

        for _ in range(OFTEN):
            button = self.eyes.until(next_button, f"{play} {there('why', play)}")
            self.press(button)
            if button is play:
                return
        raise AssertionError(f"{play} never came")


class Unlucky:
    """A participant to whom one fault happens at each step."""

    def __init__(self, whole: tuple[Callable[[], App], Study], context: Callable[..., BrowserContext]):
        self.start, self.study = whole
        study = self.study
        self.app = self.start()
        self.device = context(locale="en-GB", viewport={"width": 1280, "height": 900})
        self.device.add_init_script(HURRY)
        store = opened(study)
        (invitation,) = store.invite(study)
        self.link = self.app.link(study, invitation)
        self.walker = Patient(self.open(), study, invitation.participant, "en")
        self.order: list[Trial] = []

    def open(self) -> Device:
        """Open the link in a new tab."""
        page = self.device.new_page()
        page.goto(self.link)
        return Chromium(page)

    def walk(self, first: int) -> None:
        """Answer everything; ``first`` says which of the cases comes first, and each step has the next."""
        step = first
        while not self.walker.store.session(self.walker.person).finished:
            self.step(self.walker.at_trial(), *CASES[step % len(CASES)])
            step += 1
        eyes, words = self.walker.eyes, self.walker.words
        again = words["finished_link"].split("{")[0]  # what somebody reads who opens the link after the last answer
        eyes.until(lambda: eyes.sees(words["debrief.text"]) or eyes.sees(again), "neither the debrief nor a word of thanks")

    def step(self, trial: Trial, fault: str, moment: str) -> None:
        """Answer one trial while something goes wrong."""
        told = f"{trial.type}: {fault}, {moment}"
        self.walker.answer(trial)
        if moment != "before":
            self.walker.press(self.walker.last)
        if moment == "stored":
            if self.walker.form(trial) is None and not self.came(trial):
                self.walker.press(self.walker.last)  # Streamlit forgets the first press on a page that outlived its server
            self.walker.eyes.until(lambda: trial.position in self.walker.kept(), f"{told}: never stored")
        acknowledged = self.walker.kept()
        self.happen(fault)
        self.expect_kept(acknowledged, told)
        if moment == "stored":
            assert trial.position in self.walker.kept(), told
        else:
            self.finish(trial, fault, moment, told)
        self.expect_kept(acknowledged, told)
        assert self.walker.store.session(self.walker.person).answered >= {trial.position}, told
        self.leave_feedback(trial)

    def happen(self, fault: str) -> None:
        """Let it happen, and let it be over."""
        if fault in ("server", "both"):
            self.app.process.send_signal(signal.SIGKILL)
            self.app.process.wait()
        if fault in ("closed", "both"):
            self.walker.device.close()
        if fault in ("server", "both"):
            self.app = self.start()
        if fault in ("closed", "both"):
            self.walker.use(self.open())
        elif fault == "reload":
            self.walker.device.reload()

    def finish(self, trial: Trial, fault: str, moment: str, told: str) -> None:
        """Do what a participant would do then, until the answer is stored."""
        plays = self.walker.form(trial) is not None
        kept = plays and fault in ("server", "reload")  # the player keeps what was done, in the tab
        if moment == "pressed" and kept:
            self.walker.eyes.until(lambda: trial.position in self.walker.kept(), f"{told}: never arrived")
        elif kept:
            self.walker.press_on()
        elif moment == "pressed" and self.came(trial):
            return
        elif fault == "server":  # the page looks as before, and may forget the first press
            self.walker.press(self.walker.last)
            if not self.came(trial):
                self.walker.device.reload()
                self.again(trial)
        else:
            self.again(trial)

    def came(self, trial: Trial) -> bool:
        """Whether what was pressed comes to the database in good time."""
        late = time.monotonic() + 3
        while time.monotonic() < late and trial.position not in self.walker.kept():
            time.sleep(0.05)
        return trial.position in self.walker.kept()

    def again(self, trial: Trial) -> None:
        """Answer what is asked, unless the answer has come after all."""
        if self.walker.at_trial() == trial:
            self.walker.answer(trial)
            self.walker.press_on()

    def leave_feedback(self, trial: Trial) -> None:
        """What was told after the training is not told again to who comes back."""
        if not trial_types()[trial.type].feedback:
            return
        session = self.walker.store.session(self.walker.person)
        done = self.walker.words["progress"].format(done=len(session.answered), total=session.total)
        eyes = self.walker.eyes
        eyes.until(lambda: eyes.sees(done) and eyes.at_rest(), "neither feedback nor the next trial")
        if begin := self.walker.told():
            self.walker.press(begin)

    def expect_kept(self, acknowledged: dict[int, Any], told: str) -> None:
        """Nothing acknowledged is lost or changed, nothing is skipped, and the order is the one that was drawn."""
        now = self.walker.kept()
        assert {position: now.get(position) for position in acknowledged} == acknowledged, told
        assert sorted(now) == list(range(len(now))), told
        session = self.walker.store.session(self.walker.person)
        assert list(session.trials[: len(self.order)]) == self.order, told
        self.order = list(session.trials)
        if session.current is not None:
            assert session.current.position == len(now), told
