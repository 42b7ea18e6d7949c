"""What waits, what works and how far it is, and what has ended, with all that can be done about each.

The queue is that of this machine, whatever the study. It stands in the jobs' folders and not in this process: a page that is
loaded anew and a server that was started anew show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import pandas as pd
import streamlit as st

from pages.parts import sign_in, table
from ser_core import places
from ser_core.engine import jobs
from ser_core.engine.jobs import Job
from ser_core.errors import BadInput

_ACTIVE = ("waiting", "running")
_LATEST = 5
_LAST_LINES = 4  # of the log of a failed job: there stands why
_SAID = "said of the queue"
_WATCHED = "watched jobs"


def draw(titles: Mapping[str, str]) -> None:
    """The queue; comes back by itself each second while anything waits or works, and not once more when nothing does.

    Args:
        titles: of models, by their names.
    """
    busy = any(job.state in _ACTIVE for job in jobs.jobs())
    st.fragment(lambda: _look(titles, watched=busy), run_every=1 if busy else None)()


def _look(titles: Mapping[str, str], *, watched: bool) -> None:
    if not sign_in.is_signed_in():
        st.rerun()
    found = jobs.jobs()
    active = [job for job in reversed(found) if job.state in _ACTIVE]
    names = {job.name for job in active}
    over = st.session_state.pop(_WATCHED, set()) - names
    if over or (names and not watched):
        st.rerun()  # the whole page: the runs below it are others, or what was resumed here has to be watched from now on
    st.session_state[_WATCHED] = names
    ended = [job for job in found if job.state not in _ACTIVE]
    latest = sorted(ended, key=lambda job: job.ended_at or job.queued_at, reverse=True)
    shown = [job for number, job in enumerate(latest) if number < _LATEST or job.resumable]
    if not found:
        return
    st.subheader("Queue", anchor=False)
    if said := st.session_state.pop(_SAID, None):
        st.error(said, icon=":material/block:")
    if not active:
        st.caption("Nothing waits or runs.")
    for job in sorted(active, key=lambda job: job.state == "waiting"):
        _active(job, titles)
    for job in shown:
        _ended(job, titles)
    _earlier([job for job in latest if job not in shown])


# --- what waits and works --------------------------------------------------------------------------------------------


def _active(job: Job, titles: Mapping[str, str]) -> None:
    with st.container(border=True, gap="small", key=f"job {job.name}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_named(job, titles), width="stretch")
            _button("Cancel", job, jobs.cancel, icon=":material/cancel:")
        if job.state == "running":
            st.progress(job.done / job.total if job.total else 0.0, text=(job.what or "starting").capitalize())
            st.caption(_how_far(job))
        else:
            st.caption(f"Waits: {_place(job.place)} for {_device(job.device)}.")
        _log(job)


def _named(job: Job, titles: Mapping[str, str]) -> str:
    """The model and what was set of it, then the name of the job, which becomes that of the run."""
    given = list(pairwise(job.args))
    titled = [f"**{titles[value]}**" for name, value in given if name == "--model" and value in titles]
    chosen = [f"`{value}`" for name, value in given if name == "--set"]
    return " · ".join([*titled, *chosen, f"`{job.name}`"])


def _how_far(job: Job) -> str:
    said = [
        f"{job.done:,} of {job.total:,}" if job.total else "",
        f"{job.clips_per_s:.3g} clips/s" if job.clips_per_s else "",
        f"about {lasting(job.left_s)} left" if job.left_s is not None else "",
        f"on {_device(job.device)}",
    ]
    return " · ".join(filter(None, said))


def lasting(seconds: float) -> str:
    """A time for reading, such as "2 h 1 min"."""
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")))


def _place(place: int) -> str:
    return "next" if place <= 1 else f"{place - 1} other{'s' if place > 2 else ''} before it"


def _device(name: str) -> str:
    return "this machine" if name == "auto" else name


# --- what has ended --------------------------------------------------------------------------------------------------


def _ended(job: Job, titles: Mapping[str, str]) -> None:
    named = _named(job, titles)
    after = f" after {lasting(_took(job.started_at, job.ended_at))}" if job.started_at and job.ended_at else ""
    if job.state == "done":
        with st.expander(f"{named} is done{after}.", icon=":material/check:", key=f"job {job.name}"):
            _words(job)
    elif job.state == "cancelled":
        said = f"{named} was cancelled{after}; nothing of it was kept."
        with st.expander(said, icon=":material/cancel:", key=f"job {job.name}"):
            _words(job)
    else:
        with st.container(border=True, gap="small", key=f"job {job.name}"):
            _failed(job, named, after)
            _log(job)


def _failed(job: Job, named: str, after: str) -> None:
    status = "" if job.exit_code is None else f" (exit status {job.exit_code})"
    kept = "What it had finished is kept." if job.resumable else "Nothing of it was kept; it can be run again above."
    st.error(f"{named} failed{after}: {job.reason}{status}. {kept}", icon=":material/error:")
    if last := job.log_tail.strip().splitlines()[-_LAST_LINES:]:
        st.code("\n".join(last), language=None, wrap_lines=True)
    if job.resumable:
        with st.container(horizontal=True):
            _button("Resume", job, jobs.resume, icon=":material/resume:", type="primary")
            _button("Discard", job, jobs.discard, icon=":material/delete:")
        st.caption("Resumed, it goes on with what is missing; discarded, what it had finished is thrown away.")


def _took(began: datetime, ended: datetime) -> float:
    return max(0.0, (ended - began).total_seconds())


def _earlier(ended: Sequence[Job]) -> None:
    if ended:
        with st.expander(f"Earlier jobs ({len(ended)})", key="earlier"):
            rows = [{"job": j.name, "ended as": j.state, "reason": j.reason, "folder": str(j.folder)} for j in ended]
            table.draw(pd.DataFrame(rows))


# --- of both ---------------------------------------------------------------------------------------------------------


def _log(job: Job) -> None:
    with st.expander("Log and command", key=f"log {job.name}"):
        _words(job)


def _words(job: Job) -> None:
    st.code(
        job.log_tail.strip() or "Nothing yet.",
        language=None,
        wrap_lines=True,
        height=240 if job.log_tail.count("\n") > 9 else "content",
    )
    st.caption("The same from a shell:")
    st.code(command(job), language=None, wrap_lines=True)


def command(job: Job) -> str:
    """What one would type for the same."""
    return places.typed("ser_core", *job.args)


def _button(label: str, job: Job, act: Callable[[Job], Job], **options: object) -> None:
    st.button(label, key=f"{label.lower()} {job.name}", on_click=_act, args=(job, act), **options)  # type: ignore[arg-type]


def _act(job: Job, act: Callable[[Job], Job]) -> None:
    if not sign_in.is_signed_in():
        return
    try:
        act(job)
    except BadInput as bad:
        st.session_state[_SAID] = str(bad)
