"""Run a study without people: each simulated listener answers every trial as its type declares.

They go the way of people (drawn order, groups and quotas, every check of every answer), with two differences: an answer is
committed with the others of its listener, not one by one, and the times are made up, so that who dropped out has done so
long ago and their place is given again. Whatever they leave is marked as simulated and counts against nobody's quota.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from listening_tests.clock import stamp
from listening_tests.schema import answers, consents, events, participants, trials
from listening_tests.session import Answered, Session, step
from listening_tests.store import MOST_AT_ONCE, Store
from listening_tests.study import Study
from listening_tests.trial import Trial, cleaned, trial_types
from ser_core.errors import BadInput

PAGE_S = 4.0
"""Seconds between two answers of a simulated listener, beside the response time that the trial type makes up."""
_SLOWEST_S = 12.0  # more than any simulated answer takes, so that nobody has answered in the future
_TRIES = 200


@dataclass(frozen=True)
class Crowd:
    """What the simulated listeners are like.

    Attributes:
        accuracy: how often, in [0, 1], a rating is what the speaker was asked for; None = as the trial types answer by
            themselves, which is at random.
        drop_outs: the share, in [0, 1], who leave somewhere after the background form and never come back.
    """

    accuracy: float | None = None
    drop_outs: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("accuracy", self.accuracy), ("drop-outs", self.drop_outs)):
            if value is not None and not 0 <= value <= 1:
                raise BadInput(f"{name} is a share from 0 to 1, not {value:g}")


def simulate(study: Study, store: Store, *, listeners: int, seed: int, crowd: Crowd | None = None) -> list[str]:
    """Add simulated listeners, marked as such in every table; returns their ids.

    Their backgrounds are such that the study's groups fill in proportion to their quotas. The same seed gives the same
    backgrounds, orders and answers again, in a study with as many simulated listeners as before; only ids and times differ.

    Raises:
        BadInput: nobody is to be simulated, or a share is none.
    """
    crowd = crowd or Crowd()
    seeds = random.Random(seed)
    listeners = min(listeners, MOST_AT_ONCE + 1)  # more are refused, before they take any memory
    people = store.invite(study, simulated=[seeds.getrandbits(62) for _ in range(listeners)])
    groups = _groups(study, random.Random(f"{seed}|groups"))
    truths = dict(zip(study.stimuli["stimulus"], study.stimuli["truth"], strict=True))
    for n, (person, group) in enumerate(zip((i.participant for i in people), groups, strict=False)):
        _Listener(study, store, person, group, crowd, random.Random(f"{seed}|{n}"), truths).listen()
    return [i.participant for i in people]


def background(trial: Trial, study: Study, group: str, rng: random.Random) -> dict[str, Any]:
    """What somebody of this group could say in the background form; anybody, if nobody was found who fits."""
    said = trial_types()[trial.type].simulate(trial, rng)
    for _ in range(_TRIES):
        if not group or study.group(said) == group:
            break
        said = trial_types()[trial.type].simulate(trial, rng)
    return said


def _groups(study: Study, rng: random.Random) -> Iterator[str]:
    """A group for each listener, without end: each as often as its quota asks for, again and again in another order."""
    wanted = {g.name: g.quota for g in study.settings.groups}
    most = max([1, *wanted.values()])
    every = [name for name, quota in wanted.items() for _ in range(quota or most)] or [""]
    while True:
        rng.shuffle(every)
        yield from every


@dataclass
class _Listener:
    study: Study
    store: Store
    participant: str
    group: str
    crowd: Crowd
    rng: random.Random
    truths: Mapping[str, str]

    def listen(self) -> None:
        """Answer until the end, or until they leave."""
        leaves = self.rng.random() < self.crowd.drop_outs
        opened = self.store.begin(self.participant, self.study)
        away_h = self.study.settings.drop_out_h + 1 if leaves else 0.0
        self.clock = datetime.now(UTC) - timedelta(hours=away_h, seconds=_SLOWEST_S * (opened.planned + 2))
        self._arrive()
        self._keep(*self._answered(opened, len(opened.trials)))
        rest = self.store.begin(self.participant, self.study)
        if rest.ended:
            return
        following = len(rest.trials) - len(rest.answered)
        self._keep(*self._answered(rest, self.rng.randrange(following) if leaves else following))

    def _answered(self, session: Session, most: int) -> tuple[Session, list[dict[str, Any]]]:
        """The session after at most so many answers, and the rows to be kept."""
        rows: list[dict[str, Any]] = []
        for _ in range(most):
            trial = session.current
            if trial is None or session.finished:
                break
            answer = cleaned(trial_types()[trial.type].answer, self._answer(trial))
            after = step(session, Answered(trial.position, answer))
            given = {p: {"skipped": True} for p in after.answered - session.answered} | {trial.position: answer}
            self.clock += timedelta(seconds=PAGE_S + float(answer.get("response_s") or self.rng.uniform(1, 6)))
            rows += [
                {"participant": self.participant, "position": p, "answer": a, "answered_at": self._now()}
                for p, a in given.items()
            ]
            session = after
        return session, rows

    def _answer(self, trial: Trial) -> dict[str, Any]:
        kind = trial_types()[trial.type]
        if trial.type == "background":
            return background(trial, self.study, self.group, self.rng)
        answer = kind.simulate(trial, self.rng)
        truth = self.truths[trial.stimulus] if kind.rates and self.crowd.accuracy is not None else ""
        if not truth or truth not in trial.parameters["choices"]:
            return answer
        right = self.rng.random() < (self.crowd.accuracy or 0.0)
        # Asked again rather than changed: what else an answer holds follows from its label.
        tries = (kind.simulate(trial, self.rng) for _ in range(_TRIES))
        return next((a for a in tries if (a.get("label") == truth) == right), answer)

    def _arrive(self) -> None:
        language = self.rng.choice(self.study.languages)
        who = participants.update().where(participants.c.participant == self.participant)
        times = {"invited_at": self._now(), "started_at": self._now()}
        text = self.study.settings.consent.text[language]
        said = {
            "participant": self.participant,
            "text_version": self.study.settings.consent.version,
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "language": language,
            "agreed": True,
            "answered_at": self._now(),
        }
        with self.store.engine.begin() as connection:
            connection.execute(who.values(ui_language=language, **times))
            connection.execute(consents.insert(), said)

    def _keep(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        ending = {"outcome": session.ended} if session.ended else {"finished_at": self._now()} if session.finished else {}
        with self.store.engine.begin() as connection:
            if rows:
                connection.execute(answers.insert(), list(rows))
            if ending:
                who = participants.c.participant == self.participant
                connection.execute(participants.update().where(who).values(ending))

    def _now(self) -> str:
        return stamp(self.clock)


def summary(people: Sequence[str], store: Store) -> str:
    """How many of these listeners came how far, in words."""
    columns = (participants.c.participant, participants.c.outcome, participants.c.finished_at)
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(*columns).where(participants.c.simulated)).all()
    among = set(people)
    ends = Counter(
        outcome or ("finished" if finished_at else "dropped_out") for person, outcome, finished_at in rows if person in among
    )
    said = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(ends.items(), key=lambda e: (-e[1], e[0])))
    return f"{len(people)} simulated listeners: {said}"


def remove(study_id: str, store: Store) -> int:
    """Delete every simulated listener of a study with all that they answered; returns how many there were."""
    of_study = (participants.c.study == study_id) & participants.c.simulated
    who = sa.select(participants.c.participant).where(of_study)
    with store.engine.begin() as connection:
        connection.execute(participants.update().where(of_study).values(withdrawing=True))
        for table in (answers, consents, events, trials):
            connection.execute(table.delete().where(table.c.participant.in_(who)))
        return connection.execute(participants.delete().where(of_study)).rowcount
