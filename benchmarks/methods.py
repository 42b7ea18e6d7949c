"""The transfer study of TMLR submission 9566 as one program: ``.venv/bin/python -m benchmarks.methods``.

Four corpora of a language each; every ordered pair is a source and a target, with K = 0, 10, 50 and 100 labelled clips of
the target in three trials (``--trials``): 144 models, of which those without shots are one for each source. Features are
made up (mean-pooled: ``--layers`` x ``--dim`` numbers of a clip), of the study's true size, and lie in memory, as a cache
gives them.

(a) is the plain loop that a textbook would write: standardise the training clips, then torch's Linear, softmax and Adam over
a weighted sum, a batch at a time. It makes each of the 144 models; of these ``--sample`` are run, some of each source, and
their time is multiplied by how many there are like them. (b) is ``probing_mixed.fit`` with every different model once.
Rounds alternate; the fastest of each counts. ``--clock cpu --threads 1`` counts the process's own seconds, where a machine
is not its own. Posteriors on all clips must agree within ``--tolerance``.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from ser_core import probing, probing_mixed
from ser_core.probing import Fitted, Probe, Rows, Vector
from ser_core.probing_mixed import PRESETS, Mixed, MixRecipe

CLASSES = 4
SIZES = {"de": 339, "en": 4838, "zh": 4000, "bn": 4000}
"""Clips of four emotions: EMO-DB, CREMA-D, the Mandarin part of ESD as drawn there, SUBESCO."""
SHOTS = (0, 10, 50, 100)
_SAME = 1e-8
_CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def plain(bank: Vector, labels: Rows, probe: Probe, recipe: MixRecipe, *, device: str = "cpu") -> Mixed:
    """One head on [clip, layer, dim], as a textbook would write it; the oracle of the tests too."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    mean, spread = bank[probe.train].mean(axis=0), bank[probe.train].std(axis=0)
    spread = np.where(spread > _SAME, spread, 1).astype(bank.dtype)
    train, dev = (torch.from_numpy((bank[rows] - mean) / spread).to(device) for rows in (probe.train, probe.dev))
    truth, dev_truth = (torch.from_numpy(labels[rows]).to(device) for rows in (probe.train, probe.dev))
    torch.manual_seed(probe.seed)
    head = nn.Linear(bank.shape[2], int(labels.max()) + 1).to(train)
    v = nn.Parameter(torch.zeros(bank.shape[1]).to(train))
    adam = torch.optim.Adam([*head.parameters(), v], lr=recipe.learning_rate, weight_decay=recipe.weight_decay)

    def scores(clips: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear((clips * v.softmax(0)[None, :, None]).sum(1), head.weight, head.bias)

    best, kept, curve = np.inf, 0, []
    for epoch in range(1, recipe.epochs + 1):
        order = torch.from_numpy(probing.batches(len(probe.train), seed=probe.seed, epoch=epoch - 1)).to(device)
        total = 0.0
        for start in range(0, len(order), recipe.batch):
            rows = order[start : start + recipe.batch]
            adam.zero_grad()
            loss = cross_entropy(scores(train[rows]), truth[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            total += float(loss.detach()) * len(rows)
        with torch.no_grad():
            heard = scores(dev)
            dev_loss = float(cross_entropy(heard, dev_truth))
            right = (heard.argmax(1) == dev_truth).double()
        recalls = [float(right[dev_truth == each].mean()) for each in set(dev_truth.tolist())]
        curve.append((total / len(order), dev_loss, sum(recalls) / len(recalls) if recalls else np.nan))
        if recipe.keep == "last" or not len(dev) or dev_loss < best:
            best, kept = dev_loss, epoch
            state = [part.detach().cpu().clone().numpy() for part in (head.weight, head.bias, v.softmax(0))]
    weight, bias, mix = state
    fitted = Fitted(((weight.T, bias),), recipe.epochs, kept, "epochs", best, np.array(curve), mix)
    return Mixed(fitted, mean, spread)


@dataclass(frozen=True)
class Study:
    """All features, [clip, layer, dim], and a model for each source, target, number of shots and trial."""

    bank: Vector
    labels: Rows
    models: dict[tuple[str, str, int, int], Probe]

    @property
    def layers(self) -> list[Vector]:
        """[clip, dim] of each."""
        return [self.bank[:, n] for n in range(self.bank.shape[1])]


def made(options: argparse.Namespace) -> Study:
    """Features in which emotions and languages differ a little, and whom the models learn from."""
    rng = np.random.default_rng(0)
    sizes = {language: max(2 * max(SHOTS), round(size * options.scale)) for language, size in SIZES.items()}
    ends = np.cumsum(list(sizes.values()))
    clips = {language: np.arange(end - size, end) for (language, size), end in zip(sizes.items(), ends, strict=True)}
    labels = rng.integers(0, CLASSES, ends[-1])
    bank = rng.standard_normal((ends[-1], options.layers, options.dim), dtype=np.float32)
    for rows in clips.values():
        bank[rows] += rng.standard_normal((options.layers, options.dim), dtype=np.float32)
    emotions = rng.standard_normal((CLASSES, options.dim), dtype=np.float32)
    for n in range(options.layers):
        bank[:, n] += 0.2 * n / options.layers * emotions[labels]
    learned = {language: rng.permutation(rows)[: round(0.6 * len(rows))] for language, rows in clips.items()}
    nobody = np.empty(0, np.int64)
    models = {}
    for source, target in permutations(sizes, 2):
        for trial in range(options.trials):
            drawn = rng.permutation(clips[target])
            for shots in SHOTS:
                models[source, target, shots, trial] = Probe(0, 0, np.concatenate([learned[source], drawn[:shots]]), nobody)
    return Study(bank, labels, models)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    sizes = {"layers": 13, "dim": 768, "trials": 3, "epochs": PRESETS["few_shot"].epochs, "rounds": 2, "sample": 1}
    for name, value in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"default: {value}")
    parser.add_argument("--scale", type=float, default=1.0, help=f"of the corpora: {SIZES} (default: 1)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--clock", default="wall", choices=_CLOCKS, help="whose seconds count (default: wall)")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    _measure(parser.parse_args())


def _measure(options: argparse.Namespace) -> None:
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    recipe = replace(PRESETS["few_shot"], epochs=options.epochs)
    study = made(options)
    each = list({probe.train.tobytes(): probe for probe in study.models.values()}.values())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before"
    print(f"{machine}, {torch.get_num_threads()} threads, {options.device}; {recipe}")
    shape = " x ".join(map(str, study.bank.shape))
    print(f"{len(study.models)} models, {len(each)} of them different; features {shape}", flush=True)
    plain(study.bank, study.labels, each[0], replace(recipe, epochs=1), device=options.device)  # loads code and threads
    probing_mixed.fit(study.layers, study.labels, each[:1], replace(recipe, epochs=1), device=options.device)
    loop, program, apart, clock = np.inf, np.inf, 0.0, _CLOCKS[options.clock]
    for _ in range(options.rounds):
        seconds, alone = _loop(study, recipe, options)
        loop = min(loop, seconds)
        began = clock()
        found = probing_mixed.fit(study.layers, study.labels, each, recipe, device=options.device)
        program = min(program, clock() - began)
        together = {probe.train.tobytes(): mixed for probe, mixed in zip(each, found, strict=True)}
        apart = max(apart, *(_apart(study, mixed, together[probe.train.tobytes()]) for probe, mixed in alone))
    print(f"{options.clock} seconds: (a) loop {loop:.0f} ({len(alone)} models run); (b) one program {program:.1f}", end="")
    print(f": {loop / program:.1f} times; {loop / program * len(each) / len(study.models):.1f} were all models different")
    print(f"posteriors differ by {apart:.2g} at most")
    if not apart <= options.tolerance:
        sys.exit("they are not the same models")


def _loop(study: Study, recipe: MixRecipe, options: argparse.Namespace) -> tuple[float, list[tuple[Probe, Mixed]]]:
    """Seconds for all models, from some of each source; and these."""
    total, found, clock = 0.0, [], _CLOCKS[options.clock]
    for source in SIZES:
        own = [probe for (language, *_), probe in study.models.items() if language == source]
        some = [own[n] for n in np.linspace(1, len(own) - 1, options.sample, dtype=int)]
        began = clock()
        found += [(probe, plain(study.bank, study.labels, probe, recipe, device=options.device)) for probe in some]
        total += (clock() - began) * len(own) / len(some)
    return total, found


def _apart(study: Study, one: Mixed, other: Mixed) -> float:
    """Largest difference of a posterior, on all clips."""
    ours, theirs = (mixed.head.posterior(mixed.hears(study.layers)) for mixed in (one, other))
    return float(np.abs(ours - theirs).max())


if __name__ == "__main__":
    main()
