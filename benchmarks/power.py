"""Is an effect found as often as the power table says? ``python -m benchmarks.power`` in the project's folder.

Studies with a known effect are drawn as three tables: who answered what of which clip, by another way than
``statistics/power.py`` (answer by answer, from the standard library's generator). Each is given to ``compare``, and counted
is how often its Welch's test of UA has p < .05. Beside it stand the power of the known design, and what ``power`` tells from
single drawn studies, whose spread shows how far the table of one study can be trusted. Without an effect p should be uniform
(Kolmogorov-Smirnov).
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ser_core import comparisons, power
from ser_core.counting import count
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame
from ser_core.statistics.power import Design
from ser_core.statistics.power import power as of_design

EMOTIONS = ("angry", "happy", "neutral", "sad")
DESIGN = Design((1.0, 0.5, 0.2, 1.5), (6, 6, 6, 6), 0.4, 0.8)
LISTENERS = 12


def study(effect: float, seed: int) -> Tables:
    """One study of two groups who hear the same clips; group b is better by ``effect``, a difference of expected UA."""
    chance = random.Random(seed)
    clips = [(emotion, n, mean) for emotion, mean in zip(EMOTIONS, DESIGN.means, strict=True) for n in range(6)]
    hard = [chance.gauss(0, DESIGN.clip_sd) for _ in clips]
    people = [(group, n, chance.gauss(0, DESIGN.listener_sd)) for group in "ab" for n in range(LISTENERS)]
    better = {"a": 0.0, "b": DESIGN.shift(effect)}
    said: list[Mapping[str, Any]] = [
        {
            "rater": f"{group}{n}",
            "stimulus": f"{emotion}{number}",
            "label": _answer(chance, emotion, mean + easy + good + better[group]),
            "weight": 1,
        }
        for group, n, good in people
        for (emotion, number, mean), easy in zip(clips, hard, strict=True)
    ]
    return Tables(
        frame(STIMULI, [{"stimulus": f"{e}{n}", "language": "de", "truth": e} for e, n, _ in clips]),
        frame(RATERS, [{"rater": f"{g}{n}", "rater_type": "human", "group": g} for g, n, _ in people]),
        frame(RATINGS, said),
    )


def _answer(chance: random.Random, emotion: str, log_odds: float) -> str:
    right = chance.random() < 1 / (1 + math.exp(-log_odds))
    return emotion if right else chance.choice([other for other in EMOTIONS if other != emotion])


def p_of(tables: Tables) -> float:
    """The p of ``compare``'s Welch test of UA."""
    tests = comparisons.compare(tables, draws=0)
    return float(tests.loc[tests["family"] == "human groups: UA by language", "p"].iloc[0])


def told_by(tables: Tables, effect: float) -> float:
    """The power that ``power`` would tell from one study; NaN where it can tell none."""
    design, _ = power.design(count(tables).judged)
    if design is None or effect >= 1 - design.ua():
        return math.nan
    return of_design(design, (LISTENERS, LISTENERS), effect, studies=1000, seed=0)[0]


def main() -> None:
    """Print one line for each effect."""
    from scipy.stats import kstest

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200, metavar="N", help="studies of each effect (default: 200)")
    parser.add_argument("--effects", type=float, nargs="+", default=[0.0, 0.08], metavar="E", help="differences of UA")
    parser.add_argument("--told", type=int, default=20, metavar="N", help="of how many of them power tells (default: 20)")
    options = parser.parse_args()
    print(f"{LISTENERS} listeners in each of two groups, {sum(DESIGN.clips)} clips, UA {DESIGN.ua():.3f}")
    for effect in options.effects:
        start = time.perf_counter()
        drawn = [study(effect, seed) for seed in range(options.studies)]
        p = np.array([p_of(tables) for tables in drawn])
        found = float((p < 0.05).mean())
        error = math.sqrt(found * (1 - found) / len(p))
        line = f"effect {effect:g}: found in {found:.3f} +- {error:.3f} of {len(p)} studies"
        if effect:
            said, said_error = of_design(DESIGN, (LISTENERS, LISTENERS), effect, studies=20_000, seed=0)
            own = np.array([told_by(tables, effect) for tables in drawn[: options.told]])
            low, middle, high = np.nanquantile(own, [0.1, 0.5, 0.9])
            line += (
                f"; the known design says {said:.3f} +- {said_error:.3f}; told from single studies: median {middle:.3f}, "
                f"8 of 10 between {low:.3f} and {high:.3f}"
            )
        else:
            line += f"; p uniform: Kolmogorov-Smirnov p = {kstest(p, 'uniform').pvalue:.2f}"
        print(f"{line} ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
