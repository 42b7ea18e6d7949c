"""Each command is one file; its exit status says whose fault it was."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from ser_core import cli, places
from ser_core.cli import Command
from ser_core.errors import BadInput, Problem
from ser_core.places import ROOT
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame, write
from ser_core.registry import discover
from tests.ser_core import voices

COMMANDS = [
    (package, verb.replace("_", "-"), command)
    for package in ("ser_core", "listening_tests")
    for verb, command in discover(f"{package}.commands", "COMMAND").items()
]


@pytest.mark.parametrize(("package", "verb", "command"), COMMANDS, ids=[f"{p} {v}" for p, v, _ in COMMANDS])
def test_a_command_says_what_it_is_for(package, verb, command, capsys):
    assert isinstance(command, Command)
    assert command.help
    with pytest.raises(SystemExit) as stop:
        cli.main(package, [verb, "--help"])
    assert stop.value.code == 0
    assert " ".join(command.help.split()) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("runs", "typed"), [(ROOT / ".venv/bin/python", ".venv/bin/python"), ("/usr/bin/python3", "python")]
)
def test_a_command_is_told_as_it_can_be_typed_in_the_projects_folder(runs, typed, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(runs))
    assert places.typed("ser_core", "run", "my file.yaml") == f"{typed} -m ser_core run 'my file.yaml'"


def test_a_command_that_is_called_starts_without_the_others():
    code = "import sys; from ser_core.cli import main; main('ser_core', ['corpora']); print('ser_core.runs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.fixture
def command(monkeypatch):
    """One command ``do-it`` that does what the test says."""

    def install(run):
        monkeypatch.setattr(cli, "_commands", lambda package, words: {"do_it": Command("does it", _no_arguments, run)})

    return install


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults()


def test_work_done_exits_with_0_or_with_what_the_command_returns(command):
    command(lambda options: None)
    assert cli.main("p", ["do-it"]) == 0
    command(lambda options: 7)
    assert cli.main("p", ["do-it"]) == 7


def test_bad_input_exits_with_2_and_lists_every_problem(command, capsys):
    def run(options):
        raise BadInput(Problem("wrong", "f.csv", 3), Problem("also wrong", "g.csv"))

    command(run)
    assert cli.main("p", ["do-it"]) == 2
    assert capsys.readouterr().err == "f.csv:3: wrong\ng.csv: also wrong\n2 problems; nothing was done.\n"


def test_our_own_fault_is_a_traceback(command):
    def run(options):
        raise ZeroDivisionError

    command(run)
    with pytest.raises(ZeroDivisionError):
        cli.main("p", ["do-it"])


def test_an_unknown_verb_exits_with_2(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main("ser_core", ["scroe"])
    assert stop.value.code == 2


def test_the_module_can_be_run_and_bad_input_is_its_exit_status(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ser_core", "score", str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 2
    assert "no stimuli.csv or stimuli.parquet here" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def asked(tmp_path):
    """Each command that takes a seed and writes somewhere, with words that work but for ``--out`` and ``--seed``."""
    study, train = voices.table(tmp_path / "study", speakers="x"), voices.table(tmp_path / "train")
    tables = Tables(
        frame(STIMULI, [{"stimulus": "a", "language": "de", "truth": "sad"}]),
        frame(RATERS, [{"rater": "r", "rater_type": "human", "group": "DE"}]),
        frame(RATINGS, [{"rater": "r", "stimulus": "a", "label": "sad", "weight": 1}]),
    )
    write(tables, tmp_path / "tables")
    return {
        "score": [str(tmp_path / "tables")],
        "compare": [str(tmp_path / "tables")],
        "predict": ["--stimuli", str(study), "--model", "majority", "--train", str(train)],
        "select": [str(study), "--per-emotion", "1"],
        "index": ["own", str(tmp_path / "study")],
    }


SEEDED = ["score", "compare", "predict", "select"]


@pytest.mark.parametrize("seed", ["-1", "--seed=-7"])
@pytest.mark.parametrize("verb", SEEDED)
def test_a_negative_seed_is_bad_input(asked, verb, seed, tmp_path, capsys):
    words = [seed] if "=" in seed else ["--seed", seed]
    assert cli.main("ser_core", [verb, *asked[verb], "--out", str(tmp_path / "out"), *words]) == 2
    assert "--seed must be 0 or more, not -" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


PLACES = {"a file as its parent": "taken/out", "a name too long": "n" * 300, "a file above its parent": "taken/deep/out"}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("verb", [*SEEDED, "index"])
def test_a_place_that_cannot_be_written_is_bad_input_that_says_what_to_do(asked, verb, place, tmp_path, capsys):
    (tmp_path / "taken").write_text("mine")
    before = sorted(tmp_path.iterdir())
    seed = [] if verb == "index" else ["--seed", "1"]
    assert cli.main("ser_core", [verb, *asked[verb], "--out", str(tmp_path / place), *seed]) == 2
    assert "cannot be written: " in (said := capsys.readouterr().err)
    assert "choose another place" in said
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        ("score", "choose another"),
        ("compare", "choose another"),
        ("predict", "exists already"),
        ("select", None),
        ("index", None),
    ],
)
def test_what_is_in_the_place_of_out_is_refused_where_it_is_of_another_kind(asked, verb, says, tmp_path, capsys):
    out = tmp_path / "out"
    if says:
        out.write_text("a file where a folder should be")
    else:
        out.mkdir()  # a folder where a file should be
    before = sorted(tmp_path.iterdir())
    seed = [] if verb == "index" else ["--seed", "1"]
    assert cli.main("ser_core", [verb, *asked[verb], "--out", str(out), *seed]) == 2
    assert (says or "cannot be written: Is a directory") in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
