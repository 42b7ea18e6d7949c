"""The researcher's password, and who has shown it: nothing here is kept in a form that could be shown again.

Where the hash comes from
    ``EARWITNESS_PASSWORD_HASH`` (an argon2 hash) if it is set, else the file ``researcher.argon2`` beside the answers.
    ``python -m listening_tests password --new`` makes a new one; so does a start after the file was deleted.

How long a sign-in lasts
    ``SIGNED_IN_S`` after the password was given, on one browser, however often the page is loaded and the server started
    again, until the researcher signs out or the password changes. The browser keeps a random id in a cookie that no script
    can read; we keep that id's SHA-256 as the name of an empty-handed file, so a stolen disk signs nobody in.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from ser_core import places
from ser_core.errors import BadInput, Problem

VARIABLE = "EARWITNESS_PASSWORD_HASH"
COOKIE = "earwitness_researcher"
SIGNED_IN_S = 12 * 3600

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no i, l, o, 0, 1: a password is read off a screen and typed
_hasher = PasswordHasher()
_one_at_a_time = threading.Lock()  # argon2 takes 64 MiB for each check; a crowd at the door must not take them all


def hash_file() -> Path:
    """Where the hash lies unless the environment gives it."""
    return places.answers() / "researcher.argon2"


def password_hash() -> str | None:
    """The argon2 hash in force, or None where no password has been set.

    Raises:
        BadInput: what is configured is not an argon2 hash.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if not given and hash_file().exists():
        given = hash_file().read_text(encoding="utf-8").strip()
    if not given:
        return None
    try:
        extract_parameters(given)
    except InvalidHashError as error:
        where = VARIABLE if os.environ.get(VARIABLE) else hash_file()
        raise BadInput(
            Problem("is not an argon2 hash; make one with: python -m listening_tests password --new", where)
        ) from error
    return given


def ensure_password() -> str | None:
    """Make a password where there is none, and return it: the only time anybody can read it. None where one is set.

    Raises:
        BadInput: what is configured is not an argon2 hash.
    """
    return None if password_hash() else new_password()


def new_password() -> str:
    """Replace the password by a random one (about 79 bits) and return it; everybody is signed out.

    Raises:
        BadInput: the environment sets the password, so that a new file would have no effect.
    """
    if os.environ.get(VARIABLE, "").strip():
        raise BadInput(Problem("is set, so the password is not ours to change; unset it first", VARIABLE))
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    _write_private(hash_file(), hash_of(password))
    return password


def hash_of(password: str) -> str:
    """The argon2id hash of a password, as ``EARWITNESS_PASSWORD_HASH`` wants it."""
    return _hasher.hash(password)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    beside.replace(path)


# --- giving the password ---------------------------------------------------------------------------------------------


@dataclass
class Tries:
    """Wrong tries of each visitor: after ``free`` of them each next one costs twice the wait of the one before.

    Kept in this process only. A visitor is whatever the caller names (an address), so one who guesses does not lock out
    the others; behind a proxy that hides addresses all share one count. Forgotten after ``longest_s`` without a try.
    """

    free: int = 4
    longest_s: float = 900
    clock: Callable[[], float] = time.monotonic
    _wrong: dict[str, tuple[int, float]] = field(default_factory=dict)

    def wait_s(self, who: str) -> float:
        """Seconds until this visitor may try again; 0 = now."""
        count, last = self._wrong.get(who, (0, 0.0))
        penalty = min(2.0 ** min(count - self.free, 60), self.longest_s) if count >= self.free else 0.0
        return max(0.0, last + penalty - self.clock())

    def wrong(self, who: str) -> None:
        """Count a wrong try, and forget those who gave up long ago."""
        now = self.clock()
        self._wrong = {w: seen for w, seen in self._wrong.items() if now - seen[1] < 2 * self.longest_s}
        self._wrong[who] = (self._wrong.get(who, (0, 0.0))[0] + 1, now)

    def right(self, who: str) -> None:
        """Forget the wrong tries of somebody who got in."""
        self._wrong.pop(who, None)


tries = Tries()


def verify(password: str, *, who: str = "") -> bool:
    """Whether this is the password; False also where none is set, and, unread, while ``who`` has to wait.

    Raises:
        BadInput: what is configured is not an argon2 hash.
    """
    with _one_at_a_time:
        known = password_hash()
        if known is None or tries.wait_s(who) > 0:
            return False
        try:
            _hasher.verify(known, password)
        except VerificationError:
            tries.wrong(who)
            return False
        tries.right(who)
        return True


# --- staying signed in -----------------------------------------------------------------------------------------------
# One small file for each browser that is signed in. Files, not a dictionary, because a server is started again in the
# middle of a study; each is written once and never changed, so no lock is needed.


def _tickets() -> Path:
    return places.answers() / "signed_in"


def _ticket(browser: str) -> Path:
    return _tickets() / hashlib.sha256(browser.encode()).hexdigest()


def _seal() -> str:
    """What ties a sign-in to the password it was made with."""
    return hashlib.sha256((password_hash() or "").encode()).hexdigest()


def sign_in() -> str:
    """Remember one more browser, and return the id (256 random bits) that its cookie shall hold."""
    for old in _tickets().glob("*") if _tickets().exists() else ():
        if not _valid(old):
            old.unlink(missing_ok=True)
    browser = secrets.token_urlsafe(32)
    _write_private(_ticket(browser), f"{time.time() + SIGNED_IN_S:.0f} {_seal()}")
    return browser


def is_signed_in(browser: str | None) -> bool:
    """Whether this cookie was given out by ``sign_in``, has not run out and was not taken back."""
    return bool(browser) and password_hash() is not None and _valid(_ticket(str(browser)))


def _valid(ticket: Path) -> bool:
    try:
        until, _, seal = ticket.read_text(encoding="utf-8").strip().partition(" ")
        return time.time() < float(until) and secrets.compare_digest(seal, _seal())
    except (OSError, ValueError):
        return False


def sign_out(browser: str) -> None:
    """Take the sign-in of this browser back; its cookie is worth nothing from now on."""
    _ticket(browser).unlink(missing_ok=True)
