"""What pydantic found wrong with a YAML file, as sentences with lines and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ser_core import yaml_lines
from ser_core.errors import Problem, nearest


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    where: yaml_lines.Where,
    lines: dict[yaml_lines.Where, int],
    path: Path,
    *,
    of: str = "",
    also: Collection[str] = (),
) -> list[Problem]:
    """What pydantic found, as sentences with lines; an unknown key is told the nearest known one of its place.

    Args:
        error: what pydantic found.
        model: of what.
        where: the place of that in the file.
        lines: of the file's places.
        path: of the file.
        of: what it is called in the sentences; empty: the whole file.
        also: keys that may stand beside those of the model.
    """
    return [
        Problem(_sentence(e, model, of, also), path, yaml_lines.line_of(lines, (*where, *e["loc"])))
        for e in _together(error.errors())
    ]


def _together(errors: Sequence[Any]) -> list[Any]:
    """Of a value that may be a number or one of some words, and is neither, one error instead of one for each."""
    by_place: dict[tuple[str | int, ...], list[Any]] = {}
    for error in errors:
        place = error["loc"]
        alternative = place and isinstance(place[-1], str) and _ALTERNATIVE.fullmatch(place[-1])
        by_place.setdefault(place[:-1] if alternative else place, []).append(error)
    return [_either(place, several) if len(several) > 1 else several[0] for place, several in by_place.items()]


def _either(place: tuple[str | int, ...], errors: Sequence[Any]) -> Any:
    words = " or ".join(e["ctx"]["expected"].replace("'", "") for e in errors if e["type"] == "literal_error")
    return {"loc": place, "type": "number_or_word", "ctx": {"words": words}, "input": errors[0]["input"]}


_ALTERNATIVE = re.compile(r"int|literal\[.*\]")
"""What pydantic adds to the place of a value for each of the kinds that it may be of."""


def _sentence(error: Any, model: type[BaseModel], of: str, also: Collection[str]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    begin = f"{of}: " if of else ""
    if error["type"] == "extra_forbidden":
        *outer, key = error["loc"]
        known = [*_keys(model, outer), *(also if not outer else ())]
        return f"{begin}unknown key '{key}'. {nearest(str(key), known)}"
    if error["type"] == "missing":
        return f"{begin}'{place}' is missing"
    if error["type"] == "literal_error":
        choices = [part.strip("'") for part in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return f"{begin}'{place}': {error['input']!r} is not possible. {nearest(str(error['input']), choices)}"
    named = f"'{place}': " if place else ""
    if error["type"] == "value_error":  # a sentence of ours, which names what is wrong
        return f"{begin}{named}{error['ctx']['error']}"
    must = (_MUST.get(error["type"]) or error["msg"][0].lower() + error["msg"][1:]).format_map(error.get("ctx", {}))
    return f"{begin}{named}{must}, not {error['input']!r}"


_MUST = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    "number_or_word": "must be a whole number or {words}",
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("dict_type", "model_type"), "must hold lines of 'key: value'"),
    "list_type": "must be a list",
    "string_type": "must be text (put a number in quotation marks)",
    "string_too_short": "must not be empty",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
    "too_short": "must not be shorter than {min_length}",
}
"""What pydantic says, in the words of this program; its kinds of errors are those of docs.pydantic.dev/errors."""


def _keys(model: type[BaseModel], outer: Sequence[str | int]) -> list[str]:
    """The keys that may stand at a place, followed through nested models, lists and optional ones."""
    for step in outer:
        if isinstance(step, str) and step in model.model_fields:
            model = next(_models(model.model_fields[step].annotation), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
