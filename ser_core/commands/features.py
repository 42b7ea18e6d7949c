"""Let an encoder hear clips once, and keep what it makes of them for every model that asks later."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ser_core.cli import Command
from ser_core.commands._machine import add_machine, use_machine
from ser_core.encoders._encoder import DTYPES
from ser_core.features import POOLINGS, Features, features
from ser_core.stimuli import load_all


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stimuli", type=Path, nargs="+", metavar="STIMULI", help="tables of clips")
    parser.add_argument(
        "--encoder", required=True, metavar="NAME", help="its name; 'python -m ser_core encoders' lists them"
    )
    parser.add_argument(
        "--pooling", default="mean", choices=POOLINGS, help="what is kept of a clip's frames (default: mean)"
    )
    parser.add_argument(
        "--layer",
        type=int,
        metavar="N",
        help="of frames, keep this layer alone (0 is nearest to the sound, -1 the last; default: all)",
    )
    parser.add_argument(
        "--dtype", default="fp32", choices=DTYPES, help="bf16 is faster on a GPU and less exact; it says by how much"
    )
    add_machine(parser)


def _run(options: argparse.Namespace) -> None:
    use_machine(options)
    clips = load_all(list(dict.fromkeys(options.stimuli)))
    clips = clips[clips["file"] != ""]
    started = time.monotonic()
    found = features(
        options.encoder,
        clips,
        pooling=options.pooling,
        layer=options.layer,
        dtype=options.dtype,
        offline=options.offline,
        progress=_Told(),
    )
    for problem in found.left_out:
        print(f"left out: {problem}", file=sys.stderr)
    print(_summary(found, time.monotonic() - started))


class _Told:
    """Progress on a line of its own, a few times a minute: it may stand in a log."""

    def __init__(self) -> None:
        self.last, self.what = time.monotonic(), ""

    def __call__(self, done: int, total: int, what: str) -> None:
        if what != self.what or time.monotonic() - self.last >= 10:
            self.last, self.what = time.monotonic(), what
            print(f"{what}: {done} of {total} clips", file=sys.stderr, flush=True)


def _summary(found: Features, seconds: float) -> str:
    about = found.about
    heard = f"{found.made} heard now on {found.device} in {seconds:.1f} s" if found.made else "none heard now"
    drift = "" if found.drift is None else f"; bf16 strays from fp32 by {found.drift:.2%} at most, measured on a few clips"
    layers = f"layer {about.settings['layer']}" if about.keeps_one_layer else f"{about.layers} layers"
    return (
        f"{about.encoder} {about.revision}: {len(found)} clips, {layers} of {about.width}: "
        f"{heard}, {found.known} from the cache, {len(found.left_out)} left out{drift}"
    )


COMMAND = Command("let an encoder hear clips, and keep its features", _arguments, _run)
