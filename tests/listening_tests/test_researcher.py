"""The researcher's password and sign-in, against the clock and the disk."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from listening_tests import researcher
from ser_core.errors import BadInput


@pytest.fixture(autouse=True)
def fresh_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path))
    monkeypatch.delenv(researcher.VARIABLE, raising=False)
    monkeypatch.setattr(researcher, "tries", researcher.Tries())
    return tmp_path


def test_a_fresh_machine_gets_a_password_that_is_told_once():
    password = researcher.ensure_password()
    assert password is not None
    assert len(password.replace("-", "")) == 16
    assert researcher.ensure_password() is None
    assert researcher.verify(password)


def test_only_a_hash_is_kept_and_only_its_owner_may_read_it(fresh_machine: Path):
    password = researcher.ensure_password() or ""
    kept = fresh_machine / "answers" / "researcher.argon2"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert password not in kept.read_text()
    assert PasswordHasher().verify(kept.read_text().strip(), password)  # argon2's own verdict on what we wrote


def test_a_wrong_password_and_no_password_open_nothing():
    assert not researcher.verify("")
    researcher.ensure_password()
    assert not researcher.verify("")
    assert not researcher.verify("abcd-abcd-abcd-abcd")


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch):
    of_file = researcher.ensure_password() or ""
    monkeypatch.setenv(researcher.VARIABLE, PasswordHasher().hash("from the environment"))
    assert researcher.verify("from the environment")
    assert not researcher.verify(of_file)
    assert researcher.ensure_password() is None
    with pytest.raises(BadInput, match="unset it first"):
        researcher.new_password()


def test_something_that_is_no_hash_is_refused_and_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(researcher.VARIABLE, "hunter2")
    with pytest.raises(BadInput, match=f"{researcher.VARIABLE}: is not an argon2 hash") as caught:
        researcher.verify("hunter2")
    assert "hunter2" not in str(caught.value)


def test_wrong_tries_cost_a_wait_that_doubles_and_ends():
    now = [1000.0]
    tries = researcher.Tries(free=3, longest_s=60, clock=lambda: now[0])
    waits = []
    for _ in range(10):
        tries.wrong("mallory")
        waits.append(tries.wait_s("mallory"))
        now[0] += waits[-1]
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert tries.wait_s("mallory") == 0  # each wait was sat out
    assert tries.wait_s("alice") == 0
    tries.right("mallory")
    tries.wrong("mallory")
    assert tries.wait_s("mallory") == 0


def test_visitors_who_gave_up_are_forgotten():
    now = [0.0]
    tries = researcher.Tries(longest_s=60, clock=lambda: now[0])
    for n in range(500):
        tries.wrong(f"visitor {n}")
    now[0] = 121
    tries.wrong("another")
    assert list(tries._wrong) == ["another"]


def test_who_has_to_wait_is_not_let_in_even_with_the_right_password(monkeypatch: pytest.MonkeyPatch):
    password = researcher.ensure_password() or ""
    now = [0.0]
    monkeypatch.setattr(researcher, "tries", researcher.Tries(free=1, clock=lambda: now[0]))
    assert not researcher.verify("wrong", who="10.0.0.1")
    assert not researcher.verify(password, who="10.0.0.1")
    assert researcher.verify(password, who="10.0.0.2")
    now[0] += 1.0
    assert researcher.verify(password, who="10.0.0.1")


def test_a_browser_stays_signed_in_until_it_signs_out():
    researcher.ensure_password()
    one, other = researcher.sign_in(), researcher.sign_in()
    assert one != other
    assert researcher.is_signed_in(one)
    researcher.sign_out(one)
    assert not researcher.is_signed_in(one)
    assert researcher.is_signed_in(other)


def test_what_lies_on_the_disk_signs_nobody_in(fresh_machine: Path):
    researcher.ensure_password()
    browser = researcher.sign_in()
    (ticket,) = (fresh_machine / "answers" / "signed_in").iterdir()
    assert browser not in ticket.name + ticket.read_text()
    assert not researcher.is_signed_in(ticket.name)
    assert stat.S_IMODE(ticket.stat().st_mode) == 0o600


@pytest.mark.parametrize("cookie", [None, "", "x", "../researcher.argon2", "\x00", "é" * 5000])
def test_a_cookie_nobody_gave_out_is_worth_nothing(cookie: str | None):
    researcher.ensure_password()
    assert not researcher.is_signed_in(cookie)


def test_a_sign_in_runs_out(monkeypatch: pytest.MonkeyPatch, fresh_machine: Path):
    researcher.ensure_password()
    start = time.time()
    browser = researcher.sign_in()
    monkeypatch.setattr("time.time", lambda: start + researcher.SIGNED_IN_S - 5)
    assert researcher.is_signed_in(browser)
    monkeypatch.setattr("time.time", lambda: start + researcher.SIGNED_IN_S + 5)
    assert not researcher.is_signed_in(browser)
    researcher.sign_in()
    assert len(list((fresh_machine / "answers" / "signed_in").iterdir())) == 1  # what ran out is cleared away


def test_a_new_password_signs_everybody_out():
    old = researcher.ensure_password() or ""
    browser = researcher.sign_in()
    new = researcher.new_password()
    assert not researcher.is_signed_in(browser)
    assert not researcher.verify(old)
    assert researcher.verify(new)


def test_a_half_written_ticket_signs_nobody_in(fresh_machine: Path):
    researcher.ensure_password()
    browser = researcher.sign_in()
    (ticket,) = (fresh_machine / "answers" / "signed_in").iterdir()
    ticket.write_text("17")
    assert not researcher.is_signed_in(browser)
