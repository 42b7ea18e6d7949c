"""The time as every table holds it: ISO 8601 text in UTC, to the millisecond, so that earlier sorts before later."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The time now."""
    return stamp(datetime.now(UTC))


def stamp(time: datetime) -> str:
    """A time as text.

    >>> stamp(datetime(2025, 3, 1, tzinfo=UTC))
    '2025-03-01T00:00:00.000+00:00'
    """
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
