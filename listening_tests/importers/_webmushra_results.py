"""webMUSHRA's result files as the three tables: ``lss.csv`` and ``lms.csv``, as far as their answers are emotions.

A row holds the test's id, the answers to the questionnaire, the page, one or more ratings, the clip's key and a time. What
the files do not hold is who answered: rows of a session stand together, so a new session is taken to begin where the
answers to the questionnaire change, or where a clip comes again that the session has rated already. Where that may fail,
the notes say so. A session that was sent twice (its times are the same to the millisecond) counts once.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from listening_tests.export import repeats
from listening_tests.importers._importer import Imported, Options, emotion
from ser_core import ratings
from ser_core.emotions import CANNOT_SAY, EMOTIONS
from ser_core.errors import BadInput, Problem, nearest
from ser_core.languages import is_tag

_READ = {"lss.csv": "likert_single_stimulus", "lms.csv": "likert_multi_stimulus"}
_LEFT = {
    "mushra.csv": "ratings of quality against a reference",
    "bs1116.csv": "ratings of quality against a reference",
    "paired_comparison.csv": "which of two sounds was taken for the reference",
    "spatial_localization.csv": "places of sounds",
    "spatial_asw.csv": "places of sounds",
    "spatial_hwd.csv": "places of sounds",
    "spatial_lev.csv": "places of sounds",
}
_MISFIT = (
    "has {} fields, its header {}: webMUSHRA writes the header once, so the questionnaire or the scales were changed later; "
    "put such rows into files of their own, under the header that is theirs"
)
_RATING = re.compile(r"stimuli_rating[0-9]*")


@dataclass(frozen=True)
class _Row:
    """One rating: where it stands, and what it says, without the blanks that webMUSHRA puts around answers."""

    file: Path
    line: int
    answers: tuple[str, ...]
    page: str
    given: tuple[str, ...]
    clip: str
    time: str


@dataclass(frozen=True)
class _File:
    path: Path
    names: tuple[str, ...]
    """What the questionnaire's columns are called."""
    rows: list[_Row]


@dataclass(frozen=True)
class _Session:
    answers: tuple[str, ...]
    rows: list[_Row]


@dataclass(frozen=True)
class _Known:
    """What an imported study knows of the clips: language, and the clip of a page and key."""

    clips: pd.DataFrame
    stood: Mapping[tuple[str, str], str]
    often: Counter[tuple[str, str]]


def read(source: Path, options: Options) -> Imported:
    """The three tables, and what they cannot say.

    Raises:
        BadInput: no such file is there, rows do not fit their header, answers are no emotions, or it is not said what
            language is spoken.
    """
    paths, notes = _files(source)
    known = _known(options)
    files = [_file(path, known) for path in paths]
    named: dict[_Row, tuple[str, tuple[str, ...]]] = {}
    for file in files:
        notes += _name(file, options, named)
    found = [(file, _sessions(file, known)) for file in files]
    people, more = _people(found)
    rows: list[dict[str, str | float]] = []
    for rater, person in people.items():
        rows += [_rating(rater, row, named[row], known) for session in person for row in session.rows if named[row][0]]
    if not rows:
        raise BadInput(Problem("holds no answer that is an emotion", source))
    return Imported(_tables(rows, people, found, (known, options)), [*notes, *more])


# --- files -----------------------------------------------------------------------------------------------------------


def _files(source: Path) -> tuple[list[Path], list[str]]:
    """lss.csv and lms.csv of one test, and notes on files of results that hold no emotions."""
    if not source.exists():
        raise BadInput(Problem("is missing", source))
    there = [source] if source.is_file() else sorted(source.rglob("*.csv"))
    paths = [path for path in there if path.name in _READ]
    others = [path for path in there if path.name in _LEFT]
    if not paths and others:
        whats = (f"holds {_LEFT[path.name]}, which are no ratings of an emotion" for path in others)
        raise BadInput(*(Problem(what, path) for what, path in zip(whats, others, strict=True)))
    if not paths:
        raise BadInput(Problem("no lss.csv or lms.csv here; give the folder of a test in webMUSHRA's results/", source))
    folders = sorted({str(path.parent) for path in paths})
    if len(folders) > 1:
        raise BadInput(Problem(f"holds the results of several tests; give one of: {', '.join(folders)}", source))
    return paths, [f"{path.name} is left out: it holds {_LEFT[path.name]}." for path in others]


def _known(options: Options) -> _Known | None:
    if options.language and not is_tag(options.language):
        raise BadInput(f"--language: '{options.language}' is not a BCP 47 language tag like de or cmn")
    if options.study is None:
        if not options.language:
            raise BadInput(
                "webMUSHRA's results do not say what is spoken: add --language TAG, for example --language de, or "
                "--study DIR with the folder that `import webmushra` made of the test"
            )
        return None
    clips = ratings.read_table(options.study / "stimuli.csv", ratings.STIMULI)
    path = options.study / "webmushra.csv"
    if not path.is_file():
        raise BadInput(Problem("is missing; --study wants a folder that `import webmushra` made", path))
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if wrong := [name for name in ("stimulus", "page", "key") if name not in table]:
        raise BadInput(Problem(f"column '{wrong[0]}' is missing", path, 1))
    pairs = [(str(page).strip(), str(key).strip()) for page, key in zip(table["page"], table["key"], strict=True)]
    return _Known(clips, dict(zip(pairs, table["stimulus"], strict=True)), Counter(pairs))


def _file(path: Path, known: _Known | None) -> _File:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            lines = [(reader.line_num, fields) for fields in reader if fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(Problem(f"cannot be read: {error}", path)) from error
    scales = [name for name in header if _RATING.fullmatch(name)]
    if (
        not scales
        or header[:1] != ["session_test_id"]
        or header[-2:] != ["stimuli", "rating_time"]
        or "trial_id" not in header
    ):
        wanted = "session_test_id, …, trial_id, stimuli_rating, stimuli, rating_time"
        raise BadInput(Problem(f"is no result of webMUSHRA: its columns must be {wanted}", path, 1))
    if not lines:
        raise BadInput(Problem("holds no row of results", path))
    names = tuple(header[1 : header.index("trial_id")])
    problems: list[Problem] = []
    rows = []
    for line, fields in lines:
        at = _page_at(fields, len(names), len(header), known)
        if at is None:
            problems.append(Problem(_MISFIT.format(len(fields), len(header)), path, line))
            continue
        trimmed = [field.strip() for field in fields]
        said = tuple(trimmed[1 : 1 + len(names)])
        rows.append(_Row(path, line, said, trimmed[at], tuple(trimmed[at + 1 : -2]), trimmed[-2], trimmed[-1]))
    tests = sorted({fields[0] for _, fields in lines})
    if len(tests) > 1:
        problems.append(Problem(f"holds the results of several tests: {', '.join(tests)}; split it", path))
    if problems:
        raise BadInput(*problems)
    return _File(path, names, rows)


def _page_at(fields: Sequence[str], asked: int, width: int, known: _Known | None) -> int | None:
    """Where the page's id stands in a row, counted from 0; None if nobody can say.

    A row may be wider than its header: "Send" was pressed twice, which repeats the questionnaire's answers, or the header's
    scales are those of another page. The second is only known with the study at hand.
    """
    if len(fields) == width:
        return 1 + asked
    if asked and len(fields) == width + asked and list(fields[1 : 1 + asked]) == list(fields[1 + asked : 1 + 2 * asked]):
        return 1 + 2 * asked
    if known and len(fields) > 1 + asked + 3 and (fields[1 + asked].strip(), fields[-2].strip()) in known.stood:
        return 1 + asked
    return None


# --- sessions --------------------------------------------------------------------------------------------------------


def _sessions(file: _File, known: _Known | None) -> list[_Session]:
    """Rows that one person gave in one go, in the order of the file; what was sent twice is there once more."""
    sessions: list[_Session] = []
    seen: Counter[tuple[str, str]] = Counter()
    for row in file.rows:
        unit = (row.page, row.clip)
        often = max(1, known.often[unit]) if known else 1
        if not sessions or sessions[-1].answers != row.answers or seen[unit] >= often:
            sessions.append(_Session(row.answers, []))
            seen = Counter()
        sessions[-1].rows.append(row)
        seen[unit] += 1
    return sessions


def _content(session: _Session) -> tuple[object, ...]:
    """All that a session says, apart from where it stands."""
    return (session.answers, *sorted((r.page, r.given, r.clip, r.time) for r in session.rows))


def _once(sessions: list[_Session]) -> list[_Session]:
    return [s for i, s in enumerate(sessions) if i == 0 or _content(s) != _content(sessions[i - 1])]


def _people(found: list[tuple[_File, list[_Session]]]) -> tuple[dict[str, list[_Session]], list[str]]:
    """The sessions of each person, and how sure that is."""
    notes = []
    once = [(file, _once(sessions)) for file, sessions in found]
    for (file, sessions), (_, left) in zip(found, once, strict=True):
        if twice := len(sessions) - len(left):
            what = "session was sent twice and counts" if twice == 1 else "sessions were sent twice and count"
            notes.append(f"{file.path.name}: {twice} {what} once.")
        notes += _doubts(file, left)
    alike = [[s.answers for s in sessions] for _, sessions in once]
    together = len(once) == 1 or (alike[0] == alike[1] and once[0][0].names == once[1][0].names)
    if together:
        groups = [list(group) for group in zip(*(sessions for _, sessions in once), strict=True)]
    else:
        groups = [[session] for _, sessions in once for session in sessions]
        notes.append(
            "The sessions of lss.csv and lms.csv do not match one another, so that the same person may be two raters."
        )
    width = max(3, len(str(len(groups))))
    return {f"webmushra-{i:0{width}}": group for i, group in enumerate(groups, 1)}, notes


def _doubts(file: _File, sessions: list[_Session]) -> Iterator[str]:
    same = sum(a.answers == b.answers for a, b in pairwise(sessions))
    clips = {(r.page, r.clip) for r in file.rows}
    part = sum(len({(r.page, r.clip) for r in s.rows}) < len(clips) for s in sessions)
    yield (
        f"{file.path.name} does not say who answered: {len(sessions)} sessions were told apart by their answers to the "
        f"questionnaire and by clips that come again. A person who took part twice is two raters."
    )
    if same:
        yield (
            f"{file.path.name}: {same} time{'s' * (same > 1)}, neighbouring sessions gave the same answers to the "
            f"questionnaire{' (there is none)' if not file.names else ''}; only clips that come again tell them apart."
        )
    if part:
        yield (
            f"{file.path.name}: {part} session{'s' * (part > 1)} did not rate all {len(clips)} clips. Two people in a row "
            "with the same answers to the questionnaire and no clip in common would be read as one."
        )


# --- tables ----------------------------------------------------------------------------------------------------------


def _name(file: _File, options: Options, named: dict[_Row, tuple[str, tuple[str, ...]]]) -> list[str]:
    """The emotion of each row and its further answers, page by page: the page's first scale that asks for emotions."""
    notes: list[str] = []
    problems: list[Problem] = []
    pages = list(dict.fromkeys((row.page, len(row.given)) for row in file.rows))
    for page, scales in pages:
        rows = [row for row in file.rows if (row.page, len(row.given)) == (page, scales)]
        columns = [[row.given[n] for row in rows] for n in range(scales)]
        asks = [n for n, c in enumerate(columns) if any(v != "NA" and emotion(v, options) for v in c)]
        if not asks:
            values = ", ".join(f"'{v}'" for v in sorted({v for c in columns for v in c})[:8])
            notes.append(
                f"{file.path.name}: page '{page}' is left out: its {len(rows)} answers are no emotions ({values}). If "
                "they are, say which with --map VALUE=EMOTION."
            )
            named.update(dict.fromkeys(rows, ("", ())))
            continue
        if len(asks) > 1:
            notes.append(
                f"{file.path.name}: page '{page}' has {len(asks)} scales of emotions; the first is the rating, the others "
                "stand in columns of their own."
            )
        scale, missing = asks[0], 0
        for row in rows:
            value = row.given[scale]
            label = "" if value in ("NA", "") else emotion(value, options)
            missing += label == ""
            if label is None:
                hint = nearest(value, (*EMOTIONS, CANNOT_SAY))
                problems.append(
                    Problem(f"'{value}' is no emotion we know. {hint} Say it with --map '{value}=…'", row.file, row.line)
                )
            named[row] = (label or "", (*row.given[:scale], *row.given[scale + 1 :]))
        if missing:
            notes.append(
                f"{file.path.name}: page '{page}': {missing} of {len(rows)} clips were not answered (NA); left out."
            )
    if problems:
        raise BadInput(*_first_of_each(problems))
    return notes


def _first_of_each(problems: list[Problem]) -> list[Problem]:
    return list({p.what: p for p in reversed(problems)}.values())[::-1]


def _rating(rater: str, row: _Row, named: tuple[str, tuple[str, ...]], known: _Known | None) -> dict[str, str | float]:
    label, further = named
    clip = f"{row.page}/{row.clip}"
    if known:
        if (row.page, row.clip) not in known.stood:
            what = f"page '{row.page}' has no clip '{row.clip}' in the study"
            raise BadInput(Problem(what, row.file, row.line))
        clip = known.stood[(row.page, row.clip)]
    seconds = f"{float(row.time) / 1000:.3f}" if re.fullmatch(r"[0-9]+(\.[0-9]+)?", row.time) else ""
    extra = {f"other_scale{n}": value for n, value in enumerate(further, 1)}
    return {"rater": rater, "stimulus": clip, "label": label, "weight": 1.0, "page": row.page, "page_s": seconds, **extra}


def _tables(
    rows: list[dict[str, str | float]],
    people: dict[str, list[_Session]],
    found: list[tuple[_File, list[_Session]]],
    about: tuple[_Known | None, Options],
) -> ratings.Tables:
    known, options = about
    given = ratings.frame(ratings.RATINGS, pd.DataFrame(rows))
    given["repeat"] = repeats(given["rater"], given["stimulus"])
    heard = set(given["rater"])
    names = found[0][0].names
    raters = [
        {"rater": rater, "rater_type": "human", "group": "webMUSHRA listeners", **_said(names, person[0].answers)}
        for rater, person in people.items()
        if rater in heard
    ]
    if known:
        clips = known.clips[known.clips["stimulus"].isin(set(given["stimulus"]))].reset_index(drop=True)
        clips = clips.assign(file="")  # told from the study's folder, and so wrong from here
        if options.language:
            clips["language"] = options.language
    else:
        ids = list(dict.fromkeys(given["stimulus"]))
        clips = pd.DataFrame({"stimulus": ids, "language": options.language, "corpus": found[0][0].path.parent.name})
    return ratings.Tables(ratings.frame(ratings.STIMULI, clips), ratings.frame(ratings.RATERS, pd.DataFrame(raters)), given)


def _said(names: Sequence[str], answers: Sequence[str]) -> dict[str, str]:
    """Answers to the questionnaire under names that no column of ours has."""
    ours = {column.name for table in ratings.TABLES for column in table.columns}
    return {
        (f"asked_{name}" if name in ours or not name else name): value for name, value in zip(names, answers, strict=False)
    }
