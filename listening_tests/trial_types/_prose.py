"""A study's own texts, as whoever wrote them meant them."""

from __future__ import annotations

import re


def prose(markdown: str) -> str:
    """Markdown in which a single ``~`` is a sign like others: ``10~15 minutes, 2~3 breaks`` strikes nothing out.

    >>> prose("10~15 minutes, 2~3 breaks, ~~none~~")
    '10\\\\~15 minutes, 2\\\\~3 breaks, ~~none~~'
    """
    return re.sub(r"(?<![~\\])~(?!~)", r"\\~", markdown)
