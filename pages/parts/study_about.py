"""What a study is: its clips, what listeners of each group get, how loud, and its versions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from listening_tests import languages, overview, progress, withdrawal
from listening_tests.clock import now
from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import sign_in, study_progress, table
from ser_core.ratings import to_csv


def draw(study: Study, store: Store) -> None:
    """Four tables, each with its download."""
    st.subheader("Clips", anchor=False)
    counts = overview.clips(study)
    table.draw(counts.assign(language=[f"{languages.spoken(tag, 'en')} ({tag})" for tag in counts["language"]]))
    table.save(to_csv(counts).encode(), f"{study.id}-clips.csv")
    _loudness(study)
    st.subheader("What a listener gets", anchor=False)
    plan = _plan(study.version, _study=study)
    table.draw(
        plan,
        wanted=st.column_config.NumberColumn("wanted", help="0 = any number"),
        trials="pages",
        sound_min=st.column_config.NumberColumn("sound", format="%.1f min"),
        about_min=st.column_config.NumberColumn("in all, about", format="%d min"),
    )
    table.save(to_csv(plan).encode(), f"{study.id}-plan.csv")
    st.caption(f"The time in all is a guess, at {overview.PAGE_S:g} s for each page beside its sound.")
    st.subheader("Versions", anchor=False)
    versions = progress.versions(study, store, progress.listeners(study, store))
    table.draw(
        versions.assign(kept_at=versions["kept_at"].str[:16].str.replace("T", " "), now=versions["now"].map(_NOW)),
        kept_at="first used (UTC)",
        now="",
    )
    table.save(to_csv(versions).encode(), f"{study.id}-versions.csv")
    st.caption("Edit the folder, and it is another version. Whoever began with one goes on with it.")
    _retention(study, store)


_NOW = {"yes": "the folder now", "no": ""}


def _loudness(study: Study) -> None:
    wanted = study.settings.loudness
    if wanted is None:
        st.caption("Played as recorded; `loudness:` in `study.yaml` would make clips equally loud.")
        return
    gains = study.stimuli["gain_db"].astype(float)
    soft = _limited(study.version, _study=study)
    some = (
        f" **{len(soft)} of {len(gains)} stay softer**, since their peaks leave no room: {', '.join(soft[:5])}"
        if soft
        else ""
    )
    st.caption(
        f"Played at {wanted.target_lufs:g} LUFS per {wanted.per}; gains from {gains.min():+.1f} to {gains.max():+.1f} dB."
        + some
        + (" …" if len(soft) > 5 else "")
    )


def _retention(study: Study, store: Store) -> None:
    st.subheader("How long data is kept", anchor=False)
    days = study.settings.retention_days
    st.write(
        f"{days} days after a participant's last answer." if days else "Until you delete it; `retention_days:` is not set."
    )
    over = [due for due in withdrawal.dues(store.engine, study) if due.due_at <= now()]
    if over:
        st.warning(
            f"The time of {len(over)} participant{'s' if len(over) != 1 else ''} is over.", icon=":material/timer_off:"
        )
        with st.popover("Delete their data …", icon=":material/delete:"):
            st.write("Everything of theirs goes, answers too. Export what you may keep before. This cannot be undone.")
            st.button("Delete it", type="primary", key="expire", on_click=_expire, args=(study, store))


def _expire(study: Study, store: Store) -> None:
    if sign_in.is_signed_in():
        store.expire(study)
        study_progress.refresh()


@st.cache_data(max_entries=16, show_spinner=False)
def _plan(version: str, *, _study: Study) -> pd.DataFrame:
    return overview.plan(_study)


@st.cache_data(max_entries=16, show_spinner=False)
def _limited(version: str, *, _study: Study) -> list[str]:
    return overview.limited(_study)
