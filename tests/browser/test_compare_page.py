"""A reviewer goes from the plot of UA to one clip and hears it, and takes a figure and the whole report along."""

from __future__ import annotations

import re
import zipfile

import pandas as pd
import pytest
from playwright.sync_api import expect

from listening_tests import export, simulate
from ser_core.emotions import in_order
from tests.browser import tone_study
from tests.browser.conftest import serving
from tests.browser.people import opened, sign_in
from tests.browser.test_every_trial import violations
from tests.browser.test_segment import TAP, rendered
from tests.browser.tone_study import SECONDS, time_of


def test_from_the_plot_of_ua_to_a_clip_that_plays_and_the_report(tmp_path, context, monkeypatch: pytest.MonkeyPatch):
    study = tone_study.make(tmp_path / "studies" / "rising")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(study.folder))
    with serving(tmp_path) as start:
        app, store = start(), opened(study)
        simulate.simulate(study, store, listeners=8, seed=1)
        said = export.tables(study, store).ratings
        given = said[said["start_s"].isna()]["label"].value_counts()
        labels = in_order(set(given.index))
        rarest = given.index[-1]
        assert 0 < given[rarest] < given.iloc[0]

        page = context(viewport={"width": 1280, "height": 900}, accept_downloads=True).new_page()
        page.add_init_script(TAP)
        sign_in(page, app, "compare")
        plot = page.get_by_role("figure", name="UA of each group")
        expect(plot).to_be_visible()
        with page.expect_download() as download:
            plot.locator(".modebar-btn").click()
        picture = download.value.path().read_text(encoding="utf-8")
        assert download.value.suggested_filename == "UA-de.svg"
        assert "Not real: simulated listeners" in picture
        assert "German listeners" in picture

        cells = page.get_by_role("figure", name="Confusion table of German listeners").locator(".nsewdrag")
        cells.scroll_into_view_if_needed()
        box = cells.bounding_box()
        assert box is not None
        text = page.get_by_role("figure", name="Confusion table of German listeners").locator(".heatmap-label").first
        assert re.fullmatch(r"[01]\.\d\d", (text.text_content() or "").strip())
        assert text.evaluate("cell => cell.getBoundingClientRect().height") >= 8  # its colour is no part of its length
        x = box["x"] + box["width"] * (labels.index(rarest) + 0.5) / len(labels)
        page.mouse.move(x - 4, box["y"] + box["height"] / 2)
        page.mouse.move(x, box["y"] + box["height"] / 2)
        expect(page.locator(".hovertext")).to_contain_text(f"heard as {rarest.replace('_', ' ')}")
        page.mouse.click(x, box["y"] + box["height"] / 2)
        expect(page).to_have_url(re.compile(f"heard={rarest}"))
        words = f"{given[rarest]} judgement{'s' if given[rarest] > 1 else ''} of"
        expect(page.get_by_text(re.compile(f"^{words}.*in this cell"))).to_be_visible()

        button = page.get_by_role("button", name="Play Whole clip")
        expect(button).to_be_enabled()
        button.click()  # opens the way to the loudspeakers, on which the tap sits from then on
        expect(page.locator(f".playhead[data-at='{SECONDS:.3f}']")).to_be_visible()
        page.evaluate("window.rendered = []")
        button.click()
        heard, rate = rendered(page, SECONDS * 0.99)
        window = int(0.04 * rate)
        assert time_of(heard[-window:], rate) + 0.02 == pytest.approx(SECONDS, abs=0.05)
        assert not violations(page, "compare")

        with page.expect_download() as download:
            page.get_by_role("button", name="report.zip").click()
        assert download.value.suggested_filename == f"{study.id}-report.zip"
        with zipfile.ZipFile(download.value.path()) as report:
            scores = pd.read_csv(report.open(next(name for name in report.namelist() if name.endswith("scores.csv"))))
        shown = scores[(scores["metric"] == "ua") & scores["rater"].isna() & (scores["language"] == "de")]
        right = said[said["start_s"].isna()].merge(study.stimuli[["stimulus", "truth"]], on="stimulus")
        recalls = (right["label"] == right["truth"]).groupby(right["truth"]).mean()
        assert shown["value"].tolist() == [pytest.approx(recalls.mean())]
