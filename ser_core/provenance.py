"""Where compared ratings come from, as far as it can be handed on: folders by their names, and how each model was run.

A run's ``config.yaml`` says what decided its ratings. A report carries a copy of each in ``runs/``, and in ``report.yaml``
the folders, the filter and what it left out, so that a report made from a report knows as much as the first. No copy holds a
path of the machine it was made on: of each only the last part is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ser_core import archive
from ser_core.errors import BadInput, Problem

REPORT, RUNS = "report.yaml", "runs/"
_PATH = re.compile(
    r"(?<![\w:/.<>~-])(?:~|(?:[A-Za-z]:)?[/\\][^/\\\s'\",;:]+)(?:[/\\][^/\\\s'\",;:]+)*[/\\]([^/\\\s'\",;:]+)"
)
_WHOLE_PATH = re.compile(r"^(?:~|[A-Za-z]:)?[/\\].*[/\\]([^/\\\n]+)[/\\]?$")
_MACHINE = ("host", "hostname", "user", "address")
"""Keys that would name a machine or its user."""


@dataclass(frozen=True)
class MadeOf:
    """Where ratings come from.

    Attributes:
        folders: what they were read from, by name.
        where: the filter (``filters.Where``).
        said: sentences on what an earlier filter left out.
        runs: of each run its ``config.yaml``, by the run's name, without paths.
    """

    folders: tuple[str, ...] = ()
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    runs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


UNKNOWN = MadeOf()


def made_of(folders: Sequence[str | Path], where: Mapping[str, Sequence[str]]) -> MadeOf:
    """What these folders, or reports as a ZIP or unpacked, say of themselves; what is not there says nothing.

    Args:
        folders: as for ``ratings.read_all``.
        where: the filter that is applied to them now.

    Raises:
        BadInput: a config or a report is damaged; every one.
    """
    said: list[str] = []
    runs: dict[str, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    told: Mapping[str, Any] = {}
    for folder in folders:
        try:
            told, own = _read(Path(folder))
        except BadInput as bad:
            problems += bad.problems
            continue
        said += told.get("left_out_before", [])
        runs |= {_free(name, runs): config for name, config in own.items()}
    if problems:
        raise BadInput(*problems)
    names = tuple(Path(folder).absolute().name for folder in folders)
    again = told if len(folders) == 1 else {}  # a report of a report is one of the same folders
    both = {**again.get("where", {}), **{name: list(values) for name, values in where.items()}}
    return MadeOf(tuple(again.get("folders", names)), both, tuple(said), runs)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    numbered = (f"{name}-{n}" for n in range(2, len(taken) + 3))
    return name if name not in taken else next(other for other in numbered if other not in taken)


def _read(folder: Path) -> tuple[Mapping[str, Any], dict[str, Mapping[str, Any]]]:
    """``report.yaml``, empty where there is none, and the configs of runs by name."""
    if folder.is_file():
        files = archive.unpack(folder, [REPORT, f"{RUNS}*", "config.yaml"])
    else:
        paths = [folder / REPORT, folder / "config.yaml", *sorted(folder.glob(f"{RUNS}**/*.yaml"))]
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}
    read = {name: _mapping(content, folder / name) for name, content in files.items()}
    told = _checked(read.pop(REPORT, {}), folder / REPORT)
    own = folder.absolute().name.removesuffix(".zip")
    named = {name: own if name == "config.yaml" else name.removeprefix(RUNS).removesuffix(".yaml") for name in read}
    return told, {_named(config, named[name]): clean(config) for name, config in read.items()}


def _named(config: Mapping[str, Any], otherwise: str) -> str:
    """What a run calls itself, for that is what its raters call it; a report keeps its config under this name."""
    name = str(config.get("run") or "")
    return name if name and not set(name.split("/")) & {"", ".", ".."} else otherwise


def _mapping(content: bytes, path: Path) -> Mapping[str, Any]:
    try:
        read = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(
            Problem(f"cannot be read as YAML ({' '.join(str(error).split())}); restore the file", path)
        ) from error
    if not isinstance(read, dict):
        raise BadInput(Problem("holds no keys and values; restore the file, or take it away", path))
    return read


_KEYS = {"folders": "a list of names", "where": "lists of values by name", "left_out_before": "a list of sentences"}


def _checked(told: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """What a report says of itself, if it is of the kinds that we write."""
    lists = {name: told.get(name, []) for name in _KEYS if name != "where"}
    where = told.get("where", {})
    wrong = [name for name, held in lists.items() if not isinstance(held, list)]
    if not isinstance(where, dict) or not all(isinstance(values, list) for values in where.values()):
        wrong.append("where")
    if wrong:
        raise BadInput(*(Problem(f"'{name}' should be {_KEYS[name]}; restore the file", path) for name in wrong))
    return told


def clean(value: Any) -> Any:
    """The same without paths of a machine: of each only the last part, in texts of many lines as well.

    >>> clean({"file": "/media/me/my corpora/de.csv", "text": "root: /data/x/y or ~/z", "rate": "a/b", "host": "pc7"})
    {'file': 'de.csv', 'text': 'root: y or z', 'rate': 'a/b'}
    >>> clean({"/data/de/stimuli.csv": "1f", "/data/en/stimuli.csv": "2e"})
    {'stimuli.csv': '1f', 'stimuli.csv-2': '2e'}
    """
    if isinstance(value, Mapping):
        cleaned: dict[Any, Any] = {}
        for key, held in value.items():
            if key not in _MACHINE:
                cleaned[_free(clean(key), cleaned) if isinstance(key, str) else key] = clean(held)
        return cleaned
    if isinstance(value, list | tuple):
        return [clean(held) for held in value]
    return _PATH.sub(r"\1", _WHOLE_PATH.sub(r"\1", value)) if isinstance(value, str) else value
