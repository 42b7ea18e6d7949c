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
from functools import cache
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
_shift = cache(DESIGN.shift)


def answers(effect: float, seed: int) -> dict[tuple[str, int], dict[tuple[str, int], str]]:
    """What each listener ``(group, number)`` says of each clip ``(emotion, number)`` in one study of two groups.

    Group b is better by ``effect``, a difference of expected UA; both hear the same clips.
    """
    chance = random.Random(seed)
    clips = [((emotion, n), mean) for emotion, mean in zip(EMOTIONS, DESIGN.means, strict=True) for n in range(6)]
    easy = [chance.gauss(0, DESIGN.clip_sd) for _ in clips]
    people = {(group, n): chance.gauss(0, DESIGN.listener_sd) for group in "ab" for n in range(LISTENERS)}
    better = {"a": 0.0, "b": _shift(effect)}
    return {
        who: {
            clip: _answer(chance, clip[0], mean + more + good + better[who[0]])
            for (clip, mean), more in zip(clips, easy, strict=True)
        }
        for who, good in people.items()
    }


def study(effect: float, seed: int) -> Tables:
    """The same as three tables."""
    said = answers(effect, seed)
    rows: list[Mapping[str, Any]] = [
        {"rater": f"{group}{n}", "stimulus": f"{emotion}{number}", "label": label, "weight": 1}
        for (group, n), given in said.items()
        for (emotion, number), label in given.items()
    ]
    clips = [{"stimulus": f"{e}{n}", "language": "de", "truth": e} for e, n in next(iter(said.values()))]
    people = [{"rater": f"{g}{n}", "rater_type": "human", "group": g} for g, n in said]
    return Tables(
        frame(STIMULI, list[Mapping[str, Any]](clips)), frame(RATERS, list[Mapping[str, Any]](people)), frame(RATINGS, rows)
    )


def share_found(effect: float, studies: int) -> float:
    """In how many studies scipy's Welch test of the listeners' UA has p < .05; as many clips of each emotion, so UA = WA."""
    from scipy.stats import ttest_ind

    found = 0
    for seed in range(studies):
        said = answers(effect, seed)
        a, b = (
            [
                sum(label == clip[0] for clip, label in given.items()) / len(given)
                for who, given in said.items()
                if who[0] == g
            ]
            for g in "ab"
        )
        found += bool(ttest_ind(a, b, equal_var=False).pvalue < 0.05)
    return found / studies


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
    parser.add_argument(
        "--many", type=int, default=16_000, metavar="N", help="studies for scipy's test alone (default: 16000)"
    )
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
            many = share_found(effect, options.many)
            line += f"; scipy alone: {many:.3f} +- {math.sqrt(many * (1 - many) / options.many):.3f} of {options.many:,}"
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
