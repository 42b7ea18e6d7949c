"""``rsa STIMULI [STIMULI ...] --encoder NAME --out DIR``: do languages lay out emotions alike in an encoder's features?"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from ser_core import rsa
from ser_core.cli import Command
from ser_core.commands._machine import add_machine, use_machine
from ser_core.commands._scoring import columns, write_files
from ser_core.emotions import EMOTIONS
from ser_core.encoders._find import find
from ser_core.errors import BadInput, nearest
from ser_core.features import Features, features
from ser_core.ratings import to_csv
from ser_core.report import number
from ser_core.stimuli import load_all

ALL = "all"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stimuli", type=Path, nargs="+", metavar="STIMULI", help="tables of clips, of two languages or more")
    parser.add_argument(
        "--encoder", required=True, metavar="NAME", help="its name; 'python -m ser_core encoders' lists them"
    )
    parser.add_argument(
        "--layer", default="-1", metavar="N", help="whose time-averaged frames (default: -1, the last), or all: each in turn"
    )
    parser.add_argument(
        "--distance", default=rsa.DISTANCES[0], choices=rsa.DISTANCES, help="of centroids (default: euclidean)"
    )
    parser.add_argument("--emotions", metavar="a,b,c", help="only these (default: those that all languages have)")
    parser.add_argument(
        "--by", default="language", choices=("language", "corpus"), help="whose geometries are compared (default: language)"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write rsa.csv and rsa_distances.csv into")
    add_machine(parser)


def _run(options: argparse.Namespace) -> None:
    use_machine(options)
    layers = _layers(options.encoder, options.layer)
    clips = load_all(list(dict.fromkeys(options.stimuli)))
    clips = clips[clips["file"] != ""]
    emotions = rsa.emotions_of(clips, _wanted(options.emotions), options.by)
    clips = clips[clips["truth"].isin(emotions)].reset_index(drop=True)
    known = features(options.encoder, clips, offline=options.offline)
    if known.left_out:
        raise BadInput(*known.left_out)
    agreements, distances = zip(*(_of_layer(known, n, clips, emotions, options) for n in layers), strict=True)
    told = {"encoder": options.encoder, "revision": known.about.revision, "measure": options.distance}
    files = {"rsa.csv": pd.concat(agreements).assign(**told), "rsa_distances.csv": pd.concat(distances).assign(**told)}
    write_files({name: to_csv(rows).encode() for name, rows in files.items()}, options.out)
    _print(files["rsa.csv"], options.by)


def _wanted(spoken: str | None) -> list[str]:
    words = [word.strip() for word in spoken.split(",")] if spoken else []
    if unknown := [word for word in words if word not in EMOTIONS]:
        raise BadInput(*(f"unknown emotion '{word}'. {nearest(word, EMOTIONS)}" for word in unknown))
    return words


def _layers(encoder: str, spoken: str) -> list[int]:
    found = find(encoder)
    if spoken == ALL:
        return list(range(found.layers))
    if not spoken.removeprefix("-").isdecimal():
        raise BadInput(f"--layer must be {ALL} or a number such as 6 or -1, not '{spoken}'.")
    return [found.layer(int(spoken))]


def _of_layer(
    known: Features, layer: int, clips: pd.DataFrame, emotions: list[str], options: argparse.Namespace
) -> tuple[pd.DataFrame, pd.DataFrame]:
    found = rsa.geometries(known.layer(layer), clips, emotions, by=options.by, distance=options.distance)
    tables = rsa.agreements(found, options.by), rsa.distances(found, emotions, options.by)
    for table in tables:
        table.insert(0, "layer", layer)
    return tables


def _print(found: pd.DataFrame, by: str) -> None:
    lines = [("layer", by, "and", "rho", "p")]
    for row in found.to_dict("records"):
        lines.append((str(row["layer"]), row[f"{by}_a"], row[f"{by}_b"], number(row["rho"]), number(row["p"])))
    print(*columns(lines, left=3), sep="\n")
    first = found.iloc[0]
    floor = (
        f"{first['emotions']} emotions can be exchanged in {first['ways']} ways, so p is never below {1 / first['ways']:.3g}"
    )
    print(f"{floor}; it is one-sided, and of {first['pairs']} distances.")


COMMAND = Command(
    "do languages lay out emotions alike in an encoder's features? distances of centroids, Spearman", _arguments, _run
)
