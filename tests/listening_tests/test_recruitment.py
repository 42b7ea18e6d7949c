"""Links of services that send participants: what they bring is checked, and what they get back is filled in safely."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from listening_tests import recruitment
from listening_tests.session import Refused
from listening_tests.settings import Recruitment
from listening_tests.store import Participant
from listening_tests.study import Study

ADDRESS = "https://listen.example.org"
PERSON = Participant("P1", "tones", "v", "de", "ABCD2345", "2025", "2025", "", "5f3c+x@y.example&cc=1")


@pytest.fixture
def recruiting(study) -> Study:
    """The study, with people sent by a service."""
    service = Recruitment(
        id_parameter="PROLIFIC_PID",
        completion_url="https://back.example/done?cc={code}&who={id}",
        ended_url="https://back.example/sorry?who={id}",
        declined_url="https://back.example/no?who={id}",
    )
    return replace(study, settings=study.settings.model_copy(update={"recruitment": service}))


def test_links_name_the_study_and_the_secret(study):
    link = urlsplit(recruitment.personal_link("tones", "a-b_c", ADDRESS))
    assert (link.scheme, link.netloc, link.path) == ("https", "listen.example.org", "/listen")
    assert parse_qs(link.query) == {"study": ["tones"], "token": ["a-b_c"]}
    assert recruitment.join_link(study, "a-b_c", ADDRESS) == f"{ADDRESS}/listen?study=tones&join=a-b_c"


def test_the_link_for_all_holds_what_the_service_replaces(recruiting):
    link = recruitment.join_link(recruiting, "code", ADDRESS)
    assert link == f"{ADDRESS}/listen?study=tones&join=code&PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}"


@pytest.mark.parametrize("good", ["5f3c9e1b2a", "12345", "a.b-c_d~e@f.example", "A" * 128, "c2hh+MjU2=="])
def test_an_id_is_taken_as_it_is(recruiting, good):
    assert recruitment.external_id(recruiting, {"PROLIFIC_PID": good, "STUDY_ID": "x"}) == good


@pytest.mark.parametrize(
    "bad",
    ["{{%PROLIFIC_PID%}}", "%SURVEY_CODE%", "...é", "a b", "A" * 129, "<script>", "a'b", "a\nb", "\x00", "5f3c\n", "../x/y"],
)
def test_what_is_no_id_is_refused(recruiting, bad):
    with pytest.raises(Refused, match="bad_id"):
        recruitment.external_id(recruiting, {"PROLIFIC_PID": bad})


def test_a_link_without_an_id_or_a_study_without_a_service_has_none(recruiting, study):
    assert recruitment.external_id(recruiting, {}) == recruitment.external_id(recruiting, {"PROLIFIC_PID": ""}) == ""
    assert recruitment.external_id(study, {"PROLIFIC_PID": "{{%"}) == ""


def test_code_and_id_are_quoted_into_the_way_back(recruiting):
    asked = parse_qs(urlsplit(recruitment.completion_url(recruiting, PERSON)).query)
    assert asked == {"cc": ["ABCD2345"], "who": [PERSON.external_id]}
    assert parse_qs(urlsplit(recruitment.ended_url(recruiting, PERSON)).query) == {"who": [PERSON.external_id]}
    assert parse_qs(urlsplit(recruitment.declined_url(recruiting, PERSON)).query) == {"who": [PERSON.external_id]}
    sly = replace(PERSON, external_id="{code}")
    assert "ABCD2345" not in recruitment.ended_url(recruiting, sly)


def test_the_way_back_is_there_only_for_who_has_finished_and_only_where_the_study_has_one(recruiting, study):
    assert recruitment.completion_url(recruiting, replace(PERSON, finished_at="")) == ""
    assert recruitment.completion_url(study, PERSON) == recruitment.ended_url(study, PERSON) == ""
    assert recruitment.declined_url(study, PERSON) == ""
