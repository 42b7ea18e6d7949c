"""Links: personal ones, one for all, and those of services that send participants (Prolific, SONA and the like).

A service puts its id for a participant into the link, in a parameter that the study names. The same id comes back to the
same session, and the participant is sent back with an address in which ``{id}`` and ``{code}`` are filled in. All that a
link holds comes from outside: an id is taken only if it looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from listening_tests.session import Refused
from listening_tests.study import Study

if TYPE_CHECKING:
    from listening_tests.store import Participant

_ID = re.compile(r"[A-Za-z0-9._~@:+=-]{1,128}")
_PLACEHOLDERS = {"PROLIFIC_PID": "{{%PROLIFIC_PID%}}", "survey_code": "%SURVEY_CODE%"}
"""What Prolific and SONA replace by their id when they send somebody."""


def personal_link(study_id: str, token: str, address: str) -> str:
    """A participant's own link. ``address``: of the server, with nothing after it."""
    return f"{address}/listen?{urlencode({'study': study_id, 'token': token})}"


def join_link(study: Study, code: str, address: str) -> str:
    """The one link for all; with the place where the study's recruiting service fills in its id, if it has one."""
    link = f"{address}/listen?{urlencode({'study': study.id, 'join': code})}"
    if study.settings.recruitment is None:
        return link
    name = study.settings.recruitment.id_parameter
    return f"{link}&{name}={_PLACEHOLDERS.get(name, '...')}"


def external_id(study: Study, parameters: Mapping[str, str]) -> str:
    """The service's id for whoever opened the link; empty where the study has no service or the link no id.

    Raises:
        Refused: what stands there is no id, such as a place that nobody filled in.
    """
    settings = study.settings.recruitment
    given = parameters.get(settings.id_parameter, "") if settings else ""
    if given and not _ID.fullmatch(given):
        raise Refused("bad_id")
    return given


def completion_url(study: Study, participant: Participant) -> str:
    """Where somebody who has finished is sent back to; empty if nowhere, or if they have not finished."""
    settings = study.settings.recruitment
    return _filled(settings.completion_url, participant) if settings and participant.finished_at else ""


def ended_url(study: Study, participant: Participant) -> str:
    """Where somebody is sent back to whose session ended before its end; empty if nowhere."""
    settings = study.settings.recruitment
    return _filled(settings.ended_url, participant) if settings else ""


def declined_url(study: Study, participant: Participant) -> str:
    """Where somebody is sent back to who does not want to take part; empty if nowhere."""
    settings = study.settings.recruitment
    return _filled(settings.declined_url, participant) if settings else ""


def _filled(url: str, participant: Participant) -> str:
    values = {"{code}": participant.completion_code, "{id}": participant.external_id}
    return re.sub(r"\{(?:code|id)\}", lambda found: quote(values[found[0]], safe=""), url)
