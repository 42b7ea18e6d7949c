"""What holds for the whole house: true documents, pinned requirements, no traces of a machine, commands that explain."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from ser_core.cli import main
from ser_core.registry import discover

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("ser_core", "listening_tests")
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for top in ("app.py", "pages", *PACKAGES, "data", "tests")
    for path in ([ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"))
)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


# --- documentation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES)
def test_every_module_says_what_it_is(path: str) -> None:
    source = read(path)
    assert not source.strip() or ast.get_docstring(ast.parse(source)), f"{path} has no docstring"


def discovered(source: str) -> set[str]:
    """Packages whose modules a file looks for: ``discover("a.b", ...)``, the names written out.

    >>> discovered('found = discover("ser_core.metrics", "METRIC")')
    {'ser_core.metrics'}
    """
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith("discover")]
    return {n.args[0].value for n in calls if n.args and isinstance(n.args[0], ast.Constant)}  # type: ignore[misc]


def named_folders(document: str) -> set[str]:
    """Folders named in the second column of the table that opens a document.

    >>> sorted(named_folders("| a | b |\\n|-|-|\\n| x | a file in `one/two/` |\\n\\n| y | `three/` |"))
    ['one/two']
    """
    table = document[document.index("|") :].split("\n\n")[0]
    rows = [line.split("|")[2] for line in table.splitlines()]
    return {folder.rstrip("/") for row in rows for folder in re.findall(r"`([^`]+/)`", row)}


def test_contributing_names_exactly_the_folders_in_which_things_are_found() -> None:
    found = set().union(*(discovered(read(path)) for path in SOURCES if not path.startswith("tests/")))
    folders = {package.replace(".", "/") for package in found} | {f"{package}/commands" for package in PACKAGES}
    no_code = {"listening_tests/languages", "listening_tests/studies", "data/studies"}
    assert named_folders(read("CONTRIBUTING.md")) == folders | no_code


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/architecture.md", "data/demo/README.md"])
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    named = [name for name in re.findall(r"`([\w./-]+)`", read(document)) if "/" in name or name.endswith((".py", ".md"))]
    made_later = ("data/answers/", "data/studies/", "data/runs/", "data/features/")
    places = (ROOT, (ROOT / document).parent, ROOT / "ser_core", ROOT / "listening_tests")
    missing = [n for n in named if not n.startswith(made_later) and not any((place / n).exists() for place in places)]
    assert named
    assert missing == []


def test_the_licence_is_the_one_that_the_project_declares() -> None:
    assert 'license = "GPL-3.0-or-later"' in read("pyproject.toml")
    licence = read("LICENSE")
    assert "GNU GENERAL PUBLIC LICENSE" in licence
    assert "Version 3, 29 June 2007" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_the_changelog_speaks_of_the_version_that_the_project_declares() -> None:
    version = re.search(r'^version = "(.+)"', read("pyproject.toml"), re.MULTILINE)
    assert version
    assert f"## {version[1]}" in read("CHANGELOG.md")


# --- requirements ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(path: str) -> None:
    lines = [line.partition("#")[0].strip() for line in read(path).splitlines()]
    wanted = [line for line in lines if line and line != "-r requirements.txt"]
    assert len(wanted) > 5
    assert [line for line in wanted if not re.fullmatch(r"[\w.-]+(\[[\w,]+\])?==[\w.]+(; \w+ != \"\w+\")?", line)] == []


# --- traces of a machine ---------------------------------------------------------------------------------------------

# In pieces, so that this file does not name what it looks for.
HOSTS = [
    ".".join(parts)
    for parts in (("pypi", "org"), ("python" + "hosted", "org"), ("registry", "npmjs"), ("download", "pytorch"))
]
HOSTS += [
    ".".join(parts) for parts in (("conda", "anaconda"), ("deb", "debian", "org"), ("huggingface", "co"), ("esm", "sh"))
]
FOLDERS = ["/" + name + "/" for name in ("work", "tmp", "root", "home", "Users", "mnt", "opt", "srv")]
TRACE = re.compile(
    "|".join([*(re.escape(host) for host in HOSTS), *(rf"(?<![\w.*<>}}~-]){re.escape(folder)}\w" for folder in FOLDERS)])
)


@cache
def committed() -> list[str]:
    """Files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def traces(text: str) -> list[str]:
    return [match.group() for match in TRACE.finditer(text)]


def test_no_committed_file_names_a_folder_of_a_machine_or_a_registry() -> None:
    found = []
    for name in committed():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found += [f"{name}: {trace}" for trace in traces(content.decode("utf-8"))]
    assert found == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_a_machine_is_seen(folder: str) -> None:
    assert traces(f'path = "{folder}me/x.csv"')
    assert traces(f"see {folder}me")
    assert not traces(f"docs{folder}me")


@pytest.mark.parametrize("host", HOSTS)
def test_a_registry_is_seen(host: str) -> None:
    assert traces(f"--index-url https://{host}/simple")


# --- commands --------------------------------------------------------------------------------------------------------

VERBS = [(package, verb.replace("_", "-")) for package in PACKAGES for verb in discover(f"{package}.commands", "COMMAND")]


@pytest.mark.parametrize(("package", "verb"), VERBS)
def test_every_command_explains_itself(package: str, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(package, [verb, "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert f"python -m {package} {verb}" in said
    assert discover(f"{package}.commands", "COMMAND")[verb.replace("-", "_")].help.split()[0] in said


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_its_commands(package: str) -> None:
    done = subprocess.run([sys.executable, "-m", package, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(verb in done.stdout for owner, verb in VERBS if owner == package)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_command_is_refused_with_status_2(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(package, ["sing"])
    assert stopped.value.code == 2
    assert "sing" in capsys.readouterr().err


# --- the two commands of the newcomer --------------------------------------------------------------------------------


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask make; with ``-n`` it only says what it would do."""
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


def test_make_help_names_every_target() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", read("Makefile"), re.MULTILINE)
    assert targets
    said = make("help").stdout
    assert [t for t in targets[1].split() if f"make {t}" not in said] == []


def test_make_app_takes_torch_from_the_index_it_is_told_before_all_else() -> None:
    said = make("-n", "-B", "app", "TORCH_INDEX=file:///wheels").stdout
    assert '--index-url "file:///wheels"' in said
    assert said.index("file:///wheels") < said.index(
        "install --disable-pip-version-check --progress-bar off -r requirements.txt"
    )
    assert said.rstrip().endswith("-m listening_tests serve")


def test_make_without_a_new_enough_python_says_what_to_do() -> None:
    done = make("VENV=no-such-folder", "PYTHON=", "install")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stdout
    assert not (ROOT / "no-such-folder").exists()
