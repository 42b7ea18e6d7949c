"""Clips are made equally loud without clipping, and what is loud within a group stays louder."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soundfile

from listening_tests import loudness
from listening_tests.loudness import Gain, Level

RATE = 48000


def _tone(hz: float, level_db: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """A sine whose peak lies at this level (dB of full scale)."""
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


def _written(path, samples: np.ndarray, rate: int = RATE):
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_the_standard_s_own_calibration_tone_has_the_loudness_it_must_have(rate):
    # ITU-R BS.1770-4: a sine of 997 Hz at full scale in one channel measures -3.01 LKFS
    assert loudness.level_of(_tone(997, 0, 3, rate), rate).lufs == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.25, 0.399, 0.4, 0.401, 0.55])
def test_a_clip_shorter_than_a_block_is_as_loud_as_a_long_one(seconds):
    short = loudness.level_of(_tone(1000, -20, seconds), RATE)
    assert short.lufs == pytest.approx(loudness.level_of(_tone(1000, -20, 5), RATE).lufs, abs=1.0 if seconds < 0.1 else 0.2)


def test_every_clip_comes_to_the_target(tmp_path):
    paths = [_written(tmp_path / f"{db}.wav", _tone(1000, db, 2)) for db in (-40, -26, -14)]
    gains = loudness.gains(paths, ["a", "b", "c"], -23.0)
    for path, gain in zip(paths, gains, strict=True):
        samples, rate = soundfile.read(path)
        assert loudness.level_of(samples * 10 ** (gain / 20), rate).lufs == pytest.approx(-23, abs=0.05)


def test_within_a_speaker_the_soft_clip_stays_softer(tmp_path):
    paths = [_written(tmp_path / f"{i}.wav", _tone(1000, db, 2)) for i, db in enumerate((-30, -20, -25))]
    gains = loudness.gains(paths, ["anna", "anna", "bo"], -23.0)
    assert gains[0] == gains[1] != gains[2]
    # together, anna's clips are as loud as the target: played in a row they have the mean of their energies
    row = np.concatenate([soundfile.read(path)[0] for path in paths[:2]]) * 10 ** (gains[0] / 20)
    energy = np.mean(row**2)
    alone = soundfile.read(paths[2])[0] * 10 ** (gains[2] / 20)
    assert 10 * math.log10(energy / np.mean(alone**2)) == pytest.approx(0, abs=0.05)


def test_silence_is_played_as_it_is(tmp_path):
    silent = _written(tmp_path / "silent.wav", np.zeros(RATE))
    faint = _written(tmp_path / "faint.wav", 1.2e-4 * np.sign(_tone(1000, 0, 1)))  # below the standard's gate of -70 LUFS
    assert loudness.gains([silent, faint], ["a", "b"], -23.0) == [0.0, 0.0]


def test_silence_does_not_change_its_speaker_s_gain(tmp_path):
    tone = _written(tmp_path / "tone.wav", _tone(1000, -30, 1))
    silent = _written(tmp_path / "silent.wav", np.zeros(5 * RATE))
    assert loudness.gains([tone, silent], ["a", "a"], -23.0) == loudness.gains([tone], ["a"], -23.0) * 2


def test_a_gain_never_clips_and_says_that_it_is_smaller_than_wanted(tmp_path):
    clicks = np.zeros(2 * RATE)
    clicks[::4800] = 0.9  # soft to the ear, and nearly at full scale
    path = _written(tmp_path / "clicks.wav", clicks)
    level = loudness.measure(path)
    (planned,) = loudness.plan([level], ["a"], -10.0)
    assert planned.limited
    assert loudness.gains([path], ["a"], -10.0) == [planned.gain_db]
    peak = np.abs(soundfile.read(path)[0] * 10 ** (planned.gain_db / 20)).max()
    assert 10 ** ((loudness.HIGHEST_PEAK_DB - 0.02) / 20) < peak <= 10 ** (loudness.HIGHEST_PEAK_DB / 20)


def test_one_clip_at_the_limit_holds_its_whole_group_back():
    loud, soft = Level(-30.0, -3.0, 1.0), Level(-40.0, -20.0, 1.0)
    assert loudness.plan([loud, soft], ["a", "a"], -20.0) == [Gain(2.0, True)] * 2
    assert loudness.plan([loud, soft], ["a", "b"], -20.0) == [Gain(2.0, True), Gain(19.0, True)]


def test_channels_are_measured_as_they_are_heard(tmp_path):
    tone = _tone(1000, -20, 1)
    both = _written(tmp_path / "both.wav", np.stack([tone, tone], axis=1))
    one = _written(tmp_path / "one.wav", tone)
    assert loudness.measure(both) == loudness.measure(one)


def test_a_changed_file_is_measured_again(tmp_path):
    path = _written(tmp_path / "clip.wav", _tone(1000, -30, 1))
    before = loudness.measure(path)
    _written(path, _tone(1000, -20, 2))
    assert loudness.measure(path).lufs == pytest.approx(before.lufs + 10, abs=0.1)
