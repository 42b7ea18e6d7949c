"""People's answers as the three tables, so that they can be compared with any other rater."""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening_tests.store import Store, backgrounds
from listening_tests.study import Study
from listening_tests.trial import trial_types
from ser_core import ratings

_BACKGROUND = ("native_languages", "dialects", "proficiency", "age_band", "hearing")


def tables(study: Study, store: Store) -> ratings.Tables:
    """Every rating that participants of the study gave, with its clip and its listener.

    Training trials are left out, and clips that failed to play. A listener who has answered nothing yet that counts is not
    a rater. ``raters`` also holds ``age_band``, ``hearing``, ``ui_language``, ``completed`` and ``simulated``; ``ratings``
    also holds the position, the plays and ``response_s``; ``stimuli`` also holds ``synthetic``.
    """
    given = store.read_answers(study.id)
    rated = given[given["type"].map(lambda kind: trial_types()[kind].rates).astype(bool)]
    rows = [_rating(row) for row in rated.to_dict("records") if row["answer"].get("label")]
    heard = {row["rater"] for row in rows}
    said = backgrounds(given)
    people = [
        _rater(row, said.get(row["participant"], {}), study)
        for row in store.read_participants(study.id).to_dict("records")
        if row["participant"] in heard
    ]
    clips = study.stimuli[study.stimuli["part"] == "test"].assign(synthetic="yes" if study.synthetic else "no")
    known = set(clips["stimulus"])
    return ratings.Tables(
        ratings.frame(ratings.STIMULI, clips.reset_index(drop=True)),
        ratings.frame(ratings.RATERS, pd.DataFrame(people)),
        ratings.frame(ratings.RATINGS, pd.DataFrame([r for r in rows if r["stimulus"] in known])),
    )


def _rating(row: dict[Any, Any]) -> dict[str, Any]:
    answer = row["answer"]
    return {
        "rater": row["participant"],
        "stimulus": row["stimulus"],
        "label": answer["label"],
        "weight": 1.0,
        "position": str(row["position"]),
        "plays": str(answer.get("plays", "")),
        "response_s": "" if answer.get("response_s") is None else str(answer["response_s"]),
        "answered_at": row["answered_at"],
    }


def _rater(row: dict[Any, Any], background: dict[str, str], study: Study) -> dict[str, Any]:
    return {
        "rater": row["participant"],
        "rater_type": "human",
        "group": study.group(background.get("native_languages", "")),
        **{name: background.get(name, "") for name in _BACKGROUND},
        "ui_language": row["ui_language"],
        "completed": "yes" if row["finished_at"] else "no",
        "simulated": "yes" if row["simulated"] else "no",
    }
