"""Each command is one file; its exit status says whose fault it was."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from ser_core import cli
from ser_core.cli import Command
from ser_core.errors import BadInput, Problem
from ser_core.places import ROOT
from ser_core.registry import discover

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


@pytest.fixture
def command(monkeypatch):
    """One command ``do-it`` that does what the test says."""

    def install(run):
        monkeypatch.setattr(cli, "discover", lambda package, name: {"do_it": Command("does it", _no_arguments, run)})

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
