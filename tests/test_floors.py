"""Imports only point down: the house's floors (docs/architecture.md), read from the syntax of every file.

| floor | lives there | may not import |
|---|---|---|
| 4 | app.py, pages/ | torch and its friends; a page also no other page (pages/parts is shared) |
| 3 | listening_tests/ | floors 2 and 4, torch, streamlit (only waveform/ may); not even inside a function |
| 2 | ser_core/{corpora,encoders,features,methods,diarization,runs,engine,commands} | floors 3, 4; torch only in functions |
| 1 | the rest of ser_core: the three tables and all that reads them | floors 2 to 4, torch, anything of the web |
| 0 | ser_core/{emotions,errors,registry,languages,places,cli} | everything but the standard library and floor 0 |
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOOR_2 = {"corpora", "encoders", "features", "methods", "diarization", "runs", "engine", "commands"}
FLOOR_2 |= {"run_plan", "run_checks", "run_record", "run_tables", "probing", "probing_batch"}
FLOOR_2 |= {"probing_course", "probing_heads", "probing_mixed"}
FLOOR_2 |= {"tuning", "training", "experiments"}
FLOOR_0 = {"emotions", "errors", "registry", "languages", "places", "cli", "torchaudio_guard", "__init__", "__main__"}
TORCH = {"torch", "torchaudio", "transformers", "peft", "safetensors", "accelerate", "ray"}
WEB = {"streamlit", "starlette", "uvicorn", "sqlalchemy", "alembic", "argon2"}


@dataclass(frozen=True)
class Import:
    """A module that a file imports; ``deferred`` where this happens in a function, or for the type checker only."""

    module: str
    line: int
    deferred: bool


def floor_of(module: str) -> int | None:
    """The floor a module of ours lives on; None for everybody else's.

    >>> [floor_of(m) for m in ("pages.compare", "listening_tests.store", "ser_core.runs", "ser_core.metrics.ua", "numpy")]
    [4, 3, 2, 1, None]
    """
    top, _, rest = module.partition(".")
    if top in ("app", "pages"):
        return 4
    if top == "listening_tests":
        return 3
    if top != "ser_core":
        return None
    part = rest.partition(".")[0] or "__init__"
    return 2 if part in FLOOR_2 else 0 if part in FLOOR_0 else 1


def module_of(path: str) -> str:
    """The dotted name of a file, given relative to the root.

    >>> module_of("ser_core/metrics/__init__.py"), module_of("pages/listen.py")
    ('ser_core.metrics', 'pages.listen')
    """
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(path: str, source: str) -> list[Import]:
    """Everything a file imports, by statement, by ``import_module`` or by ``discover`` (with a name written out)."""
    package = module_of(path) if path.endswith("__init__.py") else module_of(path).rpartition(".")[0]
    return list(_imports(ast.parse(source), package, deferred=False))


def _imports(node: ast.AST, package: str, *, deferred: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, deferred) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        source = ".".join([*up, *([node.module] if node.module else [])])
        # "from ser_core import runs" imports ser_core.runs; a name that is no module lives on its module's floor anyway
        yield from (Import(f"{source}.{alias.name}", node.lineno, deferred) for alias in node.names)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in ("import_module", "__import__", "discover"):
            yield Import(str(node.args[0].value), node.lineno, deferred)
    inside = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        types_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and child in node.body
        yield from _imports(child, package, deferred=inside or types_only)


def violations(path: str, source: str) -> list[str]:
    """Every import of a file that the house does not allow, each as a sentence with its line."""
    found = []
    for imported in imports(path, source):
        reason = _why_not(path, imported)
        if reason:
            found.append(f"{path}:{imported.line}: imports {imported.module}: {reason}")
    return found


def _why_not(path: str, imported: Import) -> str | None:
    module, floor, below = module_of(path), floor_of(module_of(path)), floor_of(imported.module)
    top = imported.module.partition(".")[0]
    assert floor is not None, f"{path} lives on no floor"
    if below is not None and below > floor:
        return f"floor {below} is above floor {floor}"
    if floor == 4 and _another_page(module, imported.module):
        return "a page imports no other page; what two pages share lives in pages/parts"
    if floor == 3 and below == 2:
        return "people's side does not use the models' side"
    if top in TORCH and not (floor == 2 and imported.deferred):
        return "only floor 2 uses it, inside functions" if floor == 2 else "only floor 2 uses it"
    if top == "streamlit" and floor == 3 and not module.startswith("listening_tests.waveform"):
        return "a trial gets its ui passed in; only waveform/ mounts itself on streamlit"
    if top in WEB and floor < 3:
        return "the models' side knows no web and no participants' database"
    if floor == 0 and below != 0 and top not in sys.stdlib_module_names:
        return "floor 0 stands on the standard library alone"
    return None


def _another_page(module: str, imported: str) -> bool:
    inside = imported.partition(".")[2].partition(".")[0]
    return imported.startswith("pages.") and inside != "parts" and imported != module


FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for top in ("app.py", "pages", "listening_tests", "ser_core")
    for path in ([ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"))
)


@pytest.mark.parametrize("path", FILES)
def test_imports_only_point_down(path: str) -> None:
    assert violations(path, (ROOT / path).read_text(encoding="utf-8")) == []


PLANTED = {
    "the lowest floor takes numpy": ("ser_core/errors.py", "import numpy as np"),
    "the lowest floor takes the tables": ("ser_core/emotions.py", "from ser_core import ratings"),
    "a metric runs models": ("ser_core/metrics/ua.py", "from ser_core import runs"),
    "a metric runs models by a relative import": ("ser_core/metrics/ua.py", "from ..runs import start"),
    "a metric runs models in a function": ("ser_core/metrics/ua.py", "def f():\n    import ser_core.methods.majority"),
    "the tables take torch": ("ser_core/ratings.py", "def f():\n    import torch"),
    "a method takes torch at the top": ("ser_core/methods/probe.py", "import torch"),
    "a method takes torch at the top, in a try": (
        "ser_core/methods/probe.py",
        "try:\n    import torch\nexcept ImportError: ...",
    ),
    "a method takes part of torch at the top": ("ser_core/methods/probe.py", "from torch.nn import Linear"),
    "an encoder takes transformers in a class body": (
        "ser_core/encoders/x.py",
        "class A:\n    from transformers import AutoModel",
    ),
    "a method draws": ("ser_core/methods/probe.py", "def f():\n    import streamlit"),
    "a command asks the participants' store": ("ser_core/commands/score.py", "from listening_tests.store import Store"),
    "a run opens a database": ("ser_core/runs.py", "import sqlalchemy as sa"),
    "the people's side draws": ("listening_tests/study.py", "def f():\n    import streamlit as st"),
    "a trial type draws": ("listening_tests/trial_types/label.py", "import streamlit.components.v2"),
    "the people's side takes torch": ("listening_tests/session.py", "def f():\n    import torch"),
    "the people's side runs models": ("listening_tests/export.py", "def f():\n    from ser_core import runs"),
    "the people's side finds methods": ("listening_tests/x.py", "METHODS = discover('ser_core.methods', 'METHOD')"),
    "the people's side finds methods by name": ("listening_tests/x.py", "importlib.import_module('ser_core.methods')"),
    "the people's side opens a page": ("listening_tests/web.py", "from pages import listen"),
    "the player takes torch": ("listening_tests/waveform/__init__.py", "import torchaudio"),
    "a page takes torch": ("pages/models.py", "def f():\n    import torch"),
    "a page takes another page": ("pages/models.py", "from pages import compare"),
    "a page takes from another page": ("pages/models.py", "def f():\n    from pages.compare import matrix"),
    "a part takes a page": ("pages/parts/frame.py", "import pages.listen"),
    "the door takes transformers": ("app.py", "import transformers"),
}


@pytest.mark.parametrize(("path", "source"), PLANTED.values(), ids=PLANTED)
def test_a_planted_wrong_import_is_caught(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


ALLOWED = {
    "a method takes torch in a function": ("ser_core/methods/probe.py", "def f():\n    import torch\n    import torchaudio"),
    "a method names torch's types": ("ser_core/methods/x.py", "if TYPE_CHECKING:\n    import torch"),
    "a method takes the tables": ("ser_core/methods/probe.py", "from ser_core.ratings import Tables\nimport sklearn"),
    "a metric takes numpy and the tables": ("ser_core/metrics/ua.py", "import numpy as np\nfrom ser_core import ratings"),
    "the people's side takes the tables": ("listening_tests/export.py", "from ser_core import ratings\nimport sqlalchemy"),
    "the player draws": ("listening_tests/waveform/__init__.py", "import streamlit as st"),
    "a page draws and asks every floor": (
        "pages/models.py",
        "import streamlit\nfrom ser_core import runs\nimport pages.parts.frame",
    ),
    "a page names itself": ("pages/models.py", "import pages.models"),
}


@pytest.mark.parametrize(("path", "source"), ALLOWED.values(), ids=ALLOWED)
def test_a_right_import_is_left_alone(path: str, source: str) -> None:
    assert violations(path, source) == []


def test_the_checker_reads_real_files() -> None:
    assert "ser_core/ratings.py" in FILES
    assert any(path.startswith("listening_tests/trial_types/") for path in FILES)
    assert {"numpy", "pandas"} <= {
        i.module for i in imports("ser_core/ratings.py", (ROOT / "ser_core/ratings.py").read_text())
    }


LIGHT = """
import importlib, pkgutil, sys

def load(name):
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", [])):
        if f"{name}.{found.name}" not in SKIPPED:
            load(f"{name}.{found.name}")

# __main__ runs, and the environment of the migrations is Alembic's to load; the player alone stands on streamlit
SKIPPED = {"listening_tests.__main__", "listening_tests.migrations.env", "listening_tests.waveform"}
for name in sys.argv[2:]:
    load(name)
print(len([m for m in sys.modules if m.startswith(tuple(sys.argv[2:]))]))
sys.exit(", ".join(sorted(set(sys.argv[1].split(",")) & set(sys.modules))) or 0)
"""


def load(heavy: set[str], *packages: str) -> subprocess.CompletedProcess[str]:
    """Import whole packages in a fresh interpreter; it fails, naming them, if that brought heavy modules along."""
    command = [sys.executable, "-c", LIGHT, ",".join(sorted(heavy)), *packages]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_importing_the_peoples_side_and_what_it_stands_on_brings_neither_torch_nor_streamlit() -> None:
    done = load({*TORCH, "streamlit"}, "listening_tests", "ser_core.metrics", "ser_core.statistics", "ser_core.ratings")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_importing_all_of_the_models_side_leaves_torch_until_it_is_used() -> None:
    done = load(
        {"torch", "torchaudio", "transformers", "streamlit"}, *(f"ser_core.{p}" for p in ("corpora", "methods", "encoders"))
    )
    assert done.returncode == 0, done.stderr


def test_a_command_starts_without_what_only_some_of_them_need() -> None:
    done = load({*TORCH, "streamlit", "sklearn", "scipy.stats", "plotly"}, "ser_core.commands")
    assert done.returncode == 0, done.stderr


def test_a_heavy_module_that_came_along_is_named() -> None:
    done = load({"numpy", "torch"}, "ser_core.ratings")
    assert (done.returncode, done.stderr.strip()) == (1, "numpy")
