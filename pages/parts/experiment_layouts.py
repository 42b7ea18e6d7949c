"""Where clips lie before and after a model, coloured by what they are, and how well these fall apart."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import compare_figure, experiment_reads, pick, table
from pages.parts.experiment_results import of
from ser_core import experiment_figures as figures
from ser_core import experiment_layouts as layouts
from ser_core.errors import BadInput
from ser_core.experiment_folders import Experiment
from ser_core.experiment_tables import KIND, whole

_WHEN = {"before": "Before: what the encoder makes of clips", "after": "After: what the model makes of that"}


def draw(experiment: Experiment, best: pd.DataFrame) -> None:
    """Where the folder tells of it, for the models that are shown."""
    try:
        points, silhouettes = experiment_reads.projections(experiment.folder)
    except BadInput as bad:
        st.subheader("Where clips lie", anchor=False)
        pick.show_problems("Where clips lie cannot be read.", BadInput(bad.problems[0]))
        return
    shown = of(experiment.models[experiment.models["model"].isin(points["model"])], best)
    if shown.empty:
        return
    st.subheader("Where clips lie", anchor=False)
    named = {_called(row): row["model"] for row in shown.to_dict("records")}
    with st.container(horizontal=True):
        model = named[st.selectbox("Model", list(named), key="layout of", width=640)]
        own = layouts.described(points[points["model"] == model], experiment.clips)
        ways = [way for way in layouts.WAYS if own["way"].str.startswith(way).any()]
        way = st.selectbox("Axes", ways, key="layout way", format_func=layouts.WAYS.__getitem__, width=128)
        by = st.selectbox("Coloured by", layouts.BY, key="layout by", width=160)
        space = st.toggle("In three dimensions", key="layout space")
    own = own[own["way"] == (way if way == "pca" else f"{way}{3 if space else 2}")]
    apart = silhouettes[silhouettes["model"] == model]
    st.caption(_said(own, apart, way))
    for column, (when, words) in zip(st.columns(2), _WHEN.items(), strict=True):
        with column:
            st.write(f"**{words}**")
            st.caption(_silhouette(apart, when, by))
            name = f"{experiment.name} model {model:g} {way} {when} by {by}{' in space' if space else ''}"
            drawn = layouts.scatter(own[own["when"] == when], by, space=space)
            compare_figure.draw(drawn, name, alt=f"Clips {when} the model, by {by}", made_up=experiment.made_up)
    name = f"{experiment.name} model {model:g}"
    with st.expander("How well they fall apart, and where each clip lies", icon=":material/table:", key=f"numbers {name}"):
        table.draw(apart.drop(columns="model"))
        compare_figure.save(whole(apart), f"{name} silhouettes", made_up=experiment.made_up)
        compare_figure.save(whole(own), f"{name} {way}", made_up=experiment.made_up)


def _called(model: dict[Any, Any]) -> str:
    return f"{figures.place(model)} · {' '.join(filter(None, (model[name] for name in KIND)))}"


def _said(points: pd.DataFrame, apart: pd.DataFrame, way: str) -> str:
    counts = points[points["when"] == "after"]["part"].value_counts()
    said = [
        f"{counts.get('test', 0)} test clips of the target and {counts.get('dev', 0)} that stopped training, of the first "
        "fold, seed and trial; the model learned from none of them. Silhouettes are computed in all dimensions: 1 is apart, "
        "0 is mixed.",
    ]
    if way == "pca":
        shares = apart.drop_duplicates("when").set_index("when")["explained"]
        told = [f"{shares[when]:.0%} {when}" for when in _WHEN if when in shares.index]
        said.append(f"The three axes show {' and '.join(told)} of the variance." if told else "")
    else:
        said.append("t-SNE (seed 0) shows who is near whom; distances and sizes of groups mean nothing.")
    return " ".join(filter(None, said))


def _silhouette(apart: pd.DataFrame, when: str, by: str) -> str:
    own = apart[(apart["when"] == when) & (apart["by"] == by)]["silhouette"].dropna()
    return f"Silhouette by {by}: {own.iloc[0]:.3f}" if len(own) else f"No silhouette by {by}."
