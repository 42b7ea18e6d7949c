"""A webMUSHRA config as a study folder: study.yaml, stimuli.csv, the clips, and a report on everything in the file.

The folder also holds ``webmushra.csv``: on which page and under which key each clip stood, since webMUSHRA's results name
clips in this way and not by their files.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import astuple, fields
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import unquote

import pandas as pd
import yaml

from listening_tests import study
from listening_tests.importers import _html, _lenient_yaml
from listening_tests.importers._importer import Options
from listening_tests.importers._lenient_yaml import Node
from listening_tests.importers._report import MISSING, Outcome, Report, ToDo
from listening_tests.importers._webmushra_order import parts, timeline
from listening_tests.importers._webmushra_pages import Draft, Entry, Heard, inside
from ser_core import ratings, yaml_lines
from ser_core.emotions import EMOTIONS
from ser_core.errors import BadInput, Problem, nearest
from ser_core.languages import is_tag

_INTERFACES = {"en": "en", "de": "de", "cn": "zh-Hans", "zh": "zh-Hans"}
"""webMUSHRA's interface languages (``cn`` in forks) that we have too."""

_TOP: Mapping[str, tuple[Outcome, str]] = {
    "bufferSize": ("not mapped", "the browser's own player needs none"),
    "stopOnErrors": ("not mapped", "a clip that fails is tried again, then skipped and recorded"),
    "showButtonPreviousPage": ("not mapped", "an answer that was given stands; there is no way back to it"),
    "remoteService": ("not mapped", "answers are stored by Earwitness itself, each as it is given"),
}
_NEW_STUDY = Path(__file__).parent.parent / "new_study.yaml"


def make(source: Path, out: Path, options: Options) -> str:
    """Make the folder ``out``, and say what is in it and what became of everything in ``source``.

    Raises:
        BadInput: the source cannot be read, or holds no page that can be mapped; or the folder exists. Nothing is made.
    """
    problems = [Problem("exists already; choose another name or remove it", out)] if os.path.lexists(out) else []
    if options.language and not is_tag(options.language):
        problems.append(Problem(f"--language: '{options.language}' is not a BCP 47 language tag like de or cmn"))
    if options.audio and not options.audio.is_dir():
        problems.append(Problem("--audio: is no folder", options.audio))
    if problems:
        raise BadInput(*problems)
    root, remarks = _lenient_yaml.read(source)
    pages = _pages(root, source)
    report = Report()
    for line, what in remarks:
        report.add(line, "file", "YAML", "changed", what)
    draft = Draft(report, options, _interface(root, report))
    body, part = parts(timeline(pages, draft), draft)
    if not part:
        lost = [row for row in sorted(report.rows) if row.key == "page" and row.outcome == "not mapped"]
        raise BadInput(
            *(Problem(f"{row.place}: {row.note}", source, row.line) for row in lost),
            Problem("holds no page with clips that could be mapped; Earwitness takes likert_single_stimulus and "
                    "likert_multi_stimulus", source),
        )  # fmt: skip
    settings = _settings(root, draft, body, out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise BadInput(Problem(f"cannot be made: {error.strerror}", out)) from error
    try:
        work.chmod(0o755)
        clips, missing = _clips(draft, part, source, work)
        _to_do(draft, missing)
        _write(work, settings, clips, draft.heard, source)
        report.to_do += _left(work, out, set(missing))
        (work / "import-report.csv").write_text(report.table(), encoding="utf-8")
        (work / "import-report.md").write_text(report.markdown(f"Import of {source.name}"), encoding="utf-8")
        work.rename(out)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)  # half a study would be found and offered by the app
        raise
    found = len(part) - len(missing)
    return (
        f"{report.printed()}\n{out}: {len(part)} clips ({found} found, {len(missing)} missing). All that became of the file "
        f"stands in {out / 'import-report.md'}.\npython -m listening_tests check {out}"
    )


def _pages(root: Node, source: Path) -> Node:
    if not root.keys:
        raise BadInput(Problem("is no webMUSHRA config: it must hold 'key: value' lines, among them 'pages:'", source))
    if "pages" not in root.keys:
        hint = nearest("pages", root.keys)
        hint = f" {hint}" if hint.startswith("Did") else ""
        raise BadInput(Problem(f"is no webMUSHRA config: it has no 'pages'.{hint}", source))
    pages = root.keys["pages"]
    if not pages.items:
        raise BadInput(Problem("'pages' holds no list of pages", source, pages.line))
    return pages


def _interface(root: Node, report: Report) -> str:
    node = root.keys.get("language")
    wanted = node.text if node else "en"
    found = _INTERFACES.get(wanted, "")
    if node and found:
        report.add(node.line, "top level", "language", "mapped", f"the pages are in '{found}'")
    elif node:
        what = f"there is no interface language '{wanted}': buttons and messages are in English, the texts stay as they are"
        report.add(node.line, "top level", "language", "not mapped", what)
    return found or "en"


def _settings(root: Node, draft: Draft, body: list[Entry], out: Path) -> dict[str, Any]:
    """study.yaml, in the order in which it is written."""
    report, interface = draft.report, draft.interface
    identity, title = _identity(root, report, out)
    if draft.consent:
        consent = draft.consent[0]
    else:
        consent = _template_consent(interface)
        what = "the file has no consent page; write your consent text in study.yaml instead of our example."
        report.to_do.append(ToDo(what))
    emotions = draft.emotions
    if len(emotions) < 2:
        emotions = list(EMOTIONS[:4])
        what = "no page asks for emotions; study.yaml needs a list all the same, which nobody is shown"
        report.add(root.keys["pages"].line, "pages", "emotions", "changed", what)
    debrief: Entry = {"trial": "debrief"}
    if draft.debrief:
        debrief["text"] = draft.own("\n\n".join(draft.debrief))
    first, last = ([], [*draft.before_questions, *draft.questions])
    if draft.options.questionnaire_first:
        first, last = last, first
    what = "a form on languages, age and hearing is asked at the beginning: groups and comparisons follow from it"
    report.add(root.keys["pages"].line, "pages", "background", "changed", what)
    return {
        "id": identity,
        "title": draft.own(title),
        "languages": [interface],
        "emotions": emotions,
        "consent": {"version": "1", "text": draft.own(consent)},
        "timeline": [{"trial": "consent"}, {"trial": "background"}, *first, *body, *last, debrief],
    }


def _identity(root: Node, report: Report, out: Path) -> tuple[str, str]:
    told = {"language", "pages", "testId", "testname"}
    given = root.keys["testId"].text if "testId" in root.keys else ""
    identity = re.sub(r"[^a-z0-9_-]+", "-", (given or out.name).lower()).strip("-_") or "study"
    if "testId" in root.keys:
        outcome: Outcome = "mapped" if identity == given else "changed"
        report.add(root.keys["testId"].line, "top level", "testId", outcome, f"the study's id: {identity}")
    title = _html.plain(root.keys["testname"].text) if "testname" in root.keys else ""
    if "testname" in root.keys:
        report.add(root.keys["testname"].line, "top level", "testname", "mapped", "the study's title")
    report.add(root.keys["pages"].line, "top level", "pages", "mapped", "the timeline")
    for key, node in root.keys.items():
        if key in told:
            continue
        hint = nearest(key, [*_TOP, *told])
        unknown: tuple[Outcome, str] = ("not mapped", f"unknown option. {hint if hint.startswith('Did') else ''}".strip())
        outcome, note = _TOP.get(key, unknown)
        report.add(node.line, "top level", key, outcome, note)
        for name, inner in inside(node):
            report.add(inner.line, "top level", f"{key}.{name}", outcome, note)
    return identity, title or identity


def _template_consent(interface: str) -> str:
    names = dict.fromkeys(("id", "title", "synthetic", "emotions", "training"), "") | {"groups": "  []"}
    data, _ = yaml_lines.parse(Template(_NEW_STUDY.read_text(encoding="utf-8")).substitute(names), _NEW_STUDY)
    return str(data["consent"]["text"][interface])


# --- clips -----------------------------------------------------------------------------------------------------------


def _clips(draft: Draft, part: dict[str, str], source: Path, work: Path) -> tuple[pd.DataFrame, list[str]]:
    """stimuli.csv, and where missing clips belong; those that are there are copied, if wanted."""
    roots = [draft.options.audio] if draft.options.audio else _web_roots(source)
    rows, missing = [], []
    for clip, name in part.items():
        found = _find(clip, roots)
        inner = Path("clips", *("up" if part == ".." else part for part in Path(unquote(clip)).parts if part != "/"))
        at = str(found.resolve()) if found and not draft.options.copies else inner.as_posix()
        if found and draft.options.copies:
            _copy(found, work / inner)
        if not found:
            missing.append(inner.as_posix())
        rows.append({"stimulus": clip, "file": at, "language": draft.options.language or "und", "part": name})
        for heard in (h for h in draft.heard if h.stimulus == clip and not found):
            place, option = f"{heard.type} '{heard.page}'", f"stimuli.{heard.key}"
            draft.report.add(heard.line, place, option, "not mapped", MISSING)
    return ratings.frame(ratings.STIMULI, pd.DataFrame(rows)), missing


def _copy(clip: Path, to: Path) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(clip, to)
    except OSError as error:
        raise BadInput(
            Problem(f"cannot be copied: {error.strerror}; --no-copy leaves clips where they are", clip)
        ) from error


def _web_roots(source: Path) -> list[Path]:
    """Paths in a config are told from the folder that webMUSHRA is served from; its configs lie in ``configs/`` there."""
    here = source.resolve().parent
    inner = next((top for top in here.parents if (top / "configs") in (here, *here.parents)), here)
    return [inner, here] if inner != here else [here]


def _find(clip: str, roots: list[Path]) -> Path | None:
    """The file, if it lies below one of the folders; what points out of them is not looked at."""
    for root in roots:
        for name in (clip, unquote(clip)):
            place = root / name
            if os.path.isfile(place) and place.resolve().is_relative_to(root.resolve()):
                return place
    return None


def _to_do(draft: Draft, missing: list[str]) -> None:
    to_do = draft.report.to_do
    if missing:
        count = (
            f"{len(missing)} clip{'s are' if len(missing) > 1 else ' is'} missing, or point{'s'[len(missing) > 1 :]} out of"
        )
        to_do.append(ToDo(f"{count} the web root. In the study's folder they belong here:", missing))
    if not draft.options.language:
        what = (
            "say which language is spoken in the clips: column 'language' of stimuli.csv is 'und' (undetermined); or import "
            "again with --language TAG, for example --language de."
        )
        to_do.append(ToDo(what))
    what = (
        "fill in the column 'truth' of stimuli.csv with the emotion of each clip, if it is known, and 'speaker': webMUSHRA "
        "does not hold them, and without 'truth' nothing can be scored."
    )
    to_do.append(ToDo(what))
    if unused := sorted(set(draft.options.emotions) - draft.values):
        to_do.append(ToDo("--map names values that no answer of the file has:", unused))


def _left(work: Path, out: Path, missing: set[str]) -> list[ToDo]:
    """What ``check`` will still find wrong; of missing clips it was said before."""
    try:
        study.load(work)
    except BadInput as bad:
        found = [Problem(p.what.replace(str(work), str(out)), Path(str(p.file)).name if p.file else None, p.line)
                 for p in bad.problems]  # fmt: skip
        return [ToDo(f"check will say: {p}") for p in found if not any(f"{name}: " in p.what for name in missing)]
    return []


# --- files -----------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, lists of words in one line, nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _write(work: Path, settings: dict[str, Any], clips: pd.DataFrame, heard: list[Heard], source: Path) -> None:
    head = (
        f"# Made from webMUSHRA's {source.name}; import-report.md says what became of everything in it.\n"
        "# `python -m listening_tests check FOLDER` says what is still missing.\n\n"
    )
    body = yaml.dump(settings, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    (work / "study.yaml").write_text(head + body, encoding="utf-8")
    (work / "stimuli.csv").write_text(ratings.to_csv(clips), encoding="utf-8")
    names = [f.name for f in fields(Heard)]
    stood = pd.DataFrame([astuple(h) for h in heard], columns=names).astype(str)
    (work / "webmushra.csv").write_text(ratings.to_csv(stood), encoding="utf-8")
