"""What is marked on the waveform is what is heard and what is stored; by mouse, by finger and by keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from listening_tests import languages
from listening_tests.store import Store
from listening_tests.study import Study
from tests.browser import tone_study
from tests.browser.conftest import serving
from tests.browser.people import App
from tests.browser.tone_study import SECONDS, come_to, time_of
from tests.browser.walker import HURRY

WORDS = languages.texts("en")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

# Writes down every sample that leaves for the loudspeakers, in the thread that renders them.
TAP = """
const code = `registerProcessor("tap", class extends AudioWorkletProcessor {
  process(inputs) { if (inputs[0].length) this.port.postMessage(Array.from(inputs[0][0])); return true; } })`;
const connect = AudioNode.prototype.connect;
window.rendered = [];
window.AudioContext = class extends AudioContext {
  constructor(...given) {
    super(...given);
    this.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" }))).then(() => {
      this.tap = new AudioWorkletNode(this, "tap");
      this.tap.port.onmessage = ({ data }) => window.rendered.push(...data);
      connect.call(this.tap, this.destination);
      window.rate = this.sampleRate;
    });
  }
};
AudioNode.prototype.connect = function (to, ...more) {
  if (to === this.context.destination && this.context.tap) connect.call(this, this.context.tap);
  return connect.call(this, to, ...more);
};
"""


@pytest.fixture(scope="module")
def rising(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Study]]:
    """The app on the study of rising tones."""
    folder = tmp_path_factory.mktemp("rising")
    with pytest.MonkeyPatch.context() as patch:
        study = tone_study.make(folder / "studies" / "rising")
        patch.setenv("EARWITNESS_STUDIES", str(study.folder))
        with serving(folder) as start:
            yield start(), study


class Marker:
    """A participant at the trial in which one part is marked."""

    def __init__(self, rising: tuple[App, Study], context: Any, *, script: str = HURRY, trial: str = "one", **device: Any):
        app, study = rising
        self.person, link = come_to(app, study, lambda t: t.stimulus == trial)
        self.device = context(locale="en-GB", **device)
        self.device.add_init_script(script)
        self.page: Page = self.device.new_page()
        self.page.goto(link)

    def button(self, key: str) -> Locator:
        return self.page.get_by_role("button", name=WORDS[key], exact=True)

    def edge(self, key: str) -> Locator:
        return self.page.get_by_role("slider", name=WORDS[f"player.part.{key}"])

    def at(self, key: str) -> float:
        return float(self.edge(key).get_attribute("aria-valuenow") or "nan")

    def hear(self) -> None:
        self.button("player.play").click()
        expect(self.page.get_by_role("button", name=WORDS["emotion.sad"])).to_be_enabled()

    def drag(self, start_s: float, end_s: float) -> None:
        """With the mouse, from one time to another."""
        (x, y), (to_x, _) = self.point(start_s), self.point(end_s)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(to_x, y, steps=5)
        self.page.mouse.up()

    def point(self, time_s: float) -> tuple[float, float]:
        self.page.locator(".wave").scroll_into_view_if_needed()
        box = self.page.locator(".wave").bounding_box()
        assert box is not None
        return box["x"] + box["width"] * time_s / SECONDS, box["y"] + box["height"] / 3

    def swipe(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """One finger, as a touch screen tells of it."""
        touch = self.device.new_cdp_session(self.page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": start[0], "y": start[1]}]})
        for n in range(1, 9):
            x, y = (a + (b - a) * n / 8 for a, b in zip(start, end, strict=True))
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def says(self, key: str, **values: Any) -> None:
        expect(self.page.get_by_text(WORDS[key].format(**values), exact=True)).to_be_visible()

    def finish(self) -> dict[str, Any]:
        """Choose a label and go on; the answer as it is stored."""
        self.page.get_by_role("button", name=WORDS["emotion.sad"]).click()
        before = self.page.get_by_text("done").inner_text()
        self.button("continue").click()
        expect(self.page.get_by_text(before, exact=True)).to_have_count(0)
        given = Store().read_answers("rising")
        answer: dict[str, Any] = given[given["participant"] == self.person].iloc[-1]["answer"]
        return answer


def rendered(page: Page, seconds: float) -> tuple[np.ndarray, float]:
    """What left for the loudspeakers, without the silence around it."""
    enough = f"window.rendered.filter((x) => x !== 0).length > {seconds} * window.rate"  # the CSP lets no other test wait
    page.evaluate(f"new Promise((done) => setInterval(() => {enough} && done(), 50))")
    samples, rate = np.array(page.evaluate("window.rendered")), page.evaluate("window.rate")
    loud = np.flatnonzero(np.abs(samples) > 1e-4)
    return samples[loud[0] : loud[-1] + 1], rate


def test_what_is_stored_is_what_was_heard(rising, context):
    marker = Marker(rising, context, script=TAP)
    marker.hear()
    marker.drag(0.7, 1.6)
    marker.edge("end").press("ArrowRight")
    marker.edge("start").press("Shift+ArrowRight")
    start, end = marker.at("start"), marker.at("end")
    marker.page.evaluate("window.rendered = []")
    marker.button("player.part.play").click()
    heard, rate = rendered(marker.page, (end - start) * 0.99)
    stored = marker.finish()
    ((start_s, end_s),) = stored["segments"]
    assert (start_s, end_s) == (start, end)
    assert stored["part"] == "segment"

    window = int(0.04 * rate)
    first, last = time_of(heard[:window], rate) - 0.02, time_of(heard[-window:], rate) + 0.02
    assert first == pytest.approx(start_s, abs=0.005)  # the promise is 20 ms
    assert last == pytest.approx(end_s, abs=0.005)
    assert len(heard) / rate == pytest.approx(end_s - start_s, abs=0.005)
    parts = [entry for entry in stored["log"] if entry[2] == 4]
    assert [(clip, position) for _, clip, _, position in parts] == [(0, start_s)]


def test_a_part_that_is_repeated_begins_again_where_it_began(rising, context):
    marker = Marker(rising, context, script=TAP)
    marker.hear()
    marker.drag(1.0, 1.5)
    start, end = marker.at("start"), marker.at("end")
    marker.page.evaluate("window.rendered = []")
    marker.button("player.part.loop").click()
    marker.button("player.part.play").click()
    heard, rate = rendered(marker.page, 2.5 * (end - start))
    marker.button("player.part.play").click()  # stops it
    size = end - start
    for at in (0.1, 0.1 + size, 0.1 + 2 * size):  # the same moment of three rounds
        moment = heard[int((at - 0.02) * rate) : int((at + 0.02) * rate)]
        assert time_of(moment, rate) == pytest.approx(start + 0.1, abs=0.005)


def test_an_untouched_wave_says_nothing_and_continue_tells_what_is_missing(rising, context):
    marker = Marker(rising, context)
    expect(marker.page.get_by_text(WORDS["player.part.first"])).to_be_visible()
    marker.drag(0.5, 1.0)  # before it was heard nothing can be marked
    expect(marker.edge("start")).to_have_count(0)
    marker.hear()
    marker.page.get_by_role("button", name=WORDS["emotion.sad"]).click()
    expect(marker.button("continue")).to_be_disabled()
    marker.button("continue").click(force=True)
    marker.says("player.part.missing")
    marker.button("player.part.add").click()  # a part that nobody moved is no answer yet
    expect(marker.button("continue")).to_be_disabled()
    marker.says("player.part.move")
    marker.page.keyboard.press("ArrowLeft")
    expect(marker.button("continue")).to_be_enabled()
    assert marker.finish()["part"] == "segment"


@pytest.mark.parametrize("part", ["whole", "none"])
def test_the_whole_and_no_single_part_are_answers_of_their_own(rising, context, part):
    marker = Marker(rising, context)
    marker.hear()
    marker.drag(0.5, 1.0)
    marker.button(f"player.part.{part}").click()
    expect(marker.edge("start")).to_have_count(0)
    marker.button(f"player.part.{part}").click()  # taken back, and the mark is there again
    expect(marker.edge("start")).to_have_count(1)
    marker.button(f"player.part.{part}").click()
    stored = marker.finish()
    assert (stored["part"], stored["segments"]) == (part, [])


def test_a_part_is_as_long_as_it_may_be_and_words_say_so(rising, context):
    marker = Marker(rising, context)
    marker.hear()
    marker.drag(0.5, 2.8)
    marker.says("player.part.longest", s="1.2")
    assert marker.at("end") - marker.at("start") == pytest.approx(1.2, abs=0.0015)
    marker.drag(2.0, 2.05)
    marker.says("player.part.shortest", s="0.2")
    assert marker.at("end") - marker.at("start") == pytest.approx(0.2, abs=0.0015)


def test_the_arrow_keys_move_an_edge_by_ten_and_a_hundred_milliseconds(rising, context):
    marker = Marker(rising, context)
    marker.hear()
    marker.button("player.part.add").focus()
    marker.page.keyboard.press("Enter")
    start, end = marker.at("start"), marker.at("end")
    marker.page.keyboard.press("ArrowRight")
    assert marker.at("start") == pytest.approx(start + 0.01)
    marker.page.keyboard.press("Shift+ArrowLeft")
    assert marker.at("start") == pytest.approx(start - 0.09)
    spoken = WORDS["player.part.seconds"].format(s=f"{start - 0.09:.3f}")
    expect(marker.edge("start")).to_have_attribute("aria-valuetext", spoken)
    marker.page.keyboard.press("Tab")
    marker.page.keyboard.press("Home")  # as near to the start as a part may be short
    assert marker.at("end") == pytest.approx(marker.at("start") + 0.2)
    marker.page.keyboard.press("Shift+ArrowRight")
    assert marker.at("end") == pytest.approx(marker.at("start") + 0.3)
    assert end > marker.at("end")
    marker.page.keyboard.press("Delete")
    expect(marker.edge("end")).to_have_count(0)


def test_a_finger_marks_and_resizes_and_the_page_still_scrolls_under_it(rising, context):
    marker = Marker(rising, context, **PHONE)
    marker.hear()
    x, y = marker.point(1.0)
    marker.swipe((x, y), (x, y - 120))  # up: the page moves, nothing is marked
    expect(marker.edge("start")).to_have_count(0)
    marker.swipe(marker.point(1.0), marker.point(1.5))
    assert (marker.at("start"), marker.at("end")) == pytest.approx((1.0, 1.5), abs=0.05)
    box = marker.edge("end").bounding_box()
    assert box is not None
    assert box["width"] >= 44
    assert box["height"] >= 44
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 10
    marker.swipe((x, y), (x + 60, y))
    wave = marker.page.locator(".wave").bounding_box()
    assert wave is not None
    assert marker.at("end") == pytest.approx(1.5 + 60 * SECONDS / wave["width"], abs=0.05)
    assert marker.finish()["touch"] is True


def test_zooming_in_marks_more_finely(rising, context):
    marker = Marker(rising, context)
    marker.hear()
    marker.drag(1.0, 2.0)
    for _ in range(2):
        marker.button("player.part.closer").click()
    box = marker.page.locator(".wave").bounding_box()
    assert box is not None
    end = marker.at("end")
    marker.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)  # the middle of the part: a tap moves nothing
    marker.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    marker.page.mouse.down()
    marker.page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + 20, steps=4)  # all of it
    marker.page.mouse.up()
    assert marker.at("end") == pytest.approx(end + 40 * (SECONDS / 4) / box["width"], abs=0.003)


def test_two_parts_never_overlap_and_come_in_order(rising, context):
    marker = Marker(rising, context, trial="many")
    marker.hear()
    marker.drag(2.0, 2.4)
    marker.drag(0.5, 2.8)  # stops at its neighbour
    stored = marker.finish()
    (one_start, one_end), (two_start, two_end) = stored["segments"]
    assert one_start == pytest.approx(0.5, abs=0.02)
    assert one_end == two_start == pytest.approx(2.0, abs=0.02)
    assert two_end == pytest.approx(2.4, abs=0.02)


def test_a_reload_keeps_what_was_heard_chosen_and_marked(rising, context):
    marker = Marker(rising, context)
    marker.hear()
    marker.drag(0.5, 1.0)
    start, end = marker.at("start"), marker.at("end")
    marker.page.reload()
    expect(marker.edge("start")).to_have_attribute("aria-valuenow", str(start))
    assert marker.finish()["segments"] == [[start, end]]


def test_a_browser_that_cannot_decode_plays_it_by_its_own_player(rising, context):
    deaf = "OfflineAudioContext.prototype.decodeAudioData = () => Promise.reject(new Error('no such codec'));"
    marker = Marker(rising, context, script=deaf + HURRY)
    marker.hear()
    marker.drag(0.5, 1.5)
    marker.button("player.part.play").click()
    expect(marker.page.locator(".needle")).to_be_visible()
    stored = marker.finish()
    assert stored["completions"] == 1
    assert stored["coverage_s"] == pytest.approx(SECONDS, abs=0.05)
    assert len(stored["segments"]) == 1
