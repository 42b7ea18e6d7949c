"""The sounds that we make are what the papers say, measured by other means than they were made with."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from listening_tests import sounds
from listening_tests.loudness import level_of

LUFS = -23.0
FULL = sounds.RATE_HZ + sounds.RATE_HZ // 2  # samples from one interval's start to the next one's


def _interval(sound, number):
    samples, _ = sound
    start = (number - 1) * FULL
    return samples[start : start + sounds.RATE_HZ].astype(np.float64)


def _band(samples, low_hz, high_hz):
    """A band-pass filter in time, where the sounds were made in frequency."""
    sos = scipy.signal.butter(8, (low_hz, high_hz), "bandpass", fs=sounds.RATE_HZ, output="sos")
    return scipy.signal.sosfiltfilt(sos, samples)


def _power_db(samples):
    return 10 * np.log10(np.mean(np.square(samples)) + 1e-20)


@pytest.mark.parametrize("target", [1, 2, 3])
def test_both_ears_hear_the_same_noise_except_in_one_band_of_one_interval(target):
    sound = sounds.huggins(target, LUFS, seed=5)
    assert sound[0].shape == (3 * sounds.RATE_HZ + 2 * sounds.RATE_HZ // 2, 2)
    for number in (1, 2, 3):
        left, right = _interval(sound, number).T
        if number != target:
            assert np.array_equal(left, right)
            continue
        assert np.corrcoef(_band(left, 580, 620), _band(right, 580, 620))[0, 1] < -0.98
        for low, high in ((100, 500), (720, 5000), (5000, 20000)):
            assert np.corrcoef(_band(left, low, high), _band(right, low, high))[0, 1] > 0.99
        hz = np.fft.rfftfreq(left.size, 1 / sounds.RATE_HZ)
        differs = np.abs(np.fft.rfft(left) - np.fft.rfft(right)) > 0.5 * np.abs(np.fft.rfft(left)).mean()
        assert hz[differs].min() > 560
        assert hz[differs].max() < 640


def test_neither_ear_alone_can_tell_which_interval_holds_the_pitch():
    for seed in range(5):
        sound = sounds.huggins(2, LUFS, seed=seed)
        for ear in (0, 1):
            levels = [_power_db(_interval(sound, n)[:, ear]) for n in (1, 2, 3)]
            assert max(levels) - min(levels) < 0.2
        left, right = _interval(sound, 2).T
        assert _power_db(left) == pytest.approx(_power_db(right), abs=0.01)
        assert _power_db(_band(left, 570, 630)) == pytest.approx(_power_db(_band(right, 570, 630)), abs=0.3)


@pytest.mark.parametrize(("target", "turned"), [(1, 2), (2, 3), (3, 1)])
def test_the_antiphase_tone_is_the_softest_over_one_loudspeaker_and_not_over_headphones(target, turned):
    sound = sounds.antiphase(target, turned, LUFS)
    at_an_ear = [_power_db(_interval(sound, n)[:, 1]) for n in (1, 2, 3)]
    mixed = [_power_db(_interval(sound, n).mean(axis=1)) for n in (1, 2, 3)]
    assert int(np.argmin(at_an_ear)) + 1 == target
    assert int(np.argmin(mixed)) + 1 == turned
    assert mixed[turned - 1] < -150
    other = 6 - target - turned
    assert at_an_ear[other - 1] - at_an_ear[target - 1] == pytest.approx(6.0, abs=0.01)
    assert at_an_ear[other - 1] == pytest.approx(at_an_ear[turned - 1], abs=0.01)


def test_the_tones_are_of_200_hz():
    tone = _interval(sounds.antiphase(1, 2, LUFS), 3)[:, 0]
    assert int(np.argmax(np.abs(np.fft.rfft(tone)))) == 200  # one second: a bin is one hertz


def test_the_noise_has_the_spectrum_of_speech_in_thirds_of_an_octave():
    samples, rate = sounds.speech_noise(LUFS, seed=1)
    hz, power = scipy.signal.welch(samples.astype(np.float64), rate, nperseg=2**15, noverlap=2**14)
    levels = {}
    for centre in (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0):
        inside = (hz >= centre * 2 ** (-1 / 6)) & (hz < centre * 2 ** (1 / 6))
        levels[centre] = 10 * np.log10(power[inside].sum() * (hz[1] - hz[0]))
    published = {125.0: 57.7, 250.0: 60.3, 500.0: 62.1, 1000.0: 53.7, 2000.0: 48.7, 4000.0: 45.6, 8000.0: 43.7}
    for centre, level in published.items():
        assert levels[centre] - levels[1000.0] == pytest.approx(level - published[1000.0], abs=0.5)


def test_the_published_levels_of_speech_sum_to_70_db():
    total = 10 * np.log10(sum(10 ** (level / 10) for level in sounds.BANDS_DB.values()))
    assert total == pytest.approx(70.0, abs=0.1)


def test_the_noise_has_no_seam_where_it_is_looped():
    samples, _ = sounds.speech_noise(LUFS, seed=1)
    inside = np.abs(np.diff(samples)).max()
    assert abs(float(samples[0] - samples[-1])) <= inside


@pytest.mark.parametrize("lufs", [-23.0, -30.0])
def test_every_sound_is_as_loud_as_the_study_wants(lufs):
    made = (sounds.speech_noise(lufs, seed=3), sounds.huggins(1, lufs, seed=3), sounds.antiphase(1, 2, lufs))
    for samples, rate in made:
        one = samples if samples.ndim == 1 else samples[:, 0]
        assert level_of(one.astype(np.float64), rate).lufs == pytest.approx(lufs, abs=0.05)


def test_no_sound_is_clipped_however_loud_the_study_is():
    for samples, _ in (sounds.speech_noise(-5, seed=3), sounds.huggins(1, -5, seed=3), sounds.antiphase(1, 2, -5)):
        assert np.abs(samples).max() <= sounds.HIGHEST_PEAK + 1e-6


def test_a_sound_is_the_same_whenever_it_is_asked_for():
    assert np.array_equal(sounds.huggins(2, LUFS, seed=9)[0], sounds.huggins(2, LUFS, seed=9)[0])
    assert not np.array_equal(sounds.huggins(2, LUFS, seed=9)[0], sounds.huggins(2, LUFS, seed=10)[0])
    assert np.array_equal(sounds.speech_noise(LUFS, seed=9)[0], sounds.speech_noise(LUFS, seed=9)[0])
