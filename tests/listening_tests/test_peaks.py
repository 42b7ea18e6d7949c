"""The picture of a clip lies true to time and level."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from listening_tests import peaks


@pytest.mark.parametrize("size", [1, 7, 799, 800, 801, 12345])
def test_each_stretch_holds_its_lowest_and_highest_sample(size):
    samples = np.random.default_rng(size).uniform(-1, 1, size).astype(np.float32)
    pairs = peaks.pairs_of(samples)
    count = min(size, peaks.STRETCHES)
    assert len(pairs) == 2 * count
    for i in range(count):
        stretch = samples[i * size // count : (i + 1) * size // count]
        assert pairs[2 * i] == round(float(stretch.min()) * 127)
        assert pairs[2 * i + 1] == round(float(stretch.max()) * 127)


def test_a_burst_is_drawn_where_it_sounds(tmp_path):
    samples = np.zeros(32000)
    samples[8000:16000] = 0.5  # from 0.25 to 0.5 of the clip
    soundfile.write(tmp_path / "burst.wav", samples, 16000)
    outline = peaks.outline(tmp_path / "burst.wav")
    loud = [i for i in range(peaks.STRETCHES) if outline.pairs[2 * i + 1] > 60]
    assert (loud[0], loud[-1]) == (200, 399)
    assert outline.duration_s == 2.0


def test_nothing_has_an_outline_of_nothing():
    assert peaks.pairs_of(np.zeros(0, np.float32)) == []


def test_beyond_full_scale_is_drawn_at_full_scale():
    assert peaks.pairs_of(np.array([-1.5, 1.5], np.float32), 1) == [-127, 127]


def test_a_changed_file_gets_a_new_outline(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.zeros(800), 8000)
    assert max(peaks.outline(path).pairs) == 0
    soundfile.write(path, np.full(1600, 0.5), 8000)
    changed = peaks.outline(path)
    assert min(changed.pairs) == 64
    assert changed.duration_s == 0.2
