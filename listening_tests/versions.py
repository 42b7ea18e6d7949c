"""Every version of a study that somebody began with, kept whole: settings, texts and the table of its clips.

Edit the folder of an open study, and it is a new version: whoever begins then begins with that, and whoever had begun goes
on with theirs (their clips too, see ``copies.py``).
"""

from __future__ import annotations

import io
import secrets
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import pandas as pd
import sqlalchemy as sa

from listening_tests import copies
from listening_tests import study as study_folders
from listening_tests.clock import now
from listening_tests.schema import studies, versions
from listening_tests.study import Study
from ser_core.errors import BadInput
from ser_core.ratings import STIMULI, frame, to_csv

_KEPT: WeakKeyDictionary[sa.Engine, set[tuple[str, str]]] = WeakKeyDictionary()


def keep(engine: sa.Engine, study: Study) -> bool:
    """Keep the study as it is now; whether this version was new."""
    known = _KEPT.setdefault(engine, set())
    if (study.id, study.version) in known:
        return False
    row = {
        "study": study.id,
        "version": study.version,
        "settings": study.text,
        "stimuli": to_csv(study.stimuli),
        "tables": dict(study.tables),
        "folder": str(study.folder.resolve()),
        "kept_at": now(),
    }
    new = False
    with suppress(sa.exc.IntegrityError), engine.begin() as connection:  # kept already
        connection.execute(versions.insert(), row)
        new = True
    with suppress(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(studies.insert(), {"study": study.id, "changed_at": now(), "secret": secrets.token_urlsafe(16)})
    known.add((study.id, study.version))
    return new


def prepare_soon(study: Study) -> None:
    """Make the copies of its clips, without making the listener wait who happened to be the first to meet this version."""

    def work() -> None:
        with suppress(OSError, BadInput):  # a clip that goes while we read is told to whoever is to hear it
            copies.prepare(study)

    threading.Thread(target=work, name=f"copies of {study.id}", daemon=True).start()


@lru_cache(maxsize=64)
def kept(engine: sa.Engine, study_id: str, version: str) -> Study | None:
    """The study as it was at this version, or None."""
    wanted = (versions.c.study == study_id) & (versions.c.version == version)
    with engine.connect() as connection:
        row = connection.execute(sa.select(versions).where(wanted)).mappings().first()
    if row is None:
        return None
    clips = pd.read_csv(io.StringIO(row["stimuli"]), dtype=str, keep_default_na=False, na_filter=False)
    numbers = {name: pd.to_numeric(clips[name]) for name in ("gain_db", *STIMULI.numbers)}  # an empty field is NaN
    typed = frame(STIMULI, clips.assign(**numbers))
    return study_folders.restore(Path(row["folder"]), version, row["settings"], typed, row["tables"])


def current(engine: sa.Engine, study_id: str) -> Study:
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
    with engine.connect() as connection:
        version = connection.execute(last.limit(1)).scalar()
    study = kept(engine, study_id, version) if version else None
    if study is None:
        raise broken
    return study
