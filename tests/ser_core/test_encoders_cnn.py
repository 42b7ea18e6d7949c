"""BYOL-S with its real weights, and EmotionCNN with its cochleagrams, against plain second computations."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core import audio
from ser_core.encoders import byol_s, cochleagram, emotion_cnn
from ser_core.encoders._find import open_encoder
from ser_core.encoders._state import state_of
from tests.ser_core import tiny_checkpoints
from tests.ser_core.test_encoders import slow_logmel
from tests.ser_core.tiny_checkpoints import sound


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    with tiny_checkpoints.one_thread():
        yield


@pytest.fixture
def byol(shared, monkeypatch):
    monkeypatch.setenv("EARWITNESS_MODELS", str(shared / "weights"))
    if not (shared / "weights" / "BYOL-S_SERAB_512").is_dir():
        pytest.skip("no ../shared/weights/BYOL-S_SERAB_512")
    return open_encoder("byol-s-512", offline=True)


def test_the_real_weights_of_byol_s_are_the_pinned_ones_and_fill_the_network(byol):
    assert byol.revision == byol.encoder.revision
    learned = sum(parameter.numel() for parameter in byol.hearing.network.parameters())
    assert learned == 600_192  # as the weights' README counts them


def plain_byol(state, clip):
    """One clip through the layers, written out with numpy from their definitions; [frame, 512]."""
    mel = slow_logmel(clip, floor=float(np.finfo(np.float32).eps))  # [frame, band]
    x = ((mel - mel.mean()) / mel.std(ddof=1)).T[None]  # [channel, band, frame]
    state = {name: value.double().numpy() for name, value in state.items()}
    for at in (0, 4, 8):
        weight, padded = state[f"features.{at}.weight"], np.pad(x, ((0, 0), (1, 1), (1, 1)))
        shape = x.shape[1:]
        x = state[f"features.{at}.bias"][:, None, None] + sum(
            np.einsum("oi,ibf->obf", weight[:, :, b, f], padded[:, b : b + shape[0], f : f + shape[1]])
            for b in range(3)
            for f in range(3)
        )
        mean, variance = (state[f"features.{at + 1}.running_{kind}"][:, None, None] for kind in ("mean", "var"))
        scale, shift = (state[f"features.{at + 1}.{kind}"][:, None, None] for kind in ("weight", "bias"))
        x = np.maximum((x - mean) / np.sqrt(variance + 1e-5) * scale + shift, 0)
        bands, frames = x.shape[1] // 2, x.shape[2] // 2
        x = x[:, : 2 * bands, : 2 * frames].reshape(64, bands, 2, frames, 2).max(axis=(2, 4))
    x = x.transpose(2, 1, 0).reshape(x.shape[2], -1)
    for at in (0, 3):
        x = np.maximum(x @ state[f"fc.{at}.weight"].T + state[f"fc.{at}.bias"], 0)
    return x


def test_byol_s_with_its_real_weights_is_what_its_layers_say(byol):
    state = state_of(next(byol.folder.glob("*.pth")))
    for clip in (sound(8_000), sound(11_111, 3)):
        frames, embedding = byol.hearing([clip, sound(40_000)])[0].numpy()
        expected = plain_byol(state, clip)
        assert np.abs(frames - expected).max() < 1e-3 * np.abs(expected).max()
        assert np.allclose(embedding, frames.max(axis=0) + frames.mean(axis=0), atol=1e-5)


def test_byol_s_hears_real_speech_in_a_batch_as_alone(byol, shared):
    files = sorted((shared / "corpora").rglob("*.wav"))[:200:20] + sorted((shared / "corpora").rglob("*.flac"))[:200:20]
    clips = [audio.read(file) for file in files]
    if not clips:
        pytest.skip("no clips in ../shared/corpora")
    for clip, together in zip(clips, byol.hearing(clips), strict=True):
        assert (byol.hearing([clip])[0] - together).abs().max() < 1e-4


def test_the_mean_of_the_upper_layer_of_byol_s_is_the_embedding():
    hearing = tiny_checkpoints.opened("byol-s-512")
    frames = hearing([sound(30_000)])[0][0]
    pooled = hearing.pooled([sound(30_000)])[0, 1]
    assert (pooled - (frames.amax(dim=0) + frames.mean(dim=0))).abs().max() < 1e-5


def test_broken_weights_of_byol_s_are_named(tmp_path):
    import torch

    from ser_core.errors import BadInput

    network = byol_s.network(dim=256)
    torch.save(network.state_dict(), tmp_path / "small.pth")
    with pytest.raises(BadInput, match=r"small\.pth.*fc\.0\.weight has the shape \[256, 512\], not \[512, 512\]"):
        byol_s.ENCODERS["byol-s-512"].open(tmp_path, "cpu", "fp32")
    (tmp_path / "small.pth").write_bytes(b"no weights at all")
    with pytest.raises(BadInput, match=r"small\.pth: the weights cannot be read"):
        byol_s.ENCODERS["byol-s-512"].open(tmp_path, "cpu", "fp32")


# --- EmotionCNN ---


def test_emotion_cnn_has_the_published_number_of_parameters():
    numbers = emotion_cnn.network().state_dict()
    assert sum(value.numel() for name, value in numbers.items() if "num_batches" not in name) == 35_584


def test_the_weights_of_emotion_cnn_come_from_their_seed_alone():
    import torch

    first = emotion_cnn.network(7)[0].weight
    torch.rand(3)
    assert torch.equal(first, emotion_cnn.network(7)[0].weight)
    assert not torch.equal(first, emotion_cnn.network(8)[0].weight)


def test_a_trained_emotion_cnn_takes_the_place_of_the_random_one():
    network = emotion_cnn.network()
    network[4].weight.data.mul_(2)
    clip = [sound(16_000)]
    ours = emotion_cnn.EmotionCNN(trained=network)(clip)[0]
    assert not np.allclose(ours, emotion_cnn.EmotionCNN()(clip)[0])


def test_the_filters_of_the_cochleagram_let_through_what_gammatone_filters_do():
    from scipy.signal import freqz, gammatone

    weights = cochleagram.gammatone_weights()
    for band in (20, 40, 60):  # lower ones are narrower than a few bins
        centre = np.argmax(weights[band]) * 16_000 / 1024
        b, a = gammatone(centre, "iir", fs=16_000)
        bins = np.arange(513) * 16_000 / 1024
        _, response = freqz(b, a, worN=bins[1:-1], fs=16_000)
        power = np.abs(response) ** 2 / np.max(np.abs(response) ** 2)
        near = power > 0.1
        assert np.abs(power[near] - weights[band][1:-1][near]).max() < 0.1


@pytest.mark.parametrize("hertz", [100, 440, 1_000, 4_000])
def test_a_tone_is_loudest_in_its_own_band(hertz):
    import torch

    tone = np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000).astype(np.float32)
    found = int(cochleagram.cochleagram(torch.from_numpy(tone))[:, 50].argmax())
    expected = int(np.argmax(cochleagram.gammatone_weights()[:, round(hertz * 1024 / 16_000)]))
    assert abs(found - expected) <= 1
