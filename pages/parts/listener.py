"""What a trial draws on when a participant is at the other end: Streamlit, their language, and the store.

The trial that an answer belongs to is an argument of every callback, never "the current one": by the time a second click
arrives, the current one may be the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import soundfile
import streamlit as st

from listening_tests import copies, languages, peaks, recruitment, waveform
from listening_tests.session import Answered, Refused, Session
from listening_tests.store import Participant, Store
from listening_tests.study import Study
from listening_tests.trial import Answer, Form, Trial, trial_types
from pages.parts import farewell, press

LOOK = Path(__file__).with_name("listener.css").read_text(encoding="utf-8")


@dataclass
class Listener:
    """The ``Ui`` of ``listening_tests.trial``, for one run of the page."""

    study: Study
    participant: Participant
    session: Session
    store: Store
    interface: str
    st: Any = field(default_factory=press.Pressed)
    shown: str = ""
    """What this run of the page shows: its type where the player draws it, since trials of one type look alike."""

    def text(self, key: str, **values: Any) -> str:
        """A sentence in the participant's language."""
        return languages.texts(self.interface)[key].format(**values)

    def label(self, emotion: str) -> str:
        """An emotion's name."""
        return self.text(f"emotion.{emotion}")

    def language(self, tag: str) -> str:
        """A spoken language's name."""
        return languages.spoken(tag, self.interface)

    def own(self, texts: Mapping[str, str]) -> str:
        """The participant's version of a text of the study."""
        return texts[self.interface]

    @property
    def following(self) -> str:
        """The type of the trial that is due now; empty if none is."""
        return self.session.current.type if self.session.current else ""

    @property
    def privacy(self) -> str:
        """A link to what happens to the participant's data."""
        return farewell.privacy_link(self.study, self.interface)

    @property
    def completion_code(self) -> str:
        """Made when the participant was invited, shown when they have finished."""
        return self.participant.completion_code

    @property
    def completion_url(self) -> str:
        """Where the service that sent the participant wants them back, once they have finished."""
        return recruitment.completion_url(self.study, self.participant)

    @property
    def declined_url(self) -> str:
        """Where that service wants them back if they do not take part."""
        return recruitment.declined_url(self.study, self.participant)

    def submit(self, trial: Trial, answer: Answer) -> None:
        """Commit the answer; what cannot be taken is said on the next run."""
        try:
            self.store.record(self.participant.participant, Answered(trial.position, answer))
        except Refused as refused:
            st.session_state["refused"] = (trial.key, refused.reason)
            return
        if trial_types()[trial.type].feedback:
            st.session_state["feedback"] = (trial, answer)

    def consent(self, trial: Trial, agreed: bool) -> None:
        """Keep the yes or no with the version of the text; only a yes is an answer."""
        try:
            session = self.store.session(self.participant.participant)
        except Refused:
            return  # withdrawn in another tab; what is shown next says so
        if session.current is None or session.current.position != trial.position:
            return  # another tab has said yes already; what is shown next says so
        self.store.consent(self.participant.participant, self.study, language=self.interface, agreed=agreed)
        if agreed:
            self.submit(trial, {"agreed": True})
        else:
            st.session_state["declined"] = True

    def player(self, trial: Trial, form: Form) -> None:
        """Mount the player; one and the same for all trials, so that it can load the next sound early."""
        self.shown = trial.type
        refused = st.session_state.pop("refused", None)
        if refused:
            st.error(self.text(refused[1]))
        waveform.mount(
            key="player",
            data={
                "trial": trial.key,
                "language": self.interface,
                "refused": bool(refused and refused[0] == trial.key),
                "texts": _texts(self.interface, form.segment is not None),
                "loop": form.loop,
                "clips": [self._clip(trial, number, form) for number in range(form.clips)],
                "next_urls": self._next_urls(),
                "plays": asdict(form.plays),
                "questions": [asdict(question) for question in form.questions],
                "segment": asdict(form.segment) if form.segment else None,
            },
            on_answer_change=self._answered,
        )

    def _clip(self, trial: Trial, number: int, form: Form) -> dict[str, Any]:
        name = form.names[number] if number < len(form.names) else ""
        clip: dict[str, Any] = {"url": _address(trial, number), "name": name, "duration_s": None, "peaks": None}
        if form.segment:
            with suppress(OSError, soundfile.LibsndfileError):  # the player says so when it cannot load the sound either
                outline = peaks.outline(copies.of(self.study, trial.stimulus))
                clip |= {"duration_s": outline.duration_s, "peaks": list(outline.pairs)}
        return clip

    def _next_urls(self) -> list[str]:
        upcoming = self.session.upcoming
        if upcoming is None:
            return []
        return [_address(upcoming, n) for n, clip in enumerate((upcoming.stimulus, upcoming.other)) if clip]

    def _answered(self) -> None:
        sent = st.session_state["player"].get("answer") or {}
        trial = next((t for t in self.session.trials if t.key == sent.get("trial")), None)
        if trial is not None and isinstance(sent.get("answer"), dict):
            self.submit(trial, sent["answer"])


def _address(trial: Trial, number: int) -> str:
    return f"api/audio/{trial.key}/{number}"


@cache
def _texts(interface: str, segment: bool) -> dict[str, str]:
    """The player's words, with their gaps open; those of the waveform only where one is shown."""
    words = languages.texts(interface)
    own = {key.removeprefix("player."): text for key, text in words.items() if key.startswith("player.")}
    return {"continue": words["continue"]} | {
        key: text for key, text in own.items() if segment or not key.startswith("part.")
    }
