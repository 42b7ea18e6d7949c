"""Let a model rate a study's clips, as a listener would."""

from __future__ import annotations

import argparse
from pathlib import Path

from ser_core import runs
from ser_core.cli import Command, add_seed
from ser_core.commands._machine import add_machine, use_machine
from ser_core.errors import BadInput, Problem


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stimuli", type=Path, required=True, metavar="CSV", help="the clips to rate")
    parser.add_argument("--model", required=True, metavar="NAME", help="a file of ser_core/methods, e.g. logmel_probe")
    parser.add_argument(
        "--train",
        type=Path,
        nargs="+",
        required=True,
        metavar="CSV",
        help="clips to learn from; one model for each language",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one of the model's own settings; may be given several times",
    )
    add_seed(parser, default=0, help="seed of everything drawn (default 0)")
    add_machine(parser)


def _run(options: argparse.Namespace) -> None:
    use_machine(options)
    train = tuple(dict.fromkeys(options.train))
    plan = runs.Plan(
        stimuli=options.stimuli, train=train, method=options.model, seed=options.seed, settings=_settings(options.settings)
    )
    run = runs.execute(plan, options.out)
    print(f"{run.folder}: {len(run.tables.stimuli)} clips rated by {', '.join(run.tables.raters['rater'])}")


def _settings(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := [
        Problem(f"--set '{key}' says no value; write --set {key or 'KEY'}=VALUE")
        for key, sign, _ in pairs
        if not (key and sign)
    ]:
        raise BadInput(*wrong)
    return {key: value for key, _, value in pairs}


COMMAND = Command("let a model rate a study's clips, as a listener would", _arguments, _run)
