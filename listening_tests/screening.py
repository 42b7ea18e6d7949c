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
from collections.abc import Callable, Mapping
from functools import cache

from ser_core.errors import BadInput, nearest
from ser_core.languages import base, is_dialect, is_tag, normal

Background = Mapping[str, str]
Rule = Callable[[Background], bool]
_TOKEN = re.compile(r"\s*(?:([()])|([^\s(),]+)|(,))")
_LEVELS = ("none", "A", "B", "C", "native")


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
    words = _words(expression)
    if not words:
        return lambda _: True
    found = _any(words, expression)
    if words:
        raise BadInput(f"'{expression}': '{words[0]}' is left over; join conditions with 'and' or 'or'")
    return found


def _words(expression: str) -> list[str]:
    return ["".join(match.groups("")) for match in _TOKEN.finditer(expression)]


def _any(words: list[str], whole: str) -> Rule:
    rules = [_all(words, whole)]
    while words and words[0] == "or":
        words.pop(0)
        rules.append(_all(words, whole))
    return lambda said: any(one(said) for one in rules)


def _all(words: list[str], whole: str) -> Rule:
    rules = [_one(words, whole)]
    while words and words[0] == "and":
        words.pop(0)
        rules.append(_one(words, whole))
    return lambda said: all(one(said) for one in rules)


def _one(words: list[str], whole: str) -> Rule:
    word = _take(words, whole)
    if word == "not":
        inner = _one(words, whole)
        return lambda said: not inner(said)
    if word == "(":
        inner = _any(words, whole)
        _close(words, whole)
        return inner
    if word not in _CONDITIONS:
        raise BadInput(f"'{whole}': no condition '{word}'. {nearest(word, _CONDITIONS)}")
    return _CONDITIONS[word](_arguments(words, whole) if words and words[0] == "(" else [], whole)


def _arguments(words: list[str], whole: str) -> list[str]:
    words.pop(0)
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
    if not 1 <= len(given) <= most or not is_tag(given[0]):
        raise BadInput(f"'{whole}': {given[0] if given else 'nothing'!r} is not a BCP 47 language tag like de or cmn")
    return given[0]


def _native(given: list[str], whole: str) -> Rule:
    tag = _tag(given, whole)

    def holds(said: Background) -> bool:
        own = said.get("native_languages", "").split()
        if is_dialect(tag):
            return normal(tag) in {normal(t) for t in [*own, *said.get("dialects", "").split()]}
        return base(tag) in {base(t) for t in own}

    return holds


def _knows(given: list[str], whole: str) -> Rule:
    tag = _tag(given, whole, most=2)
    wanted = given[1] if len(given) > 1 else "A"
    if wanted not in _LEVELS[1:]:
        raise BadInput(f"'{whole}': no level '{wanted}'. {nearest(wanted, _LEVELS[1:])}")

    def holds(said: Background) -> bool:
        if base(tag) in {base(t) for t in said.get("native_languages", "").split()}:
            return True
        levels = dict(pair.rsplit(":", 1) for pair in said.get("proficiency", "").split() if ":" in pair)
        known = {base(t): level for t, level in levels.items()}
        return _rank(known.get(base(tag), "none")) >= _rank(wanted)

    return holds


def _rank(level: str) -> int:
    band = level if level in _LEVELS else level[:1]  # C1 is a C
    return _LEVELS.index(band) if band in _LEVELS else 0


def _grew_up_with(given: list[str], whole: str) -> Rule:
    tag = normal(_tag(given, whole))
    return lambda said: tag in {normal(t) for t in said.get("dialects", "").split()}


def _hearing_normal(given: list[str], whole: str) -> Rule:
    if given:
        raise BadInput(f"'{whole}': hearing_normal takes no argument")
    return lambda said: said.get("hearing") == "hearing_normal"


def _age_band(given: list[str], whole: str) -> Rule:
    wanted = {band.replace("-", "–") for band in given}
    unknown = sorted(wanted - set(AGES))
    if unknown or not wanted:
        raise BadInput(f"'{whole}': no age band '{unknown[0] if unknown else ''}'; there are {', '.join(AGES)}")
    return lambda said: said.get("age_band") in wanted


AGES = ("18–24", "25–34", "35–44", "45–54", "55–64", "65+", "not_said")
"""The ages that a participant may choose from, in years."""

_CONDITIONS: dict[str, Callable[[list[str], str], Rule]] = {
    "native": _native,
    "knows": _knows,
    "grew_up_with": _grew_up_with,
    "hearing_normal": _hearing_normal,
    "age_band": _age_band,
}
