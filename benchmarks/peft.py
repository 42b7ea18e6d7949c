"""How fast LoRA, adapters and gating learn together: ``.venv/bin/python -m benchmarks.peft``.

One wav2vec 2.0 base with random weights (12 blocks of 768), cut off above ``--layers``, the same clips (of
``benchmarks.features``: noise as long as IEMOCAP's turns), the same size of batches, rank, widths, optimizer and precision,
each in its own way:

ours       what the method ``tuned`` does: frames that enter the first block, from the store; then its loop
trainer    transformers' Trainer: LoRA by peft, adapters and gates by hooks; waveforms in memory, padded to the longest of a
           batch, with attention mask, and a mean over the frames that are not padding
by length  the same, with batches of clips of similar length (``group_by_length``)

The blocks' own dropout, layer drop and masking are off in all; LoRA's dropout is on. Before anything is timed, the logits of
clips alone must be the same in both models, from the same numbers, and the same numbers must be trained. An epoch is timed,
each time in a process of its own, after a step that is not; the fastest of ``--rounds`` counts, and the most memory. Hearing
the clips is told apart: Trainer does it in every step, ours once before the first.

``--clock cpu --threads 1`` counts the process's own seconds on one core: the fair measure on a machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.features import _CLOCKS, ENCODER, _made, _timed
from ser_core import audio, features
from ser_core.training import memory
from ser_core.training.clips import Part
from ser_core.training.loop import Training
from ser_core.training.recipe import Recipe
from ser_core.tuning._network import Network, build
from ser_core.tuning._parts import Parts

WAYS = ("ours", "trainer", "by length")
CLASSES = 4
_TOLERANCE = 1e-3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, value in {"clips": 64, "batch": 16, "rounds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--layers", type=int, nargs="+", default=[8, 12], help="each by itself (8 and 12)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="fp32", choices=("fp32", "bf16"), help="bf16: autocast in all")
    parser.add_argument("--at-once", type=int, default=0, help="frames that ours computes at once (0: its choice)")
    parser.add_argument("--threads", type=int, help="of torch, if not its own choice")
    parser.add_argument("--clock", default="wall", choices=_CLOCKS, help="whose seconds count")
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    options.device = features.device_named(options.device)
    if options.only:
        print(*_epoch(options))
        return
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    import torch

    clips, seconds = _ready(options)
    began = _CLOCKS[options.clock]()
    _frames(clips, options)
    hearing = _CLOCKS[options.clock]() - began
    steps = -(-len(clips) // options.batch)
    cores = f"{torch.get_num_threads()} of {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"
    print(f"{options.device}, {platform.machine()}, torch {torch.__version__}: {cores}")
    print(f"{len(clips)} clips, {sum(seconds):.0f} s of sound ({min(seconds):.1f} to {max(seconds):.1f} s each), ", end="")
    print(f"{steps} steps of {options.batch}, {options.dtype}; seconds of the {options.clock}")
    print(f"ours heard the clips once, in {hearing:.1f} s, for all epochs and layers")
    print("| blocks | way | steps/s | s of an epoch (slowest) | times trainer | peak MB |\n|---|---|---|---|---|---|")
    for layer in options.layers:
        runs = [{name: _alone(name, layer, options) for name in WAYS} for _ in range(options.rounds)]
        best = {name: min(run[name][0] for run in runs) for name in WAYS}
        for name in WAYS:
            slowest, peak = (max(run[name][n] for run in runs) for n in (0, 1))
            print(f"| {layer} | {name} | {steps / best[name]:.3f} | {best[name]:.1f} ({slowest:.1f}) |", end=" ")
            print(f"{best['trainer'] / best[name]:.2f} | {peak:.0f} |", flush=True)


def _ready(options: argparse.Namespace) -> tuple[pd.DataFrame, list[float]]:
    os.environ["EARWITNESS_MODELS"] = str(options.folder / "models")
    os.environ["EARWITNESS_FEATURES"] = str(options.folder / "features")
    return _made(options.folder, options.clips)


def _parts(layer: int) -> Parts:
    return Parts(("lora", "adapter", "gating"), layer=layer)


def _way(name: str, clips: pd.DataFrame, layer: int, options: argparse.Namespace) -> Callable[[], object]:
    """An epoch, ready to be timed: it was run once on one batch, uncounted."""
    network = build(ENCODER, _parts(layer), CLASSES, seed=0, device=options.device, dtype=options.dtype, offline=True)
    if name == "ours":
        return _ours(network, clips, options)
    return _trainer(network, clips, layer, options, by_length=name == "by length")


# --- ours ------------------------------------------------------------------------------------------------------------


def _frames(clips: pd.DataFrame, options: argparse.Namespace) -> features.Features:
    return features.features(ENCODER, clips, pooling="frames", layer=0, device=options.device, offline=True)


def _ours(network: Network, clips: pd.DataFrame, options: argparse.Namespace) -> Callable[[], object]:
    heard = _frames(clips, options)
    part = Part(heard, heard.index["frames"].to_numpy(), np.arange(len(clips)) % CLASSES)
    nothing = Part([], np.zeros(0, np.int64), np.zeros(0, np.int64))
    recipe = Recipe(batch=options.batch, epochs=1, at_once=options.at_once)
    first = Part(part.frames, part.lengths[: options.batch], part.labels[: options.batch])
    Training(network, first, nothing, recipe, seed=0, device=options.device).run()
    return lambda: Training(network, part, nothing, recipe, seed=0, device=options.device).run()


# --- transformers' Trainer ------------------------------------------------------------------------------------------


def _trainer(
    network: Network, clips: pd.DataFrame, layer: int, options: argparse.Namespace, *, by_length: bool
) -> Callable[[], object]:
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    extractor: Any = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True)
    model = _hooked(layer, network).to(options.device)
    sounds = [extractor(audio.read(file), sampling_rate=audio.RATE_HZ).input_values[0] for file in clips["file"]]
    data = [{"input_values": sound, "labels": number % CLASSES} for number, sound in enumerate(sounds)]
    _same(model, network, sounds[:3], clips[:3], options)

    def padded(some: list[dict[str, Any]]) -> dict[str, Any]:
        import torch

        batch: dict[str, Any] = extractor.pad([{"input_values": one["input_values"]} for one in some], return_tensors="pt")
        return {**batch, "labels": torch.tensor([one["labels"] for one in some])}

    def run(steps: int) -> None:
        said = transformers.TrainingArguments(
            output_dir=str(options.folder / "trainer"),
            per_device_train_batch_size=options.batch,
            num_train_epochs=1,
            max_steps=steps,
            learning_rate=Recipe().learning_rate,
            adam_epsilon=Recipe().epsilon,
            weight_decay=Recipe().weight_decay,
            lr_scheduler_type="constant",
            max_grad_norm=0.0,
            bf16=options.dtype == "bf16",
            use_cpu=options.device == "cpu",
            train_sampling_strategy="group_by_length" if by_length else "random",
            remove_unused_columns=False,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            seed=0,
        )
        trainer = transformers.Trainer(model, said, data_collator=padded, train_dataset=data, processing_class=extractor)
        trainer.train()

    run(1)
    return lambda: run(-1)


def _hooked(layer: int, network: Network) -> Any:
    """The model as somebody who knows these libraries would put it together, starting from the numbers of ours."""
    import torch
    import transformers
    from peft import LoraConfig, inject_adapter_in_model
    from torch import nn

    off = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0, "feat_proj_dropout": 0.0}
    folder, parts, learned = Path(os.environ["EARWITNESS_MODELS"]) / ENCODER, network.parts, network.learned()
    base: Any = transformers.Wav2Vec2Model.from_pretrained(folder, layerdrop=0.0, apply_spec_augment=False, **off)
    base.requires_grad_(False)
    del base.encoder.layers[layer:]
    names = ["q_proj", "k_proj", "v_proj", "out_proj", "intermediate_dense", "output_dense"]
    how: Any = {"r": parts.lora_rank, "lora_alpha": parts.lora_alpha, "lora_dropout": parts.lora_dropout}
    inject_adapter_in_model(LoraConfig(target_modules=names, **how), base)
    dim = base.config.hidden_size

    class Tuned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base, self.head = base, nn.Linear(dim, CLASSES)
            self.gates = nn.ParameterList(nn.Parameter(torch.ones(dim)) for _ in range(layer))
            width = parts.adapter_width
            self.adapters = nn.ModuleList(
                nn.Sequential(nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, dim)) for _ in range(layer)
            )
            for block, gate, adapter in zip(base.encoder.layers, self.gates, self.adapters, strict=True):
                block.register_forward_pre_hook(lambda _, heard, g=gate: (torch.sigmoid(g) * heard[0], *heard[1:]))
                block.feed_forward.register_forward_hook(lambda _, __, fed, a=adapter: fed + a(fed))

        def forward(self, input_values: Any, attention_mask: Any, labels: Any = None) -> dict[str, Any]:
            frames = self.base(input_values, attention_mask=attention_mask).last_hidden_state
            own = self.base._get_feature_vector_attention_mask(frames.shape[1], attention_mask)[..., None]
            logits = self.head((frames * own).sum(1) / own.sum(1))
            if labels is None:
                return {"logits": logits}
            return {"loss": nn.functional.cross_entropy(logits.float(), labels), "logits": logits}

    tuned = Tuned()
    state = {}
    for name, value in learned.items():
        kind, number, *rest = name.split(".")
        if ".adapter." in name:
            state[f"adapters.{int(number) - 1}.{'.'.join(rest[-2:])}"] = value
        elif kind == "blocks":
            state[f"base.encoder.layers.{int(number) - 1}.{'.'.join(rest).replace('.fed.', '.')}"] = value
        else:
            state[f"gates.{int(number) - 1}" if kind == "gates" else f"head.{rest[0]}"] = value
    _, too_much = tuned.load_state_dict(state, strict=False)
    trained = {name for name, parameter in tuned.named_parameters() if parameter.requires_grad}
    assert trained == set(state), trained ^ set(state)
    assert not too_much, too_much
    return tuned


def _same(model: Any, network: Network, sounds: list[Any], clips: pd.DataFrame, options: argparse.Namespace) -> None:
    """Both say the same of a clip alone."""
    import torch

    heard = _frames(clips, options)
    model.eval()
    with torch.no_grad(), torch.autocast(network.device.type, torch.bfloat16, enabled=options.dtype == "bf16"):
        for number, sound in enumerate(sounds):
            values = torch.tensor(sound, device=network.device)[None]
            theirs = model(values, torch.ones_like(values, dtype=torch.long))["logits"].float()
            apart = float((theirs - network([torch.from_numpy(heard[number].copy())])).abs().max())
            if apart > (_TOLERANCE if options.dtype == "fp32" else 0.1):
                sys.exit(f"the models differ: logits of clip {number} by {apart:.2g}")


# --- what it costs ---------------------------------------------------------------------------------------------------


def _alone(name: str, layer: int, options: argparse.Namespace) -> tuple[float, float]:
    """Seconds and megabytes of an epoch in a process that does nothing else."""
    words = ["--only", name, "--in", str(options.folder), "--layers", str(layer), "--device", options.device]
    words += [
        "--clips",
        str(options.clips),
        "--batch",
        str(options.batch),
        "--dtype",
        options.dtype,
        "--clock",
        options.clock,
    ]
    words += ["--at-once", str(options.at_once), *(["--threads", str(options.threads)] if options.threads else [])]
    done = subprocess.run([sys.executable, "-m", "benchmarks.peft", *words], stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)


def _epoch(options: argparse.Namespace) -> tuple[float, float]:
    clips, _ = _ready(options)
    way = _way(options.only, clips, options.layers[0], options)
    memory.forget(options.device)
    return _timed(way, options.device, _CLOCKS[options.clock]), memory.peak_mb(options.device)


if __name__ == "__main__":
    main()
