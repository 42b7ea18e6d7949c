"""Who may take part is one expression, and it means what Python would mean by it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening_tests.screening import AGES, people, rule
from listening_tests.trial import Trial
from listening_tests.trial_types import background
from ser_core.errors import BadInput

GERMAN = {
    "native_languages": "de",
    "dialects": "de-x-koelsch",
    "proficiency": "cmn:A en:C",
    "age_band": "25–34",
    "hearing": "hearing_normal",
}


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("", True),
        ("native(de)", True),
        ("native(DE)", True),
        ("native(de-AT)", True),
        ("native('de')", True),
        ("native(cmn)", False),
        ("native(de-x-koelsch)", True),
        ("native(de-x-bairisch)", False),
        ("knows(de)", True),
        ("knows(de, native)", True),
        ("knows(cmn)", True),
        ("knows(zh)", True),
        ("knows(cmn, A)", True),
        ("knows(cmn, B)", False),
        ("knows(en, B)", True),
        ("knows(en, native)", False),
        ("knows(fr)", False),
        ("grew_up_with(de-x-koelsch)", True),
        ("grew_up_with(de)", False),
        ("hearing_normal", True),
        ("hearing_normal()", True),
        ("age_band(25-34)", True),
        ("age_band('18–24', '25–34')", True),
        ("age_band(65+)", False),
        ("native(de) and not knows(cmn, B)", True),
        ("not native(de) or hearing_normal and age_band(25–34)", True),
        ("(not native(de) or hearing_normal) and native(cmn)", False),
        ("not not native(de)", True),
        ("not(native(de)and hearing_normal)", False),
    ],
)
def test_a_condition_reads_what_was_said_in_the_background_form(expression, fits):
    assert rule(expression)(GERMAN) is fits


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("nativ(de)", "no condition 'nativ'. Did you mean 'native'?"),
        ("native(de) nad knows(cmn)", "'nad' is left over; join conditions with 'and' or 'or'"),
        ("native(de) and nott knows(cmn)", "no condition 'nott'. Did you mean 'not'?"),
        ("knows(cmn, C1)", "no level 'C1'"),
        ("knows(cmn, a)", "no level 'a'"),
        ("native(German)", "'German' is not a BCP 47 language tag"),
        ("native(de, cmn)", "'cmn' is one word too many; join several conditions with 'or'"),
        ("native", "'nothing' is not a BCP 47 language tag"),
        ("native()", "'nothing' is not a BCP 47 language tag"),
        ("native(de", "a closing parenthesis is missing"),
        ("(native(de) and knows(cmn)", "a closing parenthesis is missing"),
        ("native(de))", "')' is left over"),
        ("native(de) and", "something is missing at the end"),
        ("and native(de)", "something is missing before 'and'"),
        ("not", "something is missing at the end"),
        ("native(de) or or native(cmn)", "something is missing before 'or'"),
        ("native(de,)", "something is missing before ')'"),
        ("hearing_normal(de)", "hearing_normal takes no argument"),
        ("age_band(26)", "no age band '26'; there are 18–24, 25–34"),
        ("age_band", "no age band ''"),
        ("native(de) & knows(cmn)", "'&' is left over"),
        ("__import__(os)", "no condition '__import__'"),
        ("(" * 5000 + "native(de)" + ")" * 5000, "longer than anybody could read"),
        ("not " * 5000 + "native(de)", "longer than anybody could read"),
    ],
)
def test_a_slip_of_the_pen_is_told_what_was_meant(expression, says):
    with pytest.raises(BadInput) as caught:
        rule(expression)
    assert says in str(caught.value)


CONDITIONS = {
    "native(de)": lambda said: "de" in said["native_languages"].split(),
    "native(cmn)": lambda said: "cmn" in said["native_languages"].split(),
    "knows(cmn)": lambda said: "cmn" in said["native_languages"].split() or said["proficiency"][4:] in ("A", "B", "C"),
    "knows(cmn, C)": lambda said: "cmn" in said["native_languages"].split() or said["proficiency"] == "cmn:C",
    "grew_up_with(en-scotland)": lambda said: said["dialects"] == "en-scotland",
    "hearing_normal": lambda said: said["hearing"] == "hearing_normal",
    "age_band(18–24, 65+)": lambda said: said["age_band"] in ("18–24", "65+"),
}
EXPRESSIONS = st.recursive(
    st.sampled_from(sorted(CONDITIONS)),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not {one}"),
        inner.map(lambda one: f"({one})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=12,
)
PEOPLE = st.fixed_dictionaries(
    {
        "native_languages": st.sampled_from(["de", "cmn", "de cmn", "fr"]),
        "dialects": st.sampled_from(["", "en-scotland"]),
        "proficiency": st.sampled_from(["", "cmn:A", "cmn:B", "cmn:C", "cmn:none"]),
        "age_band": st.sampled_from(AGES),
        "hearing": st.sampled_from(background.HEARING),
    }
)


@given(EXPRESSIONS, PEOPLE)
def test_and_or_not_and_parentheses_mean_what_python_means(expression, said):
    # Longest first, so that 'native(cmn)' inside another condition is never replaced on its own.
    python = expression
    for condition in sorted(CONDITIONS, key=len, reverse=True):
        python = python.replace(condition, str(CONDITIONS[condition](said)))
    assert rule(expression)(said) is eval(python, {"__builtins__": {}})


@given(PEOPLE)
def test_everybody_is_like_one_of_the_people_that_expressions_tell_apart(said):
    def fits(one):
        return tuple(rule(condition)(one) for condition in CONDITIONS)

    assert fits(said) in {fits(one) for one in people(*CONDITIONS)}


def test_whoever_fills_in_the_form_at_random_is_among_the_people_told_apart(study):
    expressions = ("native(de) and not knows(en, B)", "grew_up_with(en-scotland) or age_band(18–24)", "hearing_normal")
    told_apart = {tuple(rule(e)(said) for e in expressions) for said in people(*expressions)}
    parameters = background.resolve({"languages": ["fr"], "dialects": []}, study, 0, random.Random(0))
    trial = Trial(0, "background", 0, "", "", parameters)
    rng = random.Random(5)
    said = [background.simulate(trial, rng) for _ in range(200)]
    assert {tuple(rule(e)(one) for e in expressions) for one in said} <= told_apart
    assert all(background.check(trial, {**one, "proficiency": one["proficiency"] + " fr:A"}) is None for one in said)


def test_what_the_people_told_apart_say_is_what_the_form_can_say():
    trial = Trial(0, "background", 0, "", "", {"languages": ["de", "cmn"], "dialects": ["en-scotland"]})
    everybody = list(people(" or ".join(CONDITIONS)))
    assert all(background.check(trial, one) is None for one in everybody)
    assert len(everybody) == 2 * 4 * 2 * 2 * 3  # German; Mandarin: native, C, A, none; dialect; hearing; ages
