"""Noise is added at the ratio that was asked for, from places that the seed decides, and what cannot be is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import soundfile

from ser_core import audio, cli
from ser_core.audio import RATE_HZ
from ser_core.errors import BadInput
from ser_core.noise import Adding, add, mix, noises
from ser_core.stimuli import load, save
from ser_core.tables import STIMULI, frame


def _write(path, samples, rate_hz=RATE_HZ):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate_hz)
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Three speakers with two clips each, 0.4 to 0.9 s of coloured noise at different levels."""
    folder, rng, rows = tmp_path_factory.mktemp("clips"), np.random.default_rng(3), []
    for n in range(6):
        samples = np.convolve(rng.normal(size=int(RATE_HZ * (0.4 + n / 10))), np.ones(8) / 8, "same") * 0.02 * (n + 1)
        file = _write(folder / f"{n}.wav", samples)
        row = {"stimulus": f"c{n}", "file": str(file), "corpus": "x", "language": "de", "speaker": f"s{n % 3}"}
        rows.append({**row, "truth": "sad", "sample_rate": "44100", "channels": "2"})
    return frame(STIMULI, rows)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("noise"), np.random.default_rng(4)
    long = rng.normal(size=3 * RATE_HZ) * 0.1
    long[RATE_HZ:] *= 0.01  # the level depends on where it is taken from
    _write(folder / "hum.wav", long)
    _write(folder / "short.flac", rng.normal(size=RATE_HZ // 4) * 0.3)
    return folder


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 10.0, 40.0])
def test_speech_stands_over_the_noise_by_the_ratio_asked_for(snr_db):
    rng = np.random.default_rng(1)
    speech, noise = (rng.normal(size=4000).astype(np.float32) * level for level in (0.2, 0.003))
    mixed = mix(speech, noise, snr_db)
    loudness = 10 ** (-mixed.turned_down_db / 20)
    added = mixed.samples.astype(float) - speech * loudness
    found = 10 * np.log10(((speech * loudness) ** 2).mean() / (added**2).mean())
    assert found == pytest.approx(snr_db, abs=1e-3)
    assert np.abs(mixed.samples).max() < 1


def test_each_clip_is_its_speech_plus_a_part_of_the_recording(clips, recordings, tmp_path):
    found = noises(recordings, only=["hum"])
    table = add(clips, Adding(found, [10.0, 0.0], seed=5), tmp_path / "out")
    assert table["stimulus"].tolist()[:2] == ["c0.hum.10dB", "c0.hum.0dB"]
    noise = audio.read(found["hum"])
    for row in table.to_dict("records"):
        speech, heard = audio.read(clips.set_index("stimulus").loc[row["noise_of"], "file"]), audio.read(row["file"])
        start = round(float(row["noise_start_s"]) * RATE_HZ)
        plain = mix(speech, noise[start : start + len(speech)], float(row["snr_db"]))
        assert np.abs(heard - plain.samples).max() < 2.0**-22  # 24 bits
        assert (row["noise_repeated"], row["sample_rate"], row["channels"]) == ("no", "16000", "1")
    written = load(tmp_path / "out" / "stimuli.csv")
    pd.testing.assert_frame_equal(written, table)


def test_the_same_seed_makes_the_same_bytes_whatever_is_beside_a_clip(clips, recordings, tmp_path):
    found = noises(recordings)
    whole = add(clips, Adding(found, [10.0], seed=5), tmp_path / "a")
    part = add(clips.iloc[[4, 2]], Adding(found, [10.0], seed=5), tmp_path / "b")
    other = add(clips, Adding(found, [10.0], seed=6), tmp_path / "c")
    named = whole.set_index("noise_of")["sha256"]
    assert part["sha256"].tolist() == named.loc[["c4", "c2"]].tolist()
    assert set(other["sha256"]).isdisjoint(named)
    assert set(whole["noise"]) <= {"hum", "short"}
    every = add(clips.iloc[:1], Adding(found, [10.0], every=True, seed=5), tmp_path / "d")
    assert every["noise"].tolist() == ["hum", "short"]


def test_a_recording_that_is_too_short_is_repeated_and_said_or_refused(clips, recordings, tmp_path):
    found = noises(recordings, only=["short"])
    table = add(clips.iloc[:1], Adding(found, [0.0]), tmp_path / "out")
    assert table["noise_repeated"].tolist() == ["yes"]
    speech, heard = audio.read(clips["file"].iloc[0]), audio.read(table["file"].iloc[0])
    noise = heard.astype(float) * 10 ** (float(table["turned_down_db"].iloc[0]) / 20) - speech
    period = RATE_HZ // 4
    assert np.abs(noise[period:] - noise[:-period]).max() < 1e-5
    with pytest.raises(BadInput, match="is shorter than a clip"):
        add(clips, Adding(found, [0.0], if_short="refuse"), tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


def test_babble_never_holds_the_speaker_of_the_clip(tmp_path):
    rows = []
    for n, hz in enumerate((200, 500, 1100, 2300)):  # each voice is a tone, so the spectrum tells who speaks
        tone = 0.1 * (n + 1) * np.sin(2 * np.pi * hz * np.arange(RATE_HZ) / RATE_HZ)
        file = _write(tmp_path / f"{n}.wav", tone)
        row = {"stimulus": f"c{n}", "file": str(file), "corpus": "x", "language": "de", "speaker": f"s{n}"}
        rows.append(row)
    clips = frame(STIMULI, rows)
    table = add(clips, Adding({}, [0.0], voices=3), tmp_path / "out")
    for made, n in zip(table.to_dict("records"), range(4), strict=True):
        heard = audio.read(made["file"]).astype(float) * 10 ** (float(made["turned_down_db"]) / 20)
        noise = heard - audio.read(clips["file"].iloc[n])
        level = np.abs(np.fft.rfft(noise))[[200, 500, 1100, 2300]]
        others = np.delete(level, n)
        assert level[n] < 1e-3 * others.min()
        assert others.max() < 1.01 * others.min()  # each of the same level, however loud it was recorded
    with pytest.raises(BadInput, match="has 4 speakers; babble of 4 others needs 5"):
        add(clips, Adding({}, [0.0], voices=4), tmp_path / "more")
    with pytest.raises(BadInput) as bad:
        add(clips.assign(speaker=""), Adding({}, [0.0], voices=1), tmp_path / "nobody")
    assert [p.what for p in bad.value.problems] == ["x de: 4 clips without a speaker: babble could be the voice itself"]
    with pytest.raises(BadInput, match=r"4 clips of these hold added noise already, such as 'c0\.babble\.0dB'"):
        add(table, Adding({}, [0.0], voices=1), tmp_path / "twice")


def test_demand_is_known_by_the_words_of_the_paper(tmp_path):
    for place in ("DKITCHEN", "NPARK", "TBUS"):
        for microphone in ("ch01", "ch02"):
            _write(tmp_path / place / f"{microphone}.wav", np.ones(100) * 0.1)
    assert {name: file.parent.name for name, file in noises(tmp_path).items()} == {
        "kitchen": "DKITCHEN", "park": "NPARK", "tbus": "TBUS",
    }  # fmt: skip
    with pytest.raises(BadInput, match=r"holds no noise 'kitchn'\. Did you mean 'kitchen'"):
        noises(tmp_path, only=["kitchn"])


def test_what_cannot_be_added_is_refused_at_once(clips, recordings, tmp_path):
    found = noises(recordings)
    with pytest.raises(BadInput) as bad:
        Adding({}, [300.0, float("nan")], if_short="cut")
    assert len(bad.value.problems) == 4
    with pytest.raises(BadInput, match="each once"):
        Adding(found, [10.0, 10.0])
    broken = clips.assign(file=[str(tmp_path / "missing.wav"), "", *clips["file"][2:]])
    with pytest.raises(BadInput, match="'file' of clip 'c1' is empty"):
        add(broken, Adding(found, [10.0]), tmp_path / "out")
    with pytest.raises(BadInput, match=r"missing\.wav"):
        add(broken[broken["file"] != ""], Adding(found, [10.0]), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    _write(tmp_path / "still" / "n.wav", np.r_[np.zeros(5 * RATE_HZ), 0.5])
    with pytest.raises(BadInput, match="is silent wherever"):
        add(clips, Adding(noises(tmp_path / "still"), [10.0]), tmp_path / "out")
    for folder in (tmp_path / "none", recordings.parent / "empty"):
        with pytest.raises(BadInput):
            noises(folder)


def test_the_command_says_what_it_made(clips, recordings, tmp_path, capsys):
    save(clips, tmp_path / "clips.csv")
    words = ["noise", str(tmp_path / "clips.csv"), "--from", str(recordings), "--only", "short", "--snr", "-20"]
    assert cli.main("ser_core", [*words, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "6 clips: 6 with short" in said
    assert "6 clips longer than the recording" in said
    assert "turned down" in said
    assert cli.main("ser_core", [*words, "--out", str(tmp_path / "out")]) == 2
    babble = ["noise", str(tmp_path / "clips.csv"), "--snr", "0", "--out", str(tmp_path / "babble"), "--babble"]
    assert [cli.main("ser_core", [*babble, *more]) for more in (["0"], ["2", "--only", "short"])] == [2, 2]
    said = capsys.readouterr().err
    assert "--babble needs 1 voice or more, not 0" in said
    assert "--only chooses among recordings" in said
