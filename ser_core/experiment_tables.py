"""The tables of an experiment (``python -m ser_core run``), and what they come to over folds.

``models.csv`` has a row for each model that was tested: what it is, where it learned, where it was tested, and how well it
did there. ``curves.csv`` has a row for each epoch of each model. Accuracies lie in [0, 1], losses are in nats, times in
seconds.

A *cell* is everything but fold, seed and trial: one encoder, method, its settings and layer, one setting, source, target,
number of shots and condition. Its accuracy is the mean over folds, after the mean over the seeds and trials of each fold;
the range of these is how far the folds lie apart. The layer of a cell is chosen by dev clips alone, so that no test clip
chooses what it then measures. A model that *diverged* has no accuracy, and neither has its cell. ``intervals.csv`` adds how
far a cell would move with other speakers, and ``projections.csv`` and ``silhouettes.csv`` where chosen models lay clips.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from ser_core.tables import SETTINGS, Column, Table

PLACE = ("setting", "source_corpus", "source", "target_corpus", "target", "shots", "condition")
"""Where a model learned, and where and how it was tested."""
KIND = ("encoder", "method", "settings")
"""What kind of model it is; ``settings`` leaves out the layer, which has a column of its own."""
CELL = (*KIND, *PLACE, "layer")
PROTOCOL = ("disjoint", "dev_from")
"""What of the test a model knew. Of two words the greater, as text, says that it knew a voice."""

MODELS = Table(
    "models",
    ("model",),
    (
        Column("model", "number of the model, from 0", "number", required=True),
        Column("rater", "the model among the raters", required=True),
        Column("encoder", "what turned sound into features"),
        Column("revision", "which version of the encoder"),
        Column("method", "what turned features into labels", required=True),
        Column("settings", "what of the method was not left as it is by itself: 'key=value key=value'"),
        Column("layer", "hidden state that was heard; empty if the method has none", "number"),
        Column("setting", f"one of {', '.join(SETTINGS)}", required=True),
        Column("source_corpus", "corpus trained on; others: all whose language is not that of the test"),
        Column("source", "language trained on; mul: several"),
        Column("target_corpus", "corpus tested on"),
        Column("target", "language tested on"),
        Column(
            "shots",
            "labelled clips of the target that it was to learn from, too: a number, '10 each' emotion, all, or empty",
        ),
        Column("condition", "what was done to the test clips: a noise and its ratio; empty: nothing"),
        Column("trial", "which draw of the shots, from 0", "number"),
        Column("fold", "number of the fold, from 0", "number", required=True),
        Column("seed", "of everything that is drawn by chance", "number", required=True),
        Column("ua", "unweighted accuracy on the test clips, in [0, 1]", "number"),
        Column("wa", "weighted accuracy on them, in [0, 1]", "number"),
        Column("n", "test clips", "number"),
        Column("dev_ua", "unweighted accuracy on the dev clips, in [0, 1]", "number"),
        Column("dev_loss", "cross-entropy on the dev clips, in nats", "number"),
        Column("epochs", "epochs learned", "number"),
        Column("kept", "the epoch whose weights were tested, from 1", "number"),
        Column("stopped", "patience or epochs"),
        Column("trainable", "how many numbers were learned", "number"),
        Column("n_train", "clips learned from", "number"),
        Column("n_dev", "clips that could stop it and chose its settings", "number"),
        Column("n_shots", "labelled clips of the target among those learned from", "number"),
        Column("n_unlabelled", "clips of the target that it was given without labels", "number"),
        Column("disjoint", "what of the test it never learned from, labels or not: speaker, or utterance only"),
        Column(
            "dev_from",
            "whose dev clips could stop it and chose its settings: source or target; whether the test's speakers spoke them",
        ),
        Column("seconds", "how long it learned and rated", "number"),
        Column("peak_memory_mb", "most memory it took, in MB", "number"),
        Column("batch", "clips of one step of the optimiser", "number"),
        Column("device", "where it was computed"),
        Column("chosen", "yes for the settings and layer with the best mean dev_ua of this encoder, method and place"),
        Column("listened_ua", "unweighted accuracy on the clips that listeners heard, in [0, 1]", "number"),
        Column("listened_n", "how many of these clips", "number"),
        Column("notes", "what a reader must know of it"),
    ),
)
CURVES = Table(
    "curves",
    ("model", "stage", "epoch"),
    (
        Column("model", "number of the model in models.csv", "number", required=True),
        Column("stage", "1, or 2 of what went on from another model", "number", required=True),
        Column("epoch", "number of the epoch, from 1, counted over all stages", "number", required=True),
        Column("train_loss", "cross-entropy on the training clips, in nats", "number"),
        Column("dev_loss", "cross-entropy on the dev clips, in nats", "number"),
        Column("dev_ua", "unweighted accuracy on the dev clips, in [0, 1]", "number"),
        Column("seconds", "how long the epoch took", "number"),
    ),
)
FINDINGS = Table(
    "findings",
    ("severity", "check", "what"),
    (
        Column("severity", "alarm, warning or note", required=True),
        Column("check", "which check found it"),
        Column("what", "what was found", required=True),
        Column("clips", "some of the clips it is about"),
    ),
)
INTERVALS = Table(
    "intervals",
    CELL,
    (
        *(column for column in MODELS.columns if column.name in CELL),
        Column("ua_all", "unweighted accuracy over the test clips of all folds together, in [0, 1]", "number"),
        Column("ci_low", "lower end of its 95 % interval, over draws of test speakers", "number"),
        Column("ci_high", "upper end", "number"),
        Column("speakers", "test speakers", "number"),
        Column("why", "why there is no interval"),
    ),
)
PROJECTIONS = Table(
    "projections",
    ("model", "stimulus", "when", "way"),
    (
        Column("model", "number of the model in models.csv", "number", required=True),
        Column("stimulus", "the clip", required=True),
        Column("part", "test: of the target; dev: of what stopped the model"),
        Column("when", "before: what the encoder makes of it; after: what the model makes of that", required=True),
        Column("way", "pca, or tsne2 and tsne3: t-SNE in two and three dimensions", required=True),
        Column("x", "first coordinate", "number", required=True),
        Column("y", "second", "number", required=True),
        Column("z", "third; empty in two dimensions", "number"),
    ),
)
SILHOUETTES = Table(
    "silhouettes",
    ("model", "when", "by"),
    (
        Column("model", "number of the model in models.csv", "number", required=True),
        Column("when", "before or after the model", required=True),
        Column("by", "emotion, language or speaker", required=True),
        Column("silhouette", "mean over clips, in [-1, 1], in all dimensions; empty: there is one of them only", "number"),
        Column("n", "clips", "number"),
        Column("explained", "share of the variance that the three axes of pca show, in [0, 1]", "number"),
    ),
)

WHOLE = {
    "model", "layer", "fold", "seed", "n", "epochs", "kept", "trainable", "n_train", "n_dev", "batch", "listened_n", "stage",
    "epoch", "trial", "n_shots", "n_unlabelled", "speakers",
}  # fmt: skip
"""Columns of whole numbers, which are written without a point."""

_FIRST = {setting: n for n, setting in enumerate(SETTINGS)}


def by_fold(models: pd.DataFrame) -> pd.DataFrame:
    """One value for each cell and fold: the mean over its seeds and trials; none where one of these diverged.

    Args:
        models: columns ``MODELS``, numbers as such.

    Returns:
        ``CELL``, ``fold, ua, wa, dev_ua, seeds, models, n_shots, n_unlabelled, disjoint, dev_from``.
    """
    kept = models.assign(settings=models["settings"].map(without_layer))
    each = kept.groupby([*CELL, "fold"], sort=False, dropna=False)
    counts = each.agg(seeds=("seed", "nunique"), models=("model", "size"), **_protocol())
    return pd.concat([_means(each), counts], axis=1).reset_index()


def _means(each: Any) -> pd.DataFrame:
    """Of all models or of none: what leaves out those that diverged would be better than they were."""
    means: pd.DataFrame = each[["ua", "wa", "dev_ua"]].mean(skipna=False)
    return means


def _protocol() -> dict[str, tuple[str, str]]:
    """How models of a cell were tested: of numbers the greatest, of words those that say that a voice was known."""
    return {name: (name, "max") for name in ("n_shots", "n_unlabelled", *PROTOCOL)}


def summary(models: pd.DataFrame) -> pd.DataFrame:
    """One row for each cell: accuracy over the folds, and how far these lie apart.

    Returns:
        ``CELL``; ``ua``, ``wa`` and ``dev_ua``, means over folds; ``lowest``, ``highest`` and ``sd`` (n - 1) of the folds'
        UA; numbers of ``folds``, ``seeds`` and ``models``; ``n_shots`` and ``n_unlabelled``, the most of one model;
        ``PROTOCOL``. By setting, place, kind and layer.

    >>> given = [[0, 0, 0.5], [0, 1, 0.75], [1, 0, 1.0], [1, 1, 1.0]]
    >>> rows = pd.DataFrame(given, columns=["fold", "seed", "ua"]).assign(wa=1.0, dev_ua=1.0, model=range(4))
    >>> rows = rows.assign(n_shots=0, n_unlabelled=0, disjoint="speaker", dev_from="source")
    >>> rows = rows.assign(encoder="e", method="m", settings="layer=2 tune=lora", layer=2.0, setting="mono", source="de")
    >>> cells = summary(rows.assign(target="de", source_corpus="c", target_corpus="c", shots="", condition=""))
    >>> cells[["settings", "ua", "lowest", "folds"]].values.tolist()
    [['tune=lora', 0.8125, 0.625, 2]]
    """
    folds = by_fold(models)
    each = folds.groupby(list(CELL), sort=False, dropna=False)
    folded = each.agg(
        lowest=("ua", "min"),
        highest=("ua", "max"),
        sd=("ua", "std"),
        folds=("fold", "nunique"),
        seeds=("seeds", "max"),
        models=("models", "sum"),
        **_protocol(),
    )
    cells = pd.concat([_means(each), folded], axis=1).reset_index()
    cells = cells[[*CELL, "ua", "lowest", "highest", "sd", "wa", "dev_ua", *folded.columns[3:]]]
    order = cells.assign(setting=cells["setting"].map(_FIRST))
    return cells.loc[order.sort_values([*PLACE, *KIND, "layer"], kind="stable").index].reset_index(drop=True)


def best(cells: pd.DataFrame) -> pd.DataFrame:
    """Of each kind of model in each place the layer that did best on the dev clips; of equal ones the first.

    Args:
        cells: as of ``summary``.
    """
    ranked = cells.assign(_dev=cells["dev_ua"].round(12)).sort_values("_dev", ascending=False, kind="stable")
    kept = ranked.drop_duplicates([*KIND, *PLACE]).sort_index()
    return kept.drop(columns="_dev").reset_index(drop=True)


def listened(models: pd.DataFrame) -> pd.DataFrame:
    """What the chosen models come to on the clips that listeners heard: as ``summary``, ``clips`` instead of dev and WA."""
    rated = models[models["listened_ua"].notna()]
    clips = int(rated["listened_n"].max()) if len(rated) else 0
    return summary(rated.assign(ua=rated["listened_ua"])).drop(columns=["wa", "dev_ua"]).assign(clips=clips)


def widest(cells: pd.DataFrame) -> dict[Hashable, Any]:
    """The cell whose folds lie farthest apart, as a row of ``summary``."""
    apart = (cells["highest"] - cells["lowest"]).fillna(0)
    return cells.to_dict("records")[int(apart.to_numpy().argmax())]


def effort(models: pd.DataFrame) -> pd.DataFrame:
    """What the models of each kind took: a row for each encoder, method, settings and device.

    Returns:
        ``KIND``, ``revision, device, models, trainable, batch, n_train, n_dev, n``; ``epochs``, their median;
        ``seconds_each``, their median; ``hours``, all together; ``peak_memory_mb``, the most of one. Of numbers that differ
        between models the greatest.
    """
    each = models.groupby([*KIND, "revision", "device"], sort=False, dropna=False)
    most = {name: (name, "max") for name in ("trainable", "batch", "n_train", "n_dev", "n")}
    took = {"epochs": ("epochs", "median"), "seconds_each": ("seconds", "median"), "hours": ("seconds", "sum")}
    rows = each.agg(models=("model", "size"), **most, **took, peak_memory_mb=("peak_memory_mb", "max")).reset_index()
    return rows.assign(hours=rows["hours"] / 3600)


def whole(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with whole numbers as such, an unknown one as NA: so they are shown and written without a point.

    A column that holds others, too, such as a median between two, stays as it is.
    """
    found = [name for name in rows if name in WHOLE and (rows[name].dropna().astype("float64") % 1 == 0).all()]
    return rows.assign(**{name: rows[name].astype("Int64") for name in found})


def without_layer(settings: str) -> str:
    """What was set, but for the layer.

    >>> without_layer("layer=3 tune=lora from_layer=2")
    'tune=lora from_layer=2'
    """
    return " ".join(word for word in settings.split() if not word.startswith("layer="))
