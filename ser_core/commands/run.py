"""Run an experiment: train, test and record every model that its file asks for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from ser_core.cli import Command, several
from ser_core.commands._engine import add_engine, engine_of, told
from ser_core.engine._engine import CutOff
from ser_core.experiment_protocol import shots_words
from ser_core.experiment_tables import KIND, summary
from ser_core.experiments.plan import Planned, resolve
from ser_core.experiments.runner import Done, execute

DIVERGED = 3
"""Exit status of an experiment that is written, but for models that diverged."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("experiment", type=Path, metavar="CONFIG.yaml", help="what to learn, from what, tested on what")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder to make (default: its name, in data/runs)")
    parser.add_argument("--check", action="store_true", help="only say what is wrong with it, or how much it is to do")
    add_engine(parser)


def _run(options: argparse.Namespace) -> int | None:
    engine = engine_of(options)
    plan = resolve(options.experiment, options.out, only_check=options.check)
    if options.check:
        _overview(plan)
        return None
    try:
        done = execute(plan, engine=engine, threads=options.threads, fresh=options.fresh)
    except CutOff as cut:
        return told(cut)
    print(_table(done.models).to_string(index=False))
    print(f"{done.folder}: {several(len(done.models), 'model')} in {done.config['took_s']:.0f} s on {done.config['device']}")
    return _lost(done)


def _lost(done: Done) -> int | None:
    """Say which models diverged, at the end, where somebody who comes back to it looks; the exit status."""
    if not done.diverged:
        return None
    few = f"{len(done.diverged)} of {several(len(done.models), 'model')} diverged"
    print(f"{few}, have no ratings and are in no mean; the others are whole. See 'notes' in models.csv:", file=sys.stderr)
    rows = done.models[[*KIND, "layer"]].itertuples(index=False)
    words = [(*kind, "" if pd.isna(layer) else f"layer={int(layer)}") for *kind, layer in rows]
    kinds = pd.Series([" ".join(filter(None, each)) for each in words])
    for kind, own in kinds.loc[list(done.diverged)].groupby(kinds, sort=False):
        number = own.index[0]
        share = f"{len(own)} of {several(int((kinds == kind).sum()), 'model')}"
        print(f"  {kind}: {share}; model {number}: {done.diverged[number]}", file=sys.stderr)
    return DIVERGED


def _overview(plan: Planned) -> None:
    for finding in plan.findings:
        print(f"{finding.severity}: {finding.what}", file=sys.stderr)
    stages = sum(learning.after is not None for learning in plan.learnings)
    second = f", {stages} of them a second stage" if stages else ""
    places = several(len(plan.jobs), "place")
    print(f"{plan.file}: {several(len(plan.learnings), 'model')} to learn{second}, tested in {places}")
    for ears, clips in plan.heard().items():
        print(f"{ears.encoder} hears {several(len(clips), 'clip')}, as far as it has not ({ears.pooling})")


def _table(models: pd.DataFrame) -> pd.DataFrame:
    """The chosen models as in Table I: UA in percent, its mean, lowest and highest over folds."""
    cells = summary(models[models["chosen"] == "yes"])
    percent = (cells[["ua", "lowest", "highest"]] * 100).round(1)
    where = cells["setting"] + " " + cells["source_corpus"] + " " + cells["source"]
    there = cells["target_corpus"] + " " + cells["target"]
    same = (cells["source_corpus"] == cells["target_corpus"]) & (cells["source"] == cells["target"])
    shots = cells["shots"].map(shots_words).where(cells["shots"] == "", ", " + cells["shots"].map(shots_words))
    condition = cells["condition"].where(cells["condition"] == "", ", " + cells["condition"])
    place = where.where(same, where + " -> " + there) + shots + condition
    layer = cells["layer"].map(lambda number: "" if pd.isna(number) else str(int(number)))
    told = {"encoder": cells["encoder"], "model": (cells["method"] + " " + cells["settings"]).str.strip(), "layer": layer}
    return pd.DataFrame({"setting": place, **told, "UA %": percent["ua"], **percent[["lowest", "highest"]]})


COMMAND = Command("run an experiment: train, test and record every model that its file asks for", _arguments, _run)
