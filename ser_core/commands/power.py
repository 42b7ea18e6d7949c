"""``power DIR [DIR ...] --effect E``: what a study's design can detect, and how many listeners a difference needs."""

from __future__ import annotations

import argparse

import pandas as pd

from ser_core.cli import Command
from ser_core.commands._scoring import add_arguments, add_where, columns, read_where, write_files
from ser_core.made_up import sentences, stamped, words
from ser_core.power import LISTENERS, WANTED, table
from ser_core.ratings import to_csv
from ser_core.report import number


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser, out="folder to write power.csv into", out_required=False)
    add_where(parser)
    parser.add_argument("--effect", type=float, required=True, metavar="E", help="difference of UA to find, for example 0.1")
    usual = ", ".join(map(str, LISTENERS))
    parser.add_argument(
        "--listeners", type=int, nargs="+", default=LISTENERS, metavar="N", help=f"numbers in each group (default: {usual})"
    )
    parser.add_argument("--studies", type=int, default=1000, metavar="N", help="studies to draw (default: 1000)")


def _run(options: argparse.Namespace) -> None:
    tables, said = read_where(options)
    found = table(tables, effect=options.effect, listeners=options.listeners, studies=options.studies, seed=options.seed)
    if options.out:
        write_files({"power.csv": to_csv(stamped(found, words(tables))).encode()}, options.out)
    _print(found, options.effect)
    for sentence in (*said, *sentences(tables)):
        print(sentence)


def _print(found: pd.DataFrame, effect: float) -> None:
    told = found[found["power"].notna()]
    lines = [("language", "listeners", f"power to find {effect:g}", "found 8 times of 10")]
    for row in told.to_dict("records"):
        sizes = f"{row['listeners_a']} and {row['listeners_b']}"
        share = f"{row['power']:.2f} +- {row['power_se']:.2f}"
        lines.append((row["language"], sizes, share, number(row["detectable"]) or "nothing"))
    print(*columns(lines, left=2), sep="\n")
    for of in found.drop_duplicates("language").to_dict("records"):
        if of["studies"] > 0:
            enough = f"{of['needed']:.0f} listeners in each group find" if of["needed"] > 0 else "even 400 do not find"
            spread = f"listeners differ with SD {of['listener_sd']:.2f}, clips with {of['clip_sd']:.2f} (log odds)"
            print(f"{of['language']}: {enough} {effect:g} with a power of {WANTED:g}; UA {of['ua']:.3f}, {spread}.")
        if of["note"]:
            print(f"{of['language']}: {of['note']}.")


COMMAND = Command("what a study's design can detect, and how many listeners a difference of UA needs", _arguments, _run)
