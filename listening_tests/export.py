"""People's answers as files: the three tables that every rater writes, and three more that leave nothing out.

``stimuli``, ``raters``, ``ratings``: people as listeners among others. ``trials``: every page in the order really shown,
with all that was set for it. ``answers``: every answer, field by field, whatever the type of the trial, as it was typed.
``consents``: who agreed to which text. Listeners have random ids; what a service calls them is left out unless asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from listening_tests import export_tables, reading, settings, spreadsheet
from listening_tests.export_tables import ANSWERS, CONSENTS, TRIALS
from listening_tests.store import Store
from listening_tests.study import Study
from listening_tests.trial import Trial, trial_types
from ser_core import made_up, ratings
from ser_core.errors import BadInput

_BACKGROUND = ("native_languages", "dialects", "proficiency", "age_band", "hearing")
_SAID = ("confidence", "arousal", "valence", "dominance", "comment", "plays", "response_s")
_IN = "answers."


def tables(study: Study, store: Store, *, external_ids: bool = False) -> ratings.Tables:
    """Every rating that participants of the study gave, with its clip and its listener.

    Left out are training trials, clips that failed to play, and clips that are no longer what was heard (``Export.outdated``
    counts them). A listener who has answered nothing yet that counts is not a rater. A part that was marked is a row of its
    own beside the row of the whole clip; ``export_tables.FURTHER`` names the columns that people's tables have beyond the
    shared ones.
    """
    return _tables(study, store, reading.trials(store, study.id), external_ids=external_ids)


def _tables(study: Study, store: Store, drawn: pd.DataFrame, *, external_ids: bool = False) -> ratings.Tables:
    rated = _current(_rated(drawn), study)
    length_s = dict(zip(study.stimuli["stimulus"], study.stimuli["duration_s"].astype(float), strict=True))
    rows = [row for trial in rated.to_dict("records") for row in _ratings(trial, length_s[trial["stimulus"]])]
    heard = {row["rater"] for row in rows}
    said = backgrounds(drawn)
    people = [
        _rater(row, said.get(row["participant"], {}), study, external_ids=external_ids)
        for row in reading.people(store, study.id).to_dict("records")
        if row["participant"] in heard
    ]
    clips = _heard(study).assign(synthetic="yes" if study.synthetic else "no")
    found = ratings.Tables(
        ratings.frame(ratings.STIMULI, clips.reset_index(drop=True)),
        ratings.frame(ratings.RATERS, pd.DataFrame(people)),
        ratings.frame(ratings.RATINGS, pd.DataFrame(rows)),
    )
    return replace(found, ratings=made_up.row_by_row(found.ratings, found))


def repeats(rater: pd.Series, stimulus: pd.Series) -> pd.Series:
    """Which hearing each row is, from 1, where somebody is to rate a clip more than once; empty where it is once.

    >>> repeats(pd.Series(["a", "a", "b"]), pd.Series(["x", "x", "x"])).tolist()
    ['1', '2', '']
    """
    pairs = pd.DataFrame({"rater": rater, "stimulus": stimulus}).groupby(["rater", "stimulus"])
    often = pairs["rater"].transform("size") > 1
    return (pairs.cumcount() + 1).astype(str).where(often, "")


def backgrounds(drawn: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What each participant said of themselves, from ``reading.trials``."""
    said = drawn[(drawn["type"] == "background") & (drawn["answered_at"] != "")]
    return dict(zip(said["participant"], said["answer"], strict=True))


def _heard(study: Study) -> pd.DataFrame:
    """The clips that listeners judge: not those of training, which is over when it has told what was meant."""
    wanted: set[str] = set()
    parts = set()
    for entry in settings.leaves(study.timeline):
        kind = trial_types()[entry.trial]
        if kind.pairs:
            wanted |= {clip for pair in kind.pairs(entry.parameters, study) for clip in pair}
        elif kind.hears and not kind.feedback:
            parts.add(entry.parameters["part"])
    clips = study.stimuli
    return clips[clips["part"].isin(parts) | clips["stimulus"].isin(wanted)]


def _rated(drawn: pd.DataFrame) -> pd.DataFrame:
    """The trials that hold a rating, with which hearing of the clip each is: counted over what was drawn, so that a first
    hearing that failed leaves the second one the second."""
    rates = drawn[drawn["type"].map(lambda kind: trial_types()[kind].rates).astype(bool)]
    rates = rates.assign(repeat=repeats(rates["participant"], rates["stimulus"]))
    labelled = [bool(answer) and bool(answer.get("label")) and not answer.get("failed") for answer in rates["answer"]]
    return rates[np.array(labelled, dtype=bool)]


def _current(rated: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Ratings of clips as they are now; a clip that was exchanged since is another clip."""
    clips = _heard(study)
    known = set(zip(clips["stimulus"], clips["sha256"], strict=True))
    heard = zip(rated["stimulus"], rated["sha256"], strict=True)
    return rated[np.array([pair in known for pair in heard], dtype=bool)]


def _ratings(trial: Mapping[Any, Any], length_s: float) -> Iterator[dict[str, Any]]:
    answer = trial["answer"]
    whole = {
        "rater": trial["participant"],
        "stimulus": trial["stimulus"],
        "start_s": np.nan,
        "end_s": np.nan,
        "label": answer["label"],
        "weight": 1.0,
        "repeat": trial["repeat"],
        "part": answer.get("part", ""),
        **{name: _text(answer.get(name)) for name in _SAID},
        "position": str(trial["position"]),
        "block_name": trial["block_name"],
        "answered_at": trial["answered_at"],
    }
    yield whole
    for start_s, end_s in _parts(answer, length_s):
        yield {**whole, "start_s": start_s, "end_s": end_s}


def _parts(answer: Mapping[str, Any], length_s: float) -> list[tuple[float, float]]:
    """The parts that were marked; browsers may find a clip's end a few samples later than we do."""
    if answer.get("part") == "whole":
        return [(0.0, length_s)]
    marked = answer.get("segments") or [] if answer.get("part") == "segment" else []
    ended = [(float(start_s), min(float(end_s), length_s)) for start_s, end_s in marked]
    return [(start_s, end_s) for start_s, end_s in ended if start_s < end_s]


def _rater(row: Mapping[Any, Any], background: Mapping[str, str], study: Study, *, external_ids: bool) -> dict[str, Any]:
    return {
        "rater": row["participant"],
        "rater_type": "human",
        "group": row["group"] or study.group(background),
        **{name: background.get(name, "") for name in _BACKGROUND},
        **{name: row[name] for name in ("ui_language", "study_version", "outcome")},
        "completed": "yes" if row["finished_at"] else "no",
        "simulated": "yes" if row["simulated"] else "no",
        **({"external_id": row["external_id"]} if external_ids else {}),
    }


# --- what the three tables have no place for ---


def trials(drawn: pd.DataFrame) -> pd.DataFrame:
    """Every trial in the order really shown, from ``reading.trials``; columns of ``export_tables.TRIALS``."""
    rows = drawn.to_dict("records")
    shown = drawn.assign(
        repeat=[_repeat(row) for row in rows],
        state=[_state(row) for row in rows],
        passed=[_passed(row) for row in rows],
        parameters=drawn["parameters"].map(_json),
    )
    return ratings.frame(TRIALS, shown[[c.name for c in TRIALS.columns]])


def answers(drawn: pd.DataFrame) -> pd.DataFrame:
    """Every answer, a row for each field that holds something; columns of ``export_tables.ANSWERS``."""
    shared = ("participant", "position", "block_name", "type", "stimulus", "other", "answered_at")
    rows = []
    for row in drawn.to_dict("records"):
        about = {**{name: row[name] for name in shared}, "repeat": _repeat(row)}
        rows += [{**about, "field": field, "value": value} for field, value in _fields(row)]
    return ratings.frame(ANSWERS, pd.DataFrame(rows, columns=[c.name for c in ANSWERS.columns]))


def consents(said: pd.DataFrame) -> pd.DataFrame:
    """Everything that was said to the consent text, from ``reading.consents``; columns of ``export_tables.CONSENTS``."""
    shown = said.assign(agreed=said["agreed"].map({True: "yes", False: "no"}))
    return ratings.frame(CONSENTS, shown[[c.name for c in CONSENTS.columns]])


def _fields(row: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    answer = row["answer"] or {}
    for field in trial_types()[row["type"]].answer:
        value = answer.get(field.name)
        if field.kind == "map":
            yield from ((_IN + name, _text(v)) for name, v in (value or {}).items() if _text(v))
        elif text := _text(value):
            yield field.name, text


def _text(value: Any) -> str:
    """A text as it is, a flag as yes or no, a list as JSON; what is empty as the empty text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == []:
        return ""
    return _json(value) if isinstance(value, list | dict) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _repeat(row: Mapping[Any, Any]) -> str:
    return str(row["repeat"]) if row["repeat"] else ""


def _state(row: Mapping[Any, Any]) -> str:
    if not row["answered_at"]:
        return "open"
    return "skipped" if row["answer"].get("skipped") else "answered"


def passed(row: Mapping[Any, Any]) -> bool | None:
    """Whether the answer in a row of ``reading.trials`` passes a check of the listener; None if there is no such answer."""
    kind = trial_types()[row["type"]]
    if kind.passed is None or _state(row) != "answered" or row["answer"].get("failed"):
        return None
    trial = Trial(row["position"], row["type"], row["block"], row["stimulus"], "", row["parameters"])
    return kind.passed(trial, row["answer"])


def _passed(row: Mapping[Any, Any]) -> str:
    return {True: "yes", False: "no", None: ""}[passed(row)]


# --- files ---


@dataclass(frozen=True)
class Export:
    """An export as it will be written.

    Attributes:
        files: content by file name.
        tables: the three shared tables among them.
        outdated: how many ratings are left out because their clip was exchanged or removed after it was heard.
    """

    files: Mapping[str, bytes]
    tables: ratings.Tables
    outdated: int


def export(
    study: Study,
    store: Store,
    *,
    form: Literal["csv", "parquet"] = "csv",
    spreadsheets: bool = False,
    external_ids: bool = False,
) -> Export:
    """Everything that an export writes; the same answers give the same bytes.

    Args:
        study: whose answers.
        store: where they are.
        form: of the tables; the codebook and the copies for spreadsheets are always CSV.
        spreadsheets: whether to add a copy of each table in which no text can become a formula.
        external_ids: whether ``raters`` says what the service that sent somebody calls them; then it is not pseudonymous.

    Raises:
        BadInput: the tables would be wrong.
    """
    drawn = reading.trials(store, study.id)
    found = _tables(study, store, drawn, external_ids=external_ids)
    if problems := ratings.check(found):
        raise BadInput(*problems)
    shown = {"stimuli": found.stimuli, "raters": found.raters, "ratings": found.ratings}
    everybody = _everybody(study, store)
    own = {"trials": trials(drawn), "answers": answers(drawn), "consents": consents(reading.consents(store, study.id))}
    shown |= {name: made_up.row_by_row(data, everybody, who="participant") for name, data in own.items()}
    files = {
        f"{name}.{form}": ratings.to_csv(data).encode() if form == "csv" else data.to_parquet(index=False)
        for name, data in shown.items()
    }
    kinds = sorted({entry.trial for entry in settings.leaves(study.timeline)} | set(drawn["type"]))
    book = export_tables.codebook(shown, types=kinds, spreadsheets=spreadsheets)
    files["codebook.csv"] = ratings.to_csv(book).encode()
    if spreadsheets:
        files |= {f"{name}.spreadsheet.csv": spreadsheet.csv(data) for name, data in shown.items()}
    rated = _rated(drawn)
    return Export(files, found, len(rated) - len(_current(rated, study)))


def _everybody(study: Study, store: Store) -> ratings.Tables:
    """All participants, whether what they answered counts or not, and all clips, with what of them was made up."""
    people = reading.people(store, study.id)
    simulated = people["simulated"].map({True: "yes", False: "no"}) if len(people) else "no"
    clips = study.stimuli[["stimulus"]].assign(synthetic="yes" if study.synthetic else "no")
    who = people[["participant"]].rename(columns={"participant": "rater"}).assign(simulated=simulated, rater_type="human")
    return ratings.Tables(clips, who, ratings.frame(ratings.RATINGS, []))


def write(files: Mapping[str, bytes], folder: str | Path) -> None:
    """Write an export's files; each is whole or not there, and none of an earlier export in another form stays.

    Raises:
        BadInput: the folder cannot be made or written.
    """
    made = ratings.make_folder(folder)
    for name, data in files.items():
        ratings.write_whole(made / name, data)
    names = [t.name for t in (*ratings.TABLES, *export_tables.OWN)]
    for name in (f"{n}{end}" for n in names for end in (".csv", ".parquet", ".spreadsheet.csv")):
        if name not in files:
            (made / name).unlink(missing_ok=True)
