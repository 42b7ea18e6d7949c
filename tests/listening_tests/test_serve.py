"""``serve`` and ``password``: what a person reads in the terminal, and what is started for them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit import config

from listening_tests import researcher, study
from listening_tests.store import Store
from ser_core.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def fresh_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path))
    for name in ("EARWITNESS_DATABASE_URL", "EARWITNESS_STUDIES", researcher.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What takes our place instead of the real server."""
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: commands.append([path, *arguments[1:]]))
    return commands


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_first_start_prints_a_password_that_works_and_a_link_that_opens_a_session(started, port, capsys):
    assert main("listening_tests", ["serve", "--port", str(port), "--no-browser"]) == 0
    said = {
        line.strip()[:12].strip(): line.strip()[12:].strip() for line in capsys.readouterr().out.splitlines() if line.strip()
    }
    assert said["Researchers"] == f"http://127.0.0.1:{port}/studies"
    assert researcher.verify(said["Password"])
    link = urlsplit(said["One listener"])
    asked = parse_qs(link.query)
    assert (link.netloc, link.path) == (f"127.0.0.1:{port}", "/listen")
    assert Store().participant(asked["study"][0], asked["token"][0]) is not None


def test_the_link_of_a_fresh_machine_works_at_once(started, port, capsys):
    main("listening_tests", ["serve", "--port", str(port), "--no-browser"])
    assert Store().state("demo") == "open"


def test_a_demo_that_was_closed_stays_closed(started, port, capsys):
    main("listening_tests", ["serve", "--port", str(port), "--no-browser"])
    Store().close_study("demo")
    capsys.readouterr()
    main("listening_tests", ["serve", "--port", str(port), "--no-browser"])
    assert Store().state("demo") == "closed"
    assert "One listener" not in capsys.readouterr().out


def test_a_draft_of_one_s_own_is_left_a_draft(started, port, capsys, fresh_machine: Path):
    mine = fresh_machine / "studies" / "mine"
    shutil.copytree(ROOT / "data" / "demo", mine)
    text = (mine / "study.yaml").read_text(encoding="utf-8")
    (mine / "study.yaml").write_text(re.sub("^id: demo", "id: mine", text, flags=re.MULTILINE), encoding="utf-8")
    main("listening_tests", ["serve", "--port", str(port), "--no-browser"])
    assert Store().state("mine") == "draft"
    assert "study=demo&" in capsys.readouterr().out
    Store().open_study(study.load(mine))
    main("listening_tests", ["serve", "--port", str(port), "--no-browser"])
    assert "study=mine&" in capsys.readouterr().out


def test_the_second_start_prints_no_password(started, port, capsys):
    main("listening_tests", ["serve", "--port", str(port)])
    first = capsys.readouterr().out
    main("listening_tests", ["serve", "--port", str(port)])
    second = capsys.readouterr().out
    assert "shown this once" in first
    assert "shown this once" not in second
    assert "as before" in second


def test_the_server_is_this_app_on_this_machine_only_and_streamlit_knows_the_settings(started, port):
    main("listening_tests", ["serve", "--port", str(port), "--no-browser"])
    (command,) = started
    assert command[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert Path(command[4]).name == "app.py"
    assert Path(command[4]).exists()
    settings = dict(argument.removeprefix("--").split("=") for argument in command[5:])
    assert settings["server.address"] == "127.0.0.1"
    assert settings["server.port"] == str(port)
    assert settings["server.headless"] == "true"
    assert set(settings) <= set(config._config_options_template)


def test_a_port_that_is_taken_is_said_before_anything_is_made(started, capsys, fresh_machine: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert main("listening_tests", ["serve", "--port", str(taken)]) == 2
    assert f"port {taken} cannot be used" in capsys.readouterr().err
    assert not started
    assert not list(fresh_machine.iterdir())


def test_a_machine_without_a_study_that_opens_still_gets_its_app(
    started, port, capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "study.yaml").write_text("id: [", encoding="utf-8")
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tmp_path / "broken"))
    assert main("listening_tests", ["serve", "--port", str(port)]) == 0
    assert len(started) == 1
    assert "One listener" not in capsys.readouterr().out


def test_password_says_whether_one_is_set_and_makes_a_new_one(capsys):
    assert main("listening_tests", ["password"]) == 0
    assert "No password is set" in capsys.readouterr().out
    assert main("listening_tests", ["password", "--new"]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert researcher.verify(line.rpartition(" ")[2])
    assert main("listening_tests", ["password"]) == 0
    assert "A password is set" in capsys.readouterr().out
