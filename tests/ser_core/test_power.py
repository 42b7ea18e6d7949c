"""Studies without an effect give uniform p values, and one with a known effect is found as often as the table says."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy import stats

from ser_core import cli, power
from ser_core.counting import count
from ser_core.errors import BadInput
from ser_core.ratings import Tables, write
from ser_core.statistics.permutation import permutation
from ser_core.statistics.power import Design, detectable, needed, p_values, ua_of_listeners
from ser_core.statistics.power import power as simulated
from ser_core.statistics.welch import welch
from tests.ser_core.test_scores import answers, study

DESIGN = Design((1.0, 0.5, 2.0, 0.0, 1.5, 0.2), (12,) * 6, 0.4, 0.8)


def test_a_thousand_studies_without_an_effect_give_uniform_p_values():
    p = p_values(DESIGN, (18, 14), 0.0, studies=1000, rng=np.random.default_rng(1))
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_permutations_of_studies_without_an_effect_give_p_values_that_are_valid():
    """Their p has steps of 2/70 and cannot be uniform; it is never below its level more often than that says."""
    a, b = ua_of_listeners(DESIGN, (4, 4), 0.0, studies=200, rng=np.random.default_rng(2))
    p = np.array([permutation(x, y, rng=np.random.default_rng(0)).p for x, y in zip(a, b, strict=True)])
    for level in (0.1, 0.3, 0.5):
        assert (p <= level).mean() <= level + 2.6 * np.sqrt(level * (1 - level) / 200)


def test_the_p_values_are_those_of_the_test_that_compare_makes():
    a, b = ua_of_listeners(DESIGN, (6, 9), 0.1, studies=5, rng=np.random.default_rng(3))
    p = p_values(DESIGN, (6, 9), 0.1, studies=5, rng=np.random.default_rng(3))
    np.testing.assert_allclose(p, [welch(x, y).p for x, y in zip(a, b, strict=True)], rtol=1e-9)


def test_groups_of_perfect_listeners_find_nothing():
    assert (p_values(Design((50.0,), (4,), 0.0, 0.0), (3, 3), 0.0, studies=4, rng=np.random.default_rng(0)) == 1).all()


def test_ua_is_the_expected_one_and_the_effect_is_in_ua():
    a, b = ua_of_listeners(DESIGN, (20, 20), 0.1, studies=400, rng=np.random.default_rng(4))
    assert a.mean() == pytest.approx(DESIGN.ua(), abs=0.005)
    assert b.mean() - a.mean() == pytest.approx(0.1, abs=0.004)


def test_a_known_effect_is_found_as_often_as_the_power_says_by_another_way():
    """The other way: the noncentral t of the spread that listeners have, which is near normal here."""
    share, error = simulated(DESIGN, (18, 18), 0.05, studies=2000, seed=0)
    a, b = ua_of_listeners(DESIGN, (18, 18), 0.05, studies=500, rng=np.random.default_rng(9))
    sd = np.sqrt((a.var(axis=1, ddof=1).mean() + b.var(axis=1, ddof=1).mean()) / 2)
    noncentral, bound = 0.05 / (sd * np.sqrt(2 / 18)), stats.t.ppf(0.975, 34)
    expected = stats.nct.sf(bound, 34, noncentral) + stats.nct.cdf(-bound, 34, noncentral)
    assert share == pytest.approx(expected, abs=3 * error + 0.01)


def test_what_is_needed_and_what_is_detectable_agree():
    enough = needed(DESIGN, 0.1, wanted=0.8, studies=400, seed=0)
    assert enough is not None
    assert simulated(DESIGN, (enough, enough), 0.1, studies=400, seed=0)[0] >= 0.8
    assert simulated(DESIGN, (enough - 1, enough - 1), 0.1, studies=400, seed=0)[0] < 0.8
    assert detectable(DESIGN, (enough, enough), wanted=0.8, studies=400, seed=0) <= 0.1 + 0.005


def test_an_effect_that_no_listener_could_show_needs_too_many():
    assert needed(DESIGN, 0.001, wanted=0.8, studies=20, seed=0, most=8) is None
    assert np.isnan(detectable(Design((6.0,), (2,), 0.1, 0.1), (2, 2), wanted=0.8, studies=50, seed=0))


def test_the_command_writes_the_table_and_says_it(tmp_path, capsys):
    tables = study(listeners=9, each=4)
    write(Tables(tables.stimuli.assign(synthetic="yes"), tables.raters, tables.ratings), tmp_path / "study")
    command = ["power", str(tmp_path / "study"), "--effect", "0.1", "--studies", "50", "--listeners", "16"]
    assert cli.main("ser_core", [*command, "--out", str(tmp_path / "out")]) == 0
    rows = list(csv.DictReader((tmp_path / "out" / "power.csv").open(encoding="utf-8")))
    assert list(rows[0])[:-1] == list(power.POWER)
    assert all("synthetic" in list(row.values())[-1] for row in rows)
    assert [(r["language"], r["listeners_a"]) for r in rows] == [("de", "9"), ("de", "16"), ("en", "9"), ("en", "16")]
    said = capsys.readouterr().out
    assert "synthetic voices" in said
    assert f"de: {rows[0]['needed'].removesuffix('.0')} listeners in each group find 0.1 with a power of 0.8" in said
    assert float(rows[1]["power"]) >= float(rows[0]["power"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"effect": 0.0}, "between 0 and 1, not 0"),
        ({"effect": 0.1, "listeners": (1,)}, "at least 2 listeners, not 1"),
        ({"effect": 0.1, "studies": 0}, "at least 1 study"),
        ({"effect": 0.9}, "nothing can be better by 0.9"),
    ],
)
def test_what_makes_no_sense_is_refused(options, says):
    with pytest.raises(BadInput, match=says):
        power.table(study(listeners=3), **options)


def test_a_language_without_spread_to_learn_from_says_so():
    alike = answers([(f"a{n}", clip, clip[:-1]) for n in range(3) for clip in ("sad1", "happy1")])
    with pytest.raises(BadInput, match="de: not told: no emotion in which"):
        power.table(alike, effect=0.1)


def test_a_study_is_drawn_with_the_clips_of_its_median_listener_and_says_if_they_differed():
    judged = count(study(listeners=6, each=4)).judged
    judged = judged[(judged["rater_type"] == "human") & (judged["language"] == "en")]
    whole, said = power.design(judged)
    assert whole is not None
    assert (whole.clips, said) == ((4, 4, 4, 4), "")
    kept = ~judged["stimulus"].str.endswith("0") | judged["rater"].isin(["CN0", "DE0"])
    fewer, said = power.design(judged[kept])
    assert fewer is not None
    assert (fewer.clips, said) == ((3, 3, 3, 3), "not all listeners heard the same clips; in the drawn studies they do")
