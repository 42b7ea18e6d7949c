"""Who may take part, as one expression of study.yaml, such as ``native(de) and not knows(cmn)``.

==========================  =======================================================================================
``native(de)``              grew up with German, in whatever region; ``native(cmn-x-tianjin)`` asks for the dialect
``knows(cmn)``              has any knowledge of Mandarin, native speakers included
``knows(cmn, B)``           knows it at least at this level: A, B, C (bands of the CEFR) or native
``grew_up_with(en-GB)``     named this dialect
``hearing_normal``          reports no difficulty
``age_band(18–24, 25–34)``  is of one of these ages
``and`` ``or`` ``not``      with parentheses, as usual
==========================  =======================================================================================

It reads what the participant said in the background form (``native_languages``, ``dialects``, ``proficiency``,
``age_band``, ``hearing``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

from ser_core.errors import BadInput, nearest
from ser_core.languages import base, is_dialect, is_tag, normal

Background = Mapping[str, str]
_TOKEN = re.compile(r"\s*(?:([()])|([^\s(),]+)|(,))")
_LEVELS = ("none", "A", "B", "C", "native")
_DEEPEST = 50


@dataclass(frozen=True)
class Rule:
    """An expression as a function of a background; ``conditions`` are those that it names, with their arguments."""

    holds: Callable[[Background], bool]
    conditions: frozenset[tuple[str, tuple[str, ...]]] = frozenset()

    def __call__(self, said: Background) -> bool:
        """Whether somebody who said this fits."""
        return self.holds(said)


@cache
def rule(expression: str) -> Rule:
    """The expression as a function of a background; an empty one lets everybody in.

    Raises:
        BadInput: it is no such expression; says where, and what was meant.

    >>> native_german = rule("native(de) and not knows(cmn, B)")
    >>> native_german({"native_languages": "de", "proficiency": "cmn:A en:C"})
    True
    >>> native_german({"native_languages": "de", "proficiency": "cmn:C"})
    False
    """
    words = ["".join(match.groups("")) for match in _TOKEN.finditer(expression)]
    if not words:
        return Rule(lambda _: True)
    if words.count("(") + words.count("not") > _DEEPEST:
        raise BadInput(f"'{expression[:60]} …' is longer than anybody could read; give some listeners a group of their own")
    found = _any(words, expression)
    if words:
        raise BadInput(f"'{expression}': '{words[0]}' is left over; join conditions with 'and' or 'or'")
    return found


def people(*expressions: str) -> Iterator[Background]:
    """Everybody who could fill in the background form, as far as these expressions tell them apart: for each language named
    a native speaker and somebody at each level named or below all of them, with and without each dialect, and so on.

    >>> [said["proficiency"] for said in people("knows(cmn, B)")]
    ['', 'cmn:B', 'cmn:none']
    """
    conditions = sorted({condition for text in expressions for condition in rule(text).conditions})
    levels: dict[str, set[str]] = {}
    dialects, ages, hearing = set[str](), set[str](), ["hearing_normal"]
    for name, given in conditions:
        if name in ("native", "grew_up_with") and (is_dialect(given[0]) or name == "grew_up_with"):
            dialects.add(normal(given[0]))
        elif name in ("native", "knows"):
            levels.setdefault(base(given[0]), set()).update(given[1:])
        elif name == "age_band":
            ages.update(given)
        else:
            hearing = ["hearing_normal", "hearing_difficulty"]
    known = [["native", *sorted({level for level in levels[tag] if level != "native"}), "none"] for tag in sorted(levels)]
    others = [age for age in AGES if age not in ages][:1]
    spoken = product(*([True, False] for _ in dialects))
    for own, grown, age, hears in product(product(*known), spoken, [*sorted(ages), *others], hearing):
        levels_of = dict(zip(sorted(levels), own, strict=True))
        yield {
            "native_languages": " ".join(tag for tag, level in levels_of.items() if level == "native") or "qaa",
            "dialects": " ".join(tag for tag, yes in zip(sorted(dialects), grown, strict=True) if yes),
            "proficiency": " ".join(f"{tag}:{level}" for tag, level in levels_of.items() if level != "native"),
            "age_band": age,
            "hearing": hears,
        }


def _joined(rules: list[Rule], how: Callable[[Iterator[bool]], bool]) -> Rule:
    return Rule(lambda said: how(one(said) for one in rules), frozenset().union(*(one.conditions for one in rules)))


def _any(words: list[str], whole: str) -> Rule:
    rules = [_all(words, whole)]
    while words and words[0] == "or":
        words.pop(0)
        rules.append(_all(words, whole))
    return _joined(rules, any)


def _all(words: list[str], whole: str) -> Rule:
    rules = [_one(words, whole)]
    while words and words[0] == "and":
        words.pop(0)
        rules.append(_one(words, whole))
    return _joined(rules, all)


def _one(words: list[str], whole: str) -> Rule:
    word = _take(words, whole)
    if word == "not":
        inner = _one(words, whole)
        return Rule(lambda said: not inner(said), inner.conditions)
    if word == "(":
        inner = _any(words, whole)
        _close(words, whole)
        return inner
    if word not in _CONDITIONS:
        raise BadInput(f"'{whole}': no condition '{word}'. {nearest(word, [*_CONDITIONS, 'and', 'or', 'not'])}")
    given = _arguments(words, whole) if words and words[0] == "(" else []
    holds = _CONDITIONS[word](given, whole)
    return Rule(holds, frozenset({(word, tuple(_age(g) if word == "age_band" else g for g in _complete(word, given)))}))


def _complete(word: str, given: list[str]) -> list[str]:
    return [*given, "A"] if word == "knows" and len(given) == 1 else given


def _arguments(words: list[str], whole: str) -> list[str]:
    words.pop(0)
    if words and words[0] == ")":
        words.pop(0)
        return []
    given = [_take(words, whole).strip("'\"")]
    while words and words[0] == ",":
        words.pop(0)
        given.append(_take(words, whole).strip("'\""))
    _close(words, whole)
    return given


def _take(words: list[str], whole: str) -> str:
    if not words or words[0] in (")", ",", "and", "or"):
        raise BadInput(f"'{whole}': something is missing {'before ' + repr(words[0]) if words else 'at the end'}")
    return words.pop(0)


def _close(words: list[str], whole: str) -> None:
    if not words or words.pop(0) != ")":
        raise BadInput(f"'{whole}': a closing parenthesis is missing")


def _tag(given: list[str], whole: str, most: int = 1) -> str:
    if not given or not is_tag(given[0]):
        raise BadInput(f"'{whole}': {given[0] if given else 'nothing'!r} is not a BCP 47 language tag like de or cmn")
    if len(given) > most:
        raise BadInput(f"'{whole}': {given[most]!r} is one word too many; join several conditions with 'or'")
    return given[0]


def _native(given: list[str], whole: str) -> Callable[[Background], bool]:
    tag = _tag(given, whole)

    def holds(said: Background) -> bool:
        own = said.get("native_languages", "").split()
        if is_dialect(tag):
            return normal(tag) in {normal(t) for t in [*own, *said.get("dialects", "").split()]}
        return base(tag) in {base(t) for t in own}

    return holds


def _knows(given: list[str], whole: str) -> Callable[[Background], bool]:
    tag = _tag(given, whole, most=2)
    wanted = _complete("knows", given)[1]
    if wanted not in _LEVELS[1:]:
        raise BadInput(f"'{whole}': no level '{wanted}'. {nearest(wanted, _LEVELS[1:])}")

    def holds(said: Background) -> bool:
        if base(tag) in {base(t) for t in said.get("native_languages", "").split()}:
            return True
        pairs = [pair.rsplit(":", 1) for pair in said.get("proficiency", "").split() if ":" in pair]
        return max((_rank(level) for t, level in pairs if base(t) == base(tag)), default=0) >= _rank(wanted)

    return holds


def _rank(level: str) -> int:
    band = level if level in _LEVELS else level[:1]  # C1 is a C
    return _LEVELS.index(band) if band in _LEVELS else 0


def _grew_up_with(given: list[str], whole: str) -> Callable[[Background], bool]:
    tag = normal(_tag(given, whole))
    return lambda said: tag in {normal(t) for t in said.get("dialects", "").split()}


def _hearing_normal(given: list[str], whole: str) -> Callable[[Background], bool]:
    if given:
        raise BadInput(f"'{whole}': hearing_normal takes no argument")
    return lambda said: said.get("hearing") == "hearing_normal"


def _age_band(given: list[str], whole: str) -> Callable[[Background], bool]:
    wanted = {_age(band) for band in given}
    unknown = sorted(wanted - set(AGES))
    if unknown or not wanted:
        raise BadInput(f"'{whole}': no age band '{unknown[0] if unknown else ''}'; there are {', '.join(AGES)}")
    return lambda said: said.get("age_band") in wanted


def _age(band: str) -> str:
    return band.replace("-", "–")


AGES = ("18–24", "25–34", "35–44", "45–54", "55–64", "65+", "not_said")
"""The ages that a participant may choose from, in years."""

_CONDITIONS: dict[str, Callable[[list[str], str], Callable[[Background], bool]]] = {
    "native": _native,
    "knows": _knows,
    "grew_up_with": _grew_up_with,
    "hearing_normal": _hearing_normal,
    "age_band": _age_band,
}
