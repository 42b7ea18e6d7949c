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

    Left out are training trials, clips that failed to play, and clips that are no longer what was heard (``outdated``
    counts them). A listener who has answered nothing yet that counts is not a rater. ``raters`` also holds ``age_band``,
    ``hearing``, ``ui_language``, ``completed`` and ``simulated``; ``ratings`` also holds the position, the plays and
    ``response_s``; ``stimuli`` also holds ``synthetic``.
    """
    given = store.read_answers(study.id)
    rated = _current(_rated(given), study)
    rows = [_rating(row) for row in rated.assign(repeat=repeats(rated["participant"], rated["stimulus"])).to_dict("records")]
    heard = {row["rater"] for row in rows}
    said = backgrounds(given)
    people = [
        _rater(row, said.get(row["participant"], {}), study)
        for row in store.read_participants(study.id).to_dict("records")
        if row["participant"] in heard
    ]
    clips = study.stimuli[study.stimuli["part"] == "test"].assign(synthetic="yes" if study.synthetic else "no")
    return ratings.Tables(
        ratings.frame(ratings.STIMULI, clips.reset_index(drop=True)),
        ratings.frame(ratings.RATERS, pd.DataFrame(people)),
        ratings.frame(ratings.RATINGS, pd.DataFrame(rows)),
    )


def outdated(study: Study, store: Store) -> int:
    """How many ratings are left out because their clip was exchanged or removed after it was heard."""
    rated = _rated(store.read_answers(study.id))
    return len(rated) - len(_current(rated, study))


def repeats(rater: pd.Series, stimulus: pd.Series) -> pd.Series:
    """Which hearing each row is, from 1, where somebody rated a clip more than once; empty where it was once.

    >>> repeats(pd.Series(["a", "a", "b"]), pd.Series(["x", "x", "x"])).tolist()
    ['1', '2', '']
    """
    pairs = pd.DataFrame({"rater": rater, "stimulus": stimulus}).groupby(["rater", "stimulus"])
    often = pairs["rater"].transform("size") > 1
    return (pairs.cumcount() + 1).astype(str).where(often, "")


def _rated(given: pd.DataFrame) -> pd.DataFrame:
    rates = given["type"].map(lambda kind: trial_types()[kind].rates).astype(bool)
    labelled = given["answer"].map(lambda answer: bool(answer.get("label")) and not answer.get("failed")).astype(bool)
    return given[rates & labelled]


def _current(rated: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Ratings of clips as they are now; a clip that was exchanged since is another clip."""
    clips = study.stimuli[study.stimuli["part"] == "test"]
    known = set(zip(clips["stimulus"], clips["sha256"], strict=True))
    heard = zip(rated["stimulus"], rated["sha256"], strict=True)
    return rated[pd.Series([pair in known for pair in heard], index=rated.index, dtype=bool)]


def _rating(row: dict[Any, Any]) -> dict[str, Any]:
    answer = row["answer"]
    return {
        "rater": row["participant"],
        "stimulus": row["stimulus"],
        "label": answer["label"],
        "weight": 1.0,
        "repeat": row["repeat"],
        "position": str(row["position"]),
        **{name: "" if answer.get(name) is None else str(answer[name]) for name in ("plays", "response_s")},
        "answered_at": row["answered_at"],
    }


def _rater(row: dict[Any, Any], background: dict[str, str], study: Study) -> dict[str, Any]:
    return {
        "rater": row["participant"],
        "rater_type": "human",
        "group": study.group(background),
        **{name: background.get(name, "") for name in _BACKGROUND},
        "ui_language": row["ui_language"],
        "completed": "yes" if row["finished_at"] else "no",
        "simulated": "yes" if row["simulated"] else "no",
    }
