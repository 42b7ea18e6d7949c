"""What participants gave us, kept: SQLAlchemy over SQLite (default) or any database that ``EARWITNESS_DATABASE_URL`` names.

An answer is committed before the next clip is shown, exactly once for each (participant, trial): the database's primary
key decides, whatever double clicks, reloads, second tabs and the back button send. Tokens are kept as SHA-256 only, so that
whoever reads the database cannot answer for somebody else.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import pandas as pd
import sqlalchemy as sa

from listening_tests import assignment, timeline
from listening_tests import study as study_folders
from listening_tests.schema import answers, consents, events, participants, studies, trials, versions
from listening_tests.session import Answered, Refused, Session, step
from listening_tests.study import Study
from listening_tests.timeline import Listener
from listening_tests.trial import Trial, cleaned, trial_types
from ser_core import places
from ser_core.errors import BadInput
from ser_core.ratings import STIMULI, frame, to_csv

_MIGRATING = threading.Lock()
_READABLE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without I, O, 0 and 1, which people mistake for each other


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


def now() -> str:
    """The time in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _readable(length: int) -> str:
    return "".join(secrets.choice(_READABLE) for _ in range(length))


def default_url() -> str:
    """``EARWITNESS_DATABASE_URL``, else a SQLite file beside the answers."""
    return os.environ.get("EARWITNESS_DATABASE_URL") or f"sqlite:///{places.answers() / 'answers.db'}"


@lru_cache(maxsize=8)
def _engine(url: str) -> sa.Engine:
    with _MIGRATING:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url)
        if parsed.get_backend_name() == "sqlite":
            sa.event.listen(engine, "connect", _sqlite_settings)
        config = alembic.config.Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
        return engine


def _sqlite_settings(connection: Any, _: Any) -> None:
    # WAL lets listeners write while a researcher reads; FULL is slower, but an answer survives a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


class Store:
    """Participants, consents, answers and events of all studies in one database."""

    def __init__(self, url: str | None = None):
        self.engine = _engine(url or default_url())

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
        seeds = [secrets.randbits(62) for _ in range(count)] if simulated is None else simulated
        if not seeds:
            raise BadInput(f"at least one listener, please, not {count if simulated is None else 0}")
        invited = [Invitation(f"P{_readable(8)}", secrets.token_urlsafe(16)) for _ in seeds]
        rows = [
            {
                "participant": i.participant,
                "study": study.id,
                "token_sha256": _sha256(i.token),
                "seed": seed,
                "simulated": simulated is not None,
                "completion_code": _readable(8),
                "invited_at": now(),
            }
            for i, seed in zip(invited, seeds, strict=True)
        ]
        with self.engine.begin() as connection:
            connection.execute(participants.insert(), rows)
        return invited

    def participant(self, study_id: str, token: str) -> Participant | None:
        """Who holds this token, or None."""
        wanted = (participants.c.study == study_id) & (participants.c.token_sha256 == _sha256(token))
        columns = [participants.c[name] for name in Participant.__dataclass_fields__]
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(*columns).where(wanted)).mappings().first()
        return Participant(**row) if row else None

    def begin(self, participant: str, study: Study) -> Session:
        """The participant's session; what can be drawn of its order is drawn now, and kept.

        ``study`` is what a new participant begins with; who has begun goes on with their version. Two tabs that
        open the link at once draw the same order from the same seed; the first to come keeps its keys.
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
        self.keep(study)
        who = participants.c.participant == participant
        with self.engine.connect() as connection:
            seed = connection.execute(sa.select(participants.c.seed).where(who)).scalar_one()
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
        """Where the participant stands."""
        who = participants.c.participant == participant
        columns = [participants.c[name] for name in ("started_at", "place", "planned", "outcome")]
        done = sa.select(answers.c.position).where(answers.c.participant == participant)
        with self.engine.connect() as connection:
            me = connection.execute(sa.select(*columns).where(who)).mappings().one()
            answered = frozenset(connection.execute(done).scalars())
        drawn = me["place"] >= 0
        given = _trials_of(self.engine, participant, drawn=drawn) if me["started_at"] else ()
        return Session(given, answered, drawn, me["planned"], me["outcome"])

    # --- versions ---

    def keep(self, study: Study) -> None:
        """Keep the study as it is now, so that whoever begins with it goes on with it whatever happens to the folder."""
        if (self.engine.url, study.id, study.version) in _KEPT:
            return
        row = {
            "study": study.id,
            "version": study.version,
            "settings": study.text,
            "stimuli": to_csv(study.stimuli),
            "folder": str(study.folder),
            "kept_at": now(),
        }
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # kept already
            connection.execute(versions.insert(), row)
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:
            connection.execute(studies.insert(), {"study": study.id, "changed_at": now()})
        _KEPT.add((self.engine.url, study.id, study.version))

    def study_of(self, participant: str) -> Study:
        """The study as the participant began it.

        Raises:
            BadInput: they have not begun, and the study's folder is broken.
        """
        who = participants.c.participant == participant
        with self.engine.connect() as connection:
            study_id, version = connection.execute(
                sa.select(participants.c.study, participants.c.study_version).where(who)
            ).one()
        return _version(self.engine, study_id, version) or self.current(study_id)

    def current(self, study_id: str) -> Study:
        """The study that whoever begins now begins with: as its folder says, or as it last was when that is broken.

        Raises:
            BadInput: the folder is broken or gone, and nobody has ever begun.
        """
        try:
            found = study_folders.find(study_id)
            if found is not None:
                return found
            broken = BadInput(f"no study '{study_id}'")
        except BadInput as bad:
            broken = bad
        last = sa.select(versions.c.version).where(versions.c.study == study_id).order_by(versions.c.kept_at.desc())
        with self.engine.connect() as connection:
            version = connection.execute(last.limit(1)).scalar()
        study = _version(self.engine, study_id, version) if version else None
        if study is None:
            raise broken
        return study

    def set_language(self, participant: str, language: str) -> None:
        """Remember the interface language for the next visit."""
        with self.engine.begin() as connection:
            who = participants.c.participant == participant
            connection.execute(participants.update().where(who).values(ui_language=language))

    # --- answering ---

    def record(self, participant: str, event: Answered) -> Session:
        """Commit an answer; the session after it.

        Raises:
            Refused: the answer does not fit; an event says so, nothing else is kept.
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
        with suppress(sa.exc.IntegrityError), self.engine.begin() as connection:  # another tab was first: its answer counts
            connection.execute(answers.insert(), rows)
            if ending:
                who = participants.c.participant == participant
                connection.execute(participants.update().where(who).values(ending))
        if not after.drawn and after.current is None and not after.ended:
            self._draw_rest(participant)
        return self.session(participant)

    def consent(self, participant: str, study: Study, *, language: str, agreed: bool) -> None:
        """Keep which text was shown, in which language, and what the participant said to it."""
        text = study.settings.consent.text[language]
        row = {
            "participant": participant,
            "text_version": study.settings.consent.version,
            "text_sha256": _sha256(text),
            "language": language,
            "agreed": agreed,
            "answered_at": now(),
        }
        with self.engine.begin() as connection:
            connection.execute(consents.insert(), row)

    def log(self, participant: str, position: int, kind: str, detail: Mapping[str, Any]) -> None:
        """Add an event: what happened beside the answers."""
        row = {"participant": participant, "position": position, "kind": kind, "detail": dict(detail), "at": now()}
        with self.engine.begin() as connection:
            connection.execute(events.insert(), row)

    # --- reading ---

    def by_key(self, key: str) -> tuple[Participant, Trial] | None:
        """The participant and trial that a random clip name belongs to, or None."""
        query = sa.select(participants, trials).join(trials).where(trials.c.key == key)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        who = {name: row[participants.c[name]] for name in Participant.__dataclass_fields__}
        return Participant(**who), _trial({c.name: row[c] for c in trials.c})

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

    def progress(self, study: Study) -> pd.DataFrame:
        """Each participant's group, language, times, and how many of their trials are answered."""
        people = self.read_participants(study.id)
        given = self.read_answers(study.id)
        said = backgrounds(given)
        groups = [study.group(said[p]) if p in said else "" for p in people["participant"]]
        done = people["participant"].map(given.groupby("participant").size()).fillna(0).astype(int)
        expected = len(timeline.draw(study, Listener(0)))
        planned = people["planned"].where(people["planned"] > 0, expected) - 1  # the debrief waits for no answer
        simulated = people["simulated"].map({True: "yes", False: "no"})
        facts = ["participant", "group", "ui_language", "simulated"]
        shown = [*facts, "outcome", "invited_at", "started_at", "finished_at", "answered", "trials"]
        return people.assign(group=groups, answered=done, trials=planned, simulated=simulated)[shown]


_KEPT: set[tuple[sa.URL, str, str]] = set()


@lru_cache(maxsize=64)
def _version(engine: sa.Engine, study_id: str, version: str) -> Study | None:
    wanted = (versions.c.study == study_id) & (versions.c.version == version)
    with engine.connect() as connection:
        row = connection.execute(sa.select(versions).where(wanted)).mappings().first()
    if row is None:
        return None
    clips = pd.read_csv(io.StringIO(row["stimuli"]), dtype=str, keep_default_na=False, na_filter=False)
    numbers = {name: pd.to_numeric(clips[name]) for name in ("gain_db", *STIMULI.numbers)}  # an empty field is NaN
    typed = frame(STIMULI, clips.assign(**numbers))
    return study_folders.restore(Path(row["folder"]), version, row["settings"], typed)


@lru_cache(maxsize=1024)  # an order never changes once it is drawn; each click of each listener asks for it
def _trials_of(engine: sa.Engine, participant: str, *, drawn: bool) -> tuple[Trial, ...]:
    query = sa.select(trials).where(trials.c.participant == participant).order_by(trials.c.position)
    with engine.connect() as connection:
        return tuple(_trial(row) for row in connection.execute(query).mappings())


def backgrounds(given: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What each participant said of themselves, from ``read_answers``."""
    said = given[given["type"] == "background"]
    return dict(zip(said["participant"], said["answer"], strict=True))


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
