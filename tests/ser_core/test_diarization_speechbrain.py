"""From SpeechBrain's own files comes what SpeechBrain says, frame by frame, on a tiny checkpoint of its format."""

from __future__ import annotations

import itertools
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser_core import audio
from ser_core.diarization import speechbrain_sed
from ser_core.diarization._segments import speechbrain_segments
from ser_core.encoders import _checkpoint, wavlm_sed
from ser_core.encoders._find import find, open_encoder
from ser_core.errors import BadInput
from ser_core.metrics.eder import eder
from ser_core.stimuli import load
from tests.ser_core import tiny_checkpoints, voices
from tests.ser_core.tiny_checkpoints import sound

NAME = "wavlm-large-sed"
LETTERS = "ahns"
CLIPS = [sound(samples, samples) for samples in (400, 720, 5_001, 16_000, 33_377, 48_000)]
CLIPS += [sound(16_000, 1) * np.float32(0.02), sound(20_000, 2) + np.float32(0.3)]
"""Of several lengths; one so soft that what is added to its variance counts, one far from zero."""


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    with tiny_checkpoints.one_thread():
        yield


@pytest.fixture(autouse=True, scope="module")
def _forgotten():
    """Of SpeechBrain nothing stays: it leaves modules that raise when one looks at them, and hypothesis looks at all."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "speechbrain"]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch) -> Path:
    """The user's folder of checkpoints, with a copy that may be spoiled."""
    monkeypatch.setenv("EARWITNESS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("EARWITNESS_OFFLINE", "1")
    shutil.copytree(made(), tmp_path / "models" / NAME)
    return tmp_path / "models"


def made() -> Path:
    folder = tiny_checkpoints.kept(NAME)
    assert folder is not None
    return folder


@pytest.fixture(scope="module")
def speechbrain(tmp_path_factory):
    """SpeechBrain itself, opened as its users open it."""
    from speechbrain.inference.diarization import Speech_Emotion_Diarization

    here = {"pretrained_path": str(made()), "wav2vec2_hub": str(made() / "wavlm")}
    saved = tmp_path_factory.mktemp("speechbrain")
    return Speech_Emotion_Diarization.from_hparams(source=str(made()), savedir=str(saved), overrides=here)


def theirs(speechbrain, clips) -> np.ndarray:
    """Posteriors [clip, frame, label] of clips of one length, by the steps of their ``diarize_batch``, in our order."""
    import torch

    with torch.no_grad():
        encoded = speechbrain.encode_batch(torch.from_numpy(np.stack(clips)), torch.ones(len(clips)))
        scores = speechbrain.hparams.log_softmax(speechbrain.mods.output_mlp(speechbrain.hparams.avg_pool(encoded)))
    letters = speechbrain.hparams.label_encoder.decode_torch(torch.arange(4))
    return scores.exp().numpy()[..., [letters.index(letter) for letter in LETTERS]]


def ours(clips) -> list[np.ndarray]:
    return [states[0].numpy() for states in open_encoder(NAME).hearing(clips)]


# --- the same frames ---


def test_the_labels_are_those_of_the_letters():
    assert [label[0] for label in wavlm_sed.LABELS] == list(LETTERS)


def test_posteriors_and_labels_are_speechbrains_alone_and_in_a_batch(speechbrain):
    for clip, together, alone in zip(CLIPS, ours(CLIPS), [ours([clip])[0] for clip in CLIPS], strict=True):
        expected = theirs(speechbrain, [clip])[0]
        assert together.shape == expected.shape
        for found in (together, alone):
            assert np.abs(found - expected).max() < 1e-4
            assert found.argmax(axis=1).tolist() == expected.argmax(axis=1).tolist()
    assert len({label for clip in ours(CLIPS) for label in clip.argmax(axis=1)}) >= 3  # or the comparison says little


def test_posteriors_are_those_of_speechbrains_own_batch_where_clips_are_of_one_length(speechbrain):
    clips = [sound(9_000, seed) for seed in range(3)]
    assert np.abs(np.stack(ours(clips)) - theirs(speechbrain, clips)).max() < 1e-4


def clip_table(folder: Path, sounds: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for name, samples in sounds.items():
        soundfile.write(folder / f"{name}.wav", samples, 16_000, subtype="FLOAT")
        rows.append((name, f"{name}.wav", "made", "en", "a", "sad", "test"))
    table = load(voices.write(folder / "stimuli.csv", rows))
    lengths = [len(samples) / 16_000 for samples in sounds.values()]
    return table.assign(sha256=[audio.sha256(file) for file in table["file"]], duration_s=lengths)


def predicted(clips: pd.DataFrame, **how):
    method = speechbrain_sed.METHOD
    return method.predict(method.fit(clips.iloc[:0], clips.iloc[:0], method.config(**how)), clips)


def test_segments_are_speechbrains_with_the_last_one_held_to_the_clips_end(speechbrain, tmp_path):
    import torch

    clips = clip_table(tmp_path, {f"c{n}": clip for n, clip in enumerate(CLIPS)})
    found = predicted(clips).ratings
    for id_, duration_s, samples in zip(clips["stimulus"], clips["duration_s"], CLIPS, strict=True):
        said = speechbrain.diarize_batch(torch.from_numpy(samples)[None], torch.ones(1), [id_])[id_]
        expected = [(part["start"], part["end"], part["emotion"]) for part in said]
        expected[-1] = (expected[-1][0], duration_s, expected[-1][2])
        rows = found[found["stimulus"] == id_]
        letters = [label[0] for label in rows["label"]]
        assert list(zip(rows["start_s"], rows["end_s"], letters, strict=True)) == [pytest.approx(part) for part in expected]


def test_a_clip_of_more_than_a_minute_is_heard_in_pieces_and_its_frames_reach_to_its_end(speechbrain, tmp_path):
    long = sound(61 * 16_000, 5)
    clips = clip_table(tmp_path, {"long": long})
    frames = predicted(clips).posteriors
    expected = np.concatenate([theirs(speechbrain, [half])[0] for half in np.array_split(long, 2)])
    assert np.abs(frames[list(wavlm_sed.LABELS)].to_numpy() - expected).max() < 1e-4
    assert (frames["start_s"].to_numpy()[1:] == frames["end_s"].to_numpy()[:-1]).all()
    assert frames["end_s"].iloc[-1] == 61
    assert (frames["end_s"] - frames["start_s"]).between(0.02, 0.0201).all()


# --- the same arithmetic ---


@pytest.mark.parametrize(("window_s", "stride_s"), [(0.02, 0.02), (0.2, 0.2), (0.4, 0.2), (0.75, 0.25), (0.2, 0.5)])
def test_frames_become_segments_as_speechbrain_merges_and_halves_them(window_s, stride_s):
    from speechbrain.utils.EDER import distribute_overlap, merge_ssegs_same_emotion_adjacent

    draw = np.random.default_rng(4)
    for count in range(1, 30):
        labels = [LETTERS[n] for n in draw.integers(0, 4, count).repeat(draw.integers(1, 4, count))][:count]
        laid = [["u", round(n * stride_s, 9), round(n * stride_s + window_s, 9), label] for n, label in enumerate(labels)]
        expected = merge_ssegs_same_emotion_adjacent(laid)
        if len(expected) > 1:
            expected = distribute_overlap(expected)
        found = speechbrain_segments(labels, window_s=window_s, stride_s=stride_s)
        assert [(start, end, label) for start, end, label in found] == [pytest.approx(tuple(part[1:])) for part in expected]


@pytest.mark.parametrize(("window_s", "stride_s"), [(0.02, 0.02), (0.4, 0.2)])
def test_published_error_rates_follow_from_those_segments(window_s, stride_s):
    from speechbrain.utils.EDER import EDER

    for letters in map("".join, itertools.product("nah", repeat=4)):
        labels = [letter for letter in letters for _ in range(10)]
        truth = {"emo": "angry", "start": 0.21, "end": 0.55}
        expected = EDER(labels, "u", 0.81, [truth], window_s, stride_s)
        names = {"n": "neutral", "a": "angry", "h": "happy"}
        parts = [(s, e, names[x]) for s, e, x in speechbrain_segments(labels, window_s=window_s, stride_s=stride_s)]
        found = eder(parts, [(0.21, 0.55, "angry")], 0.81, compat="speechbrain")
        assert found.rate == pytest.approx(expected, abs=1e-9)


# --- the files ---


def test_the_shape_of_the_published_network_is_that_of_its_published_file():
    """1.26 GB of float32: 315 million numbers. The tensors' shapes are checked when it is opened."""
    import torch
    from transformers import WavLMConfig, WavLMModel

    with torch.device("meta"):
        model = WavLMModel(WavLMConfig(**wavlm_sed._WAVLM_LARGE))
    assert 4 * model.num_parameters() == pytest.approx(1.26e9, rel=0.005)


def test_the_files_that_somebody_put_there_are_told_by_the_content_of_all_of_them(models):
    first = open_encoder(NAME).revision
    assert first.startswith("files:")
    labels = models / NAME / "label_encoder.txt"
    labels.write_text(labels.read_text().replace("'h' => 2", "'s' => 2").replace("'s' => 3", "'h' => 3"))
    assert open_encoder(NAME).revision != first


def test_the_rows_of_the_head_are_taken_in_the_order_of_the_label_file(models):
    before = ours(CLIPS[2:3])[0]
    labels = models / NAME / "label_encoder.txt"
    labels.write_text(labels.read_text().replace("'h' => 2", "'s' => 2").replace("'s' => 3", "'h' => 3"))
    assert np.abs(ours(CLIPS[2:3])[0] - before[:, [0, 3, 2, 1]]).max() < 1e-6


def test_a_missing_checkpoint_gives_the_command_that_fetches_it(models):
    shutil.rmtree(models / NAME)
    with pytest.raises(BadInput, match="hf download speechbrain/emotion-diarization-wavlm-large --include hyperparams"):
        open_encoder(NAME)
    assert set(find(NAME).files) < {file.name for file in made().iterdir()}
    assert f"--revision {find(NAME).revision}" in _checkpoint.command(NAME, find(NAME))


def replaced(name: str, old: str, new: str):
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return spoil


def without(name: str):
    return lambda folder: (folder / name).unlink()


def another_head(folder: Path) -> None:
    import torch

    torch.save({"0.w.weight": torch.zeros(7, 64)}, folder / "model.ckpt")


def less_tuned(folder: Path) -> None:
    import torch

    state = torch.load(folder / "wav2vec2.ckpt")
    torch.save({name: value for name, value in state.items() if "encoder.layers.1." not in name}, folder / "wav2vec2.ckpt")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without("hyperparams.yaml"), r"hyperparams\.yaml: cannot be read"),
        (without("label_encoder.txt"), r"label_encoder\.txt: cannot be read"),
        (without("model.ckpt"), r"model\.ckpt: the weights cannot be read"),
        (without("wav2vec2.ckpt"), r"wav2vec2\.ckpt: the weights cannot be read"),
        (less_tuned, r"wav2vec2\.ckpt: the weights do not fit the network: encoder\.layers\.1.* is missing"),
        (another_head, r"expected the head's weights, 0\.w\.weight \[4, 64\]; found 0\.w\.weight \[7, 64\]"),
        (replaced("label_encoder.txt", "'h'", "'d'"), "expected the labels a, h, n and s at 0 to 3, found a=0, n=1, d=2"),
        (replaced("hyperparams.yaml", "std_norm: False", "std_norm: True"), "input_norm.std_norm is True"),
        (replaced("hyperparams.yaml", "stride: 1", "stride: 2"), "stride is 2; this encoder computes what follows from 1"),
        (replaced("hyperparams.yaml", 'wav2vec2_hub: "wavlm"', "wav2vec2_hub: an/other"), "was fine-tuned from an/other"),
        (replaced("hyperparams.yaml", "wav2vec2_hub", "hub"), "names no wav2vec2_hub"),
        (replaced("hyperparams.yaml", "stride: 1", "a: !!python/name:os.system 1"), r"hyperparams\.yaml: cannot be read"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_named_with_what_to_do(spoil, says, models):
    spoil(models / NAME)
    with pytest.raises(BadInput, match=says) as bad:
        open_encoder(NAME)
    assert "To fetch wavlm-large-sed again: hf download speechbrain/emotion-diarization-wavlm-large" in str(bad.value)
