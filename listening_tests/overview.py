"""What a study consists of and what its listeners get, as tables a page shows and a researcher downloads."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pandas as pd

from listening_tests import recruitment, simulate, study_checks, timeline
from listening_tests.store import Invitation
from listening_tests.study import OTHERS, Study
from listening_tests.timeline import Listener
from listening_tests.trial import Trial
from ser_core.emotions import in_order


def clips(study: Study) -> pd.DataFrame:
    """How many clips of each emotion there are: one row per part (test, practice) and language, test first.

    Clips whose emotion nobody knows count as ``unknown``.
    """
    known = study.stimuli.assign(truth=study.stimuli["truth"].replace("", "unknown"))
    counted = known.groupby(["part", "language", "truth"]).size().unstack(fill_value=0)
    counted = counted[in_order(set(counted.columns))]
    counted.insert(len(counted.columns), "total", counted.sum(axis=1))
    rows = counted.reset_index()
    return pd.DataFrame(rows.sort_values(["part", "language"], key=_test_first, ignore_index=True).rename_axis(columns=None))


def _test_first(column: pd.Series) -> pd.Series:
    return column.map(lambda name: (name != "test", name)) if column.name == "part" else column


def links(study: Study, invitations: Sequence[Invitation], address: str) -> pd.DataFrame:
    """A personal link for each invitation: ``participant, link``. Only hashes of tokens are kept, so keep this table.

    Args:
        study: what they are invited to.
        invitations: as ``Store.invite`` gave them.
        address: of the server, such as ``https://listen.example.org``, with nothing after it.
    """
    rows = [(i.participant, recruitment.personal_link(study.id, i.token, address)) for i in invitations]
    return pd.DataFrame(rows, columns=["participant", "link"])


PAGE_S = 6.0
"""Seconds that a page takes beside its sound, where nobody has answered yet: a guess, and said to be one."""


_NO_GROUP_HAS = "mis"  # BCP 47: a language that has no code


def plan(study: Study) -> pd.DataFrame:
    """What a listener of each group gets: ``group, wanted, trials, clips, sound_min, about_min``.

    A row for each group of the study and one for other listeners, if they may take part. Drawn for a made-up listener of the
    group, so that rules count; where listeners get different shares of the clips, others may differ by a little.
    """
    names = [g.name for g in study.settings.groups]
    names += [] if study.settings.only_groups and names else [OTHERS]
    rows = []
    for name in names:
        trials = _drawn(study, name)
        if trials is not None:
            sound_s = sum(_sound_s(study, trial) for trial in trials)
            heard = {clip for t in trials for clip in (t.stimulus, t.other) if clip}
            pages = sum(t.type != "debrief" for t in trials)
            minutes = (sound_s + PAGE_S * pages) / 60
            rows.append((name, study.quota(name), pages, len(heard), round(sound_s / 60, 1), round(minutes)))
    return pd.DataFrame(rows, columns=["group", "wanted", "trials", "clips", "sound_min", "about_min"])


def _drawn(study: Study, group: str) -> tuple[Trial, ...] | None:
    """The trials of a made-up listener of the group; None if no such listener was found."""
    said: dict[str, Any] = {}
    asked = next((t for t in timeline.opening(study, Listener(0)) if t.type == "background"), None)
    if asked is not None:
        said = simulate.background(asked, study, group, random.Random(0))
        if group == OTHERS and study.group(said) != OTHERS:
            said |= {"native_languages": _NO_GROUP_HAS, "dialects": "", "proficiency": ""}
        if study.group(said) != group:
            return None
    return timeline.draw(study, Listener(0, said))


def _sound_s(study: Study, trial: Trial) -> float:
    lengths = study.stimuli.set_index("stimulus")["duration_s"]
    least = int((trial.parameters.get("plays") or {}).get("least", 1))
    return least * sum(float(lengths[clip]) for clip in (trial.stimulus, trial.other) if clip)


def limited(study: Study) -> list[str]:
    """The clips that stay softer than ``loudness`` asks for, since louder they would clip; empty where nothing was asked."""
    gains = study_checks.gains(study)
    return [clip for clip, gain in zip(study.stimuli["stimulus"], gains, strict=False) if gain.limited]
