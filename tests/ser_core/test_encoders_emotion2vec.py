"""emotion2vec's network, computed a second, slow way from the tensors of a checkpoint in FunASR's format.

The slow way is written from the published architecture: one clip, one head and one layer at a time. The published weights
were not run; what a file of them must look like is what ``tiny_checkpoints.emotion2vec_state`` writes out.
"""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from ser_core.encoders._find import all_encoders
from ser_core.errors import BadInput
from tests.ser_core import tiny_checkpoints
from tests.ser_core.tiny_checkpoints import BLOCKS, DIM, EMOTION2VEC, HEADS, sound

AUDIO = "modality_encoders.AUDIO"
CLIPS = [sound(samples, seed) for seed, samples in enumerate((16_000, 400, 9_999))]


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    with tiny_checkpoints.one_thread():
        yield


def norm(x, weight=1.0, bias=0.0):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * weight + bias


def gelu(x):
    from scipy.special import erf

    return x * 0.5 * (1 + erf(x / np.sqrt(2)))


def slow(state, clip, *, normalise):
    """Layers [block + 1, frame, dim] as others save them, and as FunASR's layer_results have them."""
    state = {name: value.double().numpy() for name, value in state.items()}

    def affine(x, name):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    x = clip.astype(np.float64)
    x = (norm(x) if normalise else x)[:, None]  # [time, channel]
    for number, (kernel, stride) in enumerate(zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), strict=True)):
        layer = f"{AUDIO}.local_encoder.conv_layers.{number}"
        weight = state[f"{layer}.0.weight"]  # [out, in, tap]
        count = (len(x) - kernel) // stride + 1
        x = np.stack([np.einsum("oit,ti->o", weight, x[stride * n : stride * n + kernel]) for n in range(count)])
        x = gelu(norm(x, state[f"{layer}.2.1.weight"], state[f"{layer}.2.1.bias"]))
    x = norm(x, state[f"{AUDIO}.project_features.1.weight"], state[f"{AUDIO}.project_features.1.bias"])
    x = affine(x, f"{AUDIO}.project_features.2")

    near = x
    for number in range(1, 6):
        layer = f"{AUDIO}.relative_positional_encoder.{number}.0"
        around = np.pad(near, ((9, 9), (0, 0)))
        moved = np.zeros_like(near)
        for channel in range(DIM):
            group = slice(channel // 16 * 16, channel // 16 * 16 + 16)
            taps = state[f"{layer}.weight"][channel].T  # [tap, channel of the group]
            moved[:, channel] = [np.sum(taps * around[n : n + 19, group]) for n in range(len(near))]
        near = gelu(norm(moved + state[f"{layer}.bias"]))
    x = np.concatenate([state[f"{AUDIO}.extra_tokens"][0], x + near])
    x = norm(x, state[f"{AUDIO}.context_encoder.norm.weight"], state[f"{AUDIO}.context_encoder.norm.bias"])

    slopes = [2.0 ** (-8 * (head + 1) / HEADS) for head in range(HEADS)]
    scale = state[f"{AUDIO}.alibi_scale"][0, 0, :, 0, 0]

    def block(x, name):
        mixed = affine(x, f"{name}.attn.qkv").reshape(len(x), 3, HEADS, -1)
        heard = []
        for head in range(HEADS):
            query, key, value = mixed[:, 0, head], mixed[:, 1, head], mixed[:, 2, head]
            score = query @ key.T / np.sqrt(query.shape[1])
            for one in range(10, len(x)):
                for other in range(10, len(x)):
                    score[one, other] -= abs(one - other) * slopes[head] * scale[head]
            share = np.exp(score - score.max(1, keepdims=True))
            heard.append(share / share.sum(1, keepdims=True) @ value)
        x = x + affine(np.concatenate(heard, axis=1), f"{name}.attn.proj")
        x = norm(x, state[f"{name}.norm1.weight"], state[f"{name}.norm1.bias"])
        added = affine(gelu(affine(x, f"{name}.mlp.fc1")), f"{name}.mlp.fc2")
        return norm(x + added, state[f"{name}.norm2.weight"], state[f"{name}.norm2.bias"]), added

    for number in range(2):
        x, _ = block(x, f"{AUDIO}.context_encoder.blocks.{number}")
    left, fed = [x[10:]], []
    for number in range(BLOCKS):
        x, added = block(x, f"blocks.{number}")
        left.append(x[10:])
        fed.append(added[10:])
    return np.stack(left), np.stack([*fed, x[10:]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_checkpoints.save_emotion2vec(tmp_path_factory.mktemp("emotion2vec"))


@pytest.mark.parametrize("name", ["emotion2vec-base", "emotion2vec-base-ffn"])
def test_the_network_is_what_its_paper_says(name, folder):
    saved = name.endswith("ffn")
    hearing = all_encoders()[name].open(folder, "cpu", "fp32")
    for clip, states in zip(CLIPS, hearing(CLIPS), strict=True):
        expected = slow(tiny_checkpoints.emotion2vec_state(), clip, normalise=not saved)[saved]
        assert np.abs(expected - states.numpy()).max() < 1e-4


def test_twelve_heads_have_the_slopes_of_the_alibi_paper():
    from ser_core.encoders.emotion2vec import alibi_slopes

    eight = [1 / 2**n for n in range(1, 9)]
    assert alibi_slopes(8) == pytest.approx(eight)
    assert alibi_slopes(12) == pytest.approx([*eight, *(2 ** -(n + 0.5) for n in range(4))])


def rewritten(folder, tmp_path, change):
    import torch

    config = yaml.safe_load(yaml.safe_dump(EMOTION2VEC))
    state = tiny_checkpoints.emotion2vec_state()
    change(config, state)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"model_conf": config}))
    torch.save(state, tmp_path / "model.pt")
    return tmp_path


def remove(config, state):
    del state["blocks.1.attn.proj.bias"]


def add_a_block(config, state):
    state["blocks.3.norm1.weight"] = state["blocks.0.norm1.weight"]


def normalise_first(config, state):
    config["layer_norm_first"] = True


def forget(config, state):
    del config["depth"]


def run_code(config, state):
    config["modalities"]["audio"]["feature_encoder_spec"] = "__import__('os').abort()"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (remove, r"blocks\.1\.attn\.proj\.bias is missing"),
        (add_a_block, r"blocks\.3\.norm1\.weight is not of this network"),
        (normalise_first, "layer_norm_first is True; only models with False"),
        (forget, r"incomplete or wrong \('depth'\)"),
        (run_code, "incomplete or wrong"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_named(change, said, folder, tmp_path):
    with pytest.raises(BadInput, match=said):
        all_encoders()["emotion2vec-base"].open(rewritten(folder, tmp_path, change), "cpu", "fp32")


def test_a_prefix_and_the_older_shape_of_the_scale_make_no_difference(folder, tmp_path):
    import torch

    state = {f"d2v_model.{name}": value for name, value in tiny_checkpoints.emotion2vec_state().items()}
    state[f"d2v_model.{AUDIO}.alibi_scale"] = state[f"d2v_model.{AUDIO}.alibi_scale"][0]
    (tmp_path / "config.yaml").write_text((folder / "config.yaml").read_text())
    torch.save(state, tmp_path / "emotion2vec_base.pt")
    base = all_encoders()["emotion2vec-base"]
    assert (base.open(tmp_path, "cpu", "fp32")(CLIPS)[0] == base.open(folder, "cpu", "fp32")(CLIPS)[0]).all()
