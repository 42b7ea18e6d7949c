"""``check STUDY``: everything that is wrong with a study, with file and line; or what it will be for its listeners."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from listening_tests import overview, progress, study
from listening_tests.database import default_url, exists
from listening_tests.languages import spoken
from listening_tests.store import Store
from listening_tests.study import Study
from ser_core.cli import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")


def _run(options: argparse.Namespace) -> None:
    found = study.chosen(options.study)
    print(f"{found.id}: {found.title[found.languages[0]]}")
    print(f"version {found.version[:12]}; interface languages {', '.join(found.languages)}")
    for (part, tag), clips in found.stimuli.groupby(["part", "language"]):
        counts = ", ".join(f"{n} {label or 'unlabelled'}" for label, n in clips["truth"].value_counts().items())
        print(f"{part}: {spoken(str(tag), 'en')}: {len(clips)} clip{'s' if len(clips) != 1 else ''} ({counts})")
    for line in (*_plan(found), *_loudness(found), *_past(found)):
        print(line)
    print("No problem found.")


def _plan(found: Study) -> Iterator[str]:
    for row in overview.plan(found).to_dict("records"):
        wanted = f"{row['wanted']} wanted" if row["wanted"] else "any number"
        yield (
            f"{row['group']} ({wanted}): {row['trials']} pages, {row['clips']} clips, {row['sound_min']:g} min of sound, "
            f"about {row['about_min']} min (guessed: {overview.PAGE_S:g} s a page beside the sound)"
        )


def _loudness(found: Study) -> Iterator[str]:
    wanted = found.settings.loudness
    if wanted is None:
        yield "loudness: clips are played as recorded"
        return
    gains, limited = found.stimuli["gain_db"].astype(float), overview.limited(found)
    yield f"loudness: {wanted.target_lufs:g} LUFS per {wanted.per}; gains from {gains.min():+.1f} to {gains.max():+.1f} dB"
    if limited:
        some = ", ".join(limited[:5]) + (" …" if len(limited) > 5 else "")
        yield f"  {len(limited)} of {len(gains)} clips stay softer than that, since their peaks leave no room: {some}"


def _past(found: Study) -> Iterator[str]:
    """What is kept of the study; nothing where there is no database yet, and then none is made."""
    if not exists(default_url()):
        return
    store = Store()
    people = progress.listeners(found, store)
    made_up = int((people["simulated"] == "yes").sum())
    finished = int((people["state"] == "finished").sum())
    yield f"{store.state(found.id)}; {len(people)} participants ({made_up} of them simulated), {finished} have finished"
    for row in progress.versions(found, store, people).to_dict("records"):
        here = "as the folder is now" if row["now"] == "yes" else f"from {row['kept_at'][:10]}"
        yield f"  version {row['version']} ({here}): {row['begun']} began with it, {row['finished']} have finished"


COMMAND = Command("check a study: every problem with file and line, or what it will be for listeners", _arguments, _run)
