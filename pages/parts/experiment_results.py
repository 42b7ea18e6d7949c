"""An experiment's figures, each with its numbers: folds, layers, and how models learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts import compare_figure, experiment_reads, pick
from ser_core import experiment_figures as figures
from ser_core import experiment_protocol as protocol
from ser_core.errors import BadInput
from ser_core.experiment_folders import Experiment
from ser_core.experiment_tables import CELL, KIND, PLACE, whole, widest

_KIND = list(KIND)


def folds(experiment: Experiment, best: pd.DataFrame) -> None:
    """The headline: how far the folds of one model lie apart."""
    st.subheader("Fold by fold", anchor=False)
    far = widest(best)
    st.write(
        f"The same model lies up to **{far['highest'] - far['lowest']:.2f}** apart from fold to fold "
        f"({figures.place(far)}: {far['lowest']:.2f} to {far['highest']:.2f}). Smaller differences between models say "
        "little."
    )
    more = len(best) - figures.MOST_ROWS
    st.caption(
        "UA, each fold a dot; the mark is their mean, the line goes from the lowest to the highest. Dotted: pure guessing."
        + (f" The first {figures.MOST_ROWS} of {len(best)} are drawn; choose others by “Models shown”." if more > 0 else "")
    )
    name = f"{experiment.name} folds"
    drawn = figures.fold_spread(best, of(experiment.folds, best), guessing=experiment.guessing)
    compare_figure.draw(drawn, name, alt="UA of each fold; the numbers are in the table below", made_up=experiment.made_up)
    compare_figure.under(whole(best), name, rests_on=rests_on(experiment, best), made_up=experiment.made_up)


def layers(experiment: Experiment, cells: pd.DataFrame) -> None:
    """UA over layers, of one kind of model."""
    several = cells.groupby(_KIND, sort=False)["layer"].transform("nunique") > 1
    offered = cells[several]
    if offered.empty:
        return
    st.subheader("Layer by layer", anchor=False)
    here = _one_kind(offered, "layers of")
    st.caption(
        "Mean UA over the folds, each fold a faint dot. The ring is the layer that did best on the clips that stopped the "
        "models, by which it is chosen: test clips choose nothing. Dotted: pure guessing."
    )
    for setting, part in here.groupby("setting", sort=False):
        _layers(experiment, part, f"{experiment.name} layers {_words(here)} {setting}")


def _layers(experiment: Experiment, cells: pd.DataFrame, name: str) -> None:
    """The figure of one setting."""
    more = len(cells[list(PLACE)].drop_duplicates()) - figures.MOST_LINES
    if more > 0:
        st.caption(f"{more} lines are not drawn; choose them by “Models shown”.")
    best, folds_ = of(experiment.best, cells), of(experiment.folds, cells)
    drawn = figures.layers(cells, folds_, chosen=best, guessing=experiment.guessing)
    compare_figure.draw(drawn, name, alt="UA of each layer; the numbers are in the table below", made_up=experiment.made_up)
    compare_figure.under(whole(cells), name, rests_on=rests_on(experiment, cells), made_up=experiment.made_up)


def learning(experiment: Experiment, best: pd.DataFrame) -> None:
    """How the models of one cell learned, fold by fold."""
    st.subheader("How they learned", anchor=False)
    try:
        curves = experiment_reads.curves(experiment.folder)
    except BadInput as bad:
        pick.show_problems("The learning curves cannot be read.", bad)
        return
    drawable = curves.dropna(subset=["train_loss", "dev_loss"], how="all")["model"].unique()
    told = experiment.models[experiment.models["model"].isin(drawable)]
    cells = of(best, told)
    if cells.empty:
        st.info("The methods of this experiment tell nothing of single epochs.")
        return
    named = {_cell(cell): n for n, cell in enumerate(cells.to_dict("records"))}
    with st.container(horizontal=True):
        one = st.selectbox("Models", list(named), key="learning of", width=640)
        own = of(told, cells.iloc[[named[one]]])
        own = _one_of(own, "seed", "Seed")
        own = _one_of(own, "trial", "Trial")
    own = own.sort_values("fold")
    st.caption(
        "Loss in nats on the clips learned from and on those that stop training. Ring: the epoch whose weights were kept."
    )
    first = own.iloc[0]
    trial = f" trial {first['trial']:g}" if first["trial"] > 0 else ""
    name = f"{experiment.name} learning {one} seed {first['seed']:g}{trial}"
    shown = curves[curves["model"].isin(own["model"])]
    drawn = figures.learning(own, shown)
    compare_figure.draw(drawn, name, alt="Loss over epochs; the numbers are in the table below", made_up=experiment.made_up)
    rests_on = f"{len(own)} models, one for each fold, of {len(experiment.models):,}."
    epochs = own[["model", "fold", "stopped", "kept", "epochs"]].merge(shown, on="model")
    compare_figure.under(whole(epochs), name, rests_on=rests_on, made_up=experiment.made_up)


def _one_of(models: pd.DataFrame, column: str, label: str) -> pd.DataFrame:
    """The models of one seed or trial, which the reader chooses where there are several; all where none is told."""
    found = sorted(models[column].dropna().unique())
    one = found[0] if found else None
    if len(found) > 1:
        one = st.selectbox(label, found, key=f"learning {column}", format_func="{:g}".format, width=96)
    return models[models[column] == one] if found else models


def _one_kind(cells: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows of one encoder, method and settings, which the reader chooses where there are several."""
    found = list(dict.fromkeys(cells[_KIND].itertuples(index=False, name=None)))
    one = found[0]
    if len(found) > 1:
        one = st.selectbox("Kind of model", found, key=key, format_func=lambda k: " ".join(filter(None, k)), width=416)
    return cells[(cells[_KIND] == list(one)).all(axis=1)]


def of(rows: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Those of the rows that belong to one of the cells."""
    mine, theirs = (pd.util.hash_pandas_object(data[list(CELL)], index=False) for data in (rows, cells))
    return rows[mine.isin(theirs)].reset_index(drop=True)


def rests_on(experiment: Experiment, cells: pd.DataFrame) -> str:
    """How many models stand behind some cells, and how they were tested."""
    n = int(cells["models"].sum())
    said = [f"{n:,} models of {len(experiment.models):,}, each tested on clips of its own fold.", *protocol.sentences(cells)]
    return " ".join(said)


def _words(cells: pd.DataFrame) -> str:
    return " ".join(filter(None, cells.iloc[0][_KIND]))


def _cell(cell: Mapping[Any, Any]) -> str:
    layer = "" if pd.isna(cell["layer"]) else f", layer {cell['layer']:g}"
    return f"{figures.place(cell)} · {' '.join(filter(None, (cell[name] for name in KIND)))}{layer}"
