"""Words of the field become our labels, and every table has one order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_core.emotions import CANNOT_SAY, EMOTIONS, SYNONYMS, canonical, in_order


@pytest.mark.parametrize("label", [*EMOTIONS, CANNOT_SAY])
def test_a_label_of_ours_stays_as_it_is(label):
    assert canonical(label) == label


@pytest.mark.parametrize(("word", "label"), SYNONYMS.items())
def test_a_synonym_becomes_a_label_of_ours_whatever_its_case(word, label):
    assert label in EMOTIONS
    assert canonical(f" {word.upper()} ") == label


@pytest.mark.parametrize("word", ["", "W", "05", "angryy", "emotion"])
def test_a_word_that_names_no_emotion_is_refused(word):
    with pytest.raises(KeyError):
        canonical(word)


@given(labels=st.sets(st.sampled_from([*EMOTIONS, CANNOT_SAY, "zeal", "awe"])))
def test_the_order_is_that_of_every_table_then_cannot_say_then_the_alphabet(labels):
    expected = [label for label in (*EMOTIONS, CANNOT_SAY, "awe", "zeal") if label in labels]
    assert in_order(labels) == expected == in_order(expected[::-1])
