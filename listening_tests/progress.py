"""How far a study's listeners have come: by person, group, block and type of trial, as tables to show and to download.

``people`` everywhere is what ``listeners`` gave, or a part of it. The database does the counting that it can, so that a page
may look every few seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from listening_tests import export, reading
from listening_tests.clock import stamp
from listening_tests.store import Store
from listening_tests.study import OTHERS, Study
from listening_tests.trial import trial_types

STATES = ("invited", "under_way", "finished", "dropped_out", "screened_out", "full", "failed_check")
"""How somebody stands. Who has answered nothing for the study's ``drop_out_h`` counts as a drop-out, as for quotas."""

UNKNOWN = "none yet"
"""The group of those who have not answered the background form, or were sent home after it."""


def listeners(study: Study, store: Store) -> pd.DataFrame:
    """Each participant's group, state, times, version of the study, and how many of their trials are answered.

    ``trials`` counts those that wait for an answer; the debrief waits for none.
    """
    people = reading.people(store, study.id)
    standing = reading.standing(store, study.id)
    said = {row["participant"]: row for row in standing.to_dict("records")}
    answered = [int(said[p]["answered"]) if p in said else 0 for p in people["participant"]]
    last_at = pd.Series([said[p]["last_at"] if p in said else "" for p in people["participant"]], people.index, dtype="str")
    group = people["group"].where(people["group"] != "", UNKNOWN)
    shown = people.assign(
        group=group,
        state=_states(people, last_at.where(last_at != "", people["started_at"]), study.settings.drop_out_h),
        version=people["study_version"].str[:12],
        simulated=people["simulated"].map({True: "yes", False: "no"}),
        answered=answered,
        trials=(people["planned"] - 1).clip(lower=0),
        last_at=last_at,
    )
    facts = ["participant", "group", "state", "answered", "trials", "ui_language", "version", "simulated"]
    return shown[[*facts, "invited_at", "started_at", "last_at", "finished_at"]]


def _states(people: pd.DataFrame, last_at: pd.Series, drop_out_h: float) -> np.ndarray[Any, Any]:
    since = stamp(datetime.now(UTC) - timedelta(hours=drop_out_h))
    conditions = [
        people["outcome"] != "",
        people["finished_at"] != "",
        people["started_at"] == "",
        last_at >= since,
    ]
    return np.select(conditions, [people["outcome"], "finished", "invited", "under_way"], "dropped_out")


def groups(study: Study, people: pd.DataFrame) -> pd.DataFrame:
    """How many listeners of each group are where: ``group, wanted, finished, under_way, still_wanted``, then other states.

    ``wanted`` 0 = any number. ``still_wanted`` counts who is under way as if they will finish, as the quota does.

    Args:
        study: whose groups.
        people: from ``listeners``; people and simulated listeners fill places of their own, so give one kind.
    """
    names = [g.name for g in study.settings.groups]
    names += [name for name in (OTHERS, UNKNOWN) if (people["group"] == name).any() and name not in names]
    names += sorted(set(people["group"]) - set(names))  # groups of an earlier version
    counted = pd.crosstab(people["group"], people["state"]).reindex(index=names, columns=list(STATES), fill_value=0)
    wanted = pd.Series({name: study.quota(name) for name in names}, dtype=int)
    left = (wanted - counted["finished"] - counted["under_way"]).clip(lower=0).where(wanted > 0, 0)
    counted = counted.assign(wanted=wanted, still_wanted=left).astype(int)
    first = ["wanted", "finished", "under_way", "still_wanted"]
    rows = counted[[*first, *(s for s in STATES if s not in first)]].rename_axis("group").reset_index()
    return pd.DataFrame(rows.rename_axis(columns=None))


def blocks(study: Study, store: Store, people: pd.DataFrame) -> pd.DataFrame:
    """How far each group has come in each block: ``entry, block, type, group, listeners, answered,
    trials``.

    ``entry`` counts the entries of the timeline from 0; one that is no block has no name. Counted is who is under way or
    has finished, and what was drawn for them: the part after the background form is drawn once that is answered.
    """
    there = people[people["state"].isin(["under_way", "finished"])].set_index("participant")
    counts = reading.counts(store, study.id)
    counts = counts[counts["participant"].isin(there.index) & (counts["type"] != "debrief")]
    counts = counts.assign(group=counts["participant"].map(there["group"]), entry=counts["block"])
    unit = ["entry", "block_name", "type", "group"]
    summed = counts.groupby(unit, sort=True).agg(
        listeners=("participant", "nunique"), answered=("answered", "sum"), trials=("drawn", "sum")
    )
    rows = summed.reset_index().rename(columns={"block_name": "block"})
    return pd.DataFrame(rows[["entry", "block", "type", "group", "listeners", "answered", "trials"]])


def shares(study: Study, blocks: pd.DataFrame) -> pd.DataFrame:
    """Of ``blocks``, a row for each and a column for each group: how much is answered, in per cent (NaN = nothing drawn)."""
    names = [*(g.name for g in study.settings.groups), OTHERS, UNKNOWN]
    names += sorted(set(blocks["group"]) - set(names))
    share = (100 * blocks["answered"] / blocks["trials"].clip(lower=1)).round()
    unit = ["entry", "block", "type"]
    wide = blocks.assign(share=share).pivot(index=unit, columns="group", values="share")
    wide = wide[[name for name in names if name in wide]].reset_index()
    return pd.DataFrame(wide.rename_axis(columns=None))


def times(store: Store, study_id: str, people: pd.DataFrame) -> pd.DataFrame:
    """Seconds from one answer to the next, by type of trial: ``type, answers, median_s, quartile_1_s, quartile_3_s``.

    What was skipped does not count. The first trial has no answer before it; its time runs from the opening of the link.
    """
    given = reading.times(store, study_id)
    given = given[given["participant"].isin(people["participant"])]
    started = given["participant"].map(people.set_index("participant")["started_at"])
    at = pd.to_datetime(given["answered_at"], format="ISO8601", utc=True)
    before = at.groupby(given["participant"]).shift().fillna(pd.to_datetime(started, format="ISO8601", utc=True))
    took_s = (at - before).dt.total_seconds()
    took = given.assign(took_s=took_s)[took_s > 0]  # what an answer skips is stored with it
    quartiles = took.groupby("type")["took_s"].quantile(np.array([0.25, 0.5, 0.75])).unstack()
    rows = pd.DataFrame(
        {
            "type": quartiles.index,
            "answers": took["type"].value_counts().reindex(quartiles.index).to_numpy(),
            **{name: quartiles.get(q, pd.Series(dtype=float)).round(1).to_numpy() for name, q in _QUARTILES.items()},
        }
    )
    return rows


_QUARTILES = {"median_s": 0.5, "quartile_1_s": 0.25, "quartile_3_s": 0.75}


def checks(store: Store, study_id: str, people: pd.DataFrame) -> pd.DataFrame:
    """Who passed the checks of the listener: ``type, group, listeners, passed_all, failed_some, failed_all``.

    Counted are answers: of a headphone check with a retry, who passes at the second attempt has failed some.
    """
    kinds = [name for name, kind in trial_types().items() if kind.passed is not None]
    given = reading.trials(store, study_id, types=kinds)
    passed = [float("nan") if (p := export.passed(row)) is None else float(p) for row in given.to_dict("records")]
    group = given["participant"].map(people.set_index("participant")["group"])  # missing for those who do not count here
    said = given.assign(passed=passed, group=group).dropna(subset=["passed", "group"])
    share = said.groupby(["type", "group", "participant"])["passed"].mean().reset_index()
    ways = {
        "passed_all": share["passed"] == 1,
        "failed_some": share["passed"].between(0, 1, inclusive="neither"),
        "failed_all": share["passed"] == 0,
    }
    counted = share.assign(**ways).groupby(["type", "group"])
    summed = counted.agg(listeners=("participant", "size"), **{way: (way, "sum") for way in ways})
    return pd.DataFrame(summed.reset_index())


def versions(study: Study, store: Store, people: pd.DataFrame) -> pd.DataFrame:
    """Every version that somebody began with, and the folder's: ``version, now, kept_at, begun, finished``."""
    known = reading.versions(store, study.id)
    kept = dict(zip(known["version"].astype(str), known["kept_at"].astype(str), strict=True))
    kept.setdefault(study.version, "")
    begun = people[people["started_at"] != ""]
    rows = [
        {
            "version": version[:12],
            "now": "yes" if version == study.version else "no",
            "kept_at": kept[version],
            "begun": int((begun["version"] == version[:12]).sum()),
            "finished": int(((begun["version"] == version[:12]) & (begun["state"] == "finished")).sum()),
        }
        for version in kept
    ]
    return pd.DataFrame(rows)
