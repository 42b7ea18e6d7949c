"""Many probes as one program against one after the other: ``.venv/bin/python -m benchmarks.layers``.

Random features of as many layers, clips and dimensions as asked for; folds x settings sets of clips to learn from and to
stop by; a probe for each layer and set. (a) is the plain loop that a textbook would write: torch's own layers, AdamW and
cross-entropy, a batch at a time, features already in memory. Both learn for the same number of epochs (patience is out of
reach), from the same weights and in the same order; posteriors are compared, and in float64 they must agree within
``--tolerance``. Of (a) only ``--sample`` probes are run and their time is multiplied, for all take the same time. Each is
run on one probe first, uncounted. Rounds alternate; the fastest of each counts. Beside them stands what a step cannot do
without. ``--clock cpu --threads 1`` counts the process's own seconds, where a machine is not its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.features import _matrix_rate
from ser_core import probing
from ser_core.probing import Fitted, Probe, Recipe, Rows, Vector
from ser_core.probing_heads import AdamW, started

CLASSES = 4
_CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def plain(bank: Vector, labels: Rows, probe: Probe, recipe: Recipe, *, device: str = "cpu") -> Fitted:
    """One probe, as a textbook would write it; the oracle of the tests too."""
    import torch
    from torch import nn

    widths = [bank.shape[2], *recipe.hidden, int(labels.max()) + 1]
    torch.manual_seed(probe.seed)
    parts: list[Any] = []
    for wide, narrow in pairwise(widths):
        parts += [nn.Linear(wide, narrow), nn.ReLU()]
    vectors, truth = torch.from_numpy(bank[probe.layer]).to(device), torch.from_numpy(labels).to(device)
    head = nn.Sequential(*parts[:-1]).to(vectors)
    adam = torch.optim.AdamW(
        head.parameters(), lr=recipe.learning_rate, eps=recipe.epsilon, weight_decay=recipe.weight_decay
    )
    entropy = nn.CrossEntropyLoss()
    dev, curve = torch.from_numpy(probe.dev).to(device), []
    lowest, best, fell, kept, state, loss_kept, stopped = np.inf, np.inf, 0, 0, head.state_dict(), np.inf, "epochs"
    for epoch in range(1, recipe.epochs + 1):
        order = probe.train[probing.batches(len(probe.train), seed=probe.seed, epoch=epoch - 1)]
        learned = []
        for start in range(0, len(order), recipe.batch):
            rows = torch.from_numpy(order[start : start + recipe.batch]).to(device)
            adam.zero_grad()
            cost = entropy(head(vectors[rows]), truth[rows])
            cost.backward()
            adam.step()
            learned.append(cost.detach() * len(rows))
        with torch.no_grad():
            scores = head(vectors[dev])
            loss = float(entropy(scores, truth[dev]))
            right = scores.argmax(-1) == truth[dev]
        value = loss if recipe.keep == "loss" else -float(right.float().mean())
        recalls = [float(right[truth[dev] == each].float().mean()) for each in set(truth[dev].tolist())]
        curve.append((float(torch.stack(learned).sum()) / len(order), loss, np.mean(recalls)))
        if value < best:
            best, kept, loss_kept = value, epoch, loss
            state = {name: tensor.clone() for name, tensor in head.state_dict().items()}
        if loss < lowest:
            lowest, fell = loss, epoch
        if epoch - fell >= recipe.patience:
            stopped = "patience"
            break
    numbers = [tensor.cpu().numpy() for tensor in state.values()]
    weights = tuple((weight.T, bias) for weight, bias in zip(numbers[::2], numbers[1::2], strict=True))
    return Fitted(weights, epoch, kept, stopped, loss_kept, np.array(curve))


def made(options: argparse.Namespace) -> tuple[Vector, Rows, list[Probe]]:
    """Features in which the classes differ a little, and the probes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, options.clips)
    bank = rng.standard_normal((options.layers, options.clips, options.dim), dtype=np.float32)
    bank += 0.3 * rng.standard_normal((options.layers, CLASSES, options.dim), dtype=np.float32)[:, labels]
    probes = []
    for _ in range(options.folds * options.settings):
        drawn = rng.permutation(options.clips)
        train, dev = drawn[: options.train], drawn[options.train : options.train + options.dev]
        probes += [Probe(layer, 0, train, dev) for layer in range(options.layers)]
    return bank, labels, probes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    sizes = {"layers": 13, "folds": 5, "settings": 8, "clips": 2000, "dim": 768, "train": 1600, "dev": 200, "epochs": 3}
    for name, value in {**sizes, "rounds": 2, "sample": 13}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--preset", default="paper", choices=probing.PRESETS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--at-once", type=int, help="probes of a block")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--clock", default="wall", choices=_CLOCKS, help="whose seconds count")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    _measure(parser.parse_args())


def _measure(options: argparse.Namespace) -> None:
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    preset = probing.PRESETS[options.preset]
    recipe = Recipe(hidden=preset.hidden, keep=preset.keep, epochs=options.epochs, patience=options.epochs + 1)
    bank, labels, probes = made(options)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, {options.device}; {recipe}")
    print(f"{len(probes)} probes = {options.layers} layers x {options.folds} folds x {options.settings} settings", end="")
    print(f"; {options.train} clips of {options.dim}; forwards of an encoder: none, all probes read one bank", flush=True)
    loop, block, apart = _timed(bank, labels, probes, recipe, options)
    steps = len(probes) * recipe.epochs * -(-options.train // recipe.batch)
    print(f"(a) loop {loop:.1f} s ({options.sample} probes run); one program {block:.1f} s: {loop / block:.1f} times")
    exactly = _exactly(bank, labels, probes[:2], recipe, options.device)
    print(f"posteriors differ by {apart:.2g} at most, in float64 by {exactly:.2g} (2 probes)")
    if exactly > options.tolerance:
        sys.exit("they are not the same probes")
    print(f"a step of one probe: loop {loop / steps * 1e6:.0f} us, program {block / steps * 1e6:.1f} us", end="")
    print(f"; {_needed(recipe, options)}")


def _timed(
    bank: Vector, labels: Rows, probes: list[Probe], recipe: Recipe, options: argparse.Namespace
) -> tuple[float, float, float]:
    """Seconds of the loop for all probes, and of the program; largest difference of a posterior."""
    clock, device = _CLOCKS[options.clock], options.device
    some = np.linspace(0, len(probes) - 1, min(options.sample, len(probes)), dtype=int)
    loop, block, apart = np.inf, np.inf, 0.0
    plain(bank, labels, probes[0], recipe, device=device)  # the first of each loads code that later ones have
    probing.fit(bank, labels, probes[:1], recipe, device=device)
    for _ in range(options.rounds):
        began = clock()
        alone = [plain(bank, labels, probes[n], recipe, device=device) for n in some]
        loop = min(loop, (clock() - began) * len(probes) / len(some))
        began = clock()
        together = probing.fit(bank, labels, probes, recipe, device=device, at_once=options.at_once)
        block = min(block, clock() - began)
        pairs = zip(alone, (together[n] for n in some), (bank[probes[n].layer] for n in some), strict=True)
        apart = max(apart, *(_apart(one, other, vectors) for one, other, vectors in pairs))
    return loop, block, apart


def _apart(one: Fitted, other: Fitted, vectors: Vector) -> float:
    return float(np.abs(one.posterior(vectors) - other.posterior(vectors)).max())


def _exactly(bank: Vector, labels: Rows, probes: list[Probe], recipe: Recipe, device: str) -> float:
    """The same in float64, where no ReLU turns by a rounding."""
    apart = []
    for probe in probes:
        only = replace(probe, layer=0)
        exact: Any = bank[probe.layer : probe.layer + 1].astype(np.float64)
        (together,) = probing.fit(exact, labels, [only], recipe, device=device)
        apart.append(_apart(plain(exact, labels, only, recipe, device=device), together, exact[0]))
    return max(apart)


def _needed(recipe: Recipe, options: argparse.Namespace) -> str:
    """What a step cannot do without: its products at the rate of one large product, and AdamW by itself."""
    import torch

    widths = (options.dim, *recipe.hidden, CLASSES)
    products = [2 * recipe.batch * wide * narrow for wide, narrow in pairwise(widths)]
    operations = 3 * sum(products) - products[0]  # scores, gradient of weights, of all layers but the first of what enters
    rate = _matrix_rate(options.device, "fp32", _CLOCKS[options.clock])
    like = torch.empty(0, device=options.device)
    heads = started(range(8), widths, like)
    adam, taken = AdamW(heads, [(slice(8), 0)], recipe), []
    for _ in range(200):
        began = time.perf_counter()
        adam.step()
        taken.append((time.perf_counter() - began) / 8)
    product = f"{operations / rate * 1e6:.1f} us for products ({operations / 1e6:.1f} M operations at {rate / 1e9:.0f} G/s)"
    return f"needed {product}, {min(taken) * 1e6:.1f} us for AdamW"


if __name__ == "__main__":
    main()
