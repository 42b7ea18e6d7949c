"""What a trial draws on when a participant is at the other end: Streamlit, their language, and the store.

The trial that an answer belongs to is an argument of every callback, never "the current one": by the time a second click
arrives, the current one may be the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from listening_tests import languages, waveform
from listening_tests.session import Answered, Refused, Session
from listening_tests.store import Participant, Store
from listening_tests.study import Study
from listening_tests.trial import Answer, Trial, trial_types

LOOK = Path(__file__).with_name("listener.css").read_text(encoding="utf-8")
_PLAYER_TEXTS = ("play", "pause", "again", "listen", "choose", "saving", "failed", "retry", "skip")


@dataclass
class Listener:
    """The ``Ui`` of ``listening_tests.trial``, for one run of the page."""

    study: Study
    participant: Participant
    session: Session
    store: Store
    interface: str
    st: Any = field(default=st)

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
    def completion_code(self) -> str:
        """Made when the participant was invited, shown when they have finished."""
        return self.participant.completion_code

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
        session = self.store.session(self.participant.participant)
        if session.current is None or session.current.position != trial.position:
            return  # another tab has said yes already; what is shown next says so
        self.store.consent(self.participant.participant, self.study, language=self.interface, agreed=agreed)
        if agreed:
            self.submit(trial, {"agreed": True})
        else:
            st.session_state["declined"] = True

    def player(self, trial: Trial, choices: list[str]) -> None:
        """Mount the player; one and the same for all trials, so that it can load the next clip early."""
        upcoming = self.session.upcoming
        texts = {name: self.text(f"player.{name}") for name in _PLAYER_TEXTS}
        texts |= {"continue": self.text("continue"), "keys": self.text("player.keys", first=1, last=len(choices))}
        refused = st.session_state.pop("refused", None)
        if refused:
            st.error(self.text(refused[1]))
        waveform.mount(
            key="player",
            data={
                "trial": trial.key,
                "url": f"api/audio/{trial.key}",
                "next_url": f"api/audio/{upcoming.key}" if upcoming and upcoming.stimulus else "",
                "choices": [{"value": c, "label": self.label(c)} for c in choices],
                "texts": texts,
                "language": self.interface,
                "refused": bool(refused and refused[0] == trial.key),
            },
            on_answer_change=self._answered,
        )

    def _answered(self) -> None:
        sent = st.session_state["player"].get("answer") or {}
        trial = next((t for t in self.session.trials if t.key == sent.get("trial")), None)
        if trial is not None and isinstance(sent.get("answer"), dict):
            self.submit(trial, sent["answer"])
