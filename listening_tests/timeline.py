"""From a study to one participant's ordered trials.

The order is drawn once, when the participant first opens the link, and kept in the database: what was really shown is
what is exported. Each listener's clips are shuffled with their own seed.
"""

from __future__ import annotations

import random
import secrets
from typing import Any

from listening_tests.study import Study
from listening_tests.trial import Trial, trial_types


def draw(study: Study, seed: int) -> tuple[Trial, ...]:
    """The trials of a participant, in order; ``key``s are random each time, all else follows from ``seed``."""
    rng = random.Random(seed)
    trials: list[Trial] = []
    for block, entry in enumerate(study.settings.timeline):
        kind = trial_types()[entry["trial"]]
        parameters = {p.name: entry.get(p.name, p.default) for p in kind.parameters}
        if parameters.get("choices") == []:
            parameters["choices"] = list(study.emotions)
        for stimulus in _clips(study, parameters, rng) if kind.hears else [""]:
            position = len(trials)
            trials.append(Trial(position, entry["trial"], block, stimulus, secrets.token_urlsafe(16), parameters))
    return tuple(trials)


def _clips(study: Study, parameters: dict[str, Any], rng: random.Random) -> list[str]:
    clips: list[str] = study.stimuli.loc[study.stimuli["part"] == parameters["part"], "stimulus"].tolist()
    if parameters["shuffled"]:
        rng.shuffle(clips)
    return clips
