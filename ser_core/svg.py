"""A still picture as SVG text: rectangles, lines, marks and words, in px, y downwards; the same to the byte on any machine.

No size of a letter is known here, so that who draws leaves room. Words and quiet lines take the colour of the text around
them, so that a picture inside a page is legible on a light and on a dark one; as a file of its own it brings white paper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Literal
from unicodedata import east_asian_width

INK, PAPER = "#1c2430", "#ffffff"
FONT = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
_SYMBOLS = {
    "circle": '<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>',
    "diamond": '<path d="M{x} {y}m0 -6l6 6l-6 6l-6 -6z" fill="{colour}"/>',
    "square": '<path d="M{x} {y}m-5 -5h10v10h-10z" fill="{colour}"/>',
}


@dataclass
class Picture:
    """What is drawn, in the order in which it lies one over the other.

    Attributes:
        width, height: in px.
        title: what it shows, for who does not see it.
    """

    width: float
    height: float
    title: str
    marks: list[str] = field(default_factory=list)

    def rect(
        self, x: float, y: float, width: float, height: float, *, fill: str, opacity: float = 1, line: str = ""
    ) -> None:
        """A filled rectangle from its upper left corner, with a frame in the colour ``line``, if any."""
        more = f' fill-opacity="{_n(opacity)}"' if opacity < 1 else ""
        more += f' stroke="{line}" stroke-width="3"' if line else ""
        self.marks.append(f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{fill}"{more}/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: str = "", dotted: bool = False) -> None:
        """A line; without a colour a quiet one."""
        how = f'stroke="{colour}" stroke-width="1.5"' if colour else 'stroke="currentColor" stroke-opacity="0.25"'
        how = how.replace("0.25", "0.6") + ' stroke-dasharray="2 3"' if dotted else how
        self.marks.append(f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" {how}/>')

    def mark(self, x: float, y: float, symbol: str, colour: str) -> None:
        """A symbol around its middle."""
        self.marks.append(_SYMBOLS[symbol].format(x=_n(x), y=_n(y), colour=colour))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12,
        anchor: Literal["start", "middle", "end"] = "start",
        colour: str = "currentColor",
        bold: bool = False,
    ) -> None:
        """One line of words, standing on ``y``."""
        more = ' font-weight="600"' if bold else ""
        more += f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.marks.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{colour}"{more}>{escape(words, quote=False)}</text>'
        )

    def below(self, words: str, *, left: float = 14, size: float = 10) -> None:
        """Words below all else, in as many lines as they need; the picture grows by them."""
        for line in _lines(words, (self.width - 2 * left) / size):
            self.height += round(1.4 * size)
            self.text(left, self.height - 0.6 * size, line, size=size)

    def inside(self) -> str:
        """The picture for a page of HTML."""
        return self._svg("", "")

    def file(self) -> bytes:
        """The picture as a file."""
        own = f' xmlns="http://www.w3.org/2000/svg" color="{INK}"'
        return self._svg(own, f'<rect width="100%" height="100%" fill="{PAPER}"/>\n').encode()

    def _svg(self, own: str, under: str) -> str:
        size = f'width="{_n(self.width)}" height="{_n(self.height)}" viewBox="0 0 {_n(self.width)} {_n(self.height)}"'
        title = escape(self.title, quote=True)
        opens = f'<svg{own} {size} role="img" aria-label="{title}" font-family="{FONT}">\n<title>{title}</title>\n'
        return opens + under + "\n".join(self.marks) + "\n</svg>\n"


_LETTER, _WIDE = 0.56, 1.05
"""How wide a letter is taken to be, in sizes of the letters: rather too wide, since nobody knows the font."""


def _lines(words: str, most: float) -> list[str]:
    """Words in lines of at most ``most`` sizes of the letters; one that is longer than a line is cut.

    >>> _lines("one two three", 5), _lines("中文听众中文听众", 5)
    (['one two', 'three'], ['中文听众', '中文听众'])
    """
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer) <= most:
            lines[-1] = longer
            continue
        lines.append("")
        for letter in word:
            if _width(lines[-1] + letter) > most:
                lines.append("")
            lines[-1] += letter
    return [line for line in lines if line]


def _width(text: str) -> float:
    return sum(_WIDE if east_asian_width(letter) in "WF" else _LETTER for letter in text)


def _n(value: float) -> str:
    """A length as text, to a tenth of a px.

    >>> _n(12.0), _n(0.25), _n(100), _n(-0.01)
    ('12', '0.2', '100', '0')
    """
    return f"{round(value, 1) + 0:g}"
