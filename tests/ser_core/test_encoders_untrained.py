"""An encoder that never learned: its weights come from its seed alone, its architecture is that of the published one."""

from __future__ import annotations

import pytest

from ser_core.encoders import untrained
from ser_core.encoders._find import find
from tests.ser_core import tiny_checkpoints
from tests.ser_core.tiny_checkpoints import opened, sound


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    with tiny_checkpoints.one_thread():
        yield


def test_the_architecture_is_that_of_the_base_model_to_the_number():
    import torch
    import transformers

    with torch.device("meta"):
        model = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**untrained.BASE))
    assert sum(weights.numel() for weights in model.parameters()) == 94_371_712  # as transformers counts facebook's
    encoder = find("w2v2-base-random-0")
    assert (encoder.layers, encoder.dim, encoder.source) == (13, 768, "")


def test_the_weights_follow_from_the_seed_alone_and_each_encoder_has_its_own():
    import torch

    clip = [sound(8_000)]
    first = opened("w2v2-base-random-0")(clip)[0]
    torch.rand(3)
    before = torch.random.get_rng_state()
    again = opened.__wrapped__("w2v2-base-random-0")
    assert torch.equal(again(clip)[0], first)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.allclose(opened("w2v2-base-random-1")(clip)[0], first)
    revisions = {encoder.revision for encoder in untrained.ENCODERS.values()}
    assert len(revisions) == len(untrained.SEEDS) == 5


def test_its_blocks_can_be_trained():
    assert len(opened("w2v2-base-random-0").blocks().modules) == tiny_checkpoints.BLOCKS  # type: ignore[attr-defined]
