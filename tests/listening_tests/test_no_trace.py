"""Where somebody listens from, and with what, is nowhere in the database: neither address nor browser."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.testclient import TestClient

from listening_tests import schema, web
from listening_tests.session import Answered
from tests.listening_tests.test_store import BACKGROUND, HEARD

BROWSER, ADDRESS = "Telltale/5.0 (Phone)", "203.0.113.77"
HEADERS = {"User-Agent": BROWSER, "X-Forwarded-For": ADDRESS, "Referer": "https://telltale.example/", "Cookie": "tell=tale"}


def test_no_address_and_no_browser_is_kept_of_a_session(store, study):
    client = TestClient(Starlette(routes=web.routes, middleware=web.middleware), headers=HEADERS, client=(ADDRESS, 50000))
    (invitation,) = store.invite(study)
    session = store.begin(invitation.participant, study)
    store.consent(invitation.participant, study, language="de", agreed=True)
    for answer in [{"agreed": True}, BACKGROUND, *[HEARD] * 5]:
        key = session.current.key
        client.get(f"/api/audio/{key}/0")
        assert client.post("/api/events", json={"trial": key, "kind": "failed", "detail": "media error"}).status_code == 204
        session = store.record(invitation.participant, Answered(session.current.position, answer))
    assert session.finished
    file = Path(str(store.engine.url.database))
    everything = b"".join(path.read_bytes() for path in sorted(file.parent.rglob("*")) if path.is_file()).lower()
    assert b"media error" in everything
    for trace in (BROWSER, ADDRESS, "telltale", "testclient"):
        assert trace.lower().encode() not in everything


def test_no_column_is_there_to_keep_them_in():
    names = {column.name for table in schema.metadata.tables.values() for column in table.columns}
    assert (
        not {n for n in names if any(word in n for word in ("ip", "agent", "browser", "host")) and n != "receipt"}
        - _INNOCENT
    )


_INNOCENT = {"participant"}  # holds "ip"


def test_the_tables_hold_what_is_declared_and_no_more(store):
    with store.engine.connect() as connection:
        found = {name for name in sa.inspect(connection).get_table_names() if name != "alembic_version"}
    assert found == set(schema.metadata.tables)
