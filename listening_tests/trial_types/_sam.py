"""Pictures for arousal, valence and dominance: one figure, drawn by us, that changes in nine equal steps.

The idea that a figure spares the words is that of the Self-Assessment Manikin (Bradley & Lang 1994); the drawing is not
theirs. Valence bends the mouth, arousal widens the eyes and lets rays grow from the chest, dominance makes the figure
taller. A picture is SVG path data for a box of 64 x 64, to be stroked, not filled; the stroke's colour is the page's.
"""

from __future__ import annotations

import math
from functools import cache


@cache
def picture(dimension: str, step: int) -> str:
    """The picture of one step, 1 to 9, of ``arousal``, ``valence`` or ``dominance``.

    >>> picture("valence", 1) != picture("valence", 9)
    True
    """
    return _DRAWN[dimension]((step - 1) / 8)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").removesuffix(".")


def _circle(x: float, y: float, radius: float) -> str:
    half = f"a{_n(radius)} {_n(radius)} 0 1 0"
    return f"M{_n(x - radius)} {_n(y)}{half} {_n(2 * radius)} 0{half} {_n(-2 * radius)} 0"


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f"M{_n(x)} {_n(y)}L{_n(to_x)} {_n(to_y)}"


def _valence(share: float) -> str:
    """A face; the corners of the mouth go from 7 below its middle to 7 above."""
    bend = 14 * (share - 0.5)
    mouth = f"M20 {_n(42 - bend / 2)}Q32 {_n(42 + bend)} 44 {_n(42 - bend / 2)}"
    return _circle(32, 32, 27) + _circle(22, 25, 2.5) + _circle(42, 25, 2.5) + mouth


def _arousal(share: float) -> str:
    """Head and shoulders; the eyes open, and twelve rays leave the chest."""
    eye = 0.6 + 2 * share
    body = (
        _circle(32, 15, 12)
        + _circle(27.5, 14, eye)
        + _circle(36.5, 14, eye)
        + "M12 62V42a12 12 0 0 1 12-12h16a12 12 0 0 1 12 12V62"
    )
    inner, outer = 2 + 2 * share, 3 + 11 * share
    rays = (2 * math.pi * i / 12 for i in range(12))
    return body + "".join(
        _line(32 + inner * math.cos(a), 46 + inner * math.sin(a), 32 + outer * math.cos(a), 46 + outer * math.sin(a))
        for a in rays
    )


def _dominance(share: float) -> str:
    """A whole figure on a floor, from a fifth of the height to all of it."""
    scale = 0.22 + 0.78 * share
    head, top = 9 * scale, 60 - 56 * scale
    neck, hip = top + 2 * head, 60 - 20 * scale
    arms = neck + 6 * scale
    return (
        "M4 61H60"
        + _circle(32, top + head, head)
        + _line(32, neck, 32, hip)
        + _line(32 - 15 * scale, arms + 6 * scale, 32, arms)
        + _line(32, arms, 32 + 15 * scale, arms + 6 * scale)
        + _line(32, hip, 32 - 10 * scale, 60)
        + _line(32, hip, 32 + 10 * scale, 60)
    )


_DRAWN = {"arousal": _arousal, "valence": _valence, "dominance": _dominance}
