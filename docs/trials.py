"""Write docs/trials.md from what the trial types declare of themselves: `.venv/bin/python -m docs.trials`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from listening_tests.trial import Parameters, TrialType, trial_types
from listening_tests.trial_types._listening import LISTENING, Hearing

PAGE = Path(__file__).with_name("trials.md")
HEAD = """\
# Types of trials

Written by `python -m docs.trials` from the files in `listening_tests/trial_types/`; do not edit. An entry of a study's
timeline is `{trial: TYPE, <parameters>}`, and may further have `only` (for whom), `scattered` and `every` (where in its
block). Texts are given by interface language: `{en: Listen, de: Hören Sie}`.
"""


def page() -> str:
    """The whole page."""
    shared = [
        "## What types with clips share\n",
        _parameters(Hearing),
        "What the player reports with every answer:\n",
        table(("field", "what"), [(f"`{f.name}`", f.help) for f in LISTENING]),
    ]
    return "\n".join([HEAD, *(_type(name, kind) for name, kind in trial_types().items()), *shared])


def _type(name: str, kind: TrialType) -> str:
    module = importlib.import_module(f"listening_tests.trial_types.{name}")
    hears = issubclass(kind.parameters, Hearing)
    common = {f.name for f in LISTENING}
    answers = [(f"`{f.name}`", f.help) for f in kind.answer if f.name not in common]
    reports = common <= {f.name for f in kind.answer}
    parts = [
        f"## `{name}`\n",
        (module.__doc__ or "").replace("``", "`").strip() + "\n",
        _parameters(kind.parameters, Hearing if hears else Parameters),
        "And [what types with clips share](#what-types-with-clips-share).\n" if hears else "",
        table(("answer", "what"), answers) if answers else "",
        "And what the player reports.\n" if reports else "",
    ]
    return "\n".join(part for part in parts if part)


def _parameters(model: type[Parameters], without: type[Parameters] = Parameters) -> str:
    """A table of what may be set, less what another model says in the same words."""
    told = list(_rows(without))
    rows = [row for row in _rows(model) if row not in told]
    return table(("parameter", "if not given", "what"), rows) if rows else ""


def _rows(model: type[Parameters], before: str = "") -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        inner = [m for m in (field.annotation, *get_args(field.annotation)) if _is_model(m)]
        default = "" if field.is_required() else _written(field.get_default(call_default_factory=True))
        of_each = "[]" if inner and not _is_model(field.annotation) else ""
        yield f"`{before}{name}`", default, f"{field.description}{_allowed(field.annotation)}"
        for one in inner:
            yield from _rows(one, f"{before}{name}{of_each}.")


def _allowed(annotation: Any) -> str:
    """The words that may be written, where only some may."""
    choice = next((a for a in (annotation, *get_args(annotation)) if get_origin(a) is Literal), None)
    return "" if choice is None else f" ({', '.join(f'`{word}`' for word in get_args(choice))})"


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Parameters)


def _written(value: Any) -> str:
    return "" if isinstance(value, Parameters) else f"`{json.dumps(value, ensure_ascii=False)}`"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
