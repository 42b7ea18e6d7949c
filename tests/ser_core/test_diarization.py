"""Every model that marks parts of clips keeps the contract: posteriors on frames, segments that tile each clip."""

from __future__ import annotations

import dataclasses
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser_core import audio, checks, ratings
from ser_core.diarization import frame_head, loudness
from ser_core.diarization._segments import Segmentation
from ser_core.emotions import EMOTIONS
from ser_core.encoders._find import all_encoders
from ser_core.errors import BadInput
from ser_core.languages import is_tag
from ser_core.methods._find import all_methods
from ser_core.methods._heard import heard as heard_by
from ser_core.methods._method import Method, Rated, configured, settable
from ser_core.metrics.eder import eder
from ser_core.stimuli import load
from tests.ser_core import tiny_checkpoints, voices

METHODS = {name: method for name, method in all_methods().items() if method.marks}
START_S, END_S, LENGTH_S = 0.4, 1.0, 1.5


def write_clip(path: Path, emotion: str, seed: int) -> None:
    """Soft noise, from ``START_S`` to ``END_S`` the emotion's tone; one more sample, so that no frames fit the clip."""
    times = np.arange(int(16_000 * LENGTH_S) + 1) / 16_000
    tone = np.sin(2 * np.pi * voices.PITCH_HZ[emotion] * times) * ((times >= START_S) & (times < END_S))
    noise = np.random.default_rng(seed).standard_normal(len(times))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.3 * tone + 0.01 * noise, 16_000)


def clips(folder: Path, speaker: str, emotions: tuple[str, ...] = ("angry", "happy", "sad")) -> pd.DataFrame:
    rows = []
    for take in range(2):
        for n, emotion in enumerate(emotions):
            id_ = f"{speaker}-{emotion}-{take}"
            write_clip(folder / f"{id_}.wav", emotion, seed=100 * take + 10 * n + ord(speaker))
            rows.append((id_, f"{id_}.wav", "made", "de", speaker, emotion, "test"))
    table = load(voices.write(folder / "stimuli.csv", rows))
    measured = [(audio.sha256(file), audio.inspect(file).duration_s) for file in table["file"]]
    sha256, duration_s = zip(*measured, strict=True)
    return table.assign(sha256=sha256, duration_s=np.round(duration_s, 4), truth_start_s=START_S, truth_end_s=END_S)


@pytest.fixture(scope="module")
def train(tmp_path_factory) -> pd.DataFrame:
    return clips(tmp_path_factory.mktemp("train"), "a")


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> pd.DataFrame:
    return clips(tmp_path_factory.mktemp("heard"), "c")


@pytest.fixture(autouse=True, scope="module")
def _checkpoints(tmp_path_factory):
    """A tiny checkpoint for each encoder that a model hears with by default, and one thread."""
    models = tmp_path_factory.mktemp("models")
    for method in METHODS.values():
        ears = method.hears(method.config())
        if ears and (made := tiny_checkpoints.kept(ears.encoder)):
            shutil.copytree(made, models / ears.encoder)
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_MODELS", str(models))
        patch.setenv("EARWITNESS_OFFLINE", "1")
        yield


def rate(name: str, train: pd.DataFrame, heard: pd.DataFrame, **config) -> Rated:
    method = METHODS[name]
    model = method.fit(train if method.learns else train.iloc[:0], train.iloc[:0], method.config(**config))
    return method.predict(pickle.loads(pickle.dumps(model)), heard)


def text(rated: Rated) -> str:
    return ratings.to_csv(rated.ratings) + ratings.to_csv(rated.posteriors)


def of(table: pd.DataFrame, id_: str) -> pd.DataFrame:
    return table[table["stimulus"] == id_].reset_index(drop=True)


# --- the contract ---


def test_there_is_one_that_comes_trained_one_that_learns_on_frames_and_one_that_listens_to_no_encoder():
    assert {"speechbrain_sed", "frame_head", "loudness"} <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_model_that_marks_says_what_it_is(name):
    method = METHODS[name]
    assert isinstance(method, Method)
    assert method.title
    ears = method.hears(method.config())
    assert ears is None or (ears.encoder in all_encoders() and ears.pooling == "frames")
    assert method.learns != is_tag(method.trained_on)


@pytest.mark.parametrize("name", METHODS)
def test_how_segments_are_made_is_part_of_its_config_and_can_be_set(name):
    method = METHODS[name]
    chosen = configured(method, {"min_length_s": "0.2", "smoothing": "mean", "tail": "neutral"}, seed=3)
    assert isinstance(chosen, Segmentation)
    assert dataclasses.asdict(chosen).items() >= {"min_length_s": 0.2, "smoothing": "mean", "tail": "neutral"}.items()
    assert {field.name for field in dataclasses.fields(Segmentation)} < set(settable(method)) | {"seed"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.tail = "hold"  # type: ignore[misc]
    with pytest.raises(BadInput, match="'tail' cannot be 'cut'"):
        configured(method, {"tail": "cut"}, seed=0)


@pytest.mark.parametrize("name", METHODS)
def test_posteriors_sum_to_1_on_frames_that_lie_side_by_side_over_the_clip(name, train, heard):
    frames = rate(name, train, heard).posteriors
    labels = list(frames.columns[3:])
    assert list(frames.columns[:3]) == ["stimulus", "start_s", "end_s"]
    assert labels == [label for label in EMOTIONS if label in labels]
    assert (frames[labels].dtypes == np.float32).all()
    assert frames[labels].min(axis=None) >= 0
    assert np.allclose(frames[labels].sum(axis=1), 1, atol=1e-5)
    assert frames["stimulus"].drop_duplicates().tolist() == heard["stimulus"].tolist()
    for clip in heard.to_dict("records"):
        own = of(frames, clip["stimulus"])
        assert own["start_s"].iloc[0] == 0
        assert (own["start_s"].to_numpy()[1:] == own["end_s"].to_numpy()[:-1]).all()
        longest = (own["end_s"] - own["start_s"]).max()
        assert clip["duration_s"] - longest - 0.005 <= own["end_s"].iloc[-1] <= clip["duration_s"]  # 0.005: 25 ms every 20


@pytest.mark.parametrize("name", METHODS)
def test_segments_tile_each_clip_and_are_rows_that_the_tables_take(name, train, heard):
    found = rate(name, train, heard, min_length_s=0.1).ratings
    assert list(found.columns) == ["stimulus", "start_s", "end_s", "label", "weight"]
    assert found["stimulus"].drop_duplicates().tolist() == heard["stimulus"].tolist()
    for clip in heard.to_dict("records"):
        own = of(found, clip["stimulus"])
        assert own["start_s"].iloc[0] == 0
        assert own["end_s"].iloc[-1] == clip["duration_s"]
        assert (own["start_s"].to_numpy()[1:] == own["end_s"].to_numpy()[:-1]).all()
        assert (own["end_s"] - own["start_s"]).min() > 0.099
    raters = pd.DataFrame([{"rater": "m", "rater_type": "machine", "group": "m"}])
    tables = ratings.Tables(
        stimuli=ratings.frame(ratings.STIMULI, heard),
        raters=ratings.frame(ratings.RATERS, raters),
        ratings=ratings.frame(ratings.RATINGS, found.assign(rater="m")),
    )
    for table in (ratings.STIMULI, ratings.RATERS, ratings.RATINGS):
        data = getattr(tables, table.name)
        assert list(checks.check_fields(data, table)) == []
        assert list(checks.check_rows(data, table)) == []
    assert list(checks.check_joins(tables)) == []


@pytest.mark.parametrize("name", METHODS)
def test_a_clip_is_marked_the_same_whatever_lies_beside_it(name, train, heard):
    one = heard.iloc[[3]]
    alone, among = rate(name, train, one), rate(name, train, heard)
    for small, large in ((alone.ratings, among.ratings), (alone.posteriors, among.posteriors)):
        pd.testing.assert_frame_equal(small, of(large, one["stimulus"].iloc[0]))


@pytest.mark.parametrize("name", METHODS)
def test_the_same_is_said_twice(name, train, heard):
    assert text(rate(name, train, heard)) == text(rate(name, train, heard))


@pytest.mark.parametrize("name", METHODS)
def test_it_does_not_look_at_the_truth_it_is_asked_for(name, train, heard):
    blind = heard.assign(truth="", truth_start_s=np.nan, truth_end_s=np.nan)
    assert text(rate(name, train, heard)) == text(rate(name, train, blind))


@pytest.mark.parametrize("name", METHODS)
def test_clips_that_cannot_be_heard_are_all_named(name, train, heard, tmp_path):
    silent, cut, short = tmp_path / "silent.wav", tmp_path / "cut.wav", tmp_path / "short.wav"
    soundfile.write(silent, np.zeros(16_000), 16_000)
    cut.write_bytes(Path(heard["file"].iloc[0]).read_bytes()[:9_000])
    soundfile.write(short, np.zeros(0), 16_000)
    files = [str(silent), str(cut), str(short)]
    bad = heard.iloc[:3].assign(file=files, sha256=[audio.sha256(file) for file in files])
    with pytest.raises(BadInput) as said:
        rate(name, train, pd.concat([heard.iloc[3:], bad]))
    assert sorted(str(problem.file) for problem in said.value.problems) == sorted(files)
    for words in ("is silent", "is truncated", "holds 0 samples"):
        assert words in str(said.value)


@pytest.mark.parametrize("name", METHODS)
def test_a_clip_shorter_than_a_frame_is_one_segment(name, train, heard, tmp_path):
    file = tmp_path / "click.wav"
    soundfile.write(file, np.sin(np.arange(100)) * 0.5, 16_000)
    clip = heard.iloc[:1].assign(file=str(file), sha256=audio.sha256(file), duration_s=0.0063)
    found = rate(name, train, clip)
    assert found.ratings[["start_s", "end_s"]].to_numpy().tolist() == [[0, 0.0063]]
    assert len(found.posteriors) == 1


def test_importing_them_leaves_torch_and_sklearn_out():
    modules = "".join(f"import ser_core.diarization.{name}; " for name in METHODS)
    code = f"import sys; {modules}print({{'torch', 'torchaudio', 'sklearn'}} & set(sys.modules))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "set()"


def test_the_document_names_every_model_and_every_setting_of_segments():
    text = Path(__file__).parents[2].joinpath("docs", "sed.md").read_text(encoding="utf-8")
    named = [*METHODS, *(field.name for field in dataclasses.fields(Segmentation))]
    assert [name for name in named if f"`{name}`" not in text] == []


# --- the frame head ---


def wrong_s(rated: Rated, heard: pd.DataFrame) -> float:
    """Mean EDER."""
    rates = []
    for clip in heard.to_dict("records"):
        own = of(rated.ratings, clip["stimulus"])
        parts = list(zip(own["start_s"], own["end_s"], own["label"], strict=True))
        rates.append(eder(parts, [(START_S, END_S, clip["truth"])], clip["duration_s"]).rate)
    return float(np.mean(rates))


def test_the_frame_head_learns_where_the_emotion_is_and_which(train, heard):
    assert wrong_s(rate("frame_head", train, heard, smooth_s=0.05), heard) < 0.05
    assert wrong_s(rate("loudness", train, heard), heard) > 0.3


def test_a_training_clip_without_an_interval_counts_whole(train):
    edges = np.linspace(0, 1.5, 16)
    clip = train.iloc[0].to_dict()
    assert frame_head.frame_labels(clip, edges) == ["neutral"] * 4 + ["angry"] * 6 + ["neutral"] * 5
    whole = clip | {"truth_start_s": float("nan"), "truth_end_s": float("nan")}
    assert frame_head.frame_labels(whole, edges) == ["angry"] * 15


def test_the_optimum_of_the_head_is_that_of_its_formula(train):
    """The gradient of the penalised, class-weighted likelihood, written out, is 0 where the head stopped."""
    config = frame_head.Config(penalty=30)
    model = frame_head.fit(train, train.iloc[:0], config)
    x, names = frame_head._training_frames(train, heard_by(frame_head._hears(config), train), config)
    x = (x - model.mean) / model.scale
    truth = np.eye(len(model.labels))[[model.labels.index(name) for name in names]]
    likely = np.exp(x @ model.weights + model.bias)
    likely /= likely.sum(axis=1, keepdims=True)
    weight = (len(x) / len(model.labels) / truth.sum(axis=0))[truth.argmax(axis=1)]
    gradient = x.T @ ((likely - truth) * weight[:, None]) + 30 * model.weights
    assert np.abs(gradient).max() < 1e-4 * len(x)


def test_a_head_for_two_labels_is_a_softmax_too(train, heard):
    two = train[train["truth"] == "sad"]
    frames = rate("frame_head", two, heard).posteriors
    assert list(frames.columns[3:]) == ["neutral", "sad"]
    sad = frames.groupby("stimulus")["sad"].max()
    assert sad[sad.index.str.contains("sad")].min() > 0.9


def test_more_frames_than_wanted_are_drawn_clip_by_clip_by_the_seed(train):
    def drawn(table: pd.DataFrame, **config) -> tuple[np.ndarray, list[str]]:
        chosen = frame_head.Config(**config)
        return frame_head._training_frames(table, heard_by(frame_head._hears(chosen), table), chosen)

    x, names = drawn(train, max_frames=60)
    assert x.shape == (60, 64)
    assert len({tuple(name == "neutral" for name in names[at : at + 10]) for at in range(0, 60, 10)}) > 1  # each its own
    assert np.array_equal(drawn(train, max_frames=60)[0], x)
    assert not np.array_equal(drawn(train, max_frames=60, seed=1)[0], x)
    assert np.array_equal(drawn(train.iloc[::-1], max_frames=60)[0][-10:], x[:10])
    assert len(drawn(train, max_frames=1)[0]) == len(train)


def test_a_fit_is_the_same_to_the_last_bit_on_any_number_of_threads(train):
    from threadpoolctl import threadpool_limits

    many = pd.concat([train] * 8)  # of fewer frames no products are shared out

    def fitted(threads: int) -> bytes:
        with threadpool_limits(limits=threads):
            return frame_head.fit(many, train.iloc[:0], frame_head.Config(penalty=1000)).weights.tobytes()

    assert fitted(1) == fitted(2)


def test_a_head_that_has_one_label_to_learn_is_refused(train):
    one = train[train["truth"] == "sad"].assign(truth_start_s=np.nan, truth_end_s=np.nan)
    with pytest.raises(BadInput, match="at least two labels to tell apart; the training frames are all sad"):
        frame_head.fit(one, one.iloc[:0], frame_head.Config())


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"encoder": "logmell"}, "Did you mean 'logmel'"),
        ({"layer": 3}, "has no layer 3"),
        ({"penalty": 0}, "penalty must be more than 0"),
        ({"max_iterations": 0}, "max_iterations must be at least 1"),
        ({"max_frames": 0}, "max_frames must be at least 1"),
        ({"min_length_s": -1}, "min_length_s must be 0 or more"),
    ],
)
def test_the_head_refuses_settings_that_make_no_sense(setting, says):
    with pytest.raises(BadInput, match=says):
        frame_head.Config(**setting)


# --- the baseline ---


def test_the_baseline_marks_the_loudest_stretch_with_the_most_frequent_emotion(train, heard):
    more = pd.concat([train, train[train["truth"] == "sad"]])
    found = rate("loudness", more, heard.iloc[:1], share=0.4)
    assert found.ratings["label"].tolist() == ["neutral", "sad", "neutral"]
    assert found.ratings["start_s"].tolist() == pytest.approx([0, START_S, END_S], abs=0.021)
    inside = found.posteriors[found.posteriors["sad"] > 0].iloc[0]
    assert inside[["angry", "happy", "neutral", "sad"]].tolist() == pytest.approx([0.25, 0.25, 0, 0.5])


@pytest.mark.parametrize("samples", [319, 320, 16_000, 300_001])
def test_energy_is_that_of_each_20_ms_however_the_file_is_read(samples, tmp_path, monkeypatch):
    sound = tiny_checkpoints.sound(samples)
    soundfile.write(tmp_path / "a.wav", sound, 16_000, subtype="FLOAT")
    expected = [float((sound[at : at + 320].astype(np.float64) ** 2).sum()) for at in range(0, samples, 320)]
    assert loudness.energy(tmp_path / "a.wav") == pytest.approx(expected)


def test_a_sample_more_than_the_rounded_length_makes_no_part_without_length(train, heard, tmp_path):
    sound = np.append(np.tile([0.01, -0.01], 8000), 0.01)  # 1.00006 s, in the tables 1 s
    sound[8000:16_000] *= 30
    soundfile.write(tmp_path / "a.wav", sound, 16_000)
    found = rate("loudness", train, heard.iloc[:1].assign(file=str(tmp_path / "a.wav"), duration_s=1.0))
    assert found.ratings[["start_s", "end_s"]].to_numpy().tolist() == [[0.0, 0.48], [0.48, 1.0]]
    assert found.posteriors["end_s"].iloc[-1] == 1.0 > found.posteriors["start_s"].iloc[-1]


def test_a_baseline_without_an_emotion_to_mark_is_refused(train):
    with pytest.raises(BadInput, match="all training clips are neutral"):
        loudness.fit(train.assign(truth="neutral"), train.iloc[:0], loudness.Config())


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_stretch_that_is_no_part_of_the_clip_is_refused(share):
    with pytest.raises(BadInput, match="share must be more than 0"):
        loudness.Config(share=share)
