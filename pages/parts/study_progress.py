"""How far listeners have come, looked at again every few seconds.

What is shown is counted at most once in ``_FRESH_S`` seconds for all researchers together, mostly by the database; times and
checks, for which every answer is read, at most once a minute.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from listening_tests import progress, reading
from listening_tests.store import Store
from listening_tests.study import Study
from listening_tests.trial import trial_types
from pages.parts import sign_in, table
from ser_core.ratings import to_csv

_FRESH_S = 5
_EVERY_S = 10
_TIMES = ("invited_at", "started_at", "last_at", "finished_at")
_WORDS = {
    "invited": "not begun",
    "under_way": "under way",
    "finished": "finished",
    "dropped_out": "dropped out",
    "screened_out": "screened out",
    "full": "group was full",
    "failed_check": "failed a check",
}
_LOOK = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def draw(study: Study, store: Store) -> None:
    """The counts, and below them everybody; a fragment that runs by itself while the study is open."""
    every = _EVERY_S if store.state(study.id) == "open" else None

    def look() -> None:
        if not sign_in.is_signed_in():
            st.rerun()
        _look(study, store)

    st.fragment(look, run_every=every)()


def refresh() -> None:
    """Count anew at the next look: somebody was just invited, made up or deleted here."""
    for kept in (_listeners, _blocks, _slow):
        kept.clear()


def _look(study: Study, store: Store) -> None:
    everybody = _listeners(study.version, str(store.engine.url), _from=(study, store))
    if everybody.empty:
        st.info(
            "Nobody has been invited yet. Make personal links or one link for all under **Links**, or try the study out."
        )
        return
    people, shown = _chosen(everybody)
    if people.empty:
        st.info("No people have been invited yet; there are only simulated listeners.")
        return
    _metrics(people, reading.withdrawn(store, study.id) if shown == "people" else 0)
    groups = progress.groups(study, people)
    st.html(f"<style>{_LOOK}</style>{_bars(groups)}")
    st.caption("Green: finished. Striped: under way. Who has answered nothing for "
               f"{study.settings.drop_out_h:g} h has dropped out, and the place is given again.")  # fmt: skip
    with st.expander("Groups as a table"):
        table.draw(groups, group=st.column_config.Column(pinned=True), still_wanted="still wanted", **_WORDS)
        table.save(to_csv(groups).encode(), f"{study.id}-groups-{shown}.csv")
    key = (study.version, str(store.engine.url), shown)
    _by_block(study, _blocks(*key, _from=(study, store, people)), shown)
    _by_type(study, *_slow(*key, _from=(study, store, people)), shown)
    _everybody(study, people, shown)


def _chosen(everybody: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """People, or simulated listeners: they fill places of their own, so they are never counted together."""
    made_up = everybody["simulated"] == "yes"
    if not made_up.any():
        return everybody, "people"
    kinds = {"people": f"People ({(~made_up).sum()})", "simulated": f"Simulated ({made_up.sum()})"}
    first = "simulated" if made_up.all() else "people"
    shown = st.segmented_control(
        "Listeners",
        list(kinds),
        default=first,
        format_func=lambda kind: kinds[kind],
        key="who",
        label_visibility="collapsed",
    )
    shown = shown or first
    if shown == "simulated":
        st.warning(
            "Nobody was there: these listeners are made up, and so are their answers and times.", icon=":material/smart_toy:"
        )
    return everybody[made_up == (shown == "simulated")], shown


def _metrics(people: pd.DataFrame, withdrawn: int) -> None:
    counted = people["state"].value_counts()
    first = ("finished", "under_way", "dropped_out", "invited")
    ended = int(counted.drop(labels=list(first), errors="ignore").sum())
    with st.container(horizontal=True, gap="medium"):
        for state in first:
            st.metric(_WORDS[state].capitalize(), int(counted.get(state, 0)), width="content")
        st.metric("Sent home", ended, width="content", help="Screened out, their group was full, or they failed a check.")
        if withdrawn:
            st.metric("Withdrawn", withdrawn, width="content", help="Took everything back; only a receipt is kept of each.")


def _bars(groups: pd.DataFrame) -> str:
    """Finished and under way of those who are wanted; where any number is, of the most that a group has."""
    rows = groups[(groups["wanted"] > 0) | (groups["finished"] + groups["under_way"] > 0)].to_dict("records")
    most = max([1, *(row["finished"] + row["under_way"] for row in rows)])
    return f'<div class="quotas">{"".join(_bar(row, most) for row in rows)}</div>'


def _bar(row: dict[Any, Any], most: int) -> str:
    whole = max(row["wanted"] or most, row["finished"] + row["under_way"], 1)
    wanted = f" of {row['wanted']} wanted" if row["wanted"] else ""
    left = f", {row['still_wanted']} still wanted" if row["still_wanted"] else ""
    words = f"{row['finished']}{wanted} finished, {row['under_way']} under way{left}"
    parts = "".join(
        f'<div class="{name}" style="width: {100 * row[column] / whole:.2f}%"></div>'
        for name, column in (("done", "finished"), ("way", "under_way"))
    )
    name = html.escape(str(row["group"]))
    heading = f'<div class="name"><b>{name}</b><span>{words}</span></div>'
    return f'<div>{heading}<div class="bar" aria-hidden="true">{parts}</div></div>'


def _by_block(study: Study, blocks: pd.DataFrame, shown: str) -> None:
    """A row for each block, a bar for each group; the download has a row for each of both, with counts."""
    if blocks.empty:
        return
    st.subheader("By block", anchor=False)
    wide = progress.shares(study, blocks)
    wide = wide.assign(type=_titles(wide["type"])).drop(columns=["entry", *([] if wide["block"].any() else ["block"])])
    table.draw(wide, **{name: _percent(name) for name in wide.columns if name not in ("block", "type")})
    table.save(to_csv(blocks).encode(), f"{study.id}-blocks-{shown}.csv")


def _percent(name: str) -> Any:
    return st.column_config.ProgressColumn(name, min_value=0, max_value=100, format="%d %%")


def _by_type(study: Study, times: pd.DataFrame, checks: pd.DataFrame, shown: str) -> None:
    if not times.empty:
        st.subheader("Time per trial", anchor=False)
        seconds = {name: st.column_config.NumberColumn(title, format="%.1f s") for name, title in _QUARTILES.items()}
        table.draw(times.assign(type=_titles(times["type"])), **seconds)
        table.save(to_csv(times).encode(), f"{study.id}-times-{shown}.csv")
    if not checks.empty:
        st.subheader("Checks of the listener", anchor=False)
        named = {name: name.replace("_", " ") for name in ("passed_all", "failed_some", "failed_all")}
        table.draw(checks.assign(type=_titles(checks["type"])), **named)
        table.save(to_csv(checks).encode(), f"{study.id}-checks-{shown}.csv")


_QUARTILES = {"median_s": "median", "quartile_1_s": "1st quartile", "quartile_3_s": "3rd quartile"}


def _everybody(study: Study, people: pd.DataFrame, shown: str) -> None:
    st.subheader("Everybody", anchor=False)
    share = people["answered"] / people["trials"].clip(lower=1)
    rows = people.drop(columns="simulated").assign(
        state=people["state"].map(_WORDS), **{name: _minute(people[name]) for name in _TIMES}
    )
    rows.insert(list(rows.columns).index("trials") + 1, "done", (100 * share).clip(upper=100).round())
    table.draw(
        rows,
        done=_percent("done"),
        ui_language="language",
        **{name: name.replace("_at", " (UTC)") for name in _TIMES},
    )
    table.save(to_csv(people).encode(), f"{study.id}-progress-{shown}.csv")


def _minute(times: pd.Series) -> pd.Series:
    return times.str[:16].str.replace("T", " ")


def _titles(types: pd.Series) -> pd.Series:
    return types.map(lambda name: trial_types()[name].title)


_Study = tuple[Study, Store]
_People = tuple[Study, Store, pd.DataFrame]


@st.cache_data(ttl=_FRESH_S, max_entries=16, show_spinner=False)
def _listeners(version: str, database: str, *, _from: _Study) -> pd.DataFrame:
    return progress.listeners(*_from)


@st.cache_data(ttl=_FRESH_S, max_entries=16, show_spinner=False)
def _blocks(version: str, database: str, shown: str, *, _from: _People) -> pd.DataFrame:
    return progress.blocks(*_from)


@st.cache_data(ttl=60, max_entries=16, show_spinner=False)
def _slow(version: str, database: str, shown: str, *, _from: _People) -> tuple[pd.DataFrame, pd.DataFrame]:
    study, store, people = _from
    return progress.times(store, study.id, people), progress.checks(store, study.id, people)
