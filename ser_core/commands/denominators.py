"""``denominators NUMBER [NUMBER ...]``: which N makes every printed number k/N."""

from __future__ import annotations

import argparse
from pathlib import Path

from ser_core.cli import Command
from ser_core.commands._scoring import columns
from ser_core.denominators import AT_MOST, denominators
from ser_core.ratings import to_csv, write_whole

_SHOWN = 12


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("numbers", nargs="+", metavar="NUMBER", help="as printed, with all digits: 58.02")
    parser.add_argument(
        "--whole", type=int, default=100, choices=(1, 100), help="what 1 is printed as (default: 100, percent)"
    )
    parser.add_argument(
        "--at-most", type=int, default=AT_MOST, metavar="N", help=f"the largest N to try (default: {AT_MOST})"
    )
    parser.add_argument("--least", type=int, metavar="K", help="how many of the numbers must fit (default: all)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a CSV file for every N that fits")


def _run(options: argparse.Namespace) -> None:
    found = denominators(options.numbers, whole=options.whole, at_most=options.at_most, least=options.least)
    if options.out:
        write_whole(options.out, to_csv(found).encode())
    lines = [("N", "fit", "printed", "by luck", "do not fit")]
    new = found[found["multiple_of"] == 0]  # a multiple fits whatever fits its divisor
    for row in new.head(_SHOWN).to_dict("records"):
        lines.append(
            (str(row["n"]), f"{row['fit']} of {row['of']}", row["as_printed"], f"{row['luck']:.2g}", row["unexplained"])
        )
    if found.empty:
        print(f"No N up to {options.at_most} makes these numbers k/N; see --least.")
        return
    print(*columns(lines, left=0), sep="\n")
    if len(new) > _SHOWN:
        print(f"and {len(new) - _SHOWN} more, likelier by luck.")
    tried = options.at_most
    print(f"By luck: that a given N fits so many; {tried} were tried, so only what is far below 1/{tried} says something.")


COMMAND = Command("which N makes every printed number k/N: how many clips a published table rests on", _arguments, _run)
