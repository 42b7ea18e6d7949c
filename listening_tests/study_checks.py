"""What can be wrong with a study beyond the types of its keys: texts, clips, and whether its timeline can be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from listening_tests import languages, order_checks
from listening_tests.settings import Block, Entry, Lines, Settings, blocks, leaves
from listening_tests.trial import trial_types
from ser_core import audio, ratings, yaml_lines
from ser_core.emotions import EMOTIONS
from ser_core.errors import BadInput, Problem, nearest
from ser_core.languages import is_tag

if TYPE_CHECKING:
    from listening_tests.loudness import Gain
    from listening_tests.study import Study

_ENDS = {
    "consent": (0, "the timeline must begin with consent: nothing may be asked before", "consent can only stand first"),
    "debrief": (-1, "the timeline must end with debrief, which gives the completion code", "debrief can only stand last"),
}
_ONCE = ("consent", "background", "debrief")


def settings_of(settings: Settings, lines: Lines, path: Path) -> list[Problem]:
    """Languages, emotions, texts and groups."""

    def at(what: str, *where: str | int) -> Problem:
        return Problem(what, path, yaml_lines.line_of(lines, where))

    known = languages.available()
    problems = [
        at(f"no interface language '{tag}'. {nearest(tag, known)}", "languages", i)
        for i, tag in enumerate(settings.languages)
        if tag not in known
    ]
    problems += [
        at(f"unknown emotion '{label}'. {nearest(label, EMOTIONS)}", "emotions", i)
        for i, label in enumerate(settings.emotions)
        if label not in EMOTIONS
    ]
    names = [g.name for g in settings.groups]
    problems += [
        at(f"'{value}' stands twice", name)
        for name, values in (("emotions", settings.emotions), ("languages", settings.languages), ("groups", names))
        for value in sorted({v for v in values if values.count(v) > 1})
    ]
    for name, texts in (("title", settings.title), ("consent", settings.consent.text)):
        missing = [tag for tag in settings.languages if not texts.get(tag, "").strip()]
        problems += [at(f"the {name} has no text for the interface language '{tag}'", name) for tag in missing]
    for i, group in enumerate(settings.groups):
        problems += [at(f"group '{group.name}': {what}", "groups", i) for what in _group(group.native, group.who)]
    if settings.only_groups and not settings.groups:
        problems.append(at("'only_groups' sends everybody home, since there are no 'groups'", "only_groups"))
    return problems


def _group(native: str, who: str) -> list[str]:
    if bool(native) == bool(who):
        return ["say who belongs to it: either 'native: de', or 'who: native(de) and not knows(cmn)'"]
    if native and not is_tag(native):
        return [f"'{native}' is not a BCP 47 language tag like de or cmn"]
    return order_checks.expression(who)


def clips_of(stimuli: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """The clips with their hash, length and ``part``, each file looked at; and what is wrong with them."""
    problems, facts = [], []
    if stimuli.empty:
        problems.append(Problem("holds no clip", path))
    for i, row in enumerate(stimuli.to_dict("records")):
        try:
            facts.append(_clip(path.parent, row))
        except BadInput as bad:
            facts.append((row["sha256"], row["duration_s"]))
            line = ratings.line_of(path, i)
            problems += [Problem(f"clip '{row['stimulus']}': {p.what}", path, line) for p in bad.problems]
    problems += _twice(path, [row["stimulus"] for row in stimuli.to_dict("records")], [digest for digest, _ in facts])
    sums, durations = zip(*facts, strict=True) if facts else ((), ())
    part = stimuli["part"].replace("", "test") if "part" in stimuli else "test"
    return stimuli.assign(sha256=list(sums), duration_s=list(durations), part=part, gain_db=0.0), problems


def _twice(path: Path, clips: list[str], digests: list[str]) -> list[Problem]:
    """Clips of the same content: a listener would hear one of them twice and nobody would know."""
    first: dict[str, str] = {}
    problems = []
    for i, (clip, digest) in enumerate(zip(clips, digests, strict=True)):
        if digest and first.setdefault(digest, clip) != clip:
            what = f"clip '{clip}' has the same content as clip '{first[digest]}'; remove one of them"
            problems.append(Problem(what, path, ratings.line_of(path, i)))
    return problems


def _clip(folder: Path, row: Mapping[Any, Any]) -> tuple[str, float]:
    if not row["file"]:
        raise BadInput("'file' is empty; listeners need something to hear")
    file = folder / row["file"]
    try:
        facts = audio.inspect(file)
    except BadInput as bad:
        raise BadInput(*(f"{row['file']}: {p.what}" for p in bad.problems)) from bad
    found = audio.sha256(file)
    if row["sha256"] and row["sha256"] != found:
        raise BadInput(f"{row['file']} is not the file this table was made for: its SHA-256 is {found}")
    return found, facts.duration_s


def together(settings: Settings, stimuli: pd.DataFrame, folder: Path) -> list[Problem]:
    """Whether the clips are of the study's emotions, and what models learn from can be read."""
    path = folder / "stimuli.csv"
    problems = []
    for label in dict.fromkeys(map(str, stimuli["truth"])):
        if label and label not in settings.emotions:  # once for all its clips: one emotion may be missing in study.yaml
            places = [i for i, truth in enumerate(stimuli["truth"]) if truth == label]
            more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
            first = stimuli["stimulus"].iloc[places[0]]
            what = f"clip '{first}'{more} is '{label}', which study.yaml's emotions do not hold"
            problems.append(Problem(what, path, ratings.line_of(path, places[0])))
    if settings.training and not (folder / settings.training).is_file():
        problems.append(Problem(f"'training' names {settings.training}, which is missing", folder / "study.yaml"))
    elif settings.training:
        try:
            ratings.read_table(folder / settings.training, ratings.STIMULI)
        except BadInput as bad:
            problems += bad.problems
    return problems


def tables_of(timeline: Sequence[Entry | Block], folder: Path) -> dict[str, str]:
    """The text of each table that an entry of the timeline names by ``pairs``, if it lies in the study."""
    names = {str(entry.parameters["pairs"]) for entry in leaves(timeline) if "pairs" in entry.parameters}
    inside = [name for name in names if (folder / name).resolve().is_relative_to(folder.resolve())]
    return {name: _text(folder / name) for name in sorted(inside) if (folder / name).is_file()}


def _text(table: Path) -> str:
    """What is no UTF-8 is told when the table is read as one."""
    return table.read_bytes().decode("utf-8-sig", errors="replace")


def timeline_of(study: Study, lines: Lines, path: Path) -> list[Problem]:
    """Whether the timeline can be run: what stands where, and every entry with the clips there are."""
    problems: list[Problem] = []

    def say(where: yaml_lines.Where, *whats: str) -> None:
        problems.extend(Problem(what, path, yaml_lines.line_of(lines, where)) for what in whats)

    entries = list(leaves(study.timeline))
    wrong = {entry.where: _entry(entry, study) for entry in entries}
    for where, whats in wrong.items():
        say(where, *whats)
    for where, what in order_checks.order_of(study, [where for where, whats in wrong.items() if whats]):
        say(where, what)
    kinds = [entry.trial for entry in entries]
    written = [str(entry.get("trial", "")) for entry in study.settings.timeline]
    for kind, (end, missing, misplaced) in _ENDS.items():
        if written[end] != kind:
            say(("timeline",), missing)
        for entry in entries:
            if entry.trial == kind and entry.where != ("timeline", end % len(written)):
                say(entry.where, misplaced)
    for kind in _ONCE:
        if kinds.count(kind) > 1:
            say(("timeline",), f"{kind} stands {kinds.count(kind)} times in the timeline; once is enough")
    for entry in entries:
        if entry.trial == "background" and len(entry.where) > 2:
            say(entry.where, "background must stand outside blocks: the rest of the order follows from it")
    _background(study, say, kinds)
    unread = _count(study.settings.timeline) > len(entries)
    rating = [
        k for k in kinds if trial_types()[k].hears and not trial_types()[k].feedback
    ]  # who is told the answer practises
    if not rating and not unread:
        say(("timeline",), "no trial of the timeline asks for a rating; add '- {trial: label}'")
    return problems


def _count(timeline: list[Any]) -> int:
    """How many entries are written, those included that could not be read."""
    inner = [entry.get("timeline") if isinstance(entry, dict) else None for entry in timeline]
    return sum(_count(entries) if entries and isinstance(entries, list) else 1 for entries in inner)


def _background(study: Study, say: Any, kinds: list[str]) -> None:
    if "background" in kinds:
        return
    restricted = [e.where for e in leaves(study.timeline) if e.only] + [b.where for b in blocks(study.timeline) if b.only]
    for where in restricted:
        say(where, "'only' asks for a listener's languages, but the timeline has no '- {trial: background}'")
    if study.settings.groups:
        say(("groups",), "groups need '- {trial: background}' in the timeline, which asks for languages")


def _entry(entry: Entry, study: Study) -> list[str]:
    kind, parameters = trial_types()[entry.trial], entry.parameters
    problems = []
    if "part" in parameters and parameters["part"] not in (parts := set(study.stimuli["part"])):
        problems.append(f"{entry.trial}: stimuli.csv has no clip with part '{parameters['part']}'. "
                        f"{nearest(parameters['part'], parts)}")  # fmt: skip
    elif kind.fits is not None:
        problems += [f"{entry.trial}: {what}" for what in kind.fits(parameters, study)]
    return problems


def with_gains(study: Study) -> Study:
    """The study with the gain in dB that brings each clip to the wanted loudness, as ``gain_db`` of its clips."""
    if study.settings.loudness is None:
        return study
    return replace(study, stimuli=study.stimuli.assign(gain_db=[gain.gain_db for gain in gains(study)]))


def gains(study: Study) -> list[Gain]:
    """The gain of each clip, and whether its peaks keep it softer than wanted; none where no loudness is asked for."""
    wanted = study.settings.loudness
    if wanted is None:
        return []
    from listening_tests import loudness  # SciPy's filters take a while to import, and most processes never need them

    clips = study.stimuli
    names = {"clip": clips["stimulus"], "speaker": clips["corpus"] + "/" + clips["speaker"], "corpus": clips["corpus"]}
    levels = [loudness.measure(study.folder / file) for file in clips["file"]]
    return loudness.plan(levels, names[wanted.per].tolist(), wanted.target_lufs)
