"""Every encoder that is found keeps the contract, on a tiny checkpoint of its true format (``tiny_checkpoints.py``)."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ser_core.encoders import _rows
from ser_core.encoders._find import all_encoders, find
from ser_core.encoders._pooling import summary
from ser_core.errors import BadInput
from tests.ser_core import tiny_checkpoints
from tests.ser_core.tiny_checkpoints import opened, sound

ENCODERS = all_encoders()
_SUFFIX = re.compile("-(ffn|whole)$")
KINDS = sorted(
    {
        (tiny_checkpoints.family(n), not _SUFFIX.search(n) and e.dim > 768, *_SUFFIX.findall(n)): n
        for n, e in ENCODERS.items()
    }.values()
)
"""One encoder for each way of being computed: those that differ in their weights alone are as good as each other."""

CLIPS = [sound(samples, seed) for seed, samples in enumerate((16_000, 1, 9_000, 400, 399, 48_000, 16_000, 720, 5_001))]


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    with tiny_checkpoints.one_thread():
        yield


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_says_what_it_is_and_where_it_comes_from(name):
    encoder = ENCODERS[name]
    assert all([encoder.title, encoder.licence, encoder.languages, encoder.layers, encoder.dim])
    pin = r"[0-9a-f]{40}|sha256:[0-9a-f]{64}|" if encoder.source else r".+"
    assert re.fullmatch(pin, encoder.revision)


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_can_be_opened_from_files_of_its_format(name):
    assert opened(name).frames(16_000) >= 1


@pytest.mark.parametrize("name", KINDS)
def test_an_encoder_gives_layers_of_finite_frames_even_of_one_sample(name):
    import torch

    hearing = opened(name)
    for clip, states in zip(CLIPS, hearing(CLIPS), strict=True):
        assert states.dtype == torch.float32
        assert tuple(states.shape) == (hearing.layers, hearing.frames(len(clip)), hearing.dim)
        assert states.shape[1] >= 1
        assert torch.isfinite(states).all()


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_is_heard_in_a_batch_as_it_is_heard_alone(name):
    hearing = opened(name)
    for clip, together in zip(CLIPS, hearing(CLIPS), strict=True):
        assert (hearing([clip])[0] - together).abs().max() < 1e-4


@pytest.mark.parametrize("name", KINDS)
def test_what_else_is_in_a_batch_changes_nothing(name):
    hearing, loud = opened(name), np.ones(20_000, np.float32)
    first = hearing([CLIPS[2], CLIPS[5]])[0]
    assert (hearing([loud, CLIPS[2]])[1] - first).abs().max() < 1e-4


@pytest.mark.parametrize("name", KINDS)
def test_clips_laid_side_by_side_as_on_a_gpu_give_the_same(name, monkeypatch):
    hearing = opened(name)
    one_by_one, pools = hearing(CLIPS), hearing.pooled(CLIPS, spread=True)
    monkeypatch.setattr(_rows, "lays_beside", lambda _: True)
    for alone, beside in zip(one_by_one, hearing(CLIPS), strict=True):
        assert (alone - beside).abs().max() < 1e-4
    assert (hearing.pooled(CLIPS, spread=True) - pools).abs().max() < 1e-4


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_pooling_while_hearing_equals_pooling_what_was_heard(name, spread):
    import torch

    hearing = opened(name)
    expected = torch.stack([summary(states, spread=spread) for states in hearing(CLIPS)])
    assert (hearing.pooled(CLIPS, spread=spread) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("name", KINDS)
def test_an_encoder_survives_digital_silence(name):
    import torch

    silence = np.zeros(8000, np.float32)
    together = opened(name)([silence, CLIPS[0]])
    assert all(torch.isfinite(states).all() for states in together)
    assert (opened(name)([silence])[0] - together[0]).abs().max() < 1e-4


@pytest.mark.parametrize("name", KINDS)
def test_an_encoder_hears_the_same_clip_the_same_way_and_leaves_it_alone(name):
    clip = CLIPS[2].copy()
    first = opened(name)([clip])[0]
    assert (opened(name)([clip])[0] == first).all()
    assert np.array_equal(clip, CLIPS[2])


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("clip", [np.zeros(0, np.float32), np.zeros((2, 100), np.float32)], ids=["empty", "stereo"])
def test_a_clip_that_is_no_sound_is_refused(name, clip):
    with pytest.raises(BadInput, match="an encoder hears"):
        opened(name)([CLIPS[0], clip])


@pytest.mark.parametrize("name", KINDS)
def test_bf16_stays_near_fp32_and_is_no_less_sure_of_a_clip(name, record_property):
    whole, half = opened(name)(CLIPS), opened(name, "bf16")(CLIPS)
    drift = max(float((a - b).norm() / a.norm()) for a, b in zip(whole, half, strict=True))
    record_property("relative drift", drift)
    assert drift < 0.06
    for clip, together in zip(CLIPS, half, strict=True):
        alone = opened(name, "bf16")([clip])[0]
        assert float((alone - together).norm() / together.norm()) < 0.03


def test_an_unknown_encoder_is_named_with_its_nearest():
    with pytest.raises(BadInput, match="Did you mean 'wavlm-base'"):
        find("wavlm_base")
