"""The YAML of webMUSHRA's configs, read as its own parser (yaml.js 0.3) takes it, with the line of every value.

That parser reads line by line and is kinder than YAML: ``content: Reminder: listen twice`` is a text with a colon, and
``@home`` is a text as well. What YAML would refuse for such a reason is put into quotes first, line for line, so that
line numbers stay; PyYAML does the rest. Plain values mean what they mean there: ``no``, ``on`` and ``2_493.01`` are texts,
``007`` is the number 7 and ``1,000`` is 1000, in keys too; of a key that stands twice the first counts. One thing is left
out on purpose: a date stays the text it was written as, since yaml.js makes a moment in the reader's time zone of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ser_core.errors import BadInput, Problem

_MOST_VALUES = 200_000
"""Aliases (``*name``) can make a small file stand for billions of values."""


@dataclass(frozen=True)
class Node:
    """A value of the file: None, bool, int, float, str, a list of nodes, or a dict of nodes by key.

    ``line`` counts from 1; a dict's value has the line of its key.
    """

    value: Any
    line: int

    @property
    def text(self) -> str:
        """A plain value as JavaScript would write it, which is how results name it; empty for nothing, lists and maps."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, float):
            return str(int(self.value)) if self.value.is_integer() and abs(self.value) < 1e21 else repr(self.value)
        return str(self.value) if isinstance(self.value, int | str) else ""

    @property
    def items(self) -> list[Node]:
        """The list's nodes; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def keys(self) -> dict[str, Node]:
        """The map's nodes by key; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}


@dataclass
class _Reading:
    remarks: list[tuple[int, str]] = field(default_factory=list)
    values: int = 0


def read(path: Path) -> tuple[Node, list[tuple[int, str]]]:
    """The file, and remarks (line, sentence) on what another reader of YAML would have taken otherwise.

    Raises:
        BadInput: it cannot be read, is empty, is no text, or is not even this kind of YAML.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadInput(Problem("this file is missing", path)) from None
    except OSError as error:
        raise BadInput(Problem(f"cannot be read: {error.strerror}", path)) from error
    except UnicodeDecodeError as error:
        raise BadInput(Problem("is not a text file in UTF-8", path)) from error
    return parse(text, path)


def parse(text: str, path: Path) -> tuple[Node, list[tuple[int, str]]]:
    """As ``read``, of a text; ``path`` is what problems name."""
    reading = _Reading()
    mended = "\n".join(_mended(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), reading))
    try:
        node = yaml.compose(mended, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        tab = "'\\t'" in str(error.problem)
        what = "a tab stands in the indentation" if tab else str(error.problem)
        raise BadInput(Problem(f"is not YAML: {what}", path, line)) from error
    except yaml.reader.ReaderError as error:
        line = mended.count("\n", 0, int(error.position)) + 1
        raise BadInput(Problem("holds a character that no text file should (is it a binary file?)", path, line)) from error
    except RecursionError as error:
        raise BadInput(Problem("is nested too deeply", path)) from error
    if node is None:
        raise BadInput(Problem("is empty", path))
    try:
        return _node(node, node.start_mark.line + 1, reading), sorted(set(reading.remarks))
    except RecursionError as error:
        raise BadInput(Problem("an alias (*name) stands for something that holds itself", path)) from error
    except OverflowError as error:
        raise BadInput(Problem("aliases (*name) make more values of it than any test has", path)) from error


# --- lines that YAML would refuse, and yaml.js takes -----------------------------------------------------------------

_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'"""
_ITEM = re.compile(r"(?P<lead> *(?:-[ \t]+)*)(?P<rest>.*)")
_PAIR = re.compile(rf"(?P<key>{_QUOTED}|[^\s'\"\[{{#].*?)[ \t]*:(?:[ \t]+(?P<value>.*))?")
_BLOCK = re.compile(r"(?:&\S+ +|!\S+ +)*[|>](?:[-+]|[0-9]|[-+][0-9]|[0-9][-+])?(?: +#.*)?")
_ANCHOR = re.compile(r"&(?P<name>[^ ]+) *(?P<value>.*)")


def _mended(lines: list[str], reading: _Reading) -> Iterator[str]:
    """Each line as YAML takes it; a value that goes on below is put into quotes from its first line to its last."""
    block: int | None = None  # the column that a block of text (| or >) must stand right of, while in one
    open_value = ""  # a quoted text or a [list] that goes on in the next line
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if block is not None and (not line.strip() or _indent(line) > block):
            yield line
            continue
        block = None
        if open_value:
            open_value = _still_open(f"{open_value}\n{line}")
            yield line
            continue
        item = _ITEM.fullmatch(line.rstrip())
        if not item or item["rest"] in ("", "-") or item["rest"].startswith(("#", "\t", "---", "...", "%YAML")):
            yield line
            continue
        lead, rest = item["lead"].replace("\t", " "), item["rest"]
        pair = _PAIR.fullmatch(rest)
        if pair and " #" in pair["key"]:
            pair = None
        value = (pair["value"] or "").strip() if pair else rest
        column = len(lead) if pair else lead.rfind("-")
        begin = f"{lead}{_key(pair['key'])}: " if pair else lead
        if _BLOCK.fullmatch(value):
            block = column
            yield begin + value
            continue
        open_value = _still_open(value)
        if open_value:
            yield begin + value
            continue
        below = _continuation(lines, at, column) if value and value[0] not in "'\"[{*!#&" else 0
        if below:
            yield from _one_text(begin, [value, *lines[at : at + below]], at, reading)
            at += below
        else:
            yield (begin + _value(value, at, reading)).rstrip()


def _continuation(lines: list[str], at: int, column: int) -> int:
    """How many of the lines from ``at`` on belong to a plain text that began at ``column``."""
    count = 0
    for n, line in enumerate(lines[at:], 1):
        if line.strip() and _indent(line) <= column:
            break
        if line.strip():
            count = n
    return count if any(not line.strip().startswith("#") for line in lines[at : at + count] if line.strip()) else 0


def _one_text(begin: str, lines: list[str], number: int, reading: _Reading) -> Iterator[str]:
    """A plain text over several lines, in quotes; it ends at the first " #", whatever follows."""
    kept = ["" if n and line.strip().startswith("#") else line.strip() for n, line in enumerate(lines)]
    cut = next((n for n, line in enumerate(kept) if " #" in line), len(kept) - 1)
    if cut < len(kept) - 1:
        reading.remarks.append((number, "the text is cut at ' #', as webMUSHRA does; what follows is a comment there"))
    quoted = [line.split(" #", 1)[0].rstrip().replace("'", "''") for line in kept[: cut + 1]]
    quoted[0] = f"{begin}'{quoted[0]}"
    quoted[-1] += "'"
    pad = " " * (len(begin) - len(begin.lstrip(" -")) + 1)
    yield quoted[0]
    yield from (pad + line for line in quoted[1:])
    yield from ("" for _ in kept[cut + 1 :])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _still_open(value: str) -> str:
    """The value itself if it is a quoted text, a [list] or a {map} that its line does not close; else nothing."""
    if value.startswith(("'", '"')):
        return "" if re.match(_QUOTED, value) else value
    if not value.startswith(("[", "{")):
        return ""
    plain = re.sub(_QUOTED, "", value)
    return value if sum(plain.count(c) for c in "[{") > sum(plain.count(c) for c in "]}") else ""


def _key(key: str) -> str:
    return _quoted(key) if key[0] in "@`%*&!|>,]}?" else key


def _value(value: str, number: int, reading: _Reading) -> str:
    if not value or value.startswith(("'", '"', "[", "{", "*", "!", "#")) or _BLOCK.fullmatch(value):
        return value
    if (anchor := _ANCHOR.fullmatch(value)) and not re.fullmatch(r"[\w-]+", anchor["name"]):
        reading.remarks.append((number, f"'&{anchor['name']}' is taken for a YAML anchor and left out, as webMUSHRA does"))
        return _value(anchor["value"], number, reading)
    if anchor:
        return f"&{anchor['name']} {_value(anchor['value'], number, reading)}"
    plain = value.split(" #", 1)[0].rstrip()
    refused = re.search(r":(\s|$)|\t", plain) or re.match(r"[@`%,|>\]}]|[-?:](\s|$)", plain)
    if not refused:
        return value
    reading.remarks.append((number, "is no strict YAML (a text with such signs needs quotes); read as webMUSHRA reads it"))
    return _quoted(plain)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# --- values ----------------------------------------------------------------------------------------------------------


def _node(node: yaml.Node, line: int, reading: _Reading) -> Node:
    reading.values += 1
    if reading.values > _MOST_VALUES:
        raise OverflowError
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(item, item.start_mark.line + 1, reading) for item in node.value], line)
    if isinstance(node, yaml.MappingNode):
        return Node(_map(node, reading), line)
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return Node(_plain(node.value, line, reading) if plain else node.value, line)


def _map(node: yaml.MappingNode, reading: _Reading) -> dict[str, Node]:
    found: dict[str, Node] = {}
    merged: list[Node] = []
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = _named(key, reading)
        if name == "<<" and isinstance(value, yaml.MappingNode | yaml.SequenceNode):
            merged.append(_node(value, line, reading))
        elif name in found:
            what = f"the key '{name}' stands twice here; webMUSHRA takes the first (line {found[name].line})"
            reading.remarks.append((line, what))
        else:
            found[name] = _node(value, line, reading)
    for other in merged:
        for part in [other, *other.items]:
            found.update({k: v for k, v in part.keys.items() if k not in found})
    return found


def _named(key: yaml.Node, reading: _Reading) -> str:
    """A key; yaml.js evaluates it like a value, so that the clip ``007`` is called 7 in the results."""
    if not isinstance(key, yaml.ScalarNode):
        return "?"
    value = _plain(key.value, key.start_mark.line + 1, reading) if key.style is None else key.value
    return "null" if value is None else Node(value, 0).text


_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t]+[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[-+]?[0-9,]+(?:\.[0-9]+)?")


def _plain(text: str, line: int, reading: _Reading) -> Any:
    """A value without quotes, as yaml.js evaluates it."""
    lower = text.lower()
    if lower in ("", "~", "null", "true", "false"):
        return {"true": True, "false": False}.get(lower)
    if _DATE.fullmatch(text):
        reading.remarks.append((line, f"'{text}' is kept as a text; webMUSHRA makes a date of it"))
        return text
    value = _as_number(text)
    if not isinstance(value, str) and Node(value, line).text != text:
        reading.remarks.append((line, f"'{text}' is read as the number {Node(value, line).text}, as webMUSHRA does"))
    return value


def _as_number(text: str) -> int | float | str:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        return int(text, 16)
    if re.fullmatch(r"0[0-9]*", digits):
        return sign * int(re.sub("[^0-7]", "", digits), 8)  # octal; a digit 8 or 9 is passed over
    if _NUMBER.fullmatch(text) and len(text) < 300:
        number = float(text)
        return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else number if abs(number) < 1e308 else text
    if _THOUSANDS.fullmatch(text) and re.search("[0-9]", text):
        first = re.match(r"[-+]?[0-9]*(?:\.[0-9]+)?", text.replace(",", "", 1))
        return float(first[0]) if first and re.search("[0-9]", first[0]) else text
    return text
