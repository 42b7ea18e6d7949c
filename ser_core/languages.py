"""Language tags (BCP 47) as far as listeners and clips need them: which language, and which dialect of it.

A tag with a private-use or variant part (``cmn-x-tianjin``, ``en-scotland``) or a region (``de-AT``) is a dialect of the
language in front of it. ``zh`` without more is taken as Mandarin (``cmn``), as BCP 47's registry does for most texts.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,12})*")
_SCRIPT = re.compile(r"[A-Za-z]{4}")


def is_tag(text: str) -> bool:
    """Whether the text has the form of a tag; a misspelt language still has it.

    >>> is_tag("cmn-x-tianjin"), is_tag("German (DE)")
    (True, False)
    """
    return bool(_TAG.fullmatch(text))


def normal(tag: str) -> str:
    """One spelling for each tag: lower case, ``zh`` as ``cmn``, no script.

    >>> normal("zh-Hans"), normal("zh-x-tianjin"), normal("de-AT"), normal("zh-yue")
    ('cmn', 'cmn-x-tianjin', 'de-at', 'yue')
    """
    first, *rest = tag.split("-")
    rest = [part.lower() for part in rest if not _SCRIPT.fullmatch(part) or "x" in rest]
    if first.lower() == "zh":
        return "-".join(rest) if rest and len(rest[0]) == 3 and rest[0].isalpha() else "-".join(["cmn", *rest])
    return "-".join([first.lower(), *rest])


def base(tag: str) -> str:
    """The language without its dialect.

    >>> base("cmn-x-tianjin"), base("de-AT"), base("zh")
    ('cmn', 'de', 'cmn')
    """
    return normal(tag).split("-")[0]


def is_dialect(tag: str) -> bool:
    """Whether the tag names a dialect of its language.

    >>> is_dialect("en-scotland"), is_dialect("zh-Hans")
    (True, False)
    """
    return normal(tag) != base(tag)
