"""Let a model rate a study's clips, as a listener would."""

from __future__ import annotations

import argparse
from pathlib import Path

from ser_core import runs
from ser_core.cli import Command, add_seed
from ser_core.commands._engine import add_engine, engine_of, told
from ser_core.engine._engine import CutOff
from ser_core.errors import BadInput, Problem


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stimuli", type=Path, required=True, metavar="CSV", help="the clips to rate")
    parser.add_argument(
        "--model",
        required=True,
        metavar="NAME",
        help="a file of ser_core/methods or ser_core/diarization, e.g. logmel_probe",
    )
    parser.add_argument(
        "--train",
        type=Path,
        nargs="+",
        default=[],
        metavar="CSV",
        help="clips to learn from; one model for each language. Not needed by a model that comes trained",
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
    add_engine(parser)
    parser.add_argument(
        "--shard", type=int, metavar="N", help="clips that a worker is given at once; part of the plan (default 256)"
    )


def _run(options: argparse.Namespace) -> int | None:
    engine = engine_of(options)
    chosen = {name: value for name in ("shard", "threads") if (value := getattr(options, name)) is not None}
    plan = runs.Plan(
        stimuli=options.stimuli,
        train=tuple(dict.fromkeys(options.train)),
        method=options.model,
        seed=options.seed,
        settings=_settings(options.settings),
        **chosen,
    )
    try:
        run = runs.execute(plan, options.out, engine=engine, fresh=options.fresh)
    except CutOff as cut:
        return told(cut)
    print(f"{run.folder}: {len(run.tables.stimuli)} clips rated by {', '.join(run.tables.raters['rater'])}")
    return None


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
