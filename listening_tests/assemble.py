"""A published study made again: its description says which clips it needs, a researcher's tables say which there are.

A description is a folder in ``listening_tests/studies/`` with ``selection.yaml`` (which clips), ``study.yaml`` (how they are
heard) and ``README.md`` (how it follows the paper). ``assemble`` draws the clips by a seed and keeps what is left for
models, without everything that shares with a clip of the study what its part says (``apart``): a speaker, a sentence.
The draw of a part depends on its clips and the seed, not on the order of rows or on the other corpora.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ser_core import ratings, stimuli, yaml_lines
from ser_core.emotions import EMOTIONS
from ser_core.errors import BadInput, Problem, nearest
from ser_core.languages import normal

STUDIES = Path(__file__).parent / "studies"
_ATTEMPTS = 100  # draws in turn may run out where clips exclude each other; another lot then nearly always fits


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Units(_Strict):
    """Clips of only ``count`` values of the column ``by``, drawn by the seed; as many of each value of ``evenly``."""

    by: str
    count: int = Field(ge=1)
    evenly: str = ""


class Part(_Strict):
    """The clips of one ``part`` of stimuli.csv."""

    part: str = Field(min_length=1, description="its name; the timeline of study.yaml names it too")
    language: str = Field(description="BCP 47 tag of what is spoken")
    corpus: str = Field("", description="the corpus; empty = any that has this language")
    emotions: dict[str, list[str]] = Field(
        min_length=1, description="emotions, each with the corpus's labels that count as it"
    )
    per_emotion: int = Field(ge=1, description="clips of each emotion")
    where: dict[str, list[str]] = Field({}, description="columns and the values that they must have")
    units: Units | None = Field(None, description="clips of only so many speakers, sessions, …")
    once: list[str] = Field([], description="columns of which no value is heard twice in this part; empty fields are none")
    fewer: bool = Field(False, description="take fewer clips of each emotion where there are not so many")
    optional: bool = Field(False, description="leave the part out where no table has its clips")
    training: bool = Field(False, description="whether models may learn from the other clips of this corpus and language")
    apart: list[str] = Field([], description="columns of which no value may be shared by a training clip and a heard clip")


class Selection(_Strict):
    """selection.yaml, key by key."""

    seed: int = Field(ge=0)
    parts: list[Part] = Field(min_length=1)


@dataclass(frozen=True)
class Assembled:
    """What was drawn.

    Attributes:
        heard: the clips of the study, with ``part``.
        training: what models may learn from.
        excluded: what they may not: ``stimulus``, ``corpus``, ``speaker``, ``sentence``, ``sha256``, ``reason``.
        missing: parts that were left out.
        notes: what the researcher should know, as sentences.
    """

    heard: pd.DataFrame
    training: pd.DataFrame
    excluded: pd.DataFrame
    missing: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def known() -> list[str]:
    """The studies that can be assembled."""
    return sorted(path.parent.name for path in STUDIES.glob("*/selection.yaml"))


def described(study: str) -> tuple[Path, Selection]:
    """The folder of a description, and its selection.

    Raises:
        BadInput: there is no such study; or its selection is wrong.
    """
    if study not in known():
        raise BadInput(f"there is no study '{study}' to assemble. {nearest(study, known())}")
    path = STUDIES / study / "selection.yaml"
    data, lines = yaml_lines.read(path)
    try:
        return path.parent, Selection.model_validate(data)
    except ValidationError as error:
        wrong = ((".".join(map(str, e["loc"])), e) for e in error.errors())
        raise BadInput(
            *(Problem(f"'{place}': {e['msg']}", path, yaml_lines.line_of(lines, e["loc"])) for place, e in wrong)
        ) from error


def assemble(study: str, selection: Selection, tables: list[Path], *, seed: int) -> Assembled:
    """Draw a study's clips.

    Raises:
        BadInput: a table is wrong or is of a corpus that the study does not use; a corpus has no table; there are too few
            clips of an emotion. Every problem of every part.
    """
    everything = _loaded(study, selection, tables)
    pool, notes = _one_each(everything)
    _complain(study, selection, pool)
    heard: list[pd.DataFrame] = []
    problems: list[Problem] = []
    missing: list[str] = []
    for part in selection.parts:
        taken = {clip for drawn in heard for clip in drawn["stimulus"]}
        try:
            drawn = draw(pool[~pool["stimulus"].isin(taken)], part, seed=seed)
        except BadInput as bad:
            problems += bad.problems
            continue
        if drawn.empty:
            missing.append(part.part)
            notes.append(f"{part.part}: no table has its clips ({_called(part)}); the study goes without it.")
        else:
            heard.append(drawn)
            notes += _fewer(part, drawn)
    if problems:
        raise BadInput(*problems)
    together = ratings.frame(ratings.STIMULI, pd.concat(heard, ignore_index=True))
    excluded = _excluded(everything, together, selection)
    training = _training(pool, selection, set(excluded["stimulus"]))
    return Assembled(together, training, excluded, tuple(missing), notes)


# --- what there is ---------------------------------------------------------------------------------------------------


def _loaded(study: str, selection: Selection, tables: list[Path]) -> pd.DataFrame:
    """All tables as one, in the order of their ids."""
    problems: list[Problem] = []
    for path in tables:
        try:
            table = stimuli.load(path)
        except BadInput as bad:
            problems += bad.problems
            continue
        if not any(_of(table, part).any() for part in selection.parts):
            found = ", ".join(
                sorted({f"{c or '(no corpus)'} in {t}" for c, t in zip(table["corpus"], table["language"], strict=True)})
            )
            wanted = ", ".join(dict.fromkeys(_called(part) for part in selection.parts))
            problems.append(Problem(f"holds {found or 'no clip'}, which {study} does not use; it uses {wanted}", path))
    if problems:
        raise BadInput(*problems)
    return stimuli.load_all(list(dict.fromkeys(tables))).sort_values("stimulus", ignore_index=True)


def _one_each(everything: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The clips, of those with the same content only the first by id: nobody may hear or learn one twice."""
    twice = (everything["sha256"] != "") & everything.duplicated("sha256")
    first = everything[~twice].drop_duplicates("sha256").set_index("sha256")["stimulus"]
    notes = [
        f"{row['stimulus']}: left out, it has the same content as {first[row['sha256']]}."
        for row in everything[twice].to_dict("records")
    ]
    return everything[~twice].reset_index(drop=True), notes


def _complain(study: str, selection: Selection, pool: pd.DataFrame) -> None:
    """Raise if a corpus that is needed has no table."""
    lacking = [part for part in selection.parts if not part.optional and not _of(pool, part).any()]
    problems = []
    have = set(pool["corpus"])
    strange = have - {part.corpus for part in selection.parts} - {""}
    for part in lacking:
        if part.corpus in have:
            problems.append(f"part {part.part}: the table of {part.corpus} holds no clip in {part.language}.")
            continue
        slip = nearest(part.corpus, strange)
        meant = f" {slip.replace('?', ' as its corpus?')}" if slip.startswith("Did") else ""
        problems.append(
            f"part {part.part}: no table of {part.corpus} was given.{meant} Make it with "
            f"'python -m ser_core index {part.corpus} FOLDER --out {part.corpus}.csv' (how to get the corpus: "
            f"'python -m ser_core corpora') and add --stimuli {part.corpus}.csv."
        )
    if problems:
        raise BadInput(*problems)


def _of(table: pd.DataFrame, part: Part) -> pd.Series:
    """Which rows are of the part's corpus and language."""
    spoken = table["language"].map(normal).astype(str) == normal(part.language)
    return spoken & (table["corpus"] == part.corpus) if part.corpus else spoken


def _called(part: Part) -> str:
    return f"{part.corpus} in {part.language}".removeprefix(" in ") if part.corpus else part.language


def _with_truth(table: pd.DataFrame, part: Part) -> pd.DataFrame:
    """The rows of the part's emotions, named as the study names them; what the corpus said stays in ``truth_of_corpus``."""
    ours = {label: emotion for emotion, labels in part.emotions.items() for label in labels}
    rows = table[_of(table, part) & table["truth"].isin(ours)]
    return rows.assign(truth=rows["truth"].map(ours), truth_of_corpus=rows["truth"])


# --- what is heard ---------------------------------------------------------------------------------------------------


def draw(pool: pd.DataFrame, part: Part, *, seed: int) -> pd.DataFrame:
    """The clips of one part, in the order of their ids; none if the part is optional and ``pool`` has none of them.

    The next clip is always of the emotion that has fewest, and of the speaker who has given this emotion fewest; of those,
    who has given fewest in all; of those, by lot.

    Raises:
        BadInput: there are too few; how many of each emotion there are.
    """
    rows = _with_truth(pool, part)
    silent = [name for name in _columns(part) if name not in rows or not (rows[name] != "").any()]
    if len(rows) and silent:
        what = "part {}: the table does not tell the {} of its clips; make it again with 'python -m ser_core index'"
        raise BadInput(*(what.format(part.part, name) for name in silent))
    for name, values in part.where.items() if len(rows) else ():
        rows = rows[rows[name].isin(values)]
    there = Counter(rows["truth"])
    count = min([part.per_emotion, *(there[e] for e in part.emotions)]) if part.fewer else part.per_emotion
    if part.optional and (rows.empty or count == 0):
        return rows.iloc[:0]
    clips = rows.sort_values("stimulus").to_dict("records")
    for attempt in range(_ATTEMPTS):
        rng = random.Random(f"{seed}|{part.part}|{attempt}")
        chosen = _in_turn(_some_units(clips, part.units, rng), part, count, rng)
        if chosen:
            return rows[rows["stimulus"].isin(chosen)].sort_values("stimulus").assign(part=part.part)
    wanted = f"{count} clips of each emotion asked for{_conditions(part)}"
    different = "".join(f", {rows[name].nunique()} different values of {name}" for name in part.once)
    raise BadInput(f"part {part.part}: {wanted}; there are {_counted(there, part)}{different}.")


def _columns(part: Part) -> list[str]:
    """Columns that decide what is drawn, or kept from models: they must say something."""
    units = [part.units.by, *filter(None, [part.units.evenly])] if part.units else []
    where = [name for name, values in part.where.items() if "" not in values]
    return list(dict.fromkeys([*where, *units, *part.once, *part.apart]))


def _some_units(clips: list[dict[Any, Any]], units: Units | None, rng: random.Random) -> list[dict[Any, Any]]:
    if units is None:
        return clips
    kinds: dict[str, list[str]] = {}
    for clip in clips:
        group = kinds.setdefault(str(clip[units.evenly]) if units.evenly else "", [])
        if clip[units.by] not in group:
            group.append(clip[units.by])
    for group in kinds.values():
        rng.shuffle(group)
    order = rng.sample(sorted(kinds), len(kinds))
    turns = max(map(len, kinds.values()), default=0)
    dealt = [kinds[kind][turn] for turn in range(turns) for kind in order if turn < len(kinds[kind])]
    return [clip for clip in clips if clip[units.by] in dealt[: units.count]]


def _in_turn(clips: list[dict[Any, Any]], part: Part, count: int, rng: random.Random) -> list[str]:
    """The ids, or none if the turns ran out of clips."""
    left = rng.sample(clips, len(clips))
    scarce = Counter(clip["truth"] for clip in clips)
    order = sorted(part.emotions, key=lambda e: (scarce[e], EMOTIONS.index(e)))
    given: Counter[str] = Counter()
    here: Counter[tuple[str, str]] = Counter()
    heard: set[tuple[str, str]] = set()
    chosen: list[str] = []
    for emotion in order * count:
        free = [c for c in left if c["truth"] == emotion and not any((n, c[n]) in heard for n in part.once)]
        if not free:
            return []
        clip = min(free, key=lambda c: (here[emotion, c["speaker"]], given[c["speaker"]]))
        left.remove(clip)
        chosen.append(clip["stimulus"])
        here[emotion, clip["speaker"]] += 1
        given[clip["speaker"]] += 1
        heard |= {(name, clip[name]) for name in part.once if clip[name] != ""}
    return chosen


def _conditions(part: Part) -> str:
    said = [f"{name} {' or '.join(values) or 'empty'}" for name, values in part.where.items()]
    said += [f"of {part.units.count} values of {part.units.by}"] if part.units else []
    said += [f"no {name} twice" for name in part.once]
    return f" ({', '.join(said)})" if said else ""


def _counted(there: Mapping[str, int], part: Part) -> str:
    return ", ".join(f"{there[emotion]} {emotion}" for emotion in part.emotions)


def _fewer(part: Part, drawn: pd.DataFrame) -> list[str]:
    each = len(drawn) // len(part.emotions)
    return [f"{part.part}: only {each} of each emotion, not {part.per_emotion}."] if each < part.per_emotion else []


# --- what models may learn from --------------------------------------------------------------------------------------


def _excluded(everything: pd.DataFrame, heard: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    """Every clip of the tables that models may not learn from, with the reason."""
    reasons: dict[str, str] = dict.fromkeys(heard["stimulus"], "in the study")
    for part in selection.parts:
        drawn = heard[heard["part"] == part.part]
        for name in part.apart if len(drawn) else ():
            values = set(drawn[name]) - {""}
            shared = everything[everything["corpus"].isin(set(drawn["corpus"])) & everything[name].isin(values)]
            for clip, value in zip(shared["stimulus"], shared[name], strict=True):
                reasons.setdefault(clip, f"{name} {value} is heard in the study")
    content = everything.loc[everything["stimulus"].isin(reasons) & (everything["sha256"] != "")]
    first = content.drop_duplicates("sha256").set_index("sha256")["stimulus"]
    for clip, digest in zip(everything["stimulus"], everything["sha256"], strict=True):
        if digest in first:  # a copy under another name, perhaps of another speaker
            reasons.setdefault(clip, f"same content as {first[digest]}")
    rows = everything[everything["stimulus"].isin(reasons)]
    wanted = ["stimulus", "corpus", "speaker", "sentence", "sha256"]
    return rows.reindex(columns=wanted, fill_value="").assign(reason=rows["stimulus"].map(reasons)).reset_index(drop=True)


def _training(pool: pd.DataFrame, selection: Selection, excluded: set[str]) -> pd.DataFrame:
    parts: Iterable[Part] = [part for part in selection.parts if part.training]
    rows = pd.concat([_with_truth(pool, part) for part in parts], ignore_index=True) if parts else pool.iloc[:0]
    rows = rows[~rows["stimulus"].isin(excluded)].drop_duplicates("stimulus")
    return ratings.frame(ratings.STIMULI, rows.assign(part="train").reset_index(drop=True))
