"""A message says where, what, and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser_core.errors import BadInput, Problem, nearest


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("w"), "w"),
        (Problem("w", "f.csv"), "f.csv: w"),
        (Problem("w", Path("d/f.csv"), 3), "d/f.csv:3: w"),
    ],
)
def test_a_problem_reads_like_a_compilers_message(problem, text):
    assert str(problem) == text


def test_bad_input_carries_every_problem_and_says_them_all():
    bad = BadInput("first", Problem("second", "f.csv", 2))
    assert [p.what for p in bad.problems] == ["first", "second"]
    assert str(bad) == "first\nf.csv:2: second"


def test_a_slip_is_answered_with_the_word_meant_and_anything_else_with_all_words():
    assert nearest("neutrl", ["neutral", "sad"]) == "Did you mean 'neutral'?"
    assert nearest("12", ["sad", "angry"]) == "Known: angry, sad."
