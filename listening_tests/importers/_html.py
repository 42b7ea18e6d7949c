"""Texts of HTML pages: as plain words, as Markdown, and what is lost when they are made harmless."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from listening_tests.trial_types.instruction import sanitised

_BREAKS = {"p", "div", "ul", "ol", "table", "tr", "blockquote", "section", "h1", "h2", "h3", "h4", "h5", "h6", "pre"}
_UNREAD = {"script", "style", "head", "title"}


def plain(html: str) -> str:
    """The words alone, in one line.

    >>> plain("<b>How  sad</b> is it?<br>Tell &amp; us")
    'How sad is it? Tell & us'
    """
    return " ".join(_read(html, marked=False).split())


def markdown(html: str) -> str:
    """Paragraphs, headings, lists, bold and italics as Markdown; signs that Markdown would read are escaped.

    >>> print(markdown("<h2>Consent</h2><p>You get 5$ *now*.</p><ul><li>one</li><li><b>two</b></li></ul>"))
    ## Consent
    <BLANKLINE>
    You get 5\\$ \\*now\\*.
    <BLANKLINE>
    - one
    - **two**
    """
    text = _read(html, marked=True)
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def escaped(text: str) -> str:
    """Plain text that Markdown, and Streamlit's, shows as it is.

    >>> escaped("a_b: *c* :smile:")
    'a\\\\_b: \\\\*c\\\\* \\\\:smile:'
    """
    text = re.sub(r"([\\`*_\[\]<>#$~|])", r"\\\1", text)
    text = re.sub(r":(?=[\w+-]+:)", r"\\:", text)
    return re.sub(r"^(\s*)([-+]|[0-9]+[.)])(?=\s)", lambda m: m[1] + m[2][:-1] + "\\" + m[2][-1], text)


def harmless(html: str) -> tuple[str, list[str]]:
    """The HTML as a participant may see it, and what had to go, as words such as ``<script>`` and ``style="…"``."""
    clean = sanitised(html).strip()
    before, after = _inventory(html), _inventory(clean)
    return clean, [what for what in before if what not in after]


def _inventory(html: str) -> list[str]:
    found: dict[str, None] = {}

    class Listing(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found[f"<{tag}>"] = None
            found.update({f'{name}="…"': None for name, _ in attrs if name != "rel"})

        def handle_comment(self, data: str) -> None:
            found["a comment"] = None

    parser = Listing()
    parser.feed(html)
    parser.close()
    return list(found)


def _read(html: str, *, marked: bool) -> str:
    parser = _Words(marked)
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)


class _Words(HTMLParser):
    def __init__(self, marked: bool):
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.marked = marked
        self.unread = 0
        self.lists: list[int] = []  # for each list we are in, the number of its next item; 0 = not numbered

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unread += tag in _UNREAD
        if tag in ("ul", "ol"):
            self.lists.append(1 if tag == "ol" else 0)
        if tag == "br":
            self._put("  \n" if self.marked else "\n")
        elif tag == "li":
            self._put(f"\n{'  ' * (len(self.lists) - 1)}{self._bullet()} " if self.marked else "\n")
        elif tag in _BREAKS:
            level = int(tag[1]) if re.fullmatch("h[1-6]", tag) else 0
            self._put("\n\n" + ("#" * level + " " if level and self.marked else ""))
        elif self.marked and tag in ("b", "strong", "i", "em"):
            self._put("**" if tag in ("b", "strong") else "*")

    def handle_endtag(self, tag: str) -> None:
        self.unread = max(0, self.unread - (tag in _UNREAD))
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        if tag in _BREAKS:
            self._put("\n\n")
        elif self.marked and tag in ("b", "strong", "i", "em"):
            self._put("**" if tag in ("b", "strong") else "*")

    def handle_data(self, data: str) -> None:
        words = re.sub(r"\s+", " ", data)
        if self.parts and self.parts[-1].endswith(("\n", " ")) and words.startswith(" "):
            words = words[1:]
        self._put(escaped(words) if self.marked else words)

    def _bullet(self) -> str:
        if not self.lists or not self.lists[-1]:
            return "-"
        self.lists[-1] += 1
        return f"{self.lists[-1] - 1}."

    def _put(self, text: str) -> None:
        if not self.unread and text:
            self.parts.append(text)
