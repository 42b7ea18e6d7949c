"""Language tags (BCP 47) as far as listeners and clips need them: which language, and which dialect of it.

A tag with a variant of letters (``en-scotland``) or a private part (``cmn-x-tianjin``) is a dialect of the language in front
of it. A region (``de-AT``, ``en-GB``) is a standard of its own, not a dialect; the script and the orthography (``de-1996``)
say how a language is written, which nobody hears. ``zh`` without more is taken as Mandarin (``cmn``), as BCP 47's registry
does for most texts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,12})*")
_WRITING = re.compile(r"[a-z]{4}|[0-9][a-z0-9]{3}|[0-9]{4}[a-z0-9]{1,4}")  # a script, or a spelling reform by its year
_DIALECT = re.compile(r"[a-z]{5,8}")
_SAME = {"zh": "cmn", "zho": "cmn", "chi": "cmn", "deu": "de", "ger": "de", "eng": "en"}
"""ISO 639-2 and 639-3 codes of the languages that we name most, by the code that BCP 47 wants; and ``zh``."""
_AT_HOME = {"cmn": "cn"}
"""The region that says nothing new of a language."""


def is_tag(text: str) -> bool:
    """Whether the text has the form of a tag; a misspelt language still has it.

    >>> is_tag("cmn-x-tianjin"), is_tag("German (DE)")
    (True, False)
    """
    return bool(_TAG.fullmatch(text))


@lru_cache(maxsize=1024)
def normal(tag: str) -> str:
    """One spelling for each tag: lower case, the shortest code, ``zh`` as ``cmn``, nothing on how it is written.

    What stands after ``x`` is private, and stays whatever it looks like.

    >>> normal("zh-Hans-CN"), normal("zh-Hans-x-tianjin"), normal("zh-TW"), normal("zh-yue"), normal("zh-min-nan")
    ('cmn', 'cmn-x-tianjin', 'cmn-tw', 'yue', 'nan')
    >>> normal("de-CH-1996"), normal("eng-GB")
    ('de-ch', 'en-gb')
    """
    public, private = _parts(tag)
    first, *rest = [part for n, part in enumerate(public) if n == 0 or not _WRITING.fullmatch(part)]
    if _SAME.get(first) == "cmn" and rest[:2] == ["min", "nan"]:
        rest = rest[1:]
    if _SAME.get(first) == "cmn" and rest and len(rest[0]) == 3 and rest[0].isalpha():
        first, *rest = rest
    first = _SAME.get(first, first)
    return "-".join([first, *(part for part in rest if part != _AT_HOME.get(first)), *private])


def _parts(tag: str) -> tuple[list[str], list[str]]:
    """What names the language, and the private part with its ``x``, in lower case; extensions (``-u-...``) are left out."""
    parts = tag.lower().split("-")
    end = parts.index("x") if "x" in parts else len(parts)
    return list(takewhile(lambda part: len(part) > 1, parts[:end])), parts[end:]


def base(tag: str) -> str:
    """The language without its dialect.

    >>> base("cmn-x-tianjin"), base("de-AT"), base("zh")
    ('cmn', 'de', 'cmn')
    """
    return normal(tag).split("-")[0]


def is_dialect(tag: str) -> bool:
    """Whether the tag names a dialect of its language; the standard of a region is none.

    >>> is_dialect("en-scotland"), is_dialect("cmn-x-tianjin"), is_dialect("en-GB"), is_dialect("zh-Hans")
    (True, True, False, False)
    """
    public, private = _parts(normal(tag))
    return bool(private) or any(_DIALECT.fullmatch(part) for part in public[1:])
