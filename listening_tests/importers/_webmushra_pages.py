"""webMUSHRA's pages, one by one: what each becomes here, and what becomes of each of its options.

A page type is one function in ``PAGES``. It either returns what the page becomes, or says why there is no such thing; then
the whole page stands in the report as not mapped. Options that a function does not ask for are looked up in ``_KNOWN``;
what stands in neither place is reported as unknown, so that nothing is dropped in silence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from listening_tests import languages
from listening_tests.importers import _html
from listening_tests.importers._importer import Options, emotion
from listening_tests.importers._lenient_yaml import Node
from listening_tests.importers._report import WITH_PAGE, WITH_QUESTION, Outcome, Report, ToDo
from ser_core.emotions import CANNOT_SAY
from ser_core.errors import nearest

Entry = dict[str, Any]
"""One entry of a timeline, as study.yaml writes it."""

CLIPS = "_clips"
"""Where an entry holds its clips until it is known which part of stimuli.csv they are."""


@dataclass(frozen=True)
class Piece:
    """What a page becomes: pages to read, then trials. ``alone``: it plays one clip, so that webMUSHRA shuffles it among
    its neighbours clip by clip."""

    before: tuple[Entry, ...] = ()
    trials: tuple[Entry, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class Heard:
    """Where a clip stood: kept beside the study, since results of webMUSHRA name it in this way."""

    stimulus: str
    page: str
    type: str
    key: str
    path: str
    name: str
    line: int


@dataclass
class Draft:
    """The study while it is being made, in one interface language."""

    report: Report
    options: Options
    interface: str
    consent: list[str] = field(default_factory=list)
    questions: list[Entry] = field(default_factory=list)
    before_questions: list[Entry] = field(default_factory=list)
    debrief: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    finished: int = 0
    emotions: list[str] = field(default_factory=list)
    values: set[str] = field(default_factory=set)
    """Every answer that is offered anywhere."""

    def own(self, text: str) -> dict[str, str]:
        """A text by interface language."""
        return {self.interface: text}


class Page:
    """A page of the file: its options, each reported once."""

    def __init__(self, node: Node, report: Report):
        self.node = node
        self.line = node.line
        self.options = node.keys
        self.type = self.options["type"].text if "type" in self.options else ""
        self.id = self.options["id"].text if "id" in self.options else ""
        kind = self.type or "page"
        self.place = f"{kind} '{self.id}'" if self.id else kind
        self.report = report
        self.told: set[str] = set()

    def __getitem__(self, key: str) -> Node:
        return self.options.get(key, Node(None, self.line))

    def tell(self, key: str, outcome: Outcome, note: str, node: Node | None = None) -> None:
        """What became of an option, or of a value inside it."""
        if node is None:
            self.told.add(key)
            if key not in self.options:
                return
        self.report.add((node or self.options[key]).line, self.place, key, outcome, note)

    def note(self, key: str, outcome: Outcome, note: str) -> None:
        """As ``tell``, of an option that may be absent and matters all the same; the page's line then stands for it."""
        self.told.add(key)
        self.report.add(self[key].line, self.place, key, outcome, note)

    def all_below(self, key: str, outcome: Outcome, note: str) -> None:
        """The same for an option and everything in it."""
        self.tell(key, outcome, note)
        for name, inner in inside(self.options.get(key, Node(None, 0))):
            self.tell(f"{key}.{name}", outcome, note, inner)

    def lost(self, why: str) -> None:
        """The page with everything in it has no counterpart."""
        self.report.add(self.line, self.place, "page", "not mapped", why)
        for key, node in inside(self.node):
            self.report.add(node.line, self.place, key, "not mapped", WITH_PAGE)

    def rest(self) -> None:
        """Everything that was not told of yet."""
        for key in self.options:
            if key in self.told:
                continue
            if key in _KNOWN:
                self.all_below(key, *_KNOWN[key](self.options[key]))
            else:
                hint = nearest(key, self.told | set(_KNOWN))
                self.all_below(key, "not mapped", f"unknown option. {hint if hint.startswith('Did') else ''}".strip())


def inside(node: Node, name: str = "") -> Iterator[tuple[str, Node]]:
    """Every named value in a node, at any depth, with the names that lead to it."""
    for i, item in enumerate(node.items):
        yield from inside(item, f"{name}.{i + 1}" if name else "")
        if not item.keys and not item.items:
            yield (f"{name}.{i + 1}" if name else str(i + 1)), item
    for key, value in node.keys.items():
        inner = f"{name}.{key}" if name else key
        yield inner, value
        yield from inside(value, inner)


def _off_or(note: str) -> Callable[[Node], tuple[Outcome, str]]:
    """An option that we have not: switched off it is as here."""
    return lambda node: ("mapped", "off, as here") if node.value in (False, None, "") else ("not mapped", note)


def _always(outcome: Outcome, note: str) -> Callable[[Node], tuple[Outcome, str]]:
    return lambda _: (outcome, note)


_KNOWN: Mapping[str, Callable[[Node], tuple[Outcome, str]]] = {
    "type": _always("mapped", "a page type that there is here too"),
    "id": _always("not mapped", "names nothing that is stored here"),
    "showWaveform": _off_or("a waveform is shown only where a part of the clip is to be marked ('trial: clip')"),
    "enableLooping": _off_or("clips are not looped"),
    "reference": _always("not mapped", "there is no reference beside a clip that is rated alone; webMUSHRA ignores it here"),
    "randomize": _always("changed", "webMUSHRA does not read it here: the clips of a page are always shuffled"),
    "writeResults": _always("mapped", "webMUSHRA does not read it; every answer is stored at once"),
    "showResults": _off_or("listeners are not shown their answers at the end"),
    "showErrors": _off_or("an answer that could not be stored is sent again until it is"),
}


def path(text: str) -> str:
    """The identity of a clip: its path from the web root, written in one way.

    >>> path("./configs//a.wav"), path("configs/x/../a.wav")
    ('configs/a.wav', 'configs/a.wav')
    """
    return posixpath.normpath(text.strip().replace("\\", "/"))


# --- pages without sound ---------------------------------------------------------------------------------------------


def _shown(page: Page, draft: Draft, *, heading: str = "", where: str = "") -> tuple[Entry, ...]:
    """The page's content as a page to read; none if it has nothing to read. ``where``: what changed in where it is shown."""
    if not page["content"].text.strip():
        page.tell("content", "mapped", "empty")
        return ()
    clean, gone = _html.harmless(page["content"].text)
    if not _html.plain(clean):
        page.tell("content", "not mapped", f"holds nothing to read; left out with it: {', '.join(gone) or 'nothing'}")
        return ()
    removed = f"; removed as unsafe or missing here: {', '.join(gone)}" if gone else ""
    outcome: Outcome = "changed" if gone or where else "mapped"
    page.tell("content", outcome, f"HTML of an instruction page, cleaned{removed}{'; ' * bool(where)}{where}")
    entry: Entry = {"trial": "instruction"}
    if heading:
        entry["title"] = draft.own(_html.escaped(heading))
    return ({**entry, "html": draft.own(clean)},)


def _name(page: Page) -> str:
    name = _html.plain(page["name"].text)
    page.tell("name", *_words("the heading", page["name"]))
    return name


def _words(what: str, node: Node) -> tuple[Outcome, str]:
    """A text of which only the words are kept."""
    return (
        ("changed", f"{what}, in plain words without its HTML") if re.search("<[a-zA-Z/!]", node.text) else ("mapped", what)
    )


def _generic(page: Page, draft: Draft) -> Piece | str:
    name = _name(page)
    entries = _shown(page, draft, heading=name)
    if not entries and name:
        page.tell("content", "changed", "the heading is all that there is to read")
        entries = ({"trial": "instruction", "text": draft.own(_html.escaped(name))},)
    return Piece(entries)


def _consent(page: Page, draft: Draft) -> Piece | str:
    text = _html.markdown(page["content"].text)
    if not text:
        return "a consent page without a text"
    if draft.consent:
        page.report.add(page.line, page.place, "page", "changed", "a second consent page becomes an instruction page")
        page.tell("mustConsent", "not mapped", "consent is asked for once, at the beginning")
        return Piece(_shown(page, draft, heading=_name(page)))
    _, gone = _html.harmless(page["content"].text)
    gone = [what for what in gone if what.startswith("<")]
    removed = f"; left out: {', '.join(gone)}" if gone else ""
    page.tell("content", "changed", f"the consent text, in Markdown, as version 1{removed}")
    page.tell("name", "not mapped", "the consent page has a heading of its own")
    must = page["mustConsent"].value is True
    page.note("mustConsent", "mapped" if must else "changed", "nobody goes on without consenting; it is stored")
    draft.consent.append(text)
    return Piece()


def _volume(page: Page, draft: Draft) -> Piece | str:
    page.tell("name", "not mapped", "the level check has a heading and a text of its own")
    page.tell("content", "not mapped", f"the level check has a text of its own; this one was: {page['content'].text}")
    page.tell("stimulus", "changed", "the volume is set on a noise as loud as the clips, not on this clip")
    page.tell("defaultVolume", "not mapped", "the volume is that of the listener's device; a page cannot set it")
    return Piece(({"trial": "level_check"},))


# --- pages with clips ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scale:
    options: list[tuple[Node, str, str]]  # the item, the value as results name it, the words shown
    line: int


def _single(page: Page, draft: Draft) -> Piece | str:
    return _rated(page, draft)


def _multi(page: Page, draft: Draft) -> Piece | str:
    piece = _rated(page, draft)
    if isinstance(piece, Piece):
        note = "each clip is rated on a page of its own, in random order, instead of all on one page"
        page.tell("type", "changed", note)
    return piece


def _rated(page: Page, draft: Draft) -> Piece | str:
    clips, scales = _clips(page["stimuli"]), _scales(page["response"])
    if isinstance(clips, str):
        return clips
    if isinstance(scales, str):
        return scales
    _told_id(page, draft)
    paths = _told_clips(page, draft, clips)
    hearing = {**_hearing(page, len(paths)), CLIPS: paths}
    for item in page["response"].items:
        if item.items:
            page.tell("response", "mapped", "one scale of several", item)
    page.tell("response", "mapped", f"{len(scales)} scale{'s' * (len(scales) > 1)}")
    draft.values |= {value for scale in scales for _, value, _ in scale.options}
    named = [_emotions(scale, draft.options) for scale in scales]
    emotional = [i for i, labels in enumerate(named) if labels]
    trials: list[Entry] = []
    if len(emotional) == 1:
        trials.append(_label(page, draft, scales[emotional[0]], named[emotional[0]], hearing))
        scales = [other for i, other in enumerate(scales) if i != emotional[0]]
        if scales:
            note = "the emotion is asked in 'label' trials, what else was asked on the page in 'likert' trials after them"
            page.note("response", "changed", note)
    elif len(emotional) > 1:
        note = f"{len(emotional)} scales name emotions; their answers are kept, but become no ratings"
        page.note("response", "changed", note)
    else:
        _hint(page, draft, scales)
    heading = _heading(page, alone=len(paths) == 1, shown=bool(scales or page["content"].text.strip()))
    short = _html.plain(page["content"].text)
    if scales and not trials and short and _is_short(page["content"].text):
        page.tell("content", "mapped", "what is asked of each clip")
        return Piece((), (_likert(page, draft, scales, hearing, (heading, short)),), alone=len(paths) == 1)
    before = _shown(page, draft, heading=heading, where="shown once, before the page's clips, instead of above each of them")
    if scales:
        trials.append(_likert(page, draft, scales, hearing, (heading, "")))
    return Piece(before, tuple(trials), alone=len(paths) == 1)


def _clips(node: Node) -> list[tuple[str, Node]] | str:
    """Key and path of each clip; or what is wrong with them. A list counts its keys from 0, as JavaScript does."""
    pairs = list(node.keys.items()) or [(str(i), item) for i, item in enumerate(node.items)]
    if not pairs:
        return "names no 'stimuli'"
    wrong = [key for key, clip in pairs if not clip.text.strip()]
    if wrong:
        return f"'stimuli' names no file for '{wrong[0]}'"
    return pairs


def _told_id(page: Page, draft: Draft) -> None:
    page.tell("id", "changed", "not shown; kept in webmushra.csv")
    first = next((h.line for h in draft.heard if page.id and (h.type, h.page) == (page.type, page.id)), None)
    if first:
        what = f"the page on line {first} has this id too, and webMUSHRA merged their results; here they stay apart"
        page.tell("id", "changed", what, page["id"])


def _told_clips(page: Page, draft: Draft, clips: list[tuple[str, Node]]) -> list[str]:
    page.tell("stimuli", "mapped", f"{len(clips)} clip{'s' * (len(clips) > 1)}; the path is the clip's id")
    first: dict[str, str] = {}
    for key, node in clips:
        name = path(node.text)
        draft.heard.append(Heard(name, page.id, page.type, key, node.text, _html.plain(page["name"].text), page.line))
        if name in first:
            page.tell(f"stimuli.{key}", "changed", f"the same file as '{first[name]}': heard once on this page", node)
        else:
            first[name] = key
            page.tell(f"stimuli.{key}", "mapped", "a clip of stimuli.csv", node)
    return list(first)


def _scales(node: Node) -> list[_Scale] | str:
    """The scales of a page; or what is wrong with them."""
    lists = [n for n in node.items if n.items]
    if lists and len(lists) < len(node.items):
        return "'response' mixes answers and lists of answers"
    scales = []
    for one in lists or [node]:
        options = [(item, item.keys["value"].text, item) for item in one.items if "value" in item.keys]
        if len(options) < len(one.items) or any(not value.strip() for _, value, _ in options):
            return "an answer in 'response' has no 'value'"
        if len(options) < 2:
            return "'response' offers no answers to choose from" if not options else "'response' offers only one answer"
        scales.append(_Scale([(i, v, _html.plain(i.keys.get("label", Node("", 0)).text)) for i, v, _ in options], one.line))
    return scales


def _emotions(scale: _Scale, options: Options) -> list[str]:
    """The canonical label of each answer, if every answer is one and no two are the same; else nothing."""
    labels = [emotion(value, options) for _, value, _ in scale.options]
    named = [label for label in labels if label is not None]
    fits = len(named) == len(labels) == len(set(named)) and len(set(named) - {CANNOT_SAY}) >= 2
    return named if fits else []


def _label(page: Page, draft: Draft, scale: _Scale, labels: list[str], hearing: Entry) -> Entry:
    for (item, value, shown), label in zip(scale.options, labels, strict=True):
        page.tell("response.value", "mapped", f"'{value}' is the emotion '{label}'", item.keys["value"])
        if shown:
            page.tell("response.label", "changed", "shown in our word for the emotion", item.keys["label"])
        _pictures(page, item)
    if not page["mustRate"].value:
        page.note("mustRate", "changed", "webMUSHRA let listeners go on without an answer; here each clip needs one")
    else:
        page.tell("mustRate", "mapped", "each clip needs an answer")
    choices = [label for label in labels if label != CANNOT_SAY]
    draft.emotions += [label for label in choices if label not in draft.emotions]
    return {"trial": "label", "choices": choices, "cannot_say": CANNOT_SAY in labels, **hearing}


def _likert(page: Page, draft: Draft, scales: list[_Scale], hearing: Entry, words: tuple[str, str]) -> Entry:
    heading, question = words
    optional = page["mustRate"].value is not True
    page.note("mustRate", "mapped", "scales may be left out" if optional else "every scale needs an answer")
    made: list[Entry] = []
    for n, scale in enumerate(scales, 1):
        text = question or heading
        if len(scales) > 1 or not text:
            number = languages.texts(draft.interface)["imported.scale"].format(n=n)
            text = f"{question} ({number})" if question else number
            what = "scales have no names in webMUSHRA; give each a question in study.yaml"
            page.tell("response", "changed", what, Node(None, scale.line))
        name = f"scale{n}" if len(scales) > 1 else "rating"
        made.append({"name": name, "text": draft.own(text), "options": _choices(page, draft, scale.options)})
        if optional:
            made[-1]["optional"] = True
    title = {"title": draft.own(_html.escaped(heading))} if heading else {}
    return {"trial": "likert", **title, "scales": made, **hearing}


def _choices(page: Page, draft: Draft, options: list[tuple[Node, str, str]], of: str = "response") -> list[Entry]:
    """Answers to choose from; values become words without blanks, each another."""
    made: list[Entry] = []
    used: set[str] = set()
    for item, value, shown in options:
        word = slug = re.sub(r"\s+", "_", value.strip())
        n = 1
        while word in used:
            n += 1
            word = f"{slug}_{n}"
        used.add(word)
        same = word == value
        outcome: Outcome = "mapped" if same else "changed"
        page.tell(f"{of}.value", outcome, "stored as it is" if same else f"stored as '{word}'", item.keys["value"])
        if "label" in item.keys:
            page.tell(f"{of}.label", *_words("the words shown", item.keys["label"]), item.keys["label"])
        _pictures(page, item, of)
        made.append({"value": word, "label": draft.own(shown or value)})
    return made


def _pictures(page: Page, item: Node, of: str = "response") -> None:
    for key, node in item.keys.items():
        if key in ("img", "imgSelected", "imgHigherResponseSelected"):
            page.tell(f"{of}.{key}", "not mapped", "answers are shown in words, not in pictures", node)
        elif key not in ("value", "label"):
            page.tell(f"{of}.{key}", "not mapped", "unknown option", node)


def _hint(page: Page, draft: Draft, scales: list[_Scale]) -> None:
    """Where answers look like emotions but are not all known, say how to tell them."""
    for scale in scales:
        found = [emotion(v, draft.options) or emotion(shown, Options()) for _, v, shown in scale.options]
        if any(found):
            pairs = [f"--map '{v}={label or '…'}'" for (_, v, _), label in zip(scale.options, found, strict=True)]
            what = f"not every answer is an emotion of its own, so this is a scale. If all are: {' '.join(pairs)}"
            page.report.add(scale.line, page.place, "response", "changed", what)


def _hearing(page: Page, clips: int) -> Entry:
    """How clips are heard, and by how many."""
    plays: Entry = {"least": 1, "to_end": False}
    wanted = page["mustPlayback"]
    if wanted.text == "ended" or wanted.value is True:
        plays["to_end"] = True
        old = "; today's webMUSHRA would never open the answers" if wanted.value is True else ""
        page.tell("mustPlayback", "changed" if old else "mapped", f"each clip is heard to its end{old}")
    elif wanted.text == "processUpdate":
        page.tell("mustPlayback", "mapped", "each clip is started before the answer counts")
    elif wanted.value in (None, False, ""):
        what = "webMUSHRA let listeners answer without hearing; here each clip is started at least once"
        page.note("mustPlayback", "changed", what)
    else:
        page.tell("mustPlayback", "not mapped", f"'{wanted.text}' is no event; each clip is started at least once")
    entry: Entry = {"plays": plays}
    most = page["maxStimuli"]
    if isinstance(most.value, int) and not isinstance(most.value, bool) and most.value > 0:
        page.tell("maxStimuli", "mapped", f"each listener hears {min(most.value, clips)} of {clips} clips")
        if most.value < clips:
            entry["per_listener"] = most.value
    elif most.value is None:
        page.tell("maxStimuli", "mapped", "every listener hears all clips")
    else:
        page.tell("maxStimuli", "not mapped", f"'{most.text}' is no number of clips; every listener hears all")
    return entry


def _heading(page: Page, *, alone: bool, shown: bool) -> str:
    """The page's name; where each clip has a page of its own, without the number that counts them."""
    name = _html.plain(page["name"].text)
    bare = re.sub(r"[\s#:.,_(\[-]*\d+(?:\s*(?:/|of|von|aus)\s*\d+)?[)\]]?$", "", name, flags=re.I)
    if not shown:
        page.tell("name", "not mapped", "the label trial asks in words of its own")
    elif alone and bare != name:
        page.tell("name", "changed", "the heading, without its number; our pages count by themselves")
        return bare
    return _name(page) if shown else ""


def _is_short(html: str) -> bool:
    """Whether a content can stand above each clip: a sentence or two in one paragraph."""
    return len(_html.plain(html)) <= 300 and not re.search(r"<(?:ul|ol|table|h[1-6]|br)\b|</p>.*<p", html, re.I | re.S)


# --- the last page ---------------------------------------------------------------------------------------------------


def _finish(page: Page, draft: Draft) -> Piece | str:
    draft.finished += 1
    if draft.finished > 1:
        return "a second 'finish' page; webMUSHRA sends the answers on the first"
    asked = [q for item in page["questionnaire"].items if (q := _question(page, draft, item))]
    _unique(asked)
    if asked:
        page.tell("questionnaire", "mapped", f"{len(asked)} questions")
        name = _name(page)
        title = {"title": draft.own(_html.escaped(name))} if name else {}
        draft.questions.append({"trial": "questionnaire", **title, "questions": asked})
        draft.before_questions += _shown(page, draft)
    else:
        page.tell("name", "not mapped", "the last page has a heading of its own")
        if text := _html.markdown(page["content"].text):
            page.tell("content", "changed", "said on the last page, in Markdown")
            draft.debrief.append(text)
    if text := _html.markdown(page["popupContent"].text):
        page.tell("popupContent", "changed", "said on the last page, in Markdown, not in a window")
        draft.debrief.append(text)
    return Piece()


_KINDS = {"text": "text", "long_text": "long_text", "number": "number", "likert": "likert"}
_ASKED_ALREADY = re.compile(
    r"language|native|tongue|dialect|sprache|dialekt|langue|idioma|\bage\b|\balter\b|hearing|h[oö]r(?:en|verm|prob)", re.I
)


def _question(page: Page, draft: Draft, item: Node) -> Entry | None:
    options, kind = item.keys, item.keys["type"].text if "type" in item.keys else ""
    given = [(o, o.keys["value"].text, _html.plain(o.keys.get("label", Node("", 0)).text)) for o in _answers(options)]
    why = "" if kind in _KINDS else f"unknown type '{kind}'. {nearest(kind, _KINDS)}"
    if kind == "likert" and len(given) < 2:
        why = "offers fewer than two answers"
    if why:
        page.tell("questionnaire", "not mapped", f"a question: {why}", item)
        for name, node in inside(item):
            page.tell(f"questionnaire.{name}", "not mapped", WITH_QUESTION, node)
        return None
    label = _html.plain(options["label"].text) if "label" in options else ""
    name = _identifier(options["name"].text if "name" in options else label)
    made: Entry = {"name": name, "kind": _KINDS[kind], "text": draft.own(label or name)}
    made.update(_range(options) if kind == "number" else {})
    _tell_question(page, options, made)
    if kind == "likert":
        made["options"] = _choices(page, draft, given, "questionnaire.response")
    if "optional" in options and options["optional"].value is True:
        made["optional"] = True
    if _ASKED_ALREADY.search(f"{name} {label}"):
        what = (
            f"line {item.line}: the question '{label or name}' may be asked already by the background form at the beginning "
            "(languages, age, hearing); if so, delete it from study.yaml."
        )
        page.report.to_do.append(ToDo(what))
    return made


def _range(options: Mapping[str, Node]) -> dict[str, float]:
    """The smallest and the largest number that are taken; nothing where no number lies between them."""
    found = {key: float(options[key].value) for key in ("min", "max") if key in options and _is_number(options[key])}
    if len(found) == 2 and found["min"] > found["max"]:
        return {}
    return {{"min": "minimum", "max": "maximum"}[key]: value for key, value in found.items()}


def _is_number(node: Node) -> bool:
    return isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _answers(options: Mapping[str, Node]) -> Iterable[Node]:
    found = options["response"].items if "response" in options else []
    return [item for item in found if "value" in item.keys and item.keys["value"].text.strip()]


def _tell_question(page: Page, options: Mapping[str, Node], made: Entry) -> None:
    notes: dict[str, tuple[Outcome, str]] = {
        "type": ("mapped", f"a question of the kind '{made['kind']}'"),
        "label": _words("what is asked", options.get("label", Node("", 0))),
        "name": ("mapped", "the question's name")
        if "name" in options and options["name"].text == made["name"]
        else ("changed", f"the question is called '{made['name']}'"),
        "optional": ("mapped", "whether it may be left out"),
        "response": ("mapped", "the answers to choose from"),
        "default": ("not mapped", "no answer is filled in beforehand"),
    }
    for key in ("min", "max"):
        fits = {"min": "minimum", "max": "maximum"}[key] in made
        notes[key] = ("mapped", "the range of the number") if fits else ("not mapped", "is no range of a number")
    for key, node in options.items():
        page.tell(f"questionnaire.{key}", *notes.get(key, ("not mapped", "unknown option")), node)
        if key == "response":
            for item in node.items:
                if "value" not in item.keys:
                    page.tell("questionnaire.response", "not mapped", "an answer without 'value'", item)


def _identifier(text: str) -> str:
    """A name as study.yaml takes it.

    >>> _identifier("Mother tongue?"), _identifier("2nd")
    ('Mother_tongue', 'q_2nd')
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return name if re.match("[A-Za-z]", name) else f"q_{name}".rstrip("_")


def _unique(questions: list[Entry]) -> None:
    used: set[str] = set()
    for question in questions:
        name, n = question["name"], 1
        while question["name"] in used:
            n += 1
            question["name"] = f"{name}_{n}"
        used.add(question["name"])


PAGES: Mapping[str, Callable[[Page, Draft], Piece | str]] = {
    "generic": _generic,
    "consent": _consent,
    "volume": _volume,
    "likert_single_stimulus": _single,
    "likert_multi_stimulus": _multi,
    "finish": _finish,
}
"""Page types that have a counterpart here."""

NOT_MAPPABLE = {
    "mushra": "compares several versions of a sound with a reference, for their quality",
    "bs1116": "compares two versions of a sound with a reference, for their quality",
    "paired_comparison": "asks which of two versions of a sound is the reference",
    "spatial": "asks where sounds are heard from",
}
"""Page types of webMUSHRA that have none, and what they do."""


def convert(node: Node, draft: Draft) -> Piece | None:
    """What a page becomes, or None; either way every line of it stands in the report."""
    page = Page(node, draft.report)
    if not node.keys:
        said = f"'{node.text}'" if node.text else "an empty item"
        hint = " (did you mean 'random' as the first item of a list?)" if node.text.lower() == "random" else ""
        draft.report.add(node.line, "pages", "page", "not mapped", f"{said} is no page{hint}")
        return None
    if page.type not in PAGES:
        why = f"'{page.type}' {NOT_MAPPABLE[page.type]}; there is no such trial here" if page.type in NOT_MAPPABLE else (
            f"no page type '{page.type}' in webMUSHRA. {nearest(page.type, [*PAGES, *NOT_MAPPABLE])}"
            if page.type
            else "has no 'type'"
        )  # fmt: skip
        page.lost(why)
        return None
    found = PAGES[page.type](page, draft)
    if isinstance(found, str):
        page.lost(found)
        return None
    page.rest()
    return found
