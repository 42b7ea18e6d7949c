"""Each content is heard once, what is kept is what was made, and one bad clip stops nobody."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser_core import audio
from ser_core import features as module
from ser_core.cli import main
from ser_core.encoders import _pass, wav2vec2
from ser_core.encoders._find import hidden_states
from ser_core.errors import BadInput
from ser_core.features import device_named, features
from tests.ser_core import tiny_checkpoints, voices


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    return tmp_path / "features"


def tables(folder: Path, count: int, *, seconds: float = 0.3) -> pd.DataFrame:
    emotions = list(voices.PITCH_HZ)
    files = [voices.clip(folder / f"{n}.wav", emotions[n % 4], seconds=seconds * (1 + n % 3)) for n in range(count)]
    return table(files)


def table(files: list[Path]) -> pd.DataFrame:
    return pd.DataFrame(
        {"file": [str(f) for f in files], "sha256": [audio.sha256(f) if f.is_file() else "0" * 64 for f in files]}
    )


def frames_of(file: str) -> np.ndarray:
    return hidden_states("logmel", audio.read(file)).astype(np.float64)


def test_what_is_kept_is_the_mean_over_frames(tmp_path):
    clips = tables(tmp_path, 7)
    found = features("logmel", clips)
    assert (len(found), found.made, found.known, found.left_out) == (7, 7, 0, ())
    for n, file in enumerate(clips["file"]):
        frames = frames_of(file)
        assert found[n].shape == (1, 64)
        assert found[n] == pytest.approx(frames.mean(axis=1), abs=1e-4)
        assert found.index["frames"].iloc[n] == frames.shape[1]
    assert np.array_equal(found.layer(-1), np.stack(list(found))[:, 0])


def test_deviations_are_those_of_all_frames(tmp_path):
    clips = tables(tmp_path, 3)
    found = features("logmel", clips, pooling="mean_std")
    for n, file in enumerate(clips["file"]):
        frames = frames_of(file)[0]
        assert found[n][0] == pytest.approx(np.concatenate([frames.mean(axis=0), frames.std(axis=0)]), abs=1e-4)


def test_frames_are_kept_where_they_are_asked_for(tmp_path):
    clips = tables(tmp_path, 5)
    found = features("logmel", clips, pooling="frames")
    for n, file in enumerate(clips["file"]):
        assert found[n] == pytest.approx(frames_of(file), abs=1e-4)
    with pytest.raises(ValueError, match="different numbers of frames"):
        found.layer(0)


def test_frames_of_one_layer_are_those_of_all_and_its_number_counts_from_either_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_pass, "_PIECE", 16_000)  # the third clip, of 1.2 s, is heard in pieces
    monkeypatch.setenv("EARWITNESS_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "w2v2-en").symlink_to(tiny_checkpoints.kept("w2v2-en"))
    monkeypatch.setitem(wav2vec2.ENCODERS, "w2v2-en", tiny_checkpoints.small("w2v2-en"))
    clips = tables(tmp_path, 3, seconds=0.4)
    every = features("w2v2-en", clips, pooling="frames", device="cpu")
    one = features("w2v2-en", clips, pooling="frames", layer=1, device="cpu")
    assert one.made == 3
    for n in range(3):
        assert every[n].shape == (4, one.index["frames"].iloc[n], 64)
        assert np.array_equal(one[n], every[n][1])
    assert features("w2v2-en", clips, pooling="frames", layer=-3).known == 3  # of four layers
    assert features("w2v2-en", clips, pooling="frames", layer=2).known == 0
    assert main("ser_core", ["cache", "ls"]) == 0
    assert ", layer 1, " in capsys.readouterr().out
    clips.assign(stimulus=["a", "b", "c"], language="de").to_csv(tmp_path / "clips.csv", index=False)
    words = ["features", str(tmp_path / "clips.csv"), "--encoder", "w2v2-en", "--pooling", "frames", "--layer", "-2"]
    assert main("ser_core", words) == 0
    assert "3 clips, layer 2 of 64: none heard now, 3 from the cache" in capsys.readouterr().out


def test_the_same_content_is_heard_once_and_given_wherever_it_stands(tmp_path):
    clips = tables(tmp_path, 3)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(Path(clips["file"][0]).read_bytes())
    twice = pd.concat([clips, clips.iloc[[1]], table([copy])], ignore_index=True).set_axis(list("abcde"))
    found = features("logmel", twice)
    assert found.made == 3
    assert found.index.index.tolist() == list("abcde")
    assert np.array_equal(found.layer(0)[[0, 1]], found.layer(0)[[4, 3]])


def test_nothing_is_heard_twice_and_no_encoder_is_opened_for_what_is_known(tmp_path, monkeypatch):
    clips = tables(tmp_path, 4)
    first = features("logmel", clips.iloc[:3])
    second = features("logmel", clips)
    assert (second.known, second.made) == (3, 1)
    monkeypatch.setattr(module, "open_encoder", lambda *_, **__: pytest.fail("opened"))
    third = features("logmel", clips.iloc[::-1])
    assert (third.known, third.made, third.device) == (4, 0, "")
    assert np.array_equal(third.layer(0)[::-1][:3], first.layer(0))


def test_a_hash_that_is_not_told_is_worked_out(tmp_path):
    clips = tables(tmp_path, 3)
    found = features("logmel", clips.assign(sha256=""))
    assert found.index["sha256"].tolist() == clips["sha256"].tolist()


def test_other_settings_are_other_features(tmp_path, store):
    clips = tables(tmp_path, 2)
    for pooling in ("mean", "mean_std", "frames"):
        assert features("logmel", clips, pooling=pooling).made == 2
    assert features("logmel", clips, dtype="bf16").made == 2
    assert len(list(store.glob("*/about.json"))) == 4


def test_how_far_bf16_strays_is_measured(tmp_path):
    clips = tables(tmp_path, 2)
    assert features("logmel", clips).drift is None
    assert features("logmel", clips, dtype="bf16").drift == 0.0  # log-mel is always computed in float32
    assert features("logmel", clips, dtype="bf16").drift == 0.0  # and it is told again when nothing is heard


# --- bad clips -------------------------------------------------------------------------------------------------------


def test_each_kind_of_clip_is_heard_right_or_named_and_the_others_go_on(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000)
    good = {
        "wrong_ending.mp3": {"format": "WAV"},
        "8bit.wav": {"subtype": "PCM_U8"},
        "24bit.wav": {"subtype": "PCM_24"},
        "flac.flac": {},
    }
    for name, how in good.items():
        soundfile.write(tmp_path / name, noise, 16_000, **how)
    soundfile.write(tmp_path / "96k.wav", np.repeat(noise, 6), 96_000)
    soundfile.write(tmp_path / "5channels.wav", np.stack([noise] * 5, axis=1), 16_000)
    soundfile.write(tmp_path / "one_sample.wav", [0.5], 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "empty.wav", noise[:0], 16_000)
    soundfile.write(tmp_path / "nan.wav", np.append(noise, np.nan), 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "cut.flac", noise, 16_000)
    (tmp_path / "cut.flac").write_bytes((tmp_path / "cut.flac").read_bytes()[:9_000])
    (tmp_path / "page.wav").write_text("<html>")
    bad = {
        "empty.wav": "0 samples",
        "nan.wav": "not numbers",
        "cut.flac": "truncated",
        "page.wav": "not a sound file",
        "gone.wav": "there is no such file",
        "one_sample.wav": "silent",
    }
    names = [*good, "96k.wav", *bad, "5channels.wav"]
    found = features("logmel", table([tmp_path / name for name in names]))
    assert [names[n] for n in found.index.index] == [*good, "96k.wav", "5channels.wav"]
    told = {Path(str(p.file)).name: p.what for p in found.left_out}
    assert told.keys() == bad.keys()
    assert all(bad[name].replace("there is no such file", "") in what for name, what in told.items())
    assert all("\n" not in what for what in told.values())
    five, flac = found[len(found) - 1], found[3]
    assert five == pytest.approx(flac, abs=0.01)


def test_a_clip_that_is_not_the_one_that_was_indexed_is_left_out(tmp_path):
    clips = tables(tmp_path, 2)
    voices.clip(Path(clips["file"][0]), "sad", seconds=1)
    (problem,) = features("logmel", clips).left_out
    assert "not the clip that was indexed" in problem.what


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "frames"])
def test_a_long_clip_is_heard_in_pieces_of_equal_right(tmp_path, monkeypatch, pooling):
    monkeypatch.setattr(_pass, "_PIECE", 16_000)
    long, short = voices.clip(tmp_path / "long.wav", "sad", seconds=3.7), voices.clip(tmp_path / "short.wav", "sad")
    found = features("logmel", table([short, long]), pooling=pooling)
    samples = audio.read(long)
    parts = [samples[:16_000], samples[16_000:32_000], samples[32_000:45_600], samples[45_600:]]
    frames = np.concatenate([hidden_states("logmel", part)[0] for part in parts]).astype(np.float64)
    wanted = {
        "mean": frames.mean(axis=0),
        "mean_std": np.concatenate([frames.mean(axis=0), frames.std(axis=0)]),
        "frames": frames,
    }
    assert found[1][0] == pytest.approx(wanted[pooling], abs=1e-4)
    assert found.index["frames"].tolist() == [31, len(frames)]


@pytest.mark.parametrize("pooling", ["mean", "frames"])
def test_a_long_clip_that_turns_out_to_be_damaged_leaves_no_trace(tmp_path, monkeypatch, pooling):
    monkeypatch.setattr(_pass, "_PIECE", 16_000)
    monkeypatch.setattr(audio, "_BLOCK", 8_000)
    clips = [voices.clip(tmp_path / f"{n}.wav", "sad", seconds=n) for n in (3, 1, 2)]
    samples, rate = soundfile.read(clips[0])
    soundfile.write(clips[0], np.append(samples, np.nan), rate, subtype="FLOAT")
    found = features("logmel", table(clips), pooling=pooling)
    assert found.index.index.tolist() == [1, 2]
    assert "not numbers" in found.left_out[0].what
    assert [clip.shape[-1] for clip in found] == [64, 64]


# --- what is asked for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"pooling": "median"}, "there is no pooling 'median'"),
        ({"dtype": "fp16"}, "Did you mean 'bf16'"),
        ({"device": "tpu"}, "there is no device 'tpu'"),
        ({"pooling": "frames", "layer": 1}, "has no layer 1; its layers are 0 to 0, from the end -1 to -1"),
        ({"pooling": "frames", "layer": -2}, "has no layer -2"),
        ({"layer": 0}, "pooling 'mean' keeps all layers"),
    ],
)
def test_what_there_is_not_is_refused(tmp_path, how, says):
    with pytest.raises(BadInput, match=says):
        features("logmel", tables(tmp_path, 1), **how)


def test_a_device_that_is_not_here_is_refused():
    import torch

    assert device_named("cpu") == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(BadInput, match="there is no cuda:1 here; this machine has cpu"):
            device_named("cuda:1")


def test_the_device_can_be_told_by_the_environment(monkeypatch):
    monkeypatch.setenv("EARWITNESS_DEVICE", "cpu")
    assert device_named("auto") == "cpu"


def test_importing_it_leaves_torch_out():
    code = "import sys, ser_core.features; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- memory ----------------------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_number_of_clips(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 32)
    monkeypatch.setitem(module._BUDGET_S, "cpu", 1)
    many = tables(tmp_path, 600, seconds=0.2)  # 0.4 s on average
    features("logmel", many.iloc[:40])  # what is loaded once is loaded
    peaks = []
    for clips in (many.iloc[40:200], many.iloc[200:]):
        tracemalloc.start()
        features("logmel", clips)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 3_000 * 240  # a clip's name, hash and place; its samples would be 26 kB
    assert peaks[1] < 3e6
