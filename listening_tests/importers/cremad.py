"""CREMA-D's crowd-sourced votes (Cao et al. 2014, ODbL 1.0): what about ten people each heard, saw, or both, in a clip.

Expects the published data set, or a folder in it with ``tabulatedVotes.csv``: 7442 clips in three conditions. Beside it,
``VideoDemographics.csv`` tells the actors' age and sex, if it is there. The file with each person's own answers is not
needed; what is lost without it stands in the notes that come with the tables.

Each condition is one rater, whose weight for a label is the share of its voters who chose it, as a model's posterior is:
nobody's own answers can be told from counts, and made-up listeners would agree with themselves as no person did. ``votes``
keeps the counts. Whatever asks for one label takes the most frequent one.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from listening_tests.importers._importer import Imported, Importer, Options
from ser_core import ratings
from ser_core.errors import BadInput, Problem

_LETTERS = {"A": "angry", "D": "disgusted", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad"}
_CODES = {"ANG": "angry", "DIS": "disgusted", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
_LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
_CONDITIONS = {"1": ("voice", "voice only"), "2": ("face", "face only"), "3": ("both", "voice and face")}
_CLIP = re.compile(r"(?P<speaker>[0-9]{4})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<level>[A-Z]{1,2})")


def read(source: Path, _: Options) -> Imported:
    """The three tables; clips have no file, since the votes are published without the sound.

    Raises:
        BadInput: the table of votes is missing, or a row of it is not as described.
    """
    path = next(iter(sorted(source.rglob("tabulatedVotes.csv"))), None)
    if path is None:
        raise BadInput(Problem("no tabulatedVotes.csv here; give the folder of the CREMA-D data set", source))
    votes = _votes(path)
    rated = votes[votes["total"] > 0]
    shares = rated.melt(["stimulus", "condition", "total"], list(_LETTERS.values()), "label", "votes")
    shares = shares[shares["votes"] > 0]
    answers = pd.DataFrame(
        {
            "rater": shares["condition"].map({digit: f"cremad-{name}" for digit, (name, _) in _CONDITIONS.items()}),
            "stimulus": shares["stimulus"],
            "label": shares["label"],
            "weight": shares["votes"] / shares["total"],
            "votes": shares["votes"].astype(str),
        }
    ).sort_values(["rater", "stimulus", "label"], ignore_index=True)
    raters = pd.DataFrame(
        {
            "rater": f"cremad-{name}",
            "rater_type": "human",
            "group": f"CREMA-D voters, {words}",
            "condition": name,
            "voters_per_clip": f"{rated.loc[rated['condition'] == digit, 'total'].mean():.2f}",
        }
        for digit, (name, words) in _CONDITIONS.items()
        if (rated["condition"] == digit).any()
    )
    tables = ratings.Tables(
        ratings.frame(ratings.STIMULI, _clips(votes, path, source)),
        ratings.frame(ratings.RATERS, raters),
        ratings.frame(ratings.RATINGS, answers),
    )
    return Imported(tables, _notes(votes, rated))


def _votes(path: Path) -> pd.DataFrame:
    """Clip, condition and the count of each emotion, as numbers; every wrong row is named."""
    data = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    missing = [name for name in (*_LETTERS, "fileName", "numResponses") if name not in data]
    if missing:
        raise BadInput(Problem(f"column '{missing[0]}' is missing", path, 1))
    counts = data[[*_LETTERS, "numResponses"]].apply(lambda column: column.where(column.str.fullmatch("[0-9]{1,6}")))
    condition = data.iloc[:, 0].str[:1]
    problems = {
        "a count is no whole number": counts.isna().any(axis=1),
        "the clip's name is not like 1001_IEO_ANG_HI": ~data["fileName"].map(_named).astype(bool),
        "the first column must begin with the condition, 1, 2 or 3": ~condition.isin(set(_CONDITIONS)),
    }
    numbers = counts.fillna("0").astype("int64")
    total = numbers[list(_LETTERS)].sum(axis=1)
    problems["the counts do not add up to numResponses"] = total != numbers["numResponses"]
    problems["this clip stands in this condition above already"] = pd.concat(
        [data["fileName"], condition], axis=1
    ).duplicated()
    wrong = [Problem(what, path, int(row) + 2) for what, rows in problems.items() for row in rows.to_numpy().nonzero()[0]]
    if wrong:
        raise BadInput(*sorted(wrong, key=lambda problem: problem.line or 0))
    named: pd.DataFrame = numbers[list(_LETTERS)].rename(columns=_LETTERS)
    return named.assign(stimulus=data["fileName"], condition=condition, total=total)


def _named(clip: str) -> bool:
    found = _CLIP.fullmatch(clip)
    return bool(found and found["emotion"] in _CODES and found["level"] in _LEVELS)


def _clips(votes: pd.DataFrame, path: Path, source: Path) -> pd.DataFrame:
    ids = votes["stimulus"].drop_duplicates().reset_index(drop=True)
    parts = ids.str.extract(_CLIP.pattern)
    clips = pd.DataFrame(
        {
            "stimulus": ids,
            "corpus": "cremad",
            "language": "en",
            "speaker": parts["speaker"],
            "truth": parts["emotion"].map(_CODES),
            "sentence": parts["sentence"],
            "level": parts["level"].map(_LEVELS),
        }
    )
    near = [top / "VideoDemographics.csv" for top in (source, path.parent, path.parent.parent)]
    actors = next((file for file in near if file.is_file()), None)
    if actors is None:
        return clips
    known = pd.read_csv(actors, dtype=str, keep_default_na=False)
    if missing := [name for name in ("ActorID", "Age", "Sex") if name not in known]:
        raise BadInput(Problem(f"column '{missing[0]}' is missing", actors, 1))
    known = known.drop_duplicates("ActorID").set_index("ActorID")
    gender, age = clips["speaker"].map(known["Sex"].str.lower()), clips["speaker"].map(known["Age"])
    return clips.assign(gender=gender.fillna(""), speaker_age=age.fillna(""))


def _notes(votes: pd.DataFrame, rated: pd.DataFrame) -> list[str]:
    counts = rated[list(_LETTERS.values())]
    ties = int((counts.eq(counts.max(axis=1), axis=0).sum(axis=1) > 1).sum())
    notes = [
        "Each rater is all voters of one condition together (voice, face, both); the weight of a label is the share of "
        "voters who chose it, and 'votes' their number. Only cremad-voice judged the voice alone, as listeners here and "
        "models do.",
        "`score` takes the most frequent label of each clip, which is right more often than a voter is: compare it with "
        "other votes, not with single listeners. The share of all votes that name what was acted: "
        + "; ".join(_chance(rated))
        + ".",
        f"For {ties:,} of {len(rated):,} clips and conditions, labels tie for the most votes; `score` takes the first of "
        "them in its own order.",
        "Agreement between voters, and how much voters differ, cannot be told from these tables.",
    ]
    if silent := len(votes) - len(rated):
        notes.append(f"{silent} clips and conditions without a voter are left out.")
    return notes


def _chance(rated: pd.DataFrame) -> list[str]:
    """Of all votes, the share that names what was acted, for each condition."""
    truth = rated["stimulus"].str.extract(_CLIP.pattern)["emotion"].map(_CODES)
    right = pd.Series([row[label] for row, label in zip(rated.to_dict("records"), truth, strict=True)], rated.index)
    return [
        f"{name} {right[rows].sum() / rated.loc[rows, 'total'].sum():.3f}"
        for digit, (name, _) in _CONDITIONS.items()
        if (rows := rated["condition"] == digit).any()
    ]


IMPORTER = Importer("CREMA-D: votes of English-speaking listeners and viewers", read)
