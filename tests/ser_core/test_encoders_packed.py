"""wav2vec 2.0, HuBERT, WavLM and Whisper give what transformers' own forward gives, one clip at a time."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.encoders._packed import Packed
from ser_core.encoders.whisper import Whisper
from tests.ser_core import tiny_checkpoints
from tests.ser_core.tiny_checkpoints import sound

CLIPS = [sound(samples, seed) for seed, samples in enumerate((16_000, 400, 401, 7_999, 23_456, 16_000))]


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    with tiny_checkpoints.one_thread():
        yield


def own_forward(model, clip):
    """Transformers' layers of one clip; where layer norm comes first it gives the last one without the final norm."""
    import torch

    with torch.no_grad():
        said = model(torch.from_numpy(clip)[None], output_hidden_states=True)
    return torch.stack([*said.hidden_states[:-1], said.last_hidden_state])[:, 0]


@pytest.mark.parametrize("large", [False, True], ids=["base", "large"])
@pytest.mark.parametrize("kind", ["Wav2Vec2", "Hubert", "WavLM"])
def test_a_batch_gives_what_transformers_gives_for_each_clip_alone(kind, large):
    model = tiny_checkpoints.packed(kind, large=large)
    for clip, states in zip(CLIPS, Packed(model, normalise=False)(CLIPS), strict=True):
        assert (own_forward(model, clip) - states).abs().max() < 1e-4


def test_adapters_of_a_multilingual_model_are_heard_too():
    model = tiny_checkpoints.packed("Wav2Vec2", large=True, adapter_attn_dim=16)
    for clip, states in zip(CLIPS, Packed(model, normalise=False)(CLIPS), strict=True):
        assert (own_forward(model, clip) - states).abs().max() < 1e-4


def test_batch_norm_before_the_positions_is_heard_too():
    model = tiny_checkpoints.packed("Hubert", conv_pos_batch_norm=True)
    model.encoder.pos_conv_embed.batch_norm.running_mean += 0.3
    for clip, states in zip(CLIPS, Packed(model, normalise=False)(CLIPS), strict=True):
        assert (own_forward(model, clip) - states).abs().max() < 1e-4


def test_a_clip_is_normalised_as_transformers_front_end_does():
    import transformers

    model = tiny_checkpoints.packed("Wav2Vec2")
    front_end = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    for clip, states in zip(CLIPS, Packed(model, normalise=True)(CLIPS), strict=True):
        normal = np.asarray(front_end(clip, sampling_rate=16_000).input_values[0], np.float32)
        assert (own_forward(model, normal) - states).abs().max() < 1e-4


def test_frames_are_counted_as_transformers_counts_them():
    model = tiny_checkpoints.packed("Wav2Vec2")
    hearing = Packed(model, normalise=True)
    for samples in (400, 719, 720, 16_000, 16_079, 16_080, 100_001):
        assert hearing.frames(samples) == int(model._get_feat_extract_output_lengths(samples))


def test_a_clip_shorter_than_a_frame_is_filled_up_with_zeros():
    hearing, short = Packed(tiny_checkpoints.packed("Wav2Vec2", large=True), normalise=False), sound(150)
    filled = np.concatenate([short, np.zeros(250, np.float32)])
    assert (hearing([short])[0] - hearing([filled])[0]).abs().max() < 1e-6


def test_a_clip_of_whisper_is_heard_as_transformers_hears_it():
    import torch

    model, mel = tiny_checkpoints.whisper()
    encoder = model.model.encoder
    for clip, states in zip(CLIPS, Whisper(encoder, mel)(CLIPS), strict=True):
        inputs = mel(clip, sampling_rate=16_000, return_tensors="pt").input_features
        with torch.no_grad():
            said = encoder(inputs, output_hidden_states=True)
        expected = torch.stack([*said.hidden_states[:-1], said.last_hidden_state])[:, 0, : -(-len(clip) // 320)]
        assert (expected - states).abs().max() < 1e-4


def test_a_clip_longer_than_whispers_window_is_heard_in_windows():
    import torch

    model, mel = tiny_checkpoints.whisper()
    hearing, clip = Whisper(model.model.encoder, mel), sound(70_000)
    pieces = hearing([clip[:32_000], clip[32_000:64_000], clip[64_000:]])
    whole = hearing([CLIPS[0], clip])[1]
    assert whole.shape[1] == hearing.frames(70_000) == 219
    assert (torch.cat(pieces, dim=1) - whole).abs().max() < 1e-4
