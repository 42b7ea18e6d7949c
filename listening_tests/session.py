"""A participant's way through a study, as a pure state machine: (session, event) -> session.

Nothing here knows a database or a browser. The store keeps what ``step`` accepted; the page draws what ``current`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from listening_tests.trial import Trial, trial_types


class Refused(Exception):
    """An event that does not fit the session; ``reason`` is a key of the language files."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Answered:
    """The participant answered the trial at ``position``."""

    position: int
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Session:
    """All trials in order, and those that have an answer."""

    trials: tuple[Trial, ...]
    answered: frozenset[int] = frozenset()

    @property
    def current(self) -> Trial | None:
        """The first open trial; None once all are answered."""
        return next((t for t in self.trials if t.position not in self.answered), None)

    @property
    def upcoming(self) -> Trial | None:
        """The trial after the current one, so that its clip can be loaded early."""
        open_trials = [t for t in self.trials if t.position not in self.answered]
        return open_trials[1] if len(open_trials) > 1 else None

    @property
    def finished(self) -> bool:
        """Whether every trial that waits for an answer has one; the debrief waits for none."""
        return self.current is None or self.current.type == "debrief"

    @property
    def progress(self) -> float:
        """The share of trials done, in [0, 1]."""
        return len(self.answered) / max(len(self.trials) - 1, 1)


def step(session: Session, event: Answered) -> Session:
    """The session after an event.

    An answer to a trial that has one already changes nothing: a double click, a second tab and the back button all send
    such answers, and the first one counts.

    Raises:
        Refused: the trial is not open yet, or the answer is not one that it can have.
    """
    if event.position in session.answered:
        return session
    current = session.current
    if current is None or event.position != current.position:
        raise Refused("not_open")
    wrong = trial_types()[current.type].check(current, event.answer)
    if wrong:
        raise Refused(wrong)
    return replace(session, answered=session.answered | {event.position})
