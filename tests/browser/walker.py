"""Somebody who goes through a study of any trials, by mouse, by touch or by keyboard alone, in any browser.

What is asked is read from the trial types themselves; what was answered is remembered, to be compared with what was stored.
"""

from __future__ import annotations

import random
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from listening_tests import languages
from listening_tests.schema import answers
from listening_tests.session import Answered, Session
from listening_tests.store import Store
from listening_tests.study import Study
from listening_tests.trial import Form, Question, Trial, trial_types
from listening_tests.trial_types._listening import asked
from tests.browser.devices import Device, Eyes, What

HURRY = """
const begin = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) { this.playbackRate.value = 8; return begin.apply(this, when); };
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { this.playbackRate = 8; return play.call(this); };
"""
"""The clip is fetched, decoded and played as always, only faster; a test that measures time leaves this out."""

ODD = (
    'a & b + 50 % of "it"; c, d\t=1+1 \u05e9\u05dc\u05d5\u05dd \u202e\u0645\u0631\u062d\u0628\u0627\u202c 🎧👩🏽‍🎤 ｅ\u0301'
)
"""What breaks naive stores and tables, in one line: signs of CSV and of addresses, right-to-left text and marks, emoji."""

ODDER = f"=cmd()|' /C calc'!A0\n{ODD}\n\n@SUM(1)\n-2+3"
"""The same and what a spreadsheet would run, over several lines."""


DOUBLE_PRESS_S = 0.45
"""The player takes two presses within 0.4 s for one, and these clips are shorter for who hurries."""


class _Anything:
    """Streamlit for a trial of which only the form is wanted."""

    def __getattr__(self, _: str) -> Callable[..., _Anything]:
        return lambda *_, **__: self


@dataclass
class _Reader:
    """The ``Ui`` that catches what the player would be given."""

    study: Study
    interface: str
    form: Form | None = None
    st: Any = field(default_factory=_Anything)
    completion_code: str = ""
    privacy: str = ""
    following: str = ""
    completion_url: str = ""

    def text(self, key: str, **values: Any) -> str:
        return languages.texts(self.interface)[key].format(**values)

    def label(self, emotion: str) -> str:
        return self.text(f"emotion.{emotion}")

    def language(self, tag: str) -> str:
        return languages.spoken(tag, self.interface)

    def own(self, texts: Any) -> str:
        return str(texts[self.interface])

    def player(self, trial: Trial, form: Form) -> None:
        self.form = form

    def submit(self, *_: Any) -> None:
        raise AssertionError("nothing was pressed")

    consent = submit


def advance(store: Store, study: Study, person: str, to: str) -> Trial:
    """Answer everything, without a browser, until a trial of this type is due."""
    session = store.begin(person, study)
    rng = random.Random(1)
    while (trial := session.current) and trial.type != to:
        session = store.record(person, Answered(trial.position, proper(trial, rng)))
    assert trial is not None, f"there was no trial of the type {to}"
    return trial


def proper(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """An answer that the store takes, and that ends no session."""
    answer = trial_types()[trial.type].simulate(trial, rng)
    if trial.type == "headphone_check":
        answer["answers"] = {f"round{n}": str(target) for n, target in enumerate(trial.parameters["targets"], 1)}
    return answer


class Walker:
    """A participant at a device."""

    def __init__(self, device: Device, study: Study, person: str, interface: str, *, hand: str = "mouse"):
        self.use(device)
        self.study, self.person, self.interface, self.hand = study, person, interface, hand
        self.words = languages.texts(interface)
        self.store = Store()
        self.texts = {"text": ODD, "long_text": ODDER}
        self.link = ""
        self.played = 0.0
        self.labels: dict[str, str] = {}
        """The emotion that is heard in a clip; where none is named, the first that is offered."""
        self.heard: dict[int, int] = {}
        """How many times a sound was started, by position."""
        self.given: dict[int, dict[str, Any]] = {}
        """What was answered, by position: the values of the questions, and the part that was marked."""

    def use(self, device: Device) -> None:
        """Go on at this device."""
        self.device, self.eyes = device, Eyes(device)

    def kept(self) -> dict[int, Any]:
        """What is in the database: the answer by position."""
        mine = sa.select(answers.c.position, answers.c.answer).where(answers.c.participant == self.person)
        with self.store.engine.connect() as connection:
            rows = connection.execute(mine.order_by(answers.c.position)).all()
        assert len({position for position, _ in rows}) == len(rows), "an answer is there twice"
        return dict(map(tuple, rows))

    # --- a whole session ---

    def walk(self, before: Callable[[str], None] = lambda _: None) -> None:
        """Answer everything that is left; ``before`` is called on each page with the name of its trial."""
        while (trial := self.at_trial()).type != "debrief":
            before(trial.type)
            self.answer(trial)
            self.press_on()
            if trial_types()[trial.type].feedback:
                before("feedback")
                self.eyes.until(self.told, "nothing was said after the trial")
                self.press(self.told() or {})
        self.eyes.wait_to_read(self.words["debrief.text"])
        before("debrief")

    def told(self) -> What | None:
        """The button below what is said after a trial, if that is what the page shows."""
        if not self.eyes.at_rest() or self.eyes.ask("count", {"selector": ".player"}):
            return None
        names = [self.words[key] for key in ("training.begin", "continue")]
        buttons: list[What] = [{"role": "button", "name": name} for name in names]
        return next((button for button in buttons if self.eyes.ask("why", button) == ""), None)

    def at_trial(self) -> Trial:
        """The trial that is due, once the page shows how far one has come."""
        session = self.eyes.until(self._drawn, "no trial is due")
        trial: Trial | None = session.current
        assert trial is not None, f"the session ended: {session.ended}"
        self.eyes.wait_to_read(self.words["progress"].format(done=len(session.answered), total=session.total))
        return trial

    def _drawn(self) -> Session | None:
        """The session, once its next trials are drawn: after the link was opened, and after the background."""
        session = self.store.session(self.person)
        return session if session.current or session.ended else None

    def answer(self, trial: Trial) -> None:
        """Do all that the trial asks but the last press."""
        form = self.form(trial)
        self.last: What = {"role": "button", "name": self.words["continue"]}
        if trial.type == "consent":
            self.last = {"role": "button", "name": self.words["consent.agree"]}
        elif trial.type == "background":
            self.describe()
        elif form is not None:
            self.fill(trial, form)
        self.eyes.wait_for(self.last)

    def press_on(self) -> None:
        """Send the answer."""
        before = self.store.session(self.person).answered
        self.press(self.last)
        self.eyes.until(lambda: self.store.session(self.person).answered != before, "the answer never came to the store")

    def form(self, trial: Trial) -> Form | None:
        """What the player shows for a trial; None if the page itself asks."""
        if trial.type in ("consent", "background", "instruction", "break", "debrief"):
            return None
        reader = _Reader(self.study, self.interface)
        trial_types()[trial.type].show(trial, reader)  # type: ignore[arg-type]
        return reader.form

    # --- trials ---

    def describe(self) -> None:
        """The background form: German as the native language, nothing of any other language, no dialect."""
        for tag in self.study.spoken:
            question = self.words["background.knows"].format(language=languages.spoken(tag, self.interface))
            level = self.words["background.native" if tag == "de" else "background.none"]
            self.press({"role": "radio", "name": level, "group": question})
        for tag in self.study.dialects:
            question = self.words["background.dialect"].format(dialect=languages.spoken(tag, self.interface))
            self.press({"role": "radio", "name": self.words["background.no"], "group": question})
        self.press({"role": "radio", "name": "25–34", "group": self.words["background.age"]})
        normal = self.words["background.hearing_normal"]
        self.press({"role": "radio", "name": normal, "group": self.words["background.hearing"]})

    def fill(self, trial: Trial, form: Form) -> None:
        """Hear everything as often as one must, then answer every question."""
        for n in range(form.clips):
            for time in range(1, form.plays.least + 1):
                self.hear(form, n, time)
        self.heard[trial.position] = form.clips * form.plays.least
        given: dict[str, Any] = {}
        for i, question in enumerate(form.questions):
            if asked(question, given):
                given[question.name] = self.reply(trial, question)
            if i == 0 and form.segment:
                given["part"], given["segments"] = "segment", [self.mark()]
        self.given[trial.position] = given

    def hear(self, form: Form, n: int, time: int) -> None:
        """Play a sound to its end; or begin to, where it goes on for good."""
        key = "player.play" if time == 1 else "player.again"
        called = f": {form.names[n]}" if form.names else ""
        self.eyes.until(lambda: clock.monotonic() - self.played > DOUBLE_PRESS_S, "time stands still")
        self.come_to({"role": "button", "name": self.words[key] + called})
        self.played = clock.monotonic()
        stop = {"role": "button", "name": self.words["player.pause"] + called}
        if form.loop:
            self.eyes.wait_for(stop)
        else:
            self.eyes.wait_for({"role": "button", "name": self.words["player.again"] + called})

    def come_to(self, play: What) -> None:
        """Press the button of a sound."""
        self.press(play)

    def reply(self, trial: Trial, question: Question) -> Any:
        """Answer a question, and say with what."""
        if question.kind in self.texts or question.kind == "number":
            return self.type_in(question)
        draw = random.Random(f"{trial.position}|{question.name}")  # whoever answers again answers the same
        wanted = [draw.choice([option.value for option in question.options])]
        if trial.type == "attention":
            wanted = [trial.parameters["answer"]]
        elif trial.type == "headphone_check":
            wanted = [
                str(trial.parameters["targets"][int(question.name.removeprefix("answers.round").removeprefix("round")) - 1])
            ]
        elif question.name.endswith("music"):
            wanted = ["yes"]
        elif question.name == "label":
            wanted = [self.labels.get(trial.stimulus) or trial.parameters["choices"][0]]
        elif question.kind == "several":
            wanted = [question.options[0].value, question.options[-1].value]
        for value in wanted:
            option = self.option(question, value)
            self.press(option)
            self.eyes.until(lambda: self.eyes.ask("chosen", option), f"{option} was pressed and is not chosen")  # noqa: B023
        return " ".join(wanted)

    def option(self, question: Question, value: str) -> What:
        """Where an option stands."""
        place = [option.value for option in question.options].index(value)
        label = question.options[place].label
        role = {"choice": "button", "scale": "radio", "several": "checkbox"}[question.kind]
        end = {0: question.low, len(question.options) - 1: question.high}.get(place, "")
        if question.kind == "scale" and end and end != label:
            label = f"{label}: {end}"
        return {"role": role, "name": label, "group": question.prompt}

    def type_in(self, question: Question) -> Any:
        """Write into a field."""
        field: What = {"role": "field", "name": question.prompt}
        text = self.texts.get(question.kind, "41")
        self.press(field)
        self.device.write(text)
        return 41 if question.kind == "number" else text

    def mark(self) -> list[float]:
        """Mark from a quarter to three quarters of the clip; by keyboard, move an edge of a part that a button adds."""
        start: What = {"role": "slider", "name": self.words["player.part.start"]}
        if self.hand == "keyboard":
            self.press({"role": "button", "name": self.words["player.part.add"]})
            assert self.eyes.ask("focus", start) == "here"
            self.device.key("ArrowLeft")
            self.device.key("Shift+ArrowLeft")
        else:
            stage: What = {"selector": ".stage"}
            self.eyes.wait_for(stage)
            box = self.eyes.ask("middle", stage)
            ends = [(box["left"] + share * box["width"], box["y"]) for share in (0.25, 0.75)]
            (self.device.swipe if self.hand == "touch" else self.device.drag)(ends[0], ends[1])
        self.eyes.wait_for(start)
        said = [self.eyes.ask("value", {"selector": f".handle.{edge}"}) for edge in ("start", "end")]
        return [float(seconds) for seconds in said]

    # --- hands ---

    def press(self, what: What) -> None:
        """Press something with the participant's hand."""
        self.eyes.wait_for(what)
        if self.hand == "keyboard":
            self.reach(what)
            return
        place = self.eyes.ask("middle", what)
        assert not place["covered"], f"{what} at {place} is covered by {place['covered']}"
        if place["finger"]:
            assert min(place["width"], place["height"]) >= 24, f"{what} is too small to be touched: {place}"
        (self.device.tap if self.hand == "touch" else self.device.click)(place["x"], place["y"])

    def reach(self, what: What) -> None:
        """Go to something with Tab and, among radio buttons, the arrows; then press it."""
        went = []
        for _ in range(80):
            if (where := self.eyes.ask("focus", what)) != "elsewhere":
                break
            self.device.key("Tab")
            went.append(self.eyes.ask("active"))
        else:
            raise AssertionError(f"Tab never came to {what}, but to:\n" + "\n".join(went))
        for _ in range(20):
            if where == "here":
                break
            self.device.key("ArrowRight")
            where = self.eyes.ask("focus", what)
        if what.get("role") in ("radio", "checkbox"):
            if not self.eyes.ask("chosen", what):
                self.device.key("Space")
        elif what.get("role") != "field":
            self.device.key("Enter")
