"""Who hears the emotion better, people or models? Both side by side on the same clips, language by language."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import beside, chart, frame, pick, reads, table
from ser_core import figures, published
from ser_core.errors import BadInput
from ser_core.metrics._metric import segment_metrics
from ser_core.published import Published
from ser_core.ratings import to_csv

frame.begin("compare")

_IN_A_ROW = 3


def _overview(scores: pd.DataFrame) -> None:
    st.subheader("Recognised, by language", anchor=False)
    st.caption("UA: the mean of the recalls of all emotions, from 0 to 1. “Cannot say” counts as not recognised.")
    ua = scores[(scores["metric"] == "ua") & (scores["rater"] == "")]
    wide = ua.pivot(index="group", columns="language", values="value").loc[ua["group"].unique()]
    wide = wide[[tag for tag in [*wide.columns[1:], ""] if tag in wide.columns]].rename(columns=beside.name).reset_index()
    table.draw(wide.rename_axis(columns=None))


def _dots(scores: pd.DataFrame, language: str) -> None:
    here = scores[scores["language"] == language].assign(language=beside.name(language))
    st.subheader(f"People and models on {beside.clips(language)}", anchor=False)
    st.caption("UA with its 95 % interval, bootstrapped over listeners and clips. Dotted: pure guessing.")
    chart.draw(figures.ua_dots(here), key=f"dots {language}")


def _matrices(confusion: pd.DataFrame, groups: Sequence[str], *, key: str) -> None:
    """A heat map for each group; columns stack by themselves on a phone."""
    labels = sorted(set(confusion["label"]))
    for start in range(0, len(groups), _IN_A_ROW):
        row = st.columns(_IN_A_ROW)
        for column, group in zip(row, groups[start : start + _IN_A_ROW], strict=False):
            with column:
                rows = confusion[confusion["group"] == group]
                chart.draw(figures.confusion(rows, group, labels=labels), key=f"{key} {group}")


def _confusion(confusion: pd.DataFrame, language: str, files: dict[str, bytes]) -> None:
    st.subheader("What was heard as what", anchor=False)
    st.caption("Each row is what was spoken and sums to 1. Point at a cell for the number of judgements.")
    here = confusion[(confusion["rater"] == "") & (confusion["language"] == language)]
    _matrices(here, list(here["group"].unique()), key=f"own {language}")
    table.save(files["confusion.csv"], "confusion.csv")


def _per_emotion(scores: pd.DataFrame, language: str, files: dict[str, bytes]) -> None:
    st.subheader("Emotion by emotion", anchor=False)
    rows = scores[(scores["rater"] == "") & (scores["language"] == language) & (scores["emotion"] != "")]
    wide = rows.pivot(index=["group", "emotion"], columns="metric", values="value")
    order = pd.MultiIndex.from_frame(rows[["group", "emotion"]].drop_duplicates())
    names = [n for n in ("precision", "recall", "f1") if n in wide]
    table.draw(wide.reindex(order)[names].reset_index().rename_axis(columns=None))
    table.save(files["scores.csv"], "scores.csv")


def _tests(tests: pd.DataFrame, language: str, files: dict[str, bytes]) -> None:
    st.subheader("Do groups of listeners differ?", anchor=False)
    if tests.empty:
        st.info("Tests need at least two groups of listeners. Invite people of another native language.")
        return
    st.caption(
        "Two-sided Welch's t-tests with one value for each listener. p_holm is corrected within its family: UA by language, "
        "and single emotions by emotion and language."
    )
    here = tests if not language else tests[tests["language"] == language]
    shown = ["a", "b", "language", "emotion", "metric", "mean_a", "mean_b", "difference", "t", "df", "p", "p_holm", "ci_low",
             "ci_high", "effect", "n_a", "n_b", "note"]  # fmt: skip
    table.draw(here[shown])
    with st.container(horizontal=True):
        table.save(files["tests.csv"], "tests.csv")
        table.save(files["groups.csv"], "groups.csv")


def _published(language: str) -> None:
    st.subheader("Beside published results", anchor=False)
    papers = {name: published.read(name) for name in published.papers()}
    chosen = st.selectbox(
        "Paper", list(papers), index=None, format_func=lambda name: papers[name].title, placeholder="none", key="paper"
    )
    if chosen:
        _paper(papers[chosen], language)


def _paper(paper: Published, language: str) -> None:
    st.write(paper.citation)
    here = paper.confusion[paper.confusion["language"] == language]
    if here.empty:
        has = ", ".join(beside.name(tag) for tag in sorted(set(paper.confusion["language"])))
        st.info(f"It prints no confusion matrix of {beside.clips(language)}. It has: {has}.")
    else:
        _matrices(here, list(here["group"].unique()), key=f"{paper.name} {language}")
    with st.container(horizontal=True):
        for name, data in paper.tables.items():
            table.save(to_csv(data).encode(), f"{paper.name}-{name}.csv")


def _side_by_side(study: Study, compared: reads.Compared) -> None:
    scored, files = compared.result.scored, compared.result.files
    rows = scored.scores[(scored.scores["corpus"] == "") & ~scored.scores["metric"].isin(segment_metrics())]
    _overview(rows)
    language = beside.language(scored.scores["language"])
    _dots(rows, language)
    _confusion(scored.confusion, language, files)
    _published(language)
    _per_emotion(rows, language, files)
    _tests(compared.result.tests, language, files)
    st.subheader("The same without this page", anchor=False)
    st.write("These commands write the same files to the byte, and a report to hand on.")
    st.code(compared.commands, language="shell", wrap_lines=True)
    table.save(files["report.html"], f"{study.id}-report.html")
    for sentence in scored.left_out:
        st.caption(sentence)


def _nothing() -> None:
    st.info("Nothing to compare yet: no listener has answered, and no model has rated the clips.")
    with st.container(horizontal=True):
        st.page_link(str(frame.PAGES / "studies.py"), label="Invite listeners", icon=":material/person_add:")
        st.page_link(str(frame.PAGES / "models.py"), label="Run a model", icon=":material/play_arrow:")


def _page(study: Study) -> None:
    if study.synthetic:
        frame.synthetic_banner()
    compared = reads.compared(study, Store(), beside.runs(reads.finished(study)))
    if compared is None:
        _nothing()
        return
    beside.simulated(compared.simulated, compared.people)
    _side_by_side(study, compared)


st.title("Compare", anchor=False)
picked = pick.study()
if picked:
    try:
        _page(picked)
    except BadInput as bad:
        pick.show_problems("These cannot be compared as they are.", bad)
