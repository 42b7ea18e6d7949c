"""Who sees what: every page by itself, through app.py, and as Streamlit opens it when app.py has not run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from listening_tests import researcher
from pages.parts import frame, sign_in

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("[!_]*.py"))
PUBLIC = ("listen", "privacy")
WORDS = "Who hears the emotion in a voice better, people or models, and across which languages?"


def shows_only_the_sign_in(app: AppTest) -> bool:
    assert not app.exception
    titles = [t.value for t in app.title]
    quiet = not (app.dataframe or app.button or app.selectbox or app.metric or app.subheader or app.header or app.expander)
    return titles == ["Earwitness"] and [m.value for m in app.markdown] == [WORDS] and quiet


def opens_by_itself(name: str) -> AppTest:
    return AppTest.from_file(ROOT / "pages" / f"{name}.py", default_timeout=60).run()


def test_every_page_is_either_a_researchers_or_the_listeners():
    assert set(PAGES) == {*frame.RESEARCHER, *PUBLIC}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_nothing_before_it_has_asked_who_is_there(name: str):
    body = ast.parse((ROOT / "pages" / f"{name}.py").read_text(encoding="utf-8")).body
    passive = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    first = next(statement for statement in body[docstring:] if not isinstance(statement, passive))
    assert ast.unparse(first) == f"frame.begin('{name}')"


@pytest.mark.parametrize("name", sorted(frame.RESEARCHER))
def test_a_stranger_sees_the_sign_in_and_nothing_else(name: str, look):
    assert shows_only_the_sign_in(look(name))


@pytest.mark.parametrize("name", sorted(frame.RESEARCHER))
def test_a_page_that_is_run_by_itself_asks_too(name: str):
    assert shows_only_the_sign_in(opens_by_itself(name))


@pytest.mark.parametrize("name", sorted(frame.RESEARCHER))
def test_the_first_address_opened_after_a_start_asks_although_the_door_did_not_run(
    name: str, look, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(PagesManager, "uses_pages_directory", True)  # as in a server that nobody has visited yet

    def never() -> None:
        raise AssertionError("app.py ran")

    monkeypatch.setattr(frame, "pages", never)
    assert shows_only_the_sign_in(look(name))


def test_the_root_leads_to_the_sign_in(monkeypatch: pytest.MonkeyPatch):
    assert shows_only_the_sign_in(AppTest.from_file(ROOT / "app.py", default_timeout=60).run())


@pytest.mark.parametrize("name", PUBLIC)
def test_a_participant_needs_no_sign_in_and_gets_no_other_page(name: str, look):
    app = look(name)
    assert not app.exception
    assert not app.title
    assert "page_link" not in {element.type for element in app.main}


@pytest.mark.parametrize("cookie", ["", "guessed", "0" * 64])
def test_a_made_up_cookie_opens_nothing(cookie: str, look, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("streamlit.runtime.context._get_client_context", lambda: _Visitor(cookie))
    assert shows_only_the_sign_in(look("studies"))


def test_the_cookie_of_a_sign_in_opens_the_page_until_the_sign_out(look, monkeypatch: pytest.MonkeyPatch):
    browser = researcher.sign_in()
    monkeypatch.setattr("streamlit.runtime.context._get_client_context", lambda: _Visitor(browser))
    app = look("studies")
    assert [t.value for t in app.title] == ["Studies"]
    next(b for b in app.button if b.label == "Sign out").click()
    assert shows_only_the_sign_in(app.run())
    assert shows_only_the_sign_in(look("studies"))


class _Visitor:
    """What Streamlit knows of a connection."""

    headers: tuple[tuple[str, str], ...] = ()
    remote_ip = "127.0.0.1"

    def __init__(self, cookie: str):
        self.cookies = {researcher.COOKIE: cookie}


# --- where nobody can sign in, the page says what to do --------------------------------------------------------------


def test_without_a_password_the_page_says_how_to_make_one(data: Path):
    researcher.hash_file().unlink()
    app = opens_by_itself("studies")
    assert "python -m listening_tests password --new" in app.info[0].value
    assert researcher.VARIABLE in app.info[0].value


def test_a_hash_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(researcher.VARIABLE, "plain text")
    app = opens_by_itself("studies")
    assert f"{researcher.VARIABLE}: is not an argon2 hash" in app.error[0].value
    assert "plain text" not in app.error[0].value


class _User(dict[str, object]):
    """``st.user`` of a server with an identity provider."""

    @property
    def is_logged_in(self) -> bool:
        return bool(self["is_logged_in"])

    def to_dict(self) -> dict[str, object]:
        return dict(self)


def with_provider(monkeypatch: pytest.MonkeyPatch, **user: object) -> None:
    monkeypatch.setattr("streamlit.user", _User(user))


def test_a_provider_without_a_list_of_researchers_lets_nobody_in(monkeypatch: pytest.MonkeyPatch):
    with_provider(monkeypatch, is_logged_in=True, email="ada@uni.example")
    app = opens_by_itself("studies")
    assert sign_in.RESEARCHERS in app.info[0].value
    assert not app.button


def test_a_provider_replaces_the_password(monkeypatch: pytest.MonkeyPatch):
    with_provider(monkeypatch, is_logged_in=False)
    monkeypatch.setenv(sign_in.RESEARCHERS, "@uni.example")
    app = opens_by_itself("studies")
    assert [b.label for b in app.button] == ["Sign in"]


def test_a_stranger_whom_the_provider_knows_is_told_so_and_can_leave(monkeypatch: pytest.MonkeyPatch):
    with_provider(monkeypatch, is_logged_in=True, email="eve@elsewhere.example")
    monkeypatch.setenv(sign_in.RESEARCHERS, "@uni.example")
    app = opens_by_itself("studies")
    assert "eve@elsewhere.example is not on this server's list" in app.info[0].value
    assert [b.label for b in app.button] == ["Sign out"]


@pytest.mark.parametrize(
    ("email", "allowed", "lets_in"),
    [
        ("ada@uni.example", "ada@uni.example", True),
        ("ADA@Uni.Example", "ada@uni.example", True),
        ("ada@uni.example", "@uni.example", True),
        ("ada@evil-uni.example", "@uni.example", False),
        ("ada@uni.example.evil.example", "@uni.example", False),
        ("ada@uni.example", "uni.example", False),
        ("ada@uni.example", "", False),
        ("ada@uni.example", " , @ ,", False),
        ("", "@", False),
        ("@uni.example@evil.example", "@uni.example", False),
    ],
)
def test_only_listed_addresses_are_researchers(email: str, allowed: str, lets_in: bool):
    assert sign_in.is_researcher({"is_logged_in": True, "email": email}, allowed) is lets_in


# --- a model run never shares the listeners' process -----------------------------------------------------------------

_ALL_PAGES = """
import sys
from streamlit.testing.v1 import AppTest
from pages.parts import sign_in
sign_in.is_signed_in = lambda: True
app = AppTest.from_file("app.py", default_timeout=60)
for name in sys.argv[1:]:
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception, app.exception
heavy = {"torch", "torchaudio", "transformers"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""


def test_no_page_brings_torch_into_the_listeners_process():
    done = subprocess.run([sys.executable, "-c", _ALL_PAGES, *PAGES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
