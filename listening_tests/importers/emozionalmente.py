"""Emozionalmente's crowd-sourced judgements (Catania, CC BY 4.0): 34,510 answers of 829 Italian listeners to 6902 clips.

Expects the published data set, or the ``metadata`` folder in it: ``samples.csv`` (what was acted), ``users.csv`` (who
listened) and ``evaluations.csv`` (who heard what). 34 times a listener judged the same clip more than once; every answer
stays, told apart by ``repeat``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from listening_tests.export import repeats
from listening_tests.importers._importer import Imported, Importer, Options
from ser_core import ratings
from ser_core.emotions import canonical
from ser_core.errors import BadInput, Problem

_COLUMNS = {
    "samples": ("file_name", "actor", "emotion_expressed"),
    "users": ("username", "gender", "age", "mother_tongue"),
    "evaluations": ("file_name", "evaluator", "audio_quality", "emotion_recognized"),
}


def read(source: Path, _: Options) -> Imported:
    """The three tables; clips have no file, since the judgements are published without the sound.

    Raises:
        BadInput: a file or a column is missing, or an emotion is none we know.
    """
    source = next((path.parent for path in sorted(source.rglob("evaluations.csv"))), source)
    samples, users, given = (_read(source, name) for name in _COLUMNS)
    stimuli = pd.DataFrame(
        {
            "stimulus": samples["file_name"],
            "corpus": "emozionalmente",
            "language": "it",
            "speaker": samples["actor"],
            "truth": _labels(samples["emotion_expressed"], source / "samples.csv"),
        }
    )
    listened = users[users["username"].isin(given["evaluator"])]
    raters = pd.DataFrame(
        {
            "rater": listened["username"],
            "rater_type": "human",
            "group": "Italian listeners",
            "native_languages": listened["mother_tongue"].map({"italian": "it"}).fillna(""),
            "gender": listened["gender"],
            "age": listened["age"],
        }
    )
    answers = pd.DataFrame(
        {
            "rater": given["evaluator"],
            "stimulus": given["file_name"],
            "label": _labels(given["emotion_recognized"], source / "evaluations.csv"),
            "weight": 1.0,
            "repeat": repeats(given["evaluator"], given["file_name"]),
            "audio_quality": given["audio_quality"],
        }
    )
    tables = ratings.Tables(
        ratings.frame(ratings.STIMULI, stimuli),
        ratings.frame(ratings.RATERS, raters.reset_index(drop=True)),
        ratings.frame(ratings.RATINGS, answers),
    )
    return Imported(tables)


def _read(source: Path, name: str) -> pd.DataFrame:
    path = source / f"{name}.csv"
    if not path.is_file():
        raise BadInput(
            Problem(f"no {name}.csv here; give the folder that holds samples.csv, users.csv, evaluations.csv", source)
        )
    data = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    missing = [column for column in _COLUMNS[name] if column not in data]
    if missing:
        raise BadInput(Problem(f"column '{missing[0]}' is missing", path, 1))
    return data


def _labels(words: pd.Series[str], path: Path) -> pd.Series[str]:
    known = {}
    for word in words.unique():
        try:
            known[word] = canonical(word)
        except KeyError:
            row = int((words == word).to_numpy().argmax())
            raise BadInput(Problem(f"'{word}' is no emotion we know", path, row + 2)) from None
    return words.map(known)


IMPORTER = Importer("Emozionalmente: judgements of Italian listeners", read)
