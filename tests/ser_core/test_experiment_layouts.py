"""Where clips lie: axes that are the same everywhere, silhouettes as their definition has them, and files of a real run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ser_core import experiment_folders, experiment_layouts
from ser_core.cli import main
from ser_core.experiments import layouts, plan, projections
from ser_core.experiments.tasks import Kept
from tests.ser_core import tiny_checkpoints, voices

FILE = """
name: small
stimuli: [de/stimuli.csv, en/stimuli.csv]
encoders: {logmel: de}
settings: [mono, transfer]
sources: [de]
splits: {folds: 3}
shots: {counts: [4]}
projections: [pca, tsne]
grid:
  - {method: supcon, with.epochs: 2, with.contrast: [0, 0.5]}
  - {method: pseudo_labels, with.epochs: 2, with.every: 1, settings: transfer}
  - {method: probe, settings: transfer}
"""


# --- axes and silhouettes --------------------------------------------------------------------------------------------


def by_definition(points: np.ndarray, kinds: list[str]) -> float:
    """Rousseeuw's (b - a) / max(a, b), clip by clip."""
    values = []
    for n, (point, kind) in enumerate(zip(points, kinds, strict=True)):
        apart: dict[str, list[float]] = {k: [] for k in set(kinds)}
        for m, (other, its) in enumerate(zip(points, kinds, strict=True)):
            if m != n:
                apart[its].append(np.linalg.norm(point - other))
        if not apart[kind]:
            values.append(0.0)
            continue
        a, b = np.mean(apart[kind]), min(np.mean(apart[k]) for k in apart if k != kind)
        values.append((b - a) / max(a, b))
    return float(np.mean(values))


def test_a_silhouette_is_the_mean_of_its_definition_and_none_where_there_is_one_kind():
    rng = np.random.default_rng(0)
    points, kinds = rng.normal(size=(13, 4)), [*"aabbbccccccc", "d"]
    assert projections.silhouette(points, kinds) == pytest.approx(by_definition(points, kinds))
    assert np.isnan(projections.silhouette(points, ["a"] * 13))
    assert np.isnan(projections.silhouette(points, list("abcdefghijklm")))


def test_axes_hold_the_distances_of_clips_that_lie_in_space_and_point_where_the_farthest_lies():
    rng = np.random.default_rng(1)
    flat = rng.normal(size=(20, 3)) * [5, 2, 1]
    turned = flat @ np.linalg.qr(rng.normal(size=(7, 7)))[0][:3]
    axes, share = projections.components(turned)
    assert share == pytest.approx(1)
    apart = np.linalg.norm(axes[:, None] - axes[None], axis=-1)
    assert apart == pytest.approx(np.linalg.norm(flat[:, None] - flat[None], axis=-1))
    assert (axes.max(axis=0) >= -axes.min(axis=0)).all()
    assert projections.components(-turned)[0] == pytest.approx(axes * projections.components(-turned)[0][0] / axes[0])
    assert projections.components(np.ones((4, 2)))[1] == 0
    assert np.isnan(projections.neighbours(flat[:4], 2)).all()


# --- a run -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    top = tmp_path_factory.mktemp("layouts")
    for language in ("de", "en"):
        voices.table(top / language, languages=(language,), speakers=[f"{language}{n}" for n in range(6)])
    (top / "small.yaml").write_text(FILE)
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_DATA", str(top / "data"))
        patch.setenv("EARWITNESS_FEATURES", str(top / "features"))
        assert main("ser_core", ["run", str(top / "small.yaml"), "--threads", "1", "--device", "cpu"]) == 0
        yield top / "data" / "runs" / "small"


def test_chosen_models_lay_clips_that_they_did_not_learn_from(folder):
    experiment = experiment_folders.read(folder)
    points, silhouettes = experiment_folders.projections(folder)
    models = experiment.models.set_index("model").loc[sorted(set(points["model"]))]
    assert set(models["method"]) == {"supcon", "pseudo_labels"}  # what a probe hears is what its encoder makes of clips
    assert len(models) == 1 + 1 + 1  # one at home, two abroad
    assert (models["chosen"] == "yes").all()
    assert (models[["fold", "trial", "seed"]] == 0).all(axis=None)
    assert set(points["way"]) == {"pca", "tsne2", "tsne3"}
    assert (points["z"].isna() == (points["way"] == "tsne2")).all()
    each = points.groupby(["model", "when", "way", "part"]).size().unstack()
    assert (each["test"] == models["n"].reindex(each.index.get_level_values("model")).to_numpy()).all()
    assert (each["dev"] == models["n_dev"].reindex(each.index.get_level_values("model")).to_numpy()).all()
    assert silhouettes.groupby("model").size().eq(2 * 3).all()
    mono = models.index[models["setting"] == "mono"]
    one = silhouettes[silhouettes["model"].isin(mono) & (silhouettes["by"] == "language")]
    assert one["silhouette"].isna().all()  # of one language none can be told from another
    assert silhouettes["silhouette"].between(-1, 1).sum() == len(silhouettes) - len(one)


def test_what_is_heard_for_it_alone_is_what_no_model_heard(folder):
    planned = plan.resolve(folder.parents[2] / "small.yaml", only_check=True)
    kept = [Kept(folder, n) for n in range(len(planned.learnings))]
    asked = layouts.shards(planned, experiment_folders.read(folder).models, kept)
    assert layouts.unheard(planned, asked) == {}  # means of all layers are what these models learned from
    byol = SimpleNamespace(encoder="byol-s-512")
    other = [replace(shard, content=(shard.content[0], byol, *shard.content[2:])) for shard in asked]
    ((ears, clips),) = layouts.unheard(planned, other).items()
    assert (ears.encoder, ears.pooling) == ("byol-s-512", "mean")
    assert set(clips["stimulus"]) == {id_ for shard in asked for part in shard.content[3:] for id_ in part}


def test_what_lies_before_is_one_for_all_models_of_a_place_and_what_lies_after_is_not(folder):
    points, _ = experiment_folders.projections(folder)
    models = experiment_folders.read(folder).models
    abroad = models[(models["shots"] == "4") & models["model"].isin(points["model"])]
    pca = points[points["way"] == "pca"].set_index("stimulus")
    before, after = (
        [pca[(pca["model"] == n) & (pca["when"] == when)][["x", "y", "z"]] for n in abroad["model"]]
        for when in ("before", "after")
    )
    assert before[0].equals(before[1])
    assert not after[0].equals(after[1])


def test_intervals_are_those_of_every_cell(folder):
    cells = experiment_folders.read(folder).cells
    assert len(cells) == 2 + (2 + 1 + 1)
    assert cells["ua_all"].notna().all()
    assert (cells["ci_low"] <= cells["ua_all"]).all()
    assert (cells["ua_all"] <= cells["ci_high"]).all()
    assert set(cells["speakers"]) == {6}
    assert cells["ua_all"].tolist() == pytest.approx(cells["ua"].tolist())  # folds are of one size and balanced


def test_clips_are_drawn_in_the_colour_of_what_they_are(folder):
    points, _ = experiment_folders.projections(folder)
    clips = experiment_folders.read(folder).clips
    own = points[(points["model"] == points["model"].max()) & (points["when"] == "after")]
    own = experiment_layouts.described(own, clips)
    flat = experiment_layouts.scatter(own[own["way"] == "tsne2"], "emotion", space=False)
    assert [trace.name for trace in flat.data] == ["angry", "happy", "neutral", "sad"]
    space = experiment_layouts.scatter(own[own["way"] == "pca"], "speaker", space=True)
    assert {trace.type for trace in space.data} == {"scatter3d"}
    assert sum(len(trace.x) for trace in space.data) == len(own[own["way"] == "pca"])
    assert len({(trace.marker.color, trace.marker.symbol) for trace in space.data}) == len(space.data)
