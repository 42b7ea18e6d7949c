"""The whole chain on real speech: layers, each way of tuning, two stages, in and between three languages, as one grid.

``python -m benchmarks.whole_chain ROOT --out DIR`` indexes RAVDESS (English), nEMO (Polish) and EmotionTTS (Korean) in ROOT,
puts a small wav2vec 2.0 with random weights where a published one would be (the architecture is true, and what it hears is
not: its accuracy says nothing), writes one experiment for it and for BYOL-S (found by ``EARWITNESS_MODELS``), and runs it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path

from ser_core.cli import main as command
from ser_core.encoders import wav2vec2
from ser_core.encoders._checkpoint import models

CORPORA = {"RAVDESS": "ravdess", "nEMO": "nemo", "EmotionTTS_KO": "emotiontts"}
"""Folder below ROOT -> corpus."""
BLOCKS, DIM = 3, 64
EXPERIMENT = """
name: whole-chain
stimuli: [corpora/ravdess.csv, corpora/nemo.csv, corpora/emotiontts.csv]
encoders: {byol-s-512: en, w2v2-en: en}
settings: [mono, cross, trans, two_stage]
splits: {folds: 3}
grid:
  - {method: layer_probe, with.layer: all, settings: [mono, cross, trans]}
  - {method: tuned, encoders: byol-s-512, with.layer: 1, with.epochs: 5}
  - method: tuned
    encoders: w2v2-en
    with.layer: 2
    with.epochs: 2
    with.tune: [lora, adapter, gating, weighted_sum, prompt, full, lora+adapter+gating]
"""


def main() -> int:
    """Index, write and run; the exit status of the last command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_chain", description=__doc__)
    parser.add_argument("root", type=Path, metavar="ROOT", help="the folder of corpora")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder of all that is made")
    parser.add_argument("--threads", default="2", metavar="N", help="to compute with (default 2)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for folder, name in CORPORA.items():
        table = options.out / "corpora" / f"{name}.csv"
        if code := command("ser_core", ["index", name, str(options.root / folder), "--out", str(table)]):
            return code
    _random_wav2vec2(options.out / "models" / "w2v2-en")
    for kept in models().iterdir():  # beside those that are there already
        if not (link := options.out / "models" / kept.name).exists():
            link.symlink_to(kept.absolute())
    os.environ["EARWITNESS_MODELS"] = str(options.out / "models")
    file = options.out / "whole-chain.yaml"
    file.write_text(EXPERIMENT, encoding="utf-8")
    words = ["run", str(file), "--out", str(options.out / "whole-chain"), "--threads", options.threads, "--device", "cpu"]
    return command("ser_core", words)


def _random_wav2vec2(folder: Path) -> None:
    """A checkpoint in the published form, and its size told to the encoder of that name in this process."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=DIM,
        num_hidden_layers=BLOCKS,
        num_attention_heads=4,
        intermediate_size=4 * DIM,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    transformers.Wav2Vec2Model(config).save_pretrained(folder)
    said = {"feature_size": 1, "sampling_rate": 16_000, "padding_value": 0.0, "do_normalize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(said), encoding="utf-8")
    wav2vec2.ENCODERS["w2v2-en"] = dataclasses.replace(wav2vec2.ENCODERS["w2v2-en"], layers=BLOCKS + 1, dim=DIM)


if __name__ == "__main__":
    raise SystemExit(main())
