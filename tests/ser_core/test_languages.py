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
        ("de-AT", "de-at", "de", False),
        ("zh", "cmn", "cmn", False),
        ("zh-Hans", "cmn", "cmn", False),
        ("zh-Hant-TW", "cmn-tw", "cmn", False),
        ("zh-CN", "cmn", "cmn", False),
        ("zh-Hans-CN", "cmn", "cmn", False),
        ("cmn-CN", "cmn", "cmn", False),
        ("zho", "cmn", "cmn", False),
        ("chi", "cmn", "cmn", False),
        ("zho-Hans-CN", "cmn", "cmn", False),
        ("deu", "de", "de", False),
        ("ger-AT", "de-at", "de", False),
        ("eng-scotland", "en-scotland", "en", True),
        ("en-GB", "en-gb", "en", False),
        ("de-CH", "de-ch", "de", False),
        ("de-CH-1996", "de-ch", "de", False),
        ("de-1901", "de", "de", False),
        ("en-GB-1abc", "en-gb", "en", False),
        ("frm-1606nict", "frm", "frm", False),
        ("es-419", "es-419", "es", False),
        ("zh-min-nan", "nan", "nan", False),
        ("zh-yue-HK", "yue-hk", "yue", False),
        ("zh-Hans-x-tianjin", "cmn-x-tianjin", "cmn", True),
        ("zh-Hans-CN-X-Tianjin", "cmn-x-tianjin", "cmn", True),
        ("cmn-x-wuhu-1996-cn", "cmn-x-wuhu-1996-cn", "cmn", True),
        ("de-u-co-phonebk", "de", "de", False),
        ("de-x-kiez", "de-x-kiez", "de", True),
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


@given(tag=st.from_regex(r"\A[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}\Z"))
def test_the_one_spelling_stays_and_is_a_tag(tag):
    assert is_tag(normal(tag))
    assert normal(normal(tag)) == normal(tag)
    assert base(normal(tag)) == base(tag)


@given(
    script=st.sampled_from(["", "-Hans", "-Latn"]),
    region=st.sampled_from(["", "-AT", "-ch", "-419"]),
    year=st.sampled_from(["", "-1901", "-1996"]),
)
def test_neither_script_nor_region_nor_spelling_reform_makes_a_dialect(script, region, year):
    assert not is_dialect(f"de{script}{region}{year}")
    assert normal(f"de{script}{region}{year}") == f"de{region.lower()}"
