"""Which layer of an encoder tells emotions apart, within a language and across: a probe for each layer, fold and seed.

Everything is checked before a clip is heard; each clip is heard once, whatever number of probes learns from it.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ser_core import audio, probing, splits
from ser_core.audit import Finding, audit
from ser_core.cli import Command, several
from ser_core.commands._machine import add_machine, use_machine
from ser_core.errors import BadInput, Problem
from ser_core.ratings import make_folder, to_csv, write, write_whole
from ser_core.splits import Scheme, Task
from ser_core.stimuli import for_folder, load_all
from ser_core.tables import SETTINGS, Tables


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stimuli", type=Path, nargs="+", metavar="STIMULI", help="tables of clips")
    parser.add_argument(
        "--encoder", required=True, metavar="NAME", help="its name; 'python -m ser_core encoders' lists them"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    parser.add_argument(
        "--setting",
        nargs="+",
        default=["mono"],
        choices=SETTINGS[:3],
        help="one or more of mono, cross, trans (default mono)",
    )
    parser.add_argument(
        "--encoder-language", default="", metavar="TAG", help="what the encoder was pretrained on; trans needs it"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="S", help="of the probes (default 0)")
    parser.add_argument(
        "--preset", default="paper", choices=probing.PRESETS, help="the head of the paper, or that of its authors' code"
    )
    parser.add_argument(
        "--dev-from", default="source", choices=splits.DEV_FROM, help="cross: whose clips stop training (default source)"
    )
    scheme = Scheme()
    parser.add_argument("--folds", type=int, default=scheme.folds, metavar="N", help="of each corpus (default 5)")
    for part in splits.PARTS:
        size = getattr(scheme, part)
        parser.add_argument(f"--{part}", type=int, default=size, metavar="N", help=f"{part} clips, at most (default {size})")
    parser.add_argument(
        "--by", default=scheme.by, choices=splits.BY, help="what is kept together (default speaker); where_needed: see docs"
    )
    parser.add_argument(
        "--dev-speakers", default=scheme.dev_speakers, choices=splits.DEV_SPEAKERS, help="whose voices stop training"
    )
    parser.add_argument("--emotions", default=",".join(scheme.emotions), metavar="a,b", help="default %(default)s")
    parser.add_argument("--split-seed", type=int, default=scheme.seed, metavar="S", help="of the folds (default 0)")
    add_machine(parser)


def _run(options: argparse.Namespace) -> None:
    use_machine(options)
    if wrong := [seed for seed in (*options.seeds, options.split_seed) if seed < 0]:
        raise BadInput(*(f"a seed must be 0 or more, not {seed}." for seed in wrong))
    scheme = Scheme(
        **{part: getattr(options, part) for part in ("folds", *splits.PARTS, "by", "dev_speakers")},
        emotions=tuple(word.strip() for word in options.emotions.split(",")),
        seed=options.split_seed,
    )
    clips = _hashed(load_all(list(dict.fromkeys(options.stimuli))))
    cut = splits.folds(clips, scheme)
    tasks = splits.tasks(cut, clips, options.setting, dev_from=options.dev_from, encoder_language=options.encoder_language)
    found = [*cut.findings, *audit(clips[clips["truth"].isin(scheme.emotions)])]
    for finding in found:
        print(f"{finding.severity}: {finding.what}", file=sys.stderr)
    make_folder(options.out)
    _probe(options, scheme, clips, tasks, found)


def _hashed(clips: pd.DataFrame) -> pd.DataFrame:
    """Clips with a file, and the hash of its content where the table says none.

    Raises:
        BadInput: a file cannot be read; every one.
    """
    clips = clips[clips["file"] != ""]
    hashes, problems = list[str](), list[Problem]()
    for file, known in zip(clips["file"], clips["sha256"], strict=True):
        try:
            hashes.append(known or audio.sha256(file))
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(*problems)
    return clips.assign(sha256=hashes)


def _probe(
    options: argparse.Namespace, scheme: Scheme, clips: pd.DataFrame, tasks: list[Task], found: list[Finding]
) -> None:
    from ser_core.features import device_named
    from ser_core.methods._heard import heard
    from ser_core.methods._method import Ears
    from ser_core.probing_tables import probe

    needed = {id_ for task in tasks for ids in (task.train, task.dev, task.test) for id_ in ids}
    used = clips[clips["stimulus"].isin(needed)].reset_index(drop=True)
    print(f"{options.encoder} hears {several(len(used), 'clip')}, as far as it has not", file=sys.stderr, flush=True)
    known = heard(Ears(options.encoder), used)
    recipe, device = probing.PRESETS[options.preset], device_named("auto")
    began = time.monotonic()
    done = probe(
        tasks, used, known, emotions=scheme.emotions, seeds=list(dict.fromkeys(options.seeds)), recipe=recipe,
        preset=options.preset, device=device, progress=_told,
    )  # fmt: skip
    took = time.monotonic() - began
    layers = done.layers()
    tables = done.tables(layers)
    out: Path = options.out
    write(Tables(for_folder(tables.stimuli, out), tables.raters, tables.ratings), out)
    write_whole(out / "layers.csv", to_csv(layers).encode())
    rows = [(f.severity, f.check, f.what, " ".join(f.clips)) for f in found]
    write_whole(out / "findings.csv", to_csv(pd.DataFrame(rows, columns=["severity", "check", "what", "clips"])).encode())
    write_whole(out / "config.yaml", yaml.safe_dump(_config(options, scheme, done.revision), sort_keys=False).encode())
    print(_short(layers).to_string(index=False))
    print(
        f"{out}: {several(done.probes, 'probe')} in {took:.1f} s on {device}; {known.made} clips heard now, {known.known} "
        f"from the cache; the best layers (by dev UA) are {several(len(tables.raters), 'rater')}"
    )


def _told(done: int, total: int) -> None:
    print(f"probes: {done} of {total}", file=sys.stderr, flush=True)


def _config(options: argparse.Namespace, scheme: Scheme, revision: str) -> dict[str, Any]:
    """All that decides the numbers, as YAML can hold it."""
    recipe = probing.PRESETS[options.preset]
    return {
        "stimuli": [str(path) for path in dict.fromkeys(options.stimuli)],
        "encoder": options.encoder,
        "revision": revision,
        "encoder_language": options.encoder_language,
        "settings": list(dict.fromkeys(options.setting)),
        "dev_from": options.dev_from,
        "seeds": list(dict.fromkeys(options.seeds)),
        "preset": options.preset,
        "recipe": {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(recipe).items()},
        "splits": {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(scheme).items()},
    }


def _short(layers: pd.DataFrame) -> pd.DataFrame:
    """For each setting, source and target its best layer: UA in percent, mean and spread over folds and seeds."""
    best = layers[layers["chosen"] == "yes"]
    where = ["setting", "source_corpus", "source", "target_corpus", "target", "layer"]
    table = best.groupby(where, sort=False).agg(
        ua=("ua", "mean"),
        lowest=("ua", "min"),
        highest=("ua", "max"),
        wa=("wa", "mean"),
        n=("n", "mean"),
        epochs=("epochs", "mean"),
    )
    percent = table[["ua", "lowest", "highest", "wa"]] * 100
    return table.assign(**percent).round(1).reset_index()  # type: ignore[arg-type]


COMMAND = Command("probe every layer of an encoder, within a language and across", _arguments, _run)
