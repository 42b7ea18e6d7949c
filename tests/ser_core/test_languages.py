"""Language tags: one spelling for each, and what is a dialect of what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_core.languages import base, is_dialect, is_tag, normal


@pytest.mark.parametrize("tag", ["de", "cmn", "de-AT", "zh-Hans", "cmn-x-tianjin", "en-scotland", "zh-Hans-CN"])
def test_tags_are_tags(tag):
    assert is_tag(tag)


@pytest.mark.parametrize("text", ["", "German", "d", "de_AT", "de-", "de AT", "Deutsch (DE)", "de\n", "中文"])
def test_other_texts_are_not(text):
    assert not is_tag(text)


@pytest.mark.parametrize(
    ("tag", "one", "language", "dialect"),
    [
        ("de", "de", "de", False),
        ("DE", "de", "de", False),
        ("de-AT", "de-at", "de", True),
        ("zh", "cmn", "cmn", False),
        ("zh-Hans", "cmn", "cmn", False),
        ("zh-Hant-TW", "cmn-tw", "cmn", True),
        ("zh-cmn", "cmn", "cmn", False),
        ("zh-yue", "yue", "yue", False),
        ("cmn-x-tianjin", "cmn-x-tianjin", "cmn", True),
        ("zh-x-tianjin", "cmn-x-tianjin", "cmn", True),
        ("cmn-x-wuhu", "cmn-x-wuhu", "cmn", True),
        ("en-scotland", "en-scotland", "en", True),
        ("sr-Latn", "sr", "sr", False),
    ],
)
def test_one_spelling_one_language_and_whether_it_is_a_dialect(tag, one, language, dialect):
    assert (normal(tag), base(tag), is_dialect(tag)) == (one, language, dialect)


@given(tag=st.from_regex(r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z"))
def test_the_one_spelling_stays_and_is_a_tag(tag):
    assert is_tag(normal(tag))
    assert base(normal(tag)) == base(tag)
