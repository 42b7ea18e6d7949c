"""A listener and a researcher at a real browser: what they look for on a page and what they press."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect

from listening_tests import languages
from listening_tests.store import Invitation, Store
from listening_tests.study import Study
from ser_core.methods._find import find_method
from tests.browser.walker import HURRY

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class App:
    """A running app: where it answers, and where it writes."""

    address: str
    data: Path
    password: str
    process: subprocess.Popen[str]

    def link(self, study: Study, invitation: Invitation) -> str:
        """A participant's personal link."""
        return f"{self.address}/listen?study={study.id}&token={invitation.token}"


def opened(study: Study) -> Store:
    """The store, with the study open to listeners."""
    store = Store()
    store.open_study(study)
    return store


class Listener:
    """A participant at one browser page."""

    def __init__(self, page: Page, interface: str):
        self.page = page
        self.interface = interface
        self.words = languages.texts(interface)

    @classmethod
    def at(cls, device: BrowserContext, link: str, interface: str) -> Listener:
        """Somebody who opens their link on a device."""
        device.add_init_script(HURRY)
        page = device.new_page()
        page.goto(link)
        return cls(page, interface)

    def button(self, key: str) -> Locator:
        """A button by the key of its text."""
        return self.page.get_by_role("button", name=self.words[key], exact=True)

    def expect_done(self, done: int, total: int) -> None:
        """Wait until the page says how many trials are done."""
        expect(self.page.get_by_text(self.words["progress"].format(done=done, total=total))).to_be_visible()

    def agree(self) -> None:
        """Consent."""
        self.button("consent.agree").click()

    def describe(self, knows: dict[str, str], *, dialects: str = "no") -> None:
        """Fill in the background form: level by language tag."""
        for tag, level in knows.items():
            question = self.words["background.knows"].format(language=languages.spoken(tag, self.interface))
            self._choose(question, self.words[f"background.{level}"])
        for group in self.page.get_by_role("radiogroup").filter(has_text=self.words["background.no"]).all():
            if group.get_by_role("radio").count() == 2:
                group.get_by_text(self.words[f"background.{dialects}"], exact=True).click()
        self._choose(self.words["background.age"], "25–34")
        self._choose(self.words["background.hearing"], self.words["background.hearing_normal"])
        self.button("continue").click()

    def _choose(self, question: str, answer: str) -> None:
        self.page.get_by_role("radiogroup", name=question).get_by_text(answer, exact=True).click()

    def hear(self) -> None:
        """Play the clip with the mouse, to its end."""
        self.page.get_by_role("button", name=self.words["player.play"]).click()
        expect(self.choice("angry")).to_be_enabled()

    def choice(self, label: str) -> Locator:
        """The button of an emotion."""
        return self.page.get_by_role("group").get_by_role("button", name=self.words[f"emotion.{label}"])

    def answer(self, label: str) -> None:
        """Hear, choose, continue."""
        self.hear()
        self.choice(label).click()
        self.button("continue").click()

    def begin(self) -> None:
        """Leave the feedback of the training trial."""
        self.button("training.begin").click()


def sign_in(page: Page, app: App, name: str) -> None:
    """Open a researcher's page and sign in where it asks for it."""
    page.goto(f"{app.address}/{name}")
    page.get_by_label("Password").fill(app.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def current(store: Store, person: str) -> tuple[int, str]:
    """The position and clip of a participant's open trial, as the database knows them."""
    trial = store.session(person).current
    assert trial is not None
    return trial.position, trial.stimulus


def run_models(page: Page, study: Study, *models: str) -> None:
    """Queue models on the models page, which must be open, and wait until all are done."""
    for model in models:
        page.get_by_test_id("stCheckbox").get_by_text(find_method(model).title, exact=True).click()
    page.get_by_role("button", name="Run" if len(models) == 1 else f"Run {len(models)} models", exact=True).click()
    for model in models:
        expect(page.get_by_text(re.compile(rf"{study.id}-{model}-s0-[\d-]+ is done"))).to_be_visible(timeout=120_000)


def command(package: str, *arguments: str) -> None:
    """Run a command as a user does; it must succeed."""
    subprocess.run([sys.executable, "-m", package, *arguments], cwd=ROOT, check=True)
