"""Which N makes printed numbers k/N: against the plain definition, and against corpora whose test parts are known."""

from __future__ import annotations

import random

import pytest

from ser_core import cli
from ser_core.denominators import denominators
from ser_core.errors import BadInput


def _plain(text: str, n: int, whole: int) -> bool:
    """Whether some k/n is printed so, tried one by one with Python's exact integers."""
    digits = len(text.partition(".")[2])
    value = int(text.replace(".", ""))
    scaled = [whole * 10**digits * k for k in range(n + 1)]
    return any(abs(2 * (s - value * n)) <= n or 0 <= s - value * n < n for s in scaled)


@pytest.mark.parametrize(("whole", "digits"), [(100, 1), (100, 2), (1, 2)])
def test_it_finds_what_trying_every_k_finds(whole, digits):
    rng = random.Random(digits)
    printed = [f"{rng.random() * whole:.{digits}f}" for _ in range(3)]
    found = set(denominators(printed, whole=whole, at_most=150, least=2)["n"])
    assert found == {n for n in range(1, 151) if sum(_plain(text, n, whole) for text in printed) >= 2}


@pytest.mark.parametrize("digits", [1, 2])
def test_the_true_n_is_always_found_rounded_or_cut(digits):
    rng = random.Random(5)
    for n in (1, 7, 72, 361):
        counts = [rng.randint(0, n) for _ in range(4)]
        rounded = [f"{100 * k / n:.{digits}f}" for k in counts]
        cut = [f"{100 * 10**digits * k // n / 10**digits:.{digits}f}" for k in counts]
        assert n in set(denominators(rounded, at_most=400)["n"])
        assert n in set(denominators(cut, at_most=400).query("as_printed != 'rounded' or fit == of")["n"])


@pytest.mark.parametrize(
    ("printed", "least", "n", "how"),
    [  # Agarla et al. 2023, tables 4 and 5: accuracies on SERAB's test parts
        ("29.58 60.56 78.87 54.93 73.24 94.37", 6, 71, "rounded"),
        ("26.43 49.28 52.14 32.86 59.28 74.29", 6, 140, "either"),
        ("15.15 18.28 33.24 62.02 86.43 92.24", 4, 361, "rounded"),
        ("58.50 79.13 81.50 57.32 60.08 78.19 52.68 75.04 82.44 53.31 73.78 81.02 51.57 71.26 78.50", 15, 1270, "rounded"),
    ],
)
def test_the_sizes_of_known_test_parts_come_first(printed, least, n, how):
    first = denominators(printed.split(), least=least).iloc[0]
    assert (first["n"], first["as_printed"], first["fit"], first["multiple_of"]) == (n, how, least, 0)


def test_a_multiple_is_told_as_one():
    found = denominators(["33.33", "66.67"], at_most=9).set_index("n")["multiple_of"]
    assert found.to_dict() == {3: 0, 6: 3, 9: 3}


def test_bad_numbers_are_all_named():
    with pytest.raises(BadInput) as bad:
        denominators(["58,02", "101", "nan", "50"])
    assert [str(problem).split()[0] for problem in bad.value.problems] == ["'58,02'", "101", "nan"]
    for wrong in ({"at_most": 0}, {"least": 0}):
        with pytest.raises(BadInput):
            denominators(["50"], **wrong)
    with pytest.raises(BadInput, match="of 1 number 1 can be asked to fit, not 2"):
        denominators(["50"], least=2)


def test_the_command_prints_divisors_only_and_writes_all(tmp_path, capsys):
    assert cli.main("ser_core", ["denominators", "33.33", "66.67", "--at-most", "9", "--out", str(tmp_path / "n.csv")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == ["3"]
    assert len((tmp_path / "n.csv").read_text().splitlines()) == 4
    assert cli.main("ser_core", ["denominators", "33.35", "--at-most", "3"]) == 0
    assert "No N up to 3" in capsys.readouterr().out
