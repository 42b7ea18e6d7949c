"""What participants gave us, kept: the one door to the answers database (``database.py`` says which).

An answer is committed before the next clip is shown, exactly once for each (participant, trial): the database's primary
key decides, whatever double clicks, reloads, second tabs and the back button send. Tokens are kept as SHA-256 only, so that
whoever reads the database cannot answer for somebody else. No address and no browser of anybody is kept.
"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import pandas as pd
import sqlalchemy as sa

from listening_tests import assignment, database, life, timeline, versions, withdrawal
from listening_tests.clock import now
from listening_tests.schema import answers, consents, events, participants, trials
from listening_tests.session import Answered, Refused, Session, step
from listening_tests.study import Study
from listening_tests.timeline import Listener
from listening_tests.trial import Trial, cleaned, trial_types
from listening_tests.withdrawal import Due, Receipt, readable
from ser_core.errors import BadInput


@dataclass(frozen=True)
class Invitation:
    """A participant's place, and the secret that opens it; the secret is shown once and never stored."""

    participant: str
    token: str


@dataclass(frozen=True)
class Participant:
    """What the page needs to know of a participant."""

    participant: str
    study: str
    study_version: str
    ui_language: str
    completion_code: str
    started_at: str
    finished_at: str
    outcome: str
    external_id: str


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# What each click of each listener asks: put together once, since that takes SQLAlchemy longer than to answer it.
_PARTICIPANT = tuple(Participant.__dataclass_fields__)
_TRIAL = tuple(Trial.__dataclass_fields__)
_COLUMNS = [participants.c[name] for name in _PARTICIPANT]
_BY_TOKEN = sa.select(*_COLUMNS).where(
    (participants.c.study == sa.bindparam("s")) & (participants.c.token_sha256 == sa.bindparam("t"))
)
_BY_KEY = sa.select(*_COLUMNS, *(trials.c[name] for name in _TRIAL)).join(trials).where(trials.c.key == sa.bindparam("key"))
_STANDING = (
    sa.select(*(participants.c[name] for name in ("started_at", "place", "planned", "outcome")), answers.c.position)
    .select_from(participants.outerjoin(answers, answers.c.participant == participants.c.participant))
    .where(participants.c.participant == sa.bindparam("who"))
)


MOST_AT_ONCE = 10_000
"""Listeners who are invited at once; a slip of the finger must not fill the database."""


class Store:
    """Participants, consents, answers and events of all studies in one database."""

    def __init__(self, url: str | None = None, *, engine: sa.Engine | None = None):
        self.engine = engine or database.engine(url or database.default_url())

    # --- a study's life ---

    def state(self, study_id: str) -> life.State:
        """Whether the study is a draft, open or closed."""
        return life.state(self.engine, study_id)

    def open_study(self, study: Study, *, prepare: bool = True) -> None:
        """Let people begin with the study, which has been checked; ``prepare`` makes the copies of its clips beforehand."""
        life.open_study(self.engine, study, prepare=prepare)

    def close_study(self, study_id: str) -> None:
        """Let nobody new begin; who has begun can finish."""
        life.close_study(self.engine, study_id)

    def join_code(self, study_id: str) -> str:
        """The code of the one link for all; empty if there is none."""
        return life.join_code(self.engine, study_id)

    def new_join_code(self, study: Study) -> str:
        """Make the one link for all; one that was made before stops working, but not for those who came by it."""
        return life.set_join_code(self.engine, study, life.new_code())

    def revoke_join_code(self, study: Study) -> None:
        """Let nobody new come by the link for all."""
        life.set_join_code(self.engine, study, "")

    # --- inviting and opening ---

    def invite(self, study: Study, count: int = 1, *, simulated: Sequence[int] | None = None) -> list[Invitation]:
        """Make places for ``count`` participants; the tokens are random, 128 bits each.

        Args:
            study: what they are invited to.
            count: how many people.
            simulated: instead of people, listeners who are marked as simulated, with these seeds for their order of clips.

        Raises:
            BadInput: nobody is to be invited.
        """
        wanted = count if simulated is None else len(simulated)
        if not 1 <= wanted <= MOST_AT_ONCE:
            raise BadInput(f"at least one listener and at most {MOST_AT_ONCE:,} at once, please, not {wanted:,}")
        seeds = [secrets.randbits(62) for _ in range(count)] if simulated is None else simulated
        invited = [_invitation() for _ in seeds]
        self._add(study.id, dict(zip(invited, seeds, strict=True)), simulated=simulated is not None)
        return invited

    def _add(self, study_id: str, seeds: Mapping[Invitation, int], **values: Any) -> None:
        rows = [
            {
                "participant": i.participant,
                "study": study_id,
                "token_sha256": _sha256(i.token),
                "seed": seed,
                "completion_code": readable(8),
                "invited_at": now(),
                **values,
            }
            for i, seed in seeds.items()
        ]
        with self.engine.begin() as connection:
            connection.execute(participants.insert(), rows)

    def join(self, study_id: str, code: str, *, external_id: str = "") -> str:
        """The token of somebody who came by the link for all; whoever comes again with the same external id gets theirs.

        Raises:
            Refused: the code is wrong, or the study is not open and they have not begun.
        """
        life.check_code(self.engine, study_id, code)
        if token := self.returning(study_id, external_id):
            return token
        life.check_open(self.engine, study_id)
        new = _invitation(life.token_for(self.engine, study_id, external_id) if external_id else "")
        try:
            self._add(study_id, {new: secrets.randbits(62)}, external_id=external_id)
        except sa.exc.IntegrityError:
            if not external_id:
                raise
            # their other tab was first: the same token, and so the same participant
        return new.token

    def returning(self, study_id: str, external_id: str) -> str:
        """The token of somebody who has come with this external id before, even if they have withdrawn; else empty."""
        if not external_id:
            return ""
        token = life.token_for(self.engine, study_id, external_id)
        known = self.participant(study_id, token) or self.receipt(study_id, token)
        return token if known else ""

    def participant(self, study_id: str, token: str) -> Participant | None:
        """Who holds this token, or None."""
        with self.engine.connect() as connection:
            row = connection.execute(_BY_TOKEN, {"s": study_id, "t": _sha256(token)}).first()
        return Participant(*row) if row else None

    def begin(self, participant: str, study: Study) -> Session:
        """The participant's session; what can be drawn of its order is drawn now, and kept.

        ``study`` is what a new participant begins with; who has begun goes on with their version. Two tabs that
        open the link at once draw the same order from the same seed; the first to come keeps its keys.

        Raises:
            Refused: the study is not open and they have not begun, or they have withdrawn.
        """
        session = self.session(participant)
        if not session.trials:
            self._open(participant, study)
            session = self.session(participant)
        if not session.drawn and session.current is None and not session.ended:  # a server that was killed in between
            self._draw_rest(participant)
            session = self.session(participant)
        return session

    def _open(self, participant: str, study: Study) -> None:
        who = participants.c.participant == participant
        with self.engine.connect() as connection:
            me = connection.execute(sa.select(participants.c.seed, participants.c.simulated).where(who)).one_or_none()
        if me is None:
            raise Refused("withdrawn")
        seed, simulated = me
        if not simulated:  # who is simulated tries out a draft too
            life.check_open(self.engine, study.id)
        if versions.keep(self.engine, study) and not simulated:
            versions.prepare_soon(study)
        listener = Listener(seed)
        drawn = timeline.opening(study, listener)
        planned = len(drawn) + len(timeline.rest(study, listener))
        begun = participants.update().where(who).values(started_at=now(), study_version=study.version, planned=planned)
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # another tab was first: its keys count
            connection.execute(trials.insert(), _rows(participant, drawn, study))
            connection.execute(begun)

    def _draw_rest(self, participant: str) -> None:
        """Place the participant in a group and draw the trials that follow from it, or end their session."""
        study = self.study_of(participant)
        who = participants.c.participant == participant
        said = next(iter(self._said(participant)), {})
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # another tab was first
            group, listener = assignment.place(connection, participant, study, said)
            if listener is None:
                connection.execute(participants.update().where(who).values(outcome=group))
                return
            drawn = timeline.rest(study, listener)
            first = len(timeline.opening(study, listener))
            connection.execute(trials.insert(), _rows(participant, drawn, study))
            placed = {"group": group, "place": listener.place, "planned": first + len(drawn)}
            connection.execute(participants.update().where(who).values(placed))

    def _said(self, participant: str) -> list[dict[str, str]]:
        """What the participant said in the background form, if they did."""
        query = (
            sa.select(answers.c.answer)
            .select_from(answers.join(trials))
            .where(answers.c.participant == participant, trials.c.type == "background")
        )
        with self.engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def session(self, participant: str) -> Session:
        """Where the participant stands.

        Raises:
            Refused: they have withdrawn.
        """
        with self.engine.connect() as connection:
            rows = connection.execute(_STANDING, {"who": participant}).all()
        if not rows:
            raise Refused("withdrawn")
        me = rows[0]
        answered = frozenset(row.position for row in rows if row.position is not None)
        given = _trials_of(self.engine, participant, drawn=me.place >= 0) if me.started_at else ()
        return Session(given, answered, me.place >= 0, me.planned, me.outcome)

    # --- versions ---

    def keep(self, study: Study) -> None:
        """Keep the study as it is now, so that whoever begins with it goes on with it whatever happens to the folder."""
        versions.keep(self.engine, study)

    def study_of(self, participant: str) -> Study:
        """The study as the participant began it.

        Raises:
            BadInput: they have not begun, and the study's folder is broken.
            Refused: they have withdrawn.
        """
        return _begun(self.engine, participant)[0]

    def study_at(self, study_id: str, version: str) -> Study:
        """The study as it was at a version that was kept; as ``current`` has it where none is named.

        Raises:
            BadInput: there is neither.
        """
        return _study_at(self.engine, study_id, version)

    def current(self, study_id: str) -> Study:
        """The study that whoever begins now begins with: as its folder says, or as it last was when that is broken.

        Raises:
            BadInput: the folder is broken or gone, and nobody has ever begun.
        """
        return versions.current(self.engine, study_id)

    def set_language(self, participant: str, language: str) -> None:
        """Remember the interface language for the next visit."""
        with self.engine.begin() as connection:
            who = participants.c.participant == participant
            connection.execute(participants.update().where(who).values(ui_language=language))

    # --- answering ---

    def record(self, participant: str, event: Answered) -> Session:
        """Commit an answer; the session after it.

        Raises:
            Refused: the answer does not fit (an event says so), or the participant has withdrawn; nothing else is kept.
        """
        before = self.session(participant)
        try:
            event = Answered(event.position, _cleaned(before, event))
            after = step(before, event)
        except Refused as refused:
            self.log(participant, event.position, "refused", {"reason": refused.reason})
            raise
        if after == before:
            self.log(participant, event.position, "repeated", {})
            return before
        at = now()
        given = {p: {"skipped": True} for p in after.answered - before.answered} | {event.position: dict(event.answer)}
        rows = [{"participant": participant, "position": p, "answer": a, "answered_at": at} for p, a in given.items()]
        ending = {"outcome": after.ended} if after.ended else {"finished_at": at} if after.finished else {}
        try:
            with self.engine.begin() as connection:
                connection.execute(answers.insert(), rows)
                if ending:
                    who = participants.c.participant == participant
                    connection.execute(participants.update().where(who).values(ending))
        except sa.exc.IntegrityError:  # another tab was first: its answer counts
            after = self.session(participant)
        if not after.drawn and after.current is None and not after.ended:
            self._draw_rest(participant)
            return self.session(participant)
        return after

    def consent(self, participant: str, study: Study, *, language: str, agreed: bool) -> None:
        """Keep which text was shown, in which language, and what the participant said to it."""
        row = consent_row(participant, study, language=language, agreed=agreed)
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # gone, if they have withdrawn
            connection.execute(consents.insert(), row)

    def log(self, participant: str, position: int, kind: str, detail: Mapping[str, Any]) -> None:
        """Add an event: what happened beside the answers."""
        row = {"participant": participant, "position": position, "kind": kind, "detail": dict(detail), "at": now()}
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # gone, if they have withdrawn
            connection.execute(events.insert(), row)

    # --- taking back ---

    def withdraw(self, participant: str) -> Receipt | None:
        """Delete all that there is of a participant, and leave a receipt; None if there is no such participant any more."""
        receipt = withdrawal.withdraw(self.engine, participant)
        _trials_of.cache_clear()
        return receipt

    def receipt(self, study_id: str, token: str) -> Receipt | None:
        """What the link of a participant who withdrew shows."""
        return withdrawal.receipt(self.engine, study_id, _sha256(token))

    def expire(self, study: Study) -> list[Due]:
        """Delete everything of those whose retention period is over; returns whom it was about."""
        over = withdrawal.expire(self.engine, study)
        _trials_of.cache_clear()
        return over

    # --- reading ---

    def by_key(self, key: str) -> tuple[Participant, Trial] | None:
        """The participant and trial that a random clip name belongs to, or None."""
        with self.engine.connect() as connection:
            row = connection.execute(_BY_KEY, {"key": key}).first()
        if row is None:
            return None
        n = len(_PARTICIPANT)
        return Participant(*row[:n]), _trial(dict(zip(_TRIAL, row[n:], strict=True)))

    def count(self, study_id: str) -> int:
        """How many answers the study has; changes whenever there is something new to show."""
        query = sa.select(sa.func.count()).select_from(answers.join(trials).join(participants))
        with self.engine.connect() as connection:
            return int(connection.execute(query.where(participants.c.study == study_id)).scalar_one())

    def read_answers(self, study_id: str) -> pd.DataFrame:
        """Every answer of a study: participant, position, type, block, stimulus, sha256, answer (a dict), answered_at."""
        columns = [trials.c[n] for n in ("participant", "position", "type", "block", "stimulus", "sha256")]
        query = (
            sa.select(*columns, answers.c.answer, answers.c.answered_at)
            .select_from(answers.join(trials).join(participants, participants.c.participant == trials.c.participant))
            .where(participants.c.study == study_id)
            .order_by(participants.c.invited_at, trials.c.participant, trials.c.position)
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return pd.DataFrame([dict(r) for r in rows], columns=[c.name for c in query.selected_columns])

    def read_participants(self, study_id: str) -> pd.DataFrame:
        """Every participant of a study, without the token's hash."""
        columns = [c for c in participants.c if c.name not in ("token_sha256", "seed")]
        query = sa.select(*columns).where(participants.c.study == study_id).order_by(participants.c.invited_at)
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return pd.DataFrame([dict(r) for r in rows], columns=[c.name for c in columns])


def _invitation(token: str = "") -> Invitation:
    return Invitation(f"P{readable(8)}", token or secrets.token_urlsafe(16))


@lru_cache(maxsize=1024)  # an order never changes once it is drawn; each click of each listener asks for it
def _trials_of(engine: sa.Engine, participant: str, *, drawn: bool) -> tuple[Trial, ...]:
    query = sa.select(trials).where(trials.c.participant == participant).order_by(trials.c.position)
    with engine.connect() as connection:
        given = tuple(_trial(row) for row in connection.execute(query).mappings())
    lacking = [trial.position for trial in given if _lacks(trial)]
    if not lacking:
        return given
    study, seed = _begun(engine, participant)
    return tuple(_completed(trial, study, seed) if trial.position in lacking else trial for trial in given)


def _lacks(trial: Trial) -> bool:
    return (
        trial.type in trial_types()
        and not trial_types()[trial.type].parameters.model_fields.keys() <= trial.parameters.keys()
    )


def _completed(trial: Trial, study: Study, seed: int) -> Trial:
    """A trial that an earlier release drew, with what its type has learnt since as it is where a study does not say."""
    kind = trial_types()[trial.type]
    parameters = {**kind.parameters().model_dump(mode="json"), **trial.parameters}
    if kind.resolve:
        parameters = kind.resolve(parameters, study, seed, random.Random(f"{seed}|{trial.position}"))
    return replace(trial, parameters=parameters)


def _begun(engine: sa.Engine, participant: str) -> tuple[Study, int]:
    """The study as the participant began it, and the seed of their order."""
    who = participants.c.participant == participant
    columns = (participants.c.study, participants.c.study_version, participants.c.seed)
    with engine.connect() as connection:
        begun = connection.execute(sa.select(*columns).where(who)).one_or_none()
    if begun is None:
        raise Refused("withdrawn")
    return _study_at(engine, begun.study, begun.study_version), begun.seed


def _study_at(engine: sa.Engine, study_id: str, version: str) -> Study:
    kept = versions.kept(engine, study_id, version) if version else None
    return kept or versions.current(engine, study_id)


def consent_row(participant: str, study: Study, *, language: str, agreed: bool) -> dict[str, Any]:
    """What is kept of a yes or no: which text was shown, in which language, and when."""
    return {
        "participant": participant,
        "text_version": study.settings.consent.version,
        "text_sha256": _sha256(study.settings.consent.text[language]),
        "language": language,
        "agreed": agreed,
        "answered_at": now(),
    }


def _cleaned(session: Session, event: Answered) -> dict[str, Any]:
    trial = next((t for t in session.trials if t.position == event.position), None)
    if trial is None:
        raise Refused("not_open")
    return cleaned(trial_types()[trial.type].answer, event.answer)


def _rows(participant: str, drawn: Sequence[Trial], study: Study) -> list[dict[str, Any]]:
    content = {"": ""} | dict(zip(study.stimuli["stimulus"], study.stimuli["sha256"], strict=True))
    return [
        {
            "participant": participant,
            **asdict(t),
            "parameters": dict(t.parameters),
            "sha256": content[t.stimulus],
            "other_sha256": content[t.other],
        }
        for t in drawn
    ]


def _trial(row: Mapping[Any, Any]) -> Trial:
    shared = _shared(json.dumps(row["parameters"]))
    return Trial(**{name: row[name] for name in Trial.__dataclass_fields__} | {"parameters": shared})


@lru_cache(maxsize=4096)  # hundreds of trials of hundreds of listeners have the same few
def _shared(parameters: str) -> dict[str, Any]:
    return dict(json.loads(parameters))
