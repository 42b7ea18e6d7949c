"""Who hears the emotion better, people or models? Both side by side on the same clips, language by language."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import (
    beside,
    compare_address,
    compare_clips,
    compare_figure,
    compare_filter,
    compare_power,
    compare_published,
    compare_tests,
    frame,
    pick,
    reads,
    table,
)
from ser_core import compare_figures, figure_notes, figures
from ser_core.errors import BadInput
from ser_core.made_up import stamped
from ser_core.measures._measure import measures
from ser_core.metrics._metric import metrics, segment_metrics
from ser_core.public import LEAST

frame.begin("compare")

_SHOWN = ("clips", "differences")  # measures that have a place of their own on the page


def _overview(compared: reads.Compared, scores: pd.DataFrame) -> None:
    st.subheader("Recognised, by language", anchor=False)
    st.caption("UA: the mean of the recalls of all emotions, from 0 to 1. “Cannot say” counts as not recognised.")
    ua = scores[(scores["metric"] == "ua") & (scores["rater"] == "")]
    wide = ua.pivot(index="group", columns="language", values="value").loc[ua["group"].unique()]
    wide = wide[[tag for tag in [*wide.columns[1:], ""] if tag in wide.columns]].rename(columns=beside.name).reset_index()
    table.draw(stamped(wide.rename_axis(columns=None), compared.made_up))
    small = compared.small
    if len(small):
        named = "; ".join(
            f"{group}, {number} in {', '.join(map(beside.name, tags))}"
            for (group, number), tags in small.groupby(["group", "listeners"])["language"]
        )
        st.caption(f":material/visibility_off: Too few listeners to be shown to the public, below {LEAST}: {named}.")


def _dots(compared: reads.Compared, scores: pd.DataFrame, language: str, *, rests_on: str) -> None:
    here = scores[scores["language"] == language].assign(language=beside.name(language))
    several = here.loc[here["metric"] == "recall", "emotion"].nunique() > 1
    guess = several and "emotion" not in compared.where  # emotions that are filtered out could still be guessed
    st.subheader(f"People and models on {beside.clips(language)}", anchor=False)
    dotted = " Dotted: pure guessing." if guess else ""
    lie = " Shaded: where single listeners lie, all but the lowest and highest 2.5 %."
    shaded = lie if compare_figures.people_range(here) else ""
    st.caption(f"UA with its 95 % interval, bootstrapped over listeners and clips.{dotted}{shaded}")
    name = f"UA {beside.tag(language)}"
    compare_figure.draw(
        lambda: compare_figures.shade_people(figures.ua_dots(here if guess else here[here["metric"] == "ua"]), here),
        name,
        alt="UA of each group with its interval; its numbers are in the table below",
        made_up=compared.made_up,
        number=_judgements(here),
        kept=compared.drawn,
    )
    ua = here[(here["metric"] == "ua") & (here["rater"] == "")]
    compare_figure.under(
        ua[["group", "rater_type", "value", "ci_low", "ci_high", "n"]], name, rests_on=rests_on, made_up=compared.made_up
    )


def _judgements(scores: pd.DataFrame) -> str:
    """How many judgements of groups there are in these rows, in a few words for a picture."""
    of_groups = scores[(scores["metric"] == "ua") & (scores["rater"] == "")]
    return f"judgements: {int(of_groups['n'].sum()):,}"


def _per_emotion(compared: reads.Compared, scores: pd.DataFrame, language: str, *, rests_on: str) -> None:
    st.subheader("Emotion by emotion", anchor=False)
    offered = {name: metric for name, metric in metrics().items() if metric.per_emotion}
    compare_address.begin("measure", offered, "recall")
    chosen = st.selectbox("Measure", list(offered), format_func=lambda n: offered[n].title, key="measure", width=320)
    compare_address.keep("measure", "recall")
    metric = offered[chosen]
    st.caption(f"{metric.title}: {metric.help}.")
    here = scores[(scores["language"] == language) & (scores["rater"] == "")]
    name = f"{chosen} {beside.tag(language)}"
    compare_figure.draw(
        lambda: compare_figures.bars(here, chosen, metric.title, bounds=metric.bounds),
        name,
        alt=f"{metric.title} of each emotion; its numbers are in the table below",
        made_up=compared.made_up,
        number=_judgements(here),
        kept=compared.drawn,
    )
    rows = here[here["emotion"] != ""]
    wide = rows.pivot(index=["group", "emotion"], columns="metric", values="value")
    order = pd.MultiIndex.from_frame(rows[["group", "emotion"]].drop_duplicates())
    shown = wide.reindex(order)[[n for n in offered if n in wide]].reset_index().rename_axis(columns=None)
    compare_figure.under(shown, name, rests_on=rests_on, made_up=compared.made_up)
    table.save(compared.files["scores.csv"], "scores.csv")


def _difference(compared: reads.Compared, language: str, *, rests_on: str) -> None:
    st.subheader("Where two groups differ", anchor=False)
    here = compared.differences[language]
    if here.empty:
        st.info(f"Only one group judged {beside.clips(language)}.")
        return
    names = list(dict.fromkeys([*here["a"], *here["b"]]))
    with st.container(horizontal=True):
        a = _one_of("Group A", "group a", names)
        b = _one_of("minus group B", "group b", [name for name in names if name != a])
    rows = compare_figures.turned(here, a, b)
    star = f"different by more than chance, Welch’s test with p < {compare_figures.SIGNIFICANT} after Holm’s correction"
    st.caption(
        "Share of group A less that of group B in each cell, each rater counting the same. Framed, with a star: "
        f"{star} over this matrix."
    )
    name = f"difference {beside.tag(language)} {a} minus {b}"
    compare_figure.draw(
        lambda: compare_figures.difference(rows, a, b),
        name,
        alt=f"{a} minus {b}; the numbers are in the table below",
        made_up=compared.made_up,
        number=f"raters: {rows['n_a'].max():,} and {rows['n_b'].max():,}",
        kept=compared.drawn,
    )
    why = list(dict.fromkeys(note.removeprefix("not tested: ") for note in rows["note"] if note))
    if why and rows["p"].isna().all():
        st.caption(f"Nothing is tested, so nothing is marked: {'; '.join(why)}.")
    compare_figure.under(rows, name, rests_on=rests_on, made_up=compared.made_up)


def _one_of(label: str, key: str, names: list[str]) -> str:
    compare_address.begin(key, names, names[0])
    chosen = st.selectbox(label, names, key=key, width=320)
    compare_address.keep(key, names[0])
    return str(chosen)


def _side_by_side(study: Study, joined: reads.Joined, compared: reads.Compared) -> None:
    scored, files = compared.scored, compared.files
    if not len(scored.counted):
        _only_marked()
        return
    ua = scored.ua[scored.ua["corpus"] == ""]
    _overview(compared, ua)
    language = beside.language(scored.confusion_of_groups["language"])
    rows = scored.of_groups[language]
    rows = rows[(rows["corpus"] == "") & ~rows["metric"].isin(segment_metrics())]
    single = ua[(ua["rater"] != "") & (ua["language"] == language)]
    note = partial(figure_notes.rests_on, compared.tables, compared.counted, language, scored.left_out)
    rests_on = compared.once("rests on", language, make=note)
    compare_figure.picture_format()
    _dots(compared, pd.concat([rows, single], ignore_index=True), language, rests_on=rests_on)
    st.fragment(compare_clips.draw)(study, compared, language, rests_on=rests_on)
    table.save(files["confusion.csv"], "confusion.csv")
    _difference(compared, language, rests_on=rests_on)
    compare_published.draw(compared, language)
    _per_emotion(compared, rows, language, rests_on=rests_on)
    compare_tests.draw(joined, compared, language, rests_on=rests_on)
    st.fragment(compare_power.draw)(joined, compared, language)
    st.fragment(compare_clips.lists)(study, compared, language)
    _more(compared)
    st.subheader("The same without this page", anchor=False)
    st.write(
        "These commands write the same files to the byte, and a report to hand on: one page to read, and a ZIP with every "
        "table, figure and run’s settings, from which anybody can make all of it again."
    )
    st.code(compared.commands, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        table.save(files["report.html"], f"{study.id}-report.html")
        table.save(files["report.zip"], f"{study.id}-report.zip")


def _more(compared: reads.Compared) -> None:
    """Measures that are made when somebody asks for them."""
    st.subheader("More measures", anchor=False)
    offered = {name: measure for name, measure in measures().items() if name not in _SHOWN}
    compare_address.begin("more", offered)
    chosen = st.selectbox(
        "Table", list(offered), format_func=lambda n: offered[n].title, index=None, placeholder="none", key="more"
    )
    compare_address.keep("more")
    if chosen:
        st.caption(f"{offered[chosen].help} Source: {offered[chosen].source}.")
        with st.spinner("Computing …"):
            table.draw(stamped(compared.measures[chosen], compared.made_up))
        table.save(compared.files[f"{chosen}.csv"], f"{chosen}.csv")


def _only_marked() -> None:
    st.info("Only parts of clips were marked here; what is wrong of each moment is on the page Segments.")
    st.page_link(str(frame.PAGES / "segments.py"), label="Segments", icon=":material/graphic_eq:")


def _nothing() -> None:
    st.info("Nothing to compare yet: no listener has answered, and no model has rated the clips.")
    with st.container(horizontal=True):
        st.page_link(str(frame.PAGES / "studies.py"), label="Invite listeners", icon=":material/person_add:")
        st.page_link(str(frame.PAGES / "models.py"), label="Run a model", icon=":material/play_arrow:")


def _page(study: Study) -> None:
    if study.synthetic:
        frame.synthetic_banner()
    found = reads.finished(study)
    store, chosen = Store(), beside.runs(found)
    joined = reads.joined(study, store, chosen)
    if joined is None:
        _nothing()
        return
    if not found:
        beside.no_model("rated these clips", "Run one")
    where, options = compare_filter.choose(joined.tables), compare_tests.asked(joined)
    compared = reads.compared(study, store, chosen, where, options)
    assert compared is not None
    beside.simulated(compared.simulated, compared.people)
    _side_by_side(study, joined, compared)


st.title("Compare", anchor=False)
picked = pick.study()
if picked:
    try:
        _page(picked)
    except BadInput as bad:
        pick.show_problems("These cannot be compared as they are.", bad)
