"""Every type of trial, by mouse, by touch and by the keyboard alone; and what axe-core says of each page."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from listening_tests import export
from tests.browser.devices import Chromium, Eyes
from tests.browser.people import opened
from tests.browser.walker import HURRY, ODD, ODDER, Walker

LAPTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
WAYS = {
    "mouse": ("en", "en-GB", LAPTOP),
    "keyboard": ("de", "de-DE", LAPTOP),
    "touch": ("zh-Hans", "zh-CN", PHONE),
}
SCHEME = "getComputedStyle(document.querySelector('.stApp')).colorScheme"
NAMES = ("answers.csv", "answers.spreadsheet.csv")
NO_NEED = {"rules": {"region": {"enabled": False}}}  # of no severity; Streamlit's own frame has no landmarks


@pytest.mark.parametrize("hand", WAYS)
def test_every_type_of_trial_can_be_answered(whole, context, hand):
    app, study = whole
    interface, locale, shape = WAYS[hand]
    page = context(locale=locale, **shape).new_page()
    page.add_init_script(HURRY)
    (invitation,) = opened(study).invite(study)
    walker = Walker(Chromium(page), study, invitation.participant, interface, hand=hand)
    page.goto(app.link(study, invitation))
    found: list[str] = []
    schemes = ("light", "dark") if hand == "mouse" else ("light",)  # of the dark one only colours are looked at
    walker.walk(lambda trial: found.extend(violations(page, f"{trial} in {interface}", schemes)))
    expect_stored(walker, touch=hand == "touch")
    expect_exported(walker)
    assert not found, "\n".join(found)


def expect_exported(walker: Walker) -> None:
    """What was typed comes back to the byte; only the copies for spreadsheets differ, and say so."""
    made = export.export(walker.study, walker.store, spreadsheets=True).files
    plain, safe = (list(csv.DictReader(io.StringIO(made[name].decode("utf-8-sig"), newline=""))) for name in NAMES)
    mine = {row["field"]: row["value"] for row in plain if row["participant"] == walker.person and row["value"]}
    assert (mine["answers.city"], mine["answers.remark"], mine["comment"]) == (ODD, ODDER, ODDER)
    assert all(cell[:1] not in "=+@\t" for row in safe for cell in row.values() if cell)
    assert "apostrophe" in made["codebook.csv"].decode()


def expect_stored(walker: Walker, *, touch: bool, again: bool = False) -> None:
    """Everything that was answered is stored as it was given, once, and in the order of the trials.

    ``again``: whether some of it was heard and answered again.
    """
    session = walker.store.session(walker.person)
    assert session.finished
    stored = walker.kept()
    assert list(stored) == list(range(len(session.trials) - 1))
    for position, given in walker.given.items():
        kept = stored[position]
        for name, value in given.items():
            if name == "segments":
                assert kept["segments"] == [value[0]], position
                if (
                    walker.hand != "keyboard"
                ):  # dragged from a quarter to three quarters of four seconds; a pixel is 15 ms of them
                    assert kept["segments"][0] == pytest.approx([1, 3], abs=0.05)
                continue
            found = kept[name] if name in kept else kept["answers"][name.removeprefix("answers.")]
            assert str(found) == str(value), (position, name)
        assert kept["plays"] == walker.heard[position] or (again and kept["plays"] > walker.heard[position])
        assert kept["touch"] is touch


def violations(page: Any, where: str, schemes: tuple[str, ...] = ("light", "dark")) -> list[str]:
    """What axe-core calls serious or critical, in light and (only colours) in dark; and whether it scrolls sideways."""
    eyes = Eyes(Chromium(page))
    eyes.until(eyes.at_rest, "the page never comes to rest")
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    found = [f"{where}: the page is {over} px too wide"] if over > 0 else []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        eyes.until(lambda: page.evaluate(SCHEME) == scheme, f"never turned {scheme}")  # noqa: B023
        options = NO_NEED if scheme == "light" else {"runOnly": ["color-contrast"]}
        for violation in Axe().run(page, options=options).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = "; ".join(
                    f"{n['target']} {n['html'][:160]} {n['failureSummary'][:300]}" for n in violation["nodes"][:3]
                )
                found.append(f"{where}, {scheme}: {violation['id']}: {nodes}")
    page.emulate_media(color_scheme="light")
    return found
