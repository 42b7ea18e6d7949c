"""``POST /api/sign-in`` as a browser, and as another site's page, would send it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from listening_tests import researcher, sign_in_routes

ADDRESS = "/api/sign-in"


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a machine that has a password, and the password; made once, since argon2 is slow on purpose."""
    folder = tmp_path_factory.mktemp("first-start")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_DATA", str(folder))
        patch.delenv(researcher.VARIABLE, raising=False)
        return folder, researcher.new_password()


@pytest.fixture
def password(first_start: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder, made = first_start
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path))
    monkeypatch.delenv(researcher.VARIABLE, raising=False)
    monkeypatch.setattr(researcher, "tries", researcher.Tries(free=2))
    return made


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=sign_in_routes.routes), base_url="http://study.example")


def test_the_password_is_exchanged_for_a_cookie_that_no_script_can_read(client: TestClient, password: str):
    answer = client.post(ADDRESS, json={"password": password})
    assert answer.status_code == 200
    assert researcher.is_signed_in(answer.cookies[researcher.COOKIE])
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", f"max-age={researcher.SIGNED_IN_S}"} <= flags
    assert "secure" not in flags
    assert password not in answer.text


def test_over_tls_the_cookie_stays_there(client: TestClient, password: str):
    answer = client.post(ADDRESS, json={"password": password}, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_wrong_password_gets_a_sentence_and_no_cookie(client: TestClient, password: str):
    answer = client.post(ADDRESS, json={"password": "wrong"})
    assert answer.status_code == 401
    assert answer.json() == {"message": "That is not the password."}
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down_and_says_how_long(client: TestClient, password: str):
    statuses = [client.post(ADDRESS, json={"password": "wrong"}).status_code for _ in range(2)]
    assert statuses == [401, 429]
    answer = client.post(ADDRESS, json={"password": password})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert "Try again in 1 second." in answer.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://study.example.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_sign_anybody_in(client: TestClient, password: str, headers: dict[str, str]):
    answer = client.post(ADDRESS, json={"password": password}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_our_own_page_can(client: TestClient, password: str):
    headers = {"Origin": "http://study.example", "Sec-Fetch-Site": "same-origin"}
    assert client.post(ADDRESS, json={"password": password}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"password": 7}',
        b'{"password": null}',
        b"\xff",
        b'{"password": "' + b"a" * 5000 + b'"}',
    ],
)
def test_a_body_of_another_form_is_refused(client: TestClient, password: str, body: bytes):
    answer = client.post(ADDRESS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_what_a_form_of_another_site_can_send_is_refused(client: TestClient, password: str):
    assert client.post(ADDRESS, data={"password": password}).status_code == 400
    text = client.post(ADDRESS, content=f'{{"password": "{password}"}}', headers={"Content-Type": "text/plain"})
    assert text.status_code == 400
    assert client.get(ADDRESS).status_code == 405


def test_a_server_without_a_password_lets_nobody_in(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "empty"))
    monkeypatch.delenv(researcher.VARIABLE, raising=False)
    monkeypatch.setattr(researcher, "tries", researcher.Tries())
    assert client.post(ADDRESS, json={"password": ""}).status_code == 401


def test_a_hash_that_is_none_is_said_not_hidden(client: TestClient, password: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(researcher.VARIABLE, "not a hash")
    answer = client.post(ADDRESS, json={"password": password})
    assert answer.status_code == 503
    assert "is not an argon2 hash" in answer.json()["message"]
