"""A CSV that is safe and legible in a spreadsheet: no text of a listener becomes a formula, and Excel reads it as UTF-8.

Spreadsheets run what begins with ``=``, ``+``, ``-`` or ``@`` (OWASP, *CSV Injection*), and where their list separator is a
semicolon, they also split a row inside a text of ours. So an apostrophe is put wherever a field could begin: at the start of
a text, and after any separator in it. That changes texts; such a file is for eyes, and the plain one for computing.
"""

from __future__ import annotations

import re

import pandas as pd

from ser_core.ratings import to_csv

BOM = "\ufeff"
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STARTS = re.compile(r"(^|[;\t\r\n])(?=[\s\"']*[=+\-@＝＋－＠])")
_BLANK = re.compile(r"^[\t\r\n]")


def defused(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet could begin a formula; plain numbers stay as they are.

    >>> defused("=cmd()"), defused("-3.5"), defused("so-so"), defused("a;=1+1"), defused("\\t=1")
    ("'=cmd()", '-3.5', 'so-so', "a;'=1+1", "'\\t'=1")
    """
    if _NUMBER.fullmatch(text):
        return text
    safe = _STARTS.sub(r"\1'", text)
    return f"'{safe}" if _BLANK.match(safe) else safe


def csv(data: pd.DataFrame) -> bytes:
    """The table as such a CSV, with the byte order mark that makes Excel read UTF-8."""
    texts = data.select_dtypes(exclude="number").columns
    safe = data.assign(**{name: data[name].map(defused) for name in texts}).rename(columns=defused)
    return (BOM + to_csv(safe)).encode()
