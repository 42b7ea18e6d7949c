"""``audit STIMULI``: leaks, confounds, damaged sound and wrong label keys, before any model learns from the clips."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from ser_core import audit
from ser_core.cli import Command
from ser_core.errors import BadInput, nearest
from ser_core.ratings import to_csv, write_whole
from ser_core.stimuli import load_all

ALARM = 2
"""The exit status when there is an alarm, as for other bad input."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stimuli", type=Path, nargs="+", metavar="STIMULI", help="tables of clips; several are looked at as one"
    )
    parser.add_argument(
        "--split", default="", metavar="COLUMN", help="what parts training from test (default: split, part or fold)"
    )
    parser.add_argument("--no-sound", action="store_true", help="look at the tables alone; much faster")
    parser.add_argument("--out", type=Path, metavar="CSV", help="write the findings as a table, too")


def _run(options: argparse.Namespace) -> int | None:
    clips = load_all(list(dict.fromkeys(options.stimuli)))
    if options.split and options.split not in clips:
        raise BadInput(f"--split: no column '{options.split}' in these tables. {nearest(options.split, clips.columns)}")
    sounds, unheard = None, dict[str, str]()
    if not options.no_sound:
        from ser_core.sound_facts import measure_all  # SciPy and FFTs, which the tables alone do not need

        files = clips[clips["file"] != ""]
        sounds, unheard = measure_all(files)
    found = audit.audit(clips, sounds, split=options.split)
    found += [audit.Finding("warning", "unheard", f"cannot be heard: {why}", (clip,)) for clip, why in unheard.items()]
    for finding in found:
        shown = f"  [{', '.join(finding.clips)}]" if finding.clips else ""
        print(f"{finding.severity:8} {finding.check:18} {finding.what}{shown}")
    if options.out:
        rows = [(f.severity, f.check, f.what, " ".join(f.clips)) for f in found]
        write_whole(options.out, to_csv(pd.DataFrame(rows, columns=["severity", "check", "what", "clips"])).encode())
    alarms = sum(f.severity == "alarm" for f in found)
    heard = "the tables alone" if sounds is None else f"the sound of {len(sounds)}"
    print(f"{len(clips)} clips, {heard}: {alarms} alarms, {len(found) - alarms} other findings.")
    return ALARM if alarms else None


COMMAND = Command("look for leaks, confounds and damage in a set of clips", _arguments, _run)
