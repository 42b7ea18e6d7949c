"""``simulate STUDY --listeners N --seed S``: fill a study with answers of nobody, marked as simulated everywhere."""

from __future__ import annotations

import argparse

from listening_tests import simulate, study
from listening_tests.store import Store
from ser_core.cli import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")
    parser.add_argument("--listeners", type=int, default=0, metavar="N", help="how many")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of their answers (default: 0)")
    parser.add_argument(
        "--accuracy", type=float, metavar="SHARE", help="how often they hear what was meant, 0 to 1 (default: by chance)"
    )
    parser.add_argument(
        "--drop-outs", type=float, default=0.0, metavar="SHARE", help="how many leave before the end, 0 to 1 (default: 0)"
    )
    parser.add_argument("--remove", action="store_true", help="instead, delete the study's simulated listeners")


def _run(options: argparse.Namespace) -> None:
    found, store = study.chosen(options.study), Store()
    if options.remove:
        print(f"{simulate.remove(found.id, store)} simulated listeners and all their answers are deleted.")
        return
    crowd = simulate.Crowd(options.accuracy, options.drop_outs)
    people = simulate.simulate(found, store, listeners=options.listeners, seed=options.seed, crowd=crowd)
    print(f"{simulate.summary(people, store)}; their raters are marked simulated=yes.")


COMMAND = Command("answer a study with simulated listeners", _arguments, _run)
