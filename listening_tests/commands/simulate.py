"""``simulate STUDY --listeners N --seed S``: fill a study with answers of nobody, marked as simulated everywhere."""

from __future__ import annotations

import argparse

from listening_tests import study
from listening_tests.simulate import simulate
from listening_tests.store import Store
from ser_core.cli import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")
    parser.add_argument("--listeners", type=int, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of their answers (default: 0)")


def _run(options: argparse.Namespace) -> None:
    people = simulate(study.chosen(options.study), Store(), listeners=options.listeners, seed=options.seed)
    print(f"{len(people)} simulated listeners answered every trial; their raters are marked simulated=yes.")


COMMAND = Command("answer a study with simulated listeners", _arguments, _run)
