"""YAML that keeps what was written, and remembers where it stood.

Plain YAML turns ``no`` into False, ``2_493.01`` into 2493.01 and ``007`` into 7: clip ids and answers that were text. Here
only ``true`` and ``false``, plain whole numbers and plain decimal numbers are anything but text. A key that stands twice is
an error, since the first of the two would be lost in silence.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ser_core.errors import BadInput, Problem

Where = tuple[str | int, ...]
_MOST = 100_000
"""Values that a file may hold; a study of a thousand questions in ten languages has fewer."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own protocol)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
    ("null", r"^$", [""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read(path: Path) -> tuple[Any, dict[Where, int]]:
    """Read a YAML file.

    Returns:
        The data, and for each place in it (``("timeline", 2, "trial")``) the line, counted from 1.

    Raises:
        BadInput: the file cannot be read, and all that ``parse`` raises.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(Problem("this file is missing", path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Problem(f"cannot be read: {error}", path)) from error
    return parse(text, path)


def parse(text: str, path: Path) -> tuple[Any, dict[Where, int]]:
    """As ``read``, of a text that was read already; ``path`` is what problems name.

    Raises:
        BadInput: it is not YAML, or holds a key twice.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Where, int] = {}
        twice: list[Problem] = []
        if node is not None:
            _walk(node, (), (lines, twice, path))
        if twice:
            raise BadInput(*twice)
        return (None if node is None else loader.construct_document(node)), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadInput(Problem(f"is not YAML: {error.problem}", path, line)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        raise BadInput(Problem("holds a character that no text file should (a control character?)", path, line)) from error
    except RecursionError as error:
        raise BadInput(Problem("an alias (*name) stands for something that holds itself", path)) from error


def _walk(node: yaml.Node, where: Where, found: tuple[dict[Where, int], list[Problem], Path]) -> None:
    lines, twice, path = found
    lines[where] = node.start_mark.line + 1
    if len(lines) > _MOST:  # aliases of aliases make a few lines into billions of places
        what = f"holds more than {_MOST:,} values; does an alias (*name) stand for others, and they for more?"
        raise BadInput(Problem(what, path, node.start_mark.line + 1))
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            _walk(item, (*where, i), found)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*where, str(key.value))
            if place in lines:
                twice.append(Problem(f"the key '{key.value}' stands twice", path, key.start_mark.line + 1))
            _walk(value, place, found)
            lines[place] = key.start_mark.line + 1


def line_of(lines: dict[Where, int], where: Where) -> int | None:
    """The line of a place, or of the nearest place around it that the file holds.

    >>> line_of({(): 1, ("title",): 3}, ("title", "de"))
    3
    """
    while where not in lines and where:
        where = where[:-1]
    return lines.get(where)
