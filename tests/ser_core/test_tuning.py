"""Networks whose blocks are trained: what they say untouched, what learns, what stays, and what a clip's neighbours change.

Oracles: the features of the same encoder (compared with transformers' and the papers' own forwards elsewhere), transformers'
forward with each part written beside it, and the papers' counts.
"""

from __future__ import annotations

import copy
from typing import Any

import pandas as pd
import pytest

from ser_core import audio
from ser_core.encoders import _packed, _pass, emotion2vec, hubert, wav2vec2, wavlm, whisper
from ser_core.errors import BadInput
from ser_core.features import features
from ser_core.tuning._network import build, entering
from ser_core.tuning._parts import TUNES, Parts
from tests.ser_core import tiny_checkpoints, voices
from tests.ser_core.tiny_checkpoints import DIM, opened, small, sound

FAMILIES = {
    "w2v2-de": wav2vec2,
    "xlsr-53": wav2vec2,
    "hubert-base": hubert,
    "wavlm-base": wavlm,
    "wavlm-large": wavlm,
    "whisper-small": whisper,
    "emotion2vec-base": emotion2vec,
}
"""Every way in which blocks are computed."""

CLIPS = [sound(samples, seed) for seed, samples in enumerate((9_000, 16_000, 700, 33_000))]
EVERY = Parts(("lora", "adapter", "gating", "weighted_sum", "prompt"), layer=2)


@pytest.fixture(autouse=True, scope="module")
def _tiny(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    with tiny_checkpoints.one_thread(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_MODELS", str(models))
        for name, family in FAMILIES.items():
            for own in {name, name + str(small(name).whole)}:
                (models / own).symlink_to(tiny_checkpoints.kept(own), target_is_directory=True)
                patch.setitem(family.ENCODERS, own, small(own))
        yield


def frames(encoder, parts, clips=CLIPS):
    """[frame, dim] of each clip, of the layer that enters."""
    source, layer = entering(encoder, parts)
    return [states[layer].clone() for states in opened(source)(clips)]


def built(encoder, parts, seed=0, **more):
    return build(encoder, parts, 4, seed=seed, offline=True, **more)


def stepped(network, clips, *, steps=1):
    """As after ``steps`` steps of plain gradient descent; the gradients of a further one are left in place."""
    import torch

    for step in range(steps + 1):
        for parameter in network.parameters():
            parameter.grad = None
        loss = torch.nn.functional.cross_entropy(network(clips), torch.arange(len(clips)) % 4)
        loss.backward()
        if step < steps:
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter -= 0.3 * parameter.grad
    return network


@pytest.mark.parametrize("encoder", FAMILIES)
def test_untouched_a_network_says_what_its_head_says_of_the_mean_of_the_layer(encoder):
    import torch

    for layer, below in ((-1, 0), (2, 1), (-1, 2)):
        parts = Parts(("lora",), layer=layer, from_layer=below, hidden=(8,))
        network = built(encoder, parts)
        entering_frames = frames(encoder, parts)
        with torch.no_grad():
            found = network(entering_frames)
            expected = network.module["head"](opened(encoder).pooled(CLIPS)[:, layer])
            assert (found - expected).abs().max() < 1e-5
            head = built(encoder, Parts(layer=layer, hidden=(8,)))
            assert (head([states[layer] for states in opened(encoder)(CLIPS)]) - expected).abs().max() < 1e-5


@pytest.mark.parametrize("encoder", FAMILIES)
def test_a_clip_is_judged_as_alone_whoever_lies_beside_it(encoder, monkeypatch):
    import torch

    network = stepped(built(encoder, EVERY), frames(encoder, EVERY))
    entered = frames(encoder, EVERY)
    with torch.no_grad():
        together = network(entered)
        alone = torch.cat([network([clip]) for clip in entered])
        assert (together - alone).abs().max() < 1e-5
        assert (together - network(entered[::-1]).flip(0)).abs().max() < 1e-5
    gradients = {name: value.grad for name, value in stepped(network, entered, steps=0).named_parameters()}
    monkeypatch.setattr("ser_core.encoders._rows.lays_beside", lambda device: True)  # as on a GPU
    for name, parameter in stepped(network, entered, steps=0).named_parameters():
        assert (parameter.grad - gradients[name]).abs().max() < 1e-5, name
    with torch.no_grad():
        assert (together - network(entered)).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("encoder", "tune"),
    [("w2v2-de", (name,)) for name in TUNES[:-1]] + [(name, tune) for name in FAMILIES for tune in (EVERY.tune, ("full",))],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_all_that_is_to_learn_learns_and_nothing_else_changes(encoder, tune):
    import torch

    parts = Parts(tune, layer=-1, from_layer=1, prompts=2, adapter_start="zero")
    network = built(encoder, parts)
    before = {name: value.clone() for name, value in network.module.state_dict().items()}
    stepped(network, frames(encoder, parts), steps=2)  # where something starts at 0, what lies before it waits a step
    of_blocks = {name for name in before if name.startswith(("blocks.", "last."))}
    learned = dict(network.named_parameters())
    for name, parameter in learned.items():
        if name.endswith("k_proj.bias"):
            continue  # a constant added to all scores of a query changes no attention: its gradient is 0 but for rounding
        assert parameter.grad.abs().max() > 0, name
        assert not torch.equal(before[name], parameter), name
    for name, value in network.module.state_dict().items():
        if name not in learned:
            assert torch.equal(before[name], value), name
    assert {name.split(".")[1] for name in learned if name.startswith("blocks.")} <= {"2", "3"}  # 1 and what is below: never
    if "full" in tune:
        assert {name for name in of_blocks if "rel_attn_embed" not in name} <= set(learned)


def by_the_library(model, network, hidden):
    """Logits of one clip: transformers' own blocks, LoRA added to their weights, the other parts as papers write them."""
    import torch

    learned = {name.replace(".fed.", "."): value for name, value in network.learned().items()}
    states = [hidden]
    for number, block in enumerate(copy.deepcopy(model.encoder.layers[: network.parts.layer]), start=1):
        own = {n.removeprefix(f"blocks.{number}."): v for n, v in learned.items() if n.startswith(f"blocks.{number}.")}
        for name, down in own.items():
            if name.endswith(".lora_A.default.weight"):
                layer, up = name.removesuffix(".lora_A.default.weight"), own[name.replace("lora_A", "lora_B")]
                block.get_submodule(layer).weight.data += network.parts.lora_alpha / len(down) * up @ down
        down, shift, up, rise = (own[f"feed_forward.adapter.{n}"] for n in ("0.weight", "0.bias", "2.weight", "2.bias"))
        block.feed_forward.register_forward_hook(
            lambda _, __, f, a=down, b=shift, c=up, d=rise: (
                f + network.parts.adapter_scale * ((f @ a.T + b).relu() @ c.T + d)
            )
        )
        prompts = learned[f"prompts.{number}"]
        heard = torch.cat([prompts, states[-1] / (1 + torch.exp(-learned[f"gates.{number}"]))])[None]
        if model.config.model_type == "wavlm":
            bias = model.encoder.layers[0].attention.compute_bias(heard.shape[1], heard.shape[1])
            left = block(heard, position_bias=bias)[0]
        else:
            left = block(heard)[0]
        states.append(left.view(-1, DIM)[len(prompts) :])
    shares = learned["mix.weights"].exp() / learned["mix.weights"].exp().sum()
    mean = sum(share * state.mean(0) for share, state in zip(shares, states, strict=True))
    return mean @ learned["head.0.weight"].T + learned["head.0.bias"]


@pytest.mark.parametrize("encoder", ["w2v2-de", "xlsr-53", "wavlm-base"])
def test_every_part_computes_what_its_paper_writes(encoder):
    import torch

    parts = Parts(EVERY.tune, layer=2, lora_rank=3, lora_alpha=7, adapter_width=5, adapter_scale=0.4, prompts=2)
    entered = frames(encoder, parts)
    network = stepped(built(encoder, parts), entered, steps=3)
    hearing: Any = opened(encoder)
    with torch.no_grad():
        expected = torch.stack([by_the_library(hearing.model, network, clip) for clip in entered])
        assert (network(entered) - expected).abs().max() < 1e-5
        assert expected.std(dim=0).min() > 1e-3  # clips differ in what is said of them


def test_the_head_starts_as_the_probe_of_a_layer_does_and_a_part_as_it_would_alone():
    import torch

    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    plain, again = (built("w2v2-de", EVERY, seed=3).learned() for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert plain.keys() == again.keys()
    assert all(torch.equal(plain[name], again[name]) for name in plain)
    other, alone = built("w2v2-de", EVERY, seed=4).learned(), built("w2v2-de", Parts(("prompt",), layer=2), seed=3).learned()
    assert torch.equal(plain["prompts.2"], alone["prompts.2"])
    assert not any(torch.equal(plain[n], other[n]) for n in plain if ".lora_A." in n or "adapter" in n or "prompts" in n)
    head = built("w2v2-de", Parts(hidden=(16, 5)), seed=3)
    torch.manual_seed(3)
    first, second, third = torch.nn.Linear(DIM, 16), torch.nn.Linear(16, 5), torch.nn.Linear(5, 4)
    assert torch.equal(head.learned()["head.0.weight"], first.weight)
    assert torch.equal(head.learned()["head.2.bias"], second.bias)
    assert torch.equal(head.learned()["head.4.weight"], third.weight)


def test_dropout_of_lora_falls_in_training_alone_and_follows_torchs_seed():
    import torch

    parts = Parts(("lora",), lora_dropout=0.5)
    entered = frames("w2v2-de", parts)
    network = stepped(built("w2v2-de", parts), entered)

    def said(seed):
        torch.manual_seed(seed)
        with torch.no_grad():
            return network(entered)

    assert torch.equal(said(0), said(1))
    network.train()
    assert torch.equal(said(0), said(0))
    assert not torch.equal(said(0), said(1))
    assert not any(m.training for n, m in network.module.named_modules() if "dropout" in n and "lora" not in n)


def test_what_was_learned_is_taken_by_a_network_of_the_same_parts_and_by_no_other():
    import torch

    entered = frames("w2v2-de", EVERY)
    network = stepped(built("w2v2-de", EVERY), entered)
    state = network.learned()
    other = built("w2v2-de", EVERY, seed=9)
    other.load_learned(state)
    with torch.no_grad():
        assert torch.equal(other(entered), network(entered))
        next(iter(network.parameters())).add_(1)
    assert all(torch.equal(value, other.learned()[name]) for name, value in state.items())  # it was a copy
    for parts in (Parts(("lora",), layer=2), Parts(EVERY.tune, layer=1), Parts(EVERY.tune, layer=2, prompts=3)):
        with pytest.raises(BadInput, match=r"lacks|has too much|has other shapes: prompts\.1, prompts\.2"):
            built("w2v2-de", parts).load_learned(state)


def test_blocks_above_the_layer_and_below_what_enters_are_not_kept():
    network = built("w2v2-de", Parts(("lora",), layer=2, from_layer=1))
    assert list(network.module["blocks"]) == ["2"]
    assert built("w2v2-de", Parts(layer=2)).module["blocks"].keys() == set()
    for encoder in ("xlsr-53", "whisper-small"):
        full = built(encoder, Parts(("full",), layer=2, from_layer=1))
        assert {id(tensor) for tensor in reachable(full)} == {id(value) for value in full.module.parameters()}


def reachable(thing, seen=None):
    """Every tensor that a network keeps in memory, through modules, bound methods and closures."""
    import torch

    seen = {} if seen is None else seen
    if id(thing) in seen or isinstance(thing, type | str | int | float | None):
        return []
    seen[id(thing)] = thing
    if isinstance(thing, torch.Tensor):
        return [thing]
    inside = [*getattr(thing, "__dict__", {}).values(), *(getattr(thing, "args", None) or ())]
    inside += [cell.cell_contents for cell in getattr(thing, "__closure__", None) or ()]
    inside += [getattr(thing, "__self__", None), getattr(thing, "func", None)]
    inside += thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list | tuple) else ()
    return [tensor for part in inside for tensor in reachable(part, seen)]


def test_bf16_keeps_weights_in_32_bits_and_stays_near(monkeypatch):
    import torch

    monkeypatch.setattr("ser_core.encoders._rows.lays_beside", lambda device: True)  # as on a GPU
    for encoder in ("wavlm-large", "whisper-small", "emotion2vec-base"):
        entered = frames(encoder, EVERY)
        network, exact = built(encoder, EVERY, dtype="bf16"), built(encoder, EVERY)
        stepped(network, entered)
        assert all(p.dtype == p.grad.dtype == torch.float32 for p in network.parameters())
        network.load_learned(exact.learned())
        with torch.no_grad():
            assert 0 < (network(entered) - exact(entered)).abs().max() < 0.05


def test_a_clip_that_was_heard_in_pieces_is_judged_in_the_same_pieces(tmp_path, monkeypatch):
    import torch

    monkeypatch.setenv("EARWITNESS_FEATURES", str(tmp_path / "features"))
    monkeypatch.setattr(_pass, "_PIECE", 16_000)
    monkeypatch.setattr(_packed, "PIECE_S", 1)
    file = voices.clip(tmp_path / "long.wav", "angry", seconds=3.33)  # of 1 s, 1 s, and twice half of 1.33 s
    clips = pd.DataFrame({"file": [str(file)], "sha256": [audio.sha256(file)]})
    for encoder in ("w2v2-de", "emotion2vec-base"):
        parts = Parts(("lora",), layer=2)
        source, layer = entering(encoder, parts)
        entered = torch.from_numpy(features(source, clips, pooling="frames", layer=layer)[0].copy())
        network = built(encoder, parts)
        with torch.no_grad():
            expected = network.module["head"](torch.from_numpy(features(encoder, clips).layer(2)))
            assert (network([entered]) - expected).abs().max() < 1e-5
