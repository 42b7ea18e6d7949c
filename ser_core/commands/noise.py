"""``noise STIMULI --from DIR --snr DB --out DIR``: the same clips with noise, for models and for listeners."""

from __future__ import annotations

import argparse
from pathlib import Path

from ser_core.cli import Command, add_seed, several
from ser_core.errors import BadInput
from ser_core.noise import IF_SHORT, Adding, add, noises
from ser_core.stimuli import load_all


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stimuli", type=Path, nargs="+", metavar="STIMULI", help="tables of clips")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="folder", type=Path, metavar="DIR", help="a folder of recordings; DEMAND's as it is")
    source.add_argument("--babble", type=int, metavar="N", help="N other speakers of the same corpus at once")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="of the recordings: kitchen, park, ...")
    parser.add_argument("--snr", type=float, nargs="+", required=True, metavar="DB", help="speech over noise, in dB")
    parser.add_argument("--every", action="store_true", help="each clip with every noise (default: one that is drawn)")
    parser.add_argument(
        "--if-short", choices=IF_SHORT, default="repeat", help="noise shorter than a clip is repeated (default), or refused"
    )
    add_seed(parser, default=0, help="of what is drawn (default 0)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")


def _run(options: argparse.Namespace) -> None:
    if options.babble is not None and (options.babble < 1 or options.only):
        what = "--only chooses among recordings, and --babble takes none; leave one out."
        raise BadInput(what if options.only else f"--babble needs 1 voice or more, not {options.babble}.")
    clips = load_all(list(dict.fromkeys(options.stimuli)))
    recordings = noises(options.folder, only=options.only) if options.folder else {}
    table = add(
        clips,
        Adding(recordings, options.snr, options.babble or 0, options.every, options.if_short, options.seed),
        options.out,
    )
    counted = ", ".join(f"{count} with {name}" for name, count in table["noise"].value_counts().items())
    print(f"{options.out / 'stimuli.csv'}: {several(len(table), 'clip')}: {counted}")
    if repeated := int((table["noise_repeated"] == "yes").sum()):
        print(f"{several(repeated, 'clip')} longer than the recording of the noise, which was repeated")
    if quieter := int((table["turned_down_db"] != "0").sum()):
        print(f"{several(quieter, 'clip')} turned down as a whole, so that nothing is clipped")


COMMAND = Command("add noise or babble to clips at a given ratio, as clips of their own", _arguments, _run)
