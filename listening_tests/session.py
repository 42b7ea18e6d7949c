"""A participant's way through a study, as a pure state machine: (session, event) -> session.

Nothing here knows a database or a browser. The store keeps what ``step`` accepted; the page draws what ``current`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from listening_tests.trial import After, Trial, trial_types

ENDINGS = {
    "screened_out": "ended.screened_out",
    "full": "ended.full",
    "failed_check": "ended.failed_check",
}
"""Why a session can end before its end, and the key of what is said then."""


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
    """The trials drawn so far in order, and those that have an answer or need none.

    ``drawn``: whether these are all; the rest is drawn when the background is known. ``planned``: how many there will be.
    ``ended``: why the session ended before its end, one of ``ENDINGS``.
    """

    trials: tuple[Trial, ...]
    answered: frozenset[int] = frozenset()
    drawn: bool = True
    planned: int = 0
    ended: str = ""

    @property
    def current(self) -> Trial | None:
        """The first open trial; None once all are answered or the session has ended."""
        return None if self.ended else next((t for t in self.trials if t.position not in self.answered), None)

    @property
    def upcoming(self) -> Trial | None:
        """The trial after the current one, so that its clip can be loaded early; None where there is no current one."""
        open_trials = [] if self.ended else [t for t in self.trials if t.position not in self.answered]
        return open_trials[1] if len(open_trials) > 1 else None

    @property
    def finished(self) -> bool:
        """Whether every trial that waits for an answer has one; the debrief waits for none."""
        return self.drawn and not self.ended and (self.current is None or self.current.type == "debrief")

    @property
    def progress(self) -> float:
        """The share of trials done, in [0, 1]."""
        return min(1.0, len(self.answered) / max(self.total, 1))

    @property
    def total(self) -> int:
        """How many trials wait for an answer in all; the debrief waits for none."""
        return max(self.planned, len(self.trials)) - 1


def step(session: Session, event: Answered) -> Session:
    """The session after an event.

    An answer to a trial that has one already changes nothing: a double click, a second tab and the back button all send
    such answers, and the first one counts.

    What the answer skips counts as answered, and the session may end with it.

    Raises:
        Refused: the trial is not open yet, or the answer is not one that it can have.
    """
    if event.position in session.answered:
        return session
    current = session.current
    if current is None or event.position != current.position:
        raise Refused("not_open")
    kind = trial_types()[current.type]
    wrong = kind.check(current, event.answer)
    if wrong:
        raise Refused(wrong)
    after = kind.after(current, event.answer, session.trials[event.position + 1 :]) if kind.after else After()
    return replace(session, answered=session.answered | {event.position, *after.skips}, ended=after.ends)


def too_late(started_at: str, resume_h: float, at: str) -> bool:
    """Whether a session that began then cannot go on any more; ``resume_h`` 0 = it always can. Times are ISO 8601.

    >>> too_late("2025-03-01T10:00:00+00:00", 2, "2025-03-01T12:30:00+00:00")
    True
    >>> too_late("2025-03-01T10:00:00+00:00", 0, "2035-03-01T12:30:00+00:00")
    False
    """
    gone = datetime.fromisoformat(at) - datetime.fromisoformat(started_at)
    return resume_h > 0 and gone > timedelta(hours=resume_h)
