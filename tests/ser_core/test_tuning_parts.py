"""What is trained of a block is as much as the papers say, and what makes no sense is refused, all of it at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ser_core.encoders._find import all_encoders, find
from ser_core.errors import BadInput
from ser_core.tuning import _parts
from ser_core.tuning._network import build, entering
from ser_core.tuning._parts import Parts
from tests.ser_core.tiny_checkpoints import opened

LIKE = {"Wav2Vec2": "w2v2-de", "Hubert": "hubert-base", "WavLM": "wavlm-base", "Whisper": "whisper-small"}


def called(encoder: str) -> Any:
    hearing: Any = opened(encoder)
    return hearing.blocks()


def block_of(kind):
    """A block of the published base models' size (768, feed-forward 3072), without numbers, and how its parts are called."""
    import torch

    if kind == "emotion2vec":
        from ser_core.encoders._emotion2vec_network import network
        from tests.ser_core.tiny_checkpoints import EMOTION2VEC

        with torch.device("meta"):
            whole = network({**EMOTION2VEC, "embed_dim": 768, "depth": 1, "mlp_ratio": 4.0})
        return whole.blocks[0], called("emotion2vec-base")
    import transformers

    more = {"d_model": 768, "encoder_layers": 1, "encoder_ffn_dim": 3072, "decoder_layers": 1} if kind == "Whisper" else {}
    config = getattr(transformers, f"{kind}Config")(num_hidden_layers=1, **more)
    with torch.device("meta"):
        whole = getattr(transformers, f"{kind}Model")(config)
    return whole.encoder.layers[0], called(LIKE[kind])


def trained(block):
    return sum(parameter.numel() for parameter in block.parameters() if parameter.requires_grad)


@pytest.mark.parametrize("kind", [*LIKE, "emotion2vec"])
def test_a_block_trains_as_many_numbers_as_the_papers_say(kind):
    fused = kind == "emotion2vec"  # query, key and value are one layer, 768 to 2304, and share one A
    all_six = 8 * (768 + 2304) + 8 * (768 + 768) + 2 * 8 * (768 + 3072) if fused else 110_592
    on_two = 2 * 16 * (768 + 3072)
    expected = {
        Parts(("lora",)): all_six,
        Parts(("adapter",)): 74_544,
        Parts(("lora", "adapter")): all_six + 74_544,
        Parts(("lora",), lora_on="feed_forward", lora_rank=16): on_two,
        Parts(("adapter",), adapter_width=128, adapter_scale=0.1, adapter_start="zero"): 768 * 128 * 2 + 128 + 768,
        Parts(("gating", "prompt", "weighted_sum")): 0,  # these are no part of the block
    }
    for parts, count in expected.items():
        block, blocks = block_of(kind)
        _parts.put_in(block, 1, blocks, parts, seed=0)
        assert trained(block) == count, parts.tune
    if kind in ("Wav2Vec2", "Hubert"):
        block, blocks = block_of(kind)
        _parts.put_in(block, 1, blocks, Parts(("full",)), seed=0)
        assert trained(block) == 7_087_872
    gates, prompts = _parts.gates(range(1, 4), 768, "cpu"), _parts.prompts(range(1, 4), 5, 768, 0, "cpu")
    assert (trained(gates), trained(prompts)) == (3 * 768, 3 * 5 * 768)


def test_the_authors_head_has_as_many_numbers_as_their_log_says():
    assert trained(_parts.head((768, 128, 16, 4), 0, "cpu")) == 100_564
    assert trained(_parts.head((768, 4), 0, "cpu")) == 768 * 4 + 4


def test_what_makes_no_sense_is_refused_all_of_it_at_once():
    with pytest.raises(BadInput) as bad:
        Parts(
            ("lora", "full", "adaptor", "lora"),
            lora_rank=0,
            lora_alpha=-1,
            lora_dropout=1.0,
            lora_on="atention",  # type: ignore[arg-type]
            adapter_width=0,
            adapter_scale=float("nan"),
            adapter_start="zeros",  # type: ignore[arg-type]
            prompts=0,
            hidden=(128, 0),
        )
    said = "\n".join(str(problem) for problem in bad.value.problems)
    for expected in (
        "nothing called 'adaptor' to tune. Did you mean 'adapter'?",
        "'lora' stands twice in tune.",
        "'full' trains the very weights that 'lora' adds to",
        "lora_on cannot be 'atention'. Did you mean 'attention'?",
        "adapter_start cannot be 'zeros'. Did you mean 'zero'?",
        "lora_rank must be 1 or more, not 0.",
        "lora_alpha must be 1 or more, not -1.",
        "adapter_width must be 1 or more, not 0.",
        "prompts must be 1 or more, not 0.",
        "lora_dropout must be 0 or more and less than 1, not 1.0.",
        "adapter_scale must be a number other than 0, not nan.",
        "a hidden layer of the head must be 1 wide or more, not 0.",
    ):
        assert expected in said
    assert len(bad.value.problems) == 12


@pytest.mark.parametrize(
    ("encoder", "parts", "messages"),
    [
        ("wavlm_base", Parts(), ["Did you mean 'wavlm-base'"]),
        ("w2v2-de", Parts(layer=13), ["has no layer 13; its layers are 0 to 12"]),
        ("w2v2-de", Parts(("lora",), layer=4, from_layer=4), ["from_layer is 4 and layer is 4; from_layer must be lower"]),
        ("w2v2-de", Parts(("lora",), layer=-1, from_layer=99), ["has no layer 99"]),
        (
            "byol-s-512",
            Parts(("lora", "gating"), layer=7),
            [
                "has no layer 7",
                r"byol-s-512 has no blocks that can be trained \(lora, gating\).* Those that have are .*w2v2-de",
            ],
        ),
        ("wavlm-large-sed", Parts(("adapter",)), ["has no blocks that can be trained"]),
        ("emotion2vec-base-ffn", Parts(("full",)), ["has no blocks that can be trained"]),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_anything_is_opened(encoder, parts, messages):
    for ask in (lambda: entering(encoder, parts), lambda: build(encoder, parts, 4, seed=0)):
        with pytest.raises(BadInput) as bad:
            ask()
        assert len(bad.value.problems) == len(messages)
        for problem, message in zip(bad.value.problems, messages, strict=True):
            assert re.search(message, str(problem)), problem


def test_a_wrong_dtype_or_one_emotion_is_refused():
    with pytest.raises(BadInput, match=r"no dtype 'fp16'. Did you mean"):
        build("logmel", Parts(), 4, seed=0, dtype="fp16")
    with pytest.raises(BadInput, match=r"at least two emotions to tell apart, not 1"):
        build("logmel", Parts(), 1, seed=0)


@pytest.mark.parametrize("name", all_encoders())
def test_every_encoder_takes_a_head_and_those_with_blocks_name_what_enters(name):
    encoder = find(name)
    network = build(name, Parts(layer=-1), 3, seed=0)
    assert (network.encoder, network.enters) == (name, encoder.layers - 1)
    assert network.trainable() == 3 * encoder.dim + 3
    if encoder.whole is not None:
        source, layer = entering(name, Parts(("lora",), from_layer=1))
        assert (find(source).layers, layer) == (encoder.layers, 1)
        assert find(source).dim == encoder.dim + (source != name)
