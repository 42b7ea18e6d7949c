"""Which N makes every printed number k/N: how many clips, or judgements, a published table can rest on.

An accuracy over N clips is k/N for a whole k. Printed with d digits it is rounded, or cut, and fits N if some k comes so
close. One number fits by luck with a probability of about N times the width of a printed digit; that so many of several fit
is a question to the binomial distribution. So a small N that fits everything is evidence, a large one fits anything. A
multiple of an N fits what N fits, and says nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.cli import several
from ser_core.errors import BadInput

COLUMNS = ("n", "fit", "of", "as_printed", "luck", "unexplained", "multiple_of")
"""N; how many numbers fit it, and of how many; ``rounded``, ``cut`` or ``either`` (some need the one, some the other);
probability that at least so many fit by luck; numbers that do not fit; and the least N that fits as many and divides it."""

AT_MOST = 3000


def denominators(
    printed: Sequence[str], *, whole: int = 100, at_most: int = AT_MOST, least: int | None = None
) -> pd.DataFrame:
    """Every N that fits, the least likely by luck first.

    Args:
        printed: numbers as they are printed, with all their digits: "58.0" is not "58".
        whole: what 1 is printed as: 100 for percent, 1 for shares.
        at_most: the largest N to try.
        least: how many numbers must fit; all, unless told.

    Returns:
        ``COLUMNS``, a row for each N; ``multiple_of`` is 0 where none divides it.

    Raises:
        BadInput: what is no number between 0 and ``whole``; or nothing to look for.

    >>> denominators(["79.86", "93.06"], at_most=150)[["n", "fit", "as_printed"]].values.tolist()
    [[144, 2, 'rounded']]
    """
    from scipy.stats import binom

    values = _numbers(printed, whole)
    if at_most < 1:
        raise BadInput(f"the largest N must be 1 or more, not {at_most}.")
    least = len(values) if least is None else least
    if not 1 <= least <= len(values):
        most = len(values)
        raise BadInput(
            f"of {several(most, 'number')} {'1' if most == 1 else f'1 to {most}'} can be asked to fit, not {least}."
        )
    sizes = np.arange(1, at_most + 1)
    rounded, cut = (np.stack([_fits(value, sizes, whole, by_cut=by_cut) for value in values]) for by_cut in (False, True))
    either = rounded | cut
    luck = np.stack([np.minimum(1.0, sizes * 2 * _half(value) / whole) for value in values]).mean(axis=0)
    rows = []
    for at in np.flatnonzero(either.sum(axis=0) >= least):
        how, fit = _how(rounded[:, at], cut[:, at], either[:, at])
        chance = luck[at] if how != "either" else min(1.0, 1.5 * luck[at])  # cut and rounded overlap by half a digit
        missing = " ".join(text for text, yes in zip(printed, fit, strict=True) if not yes)
        rows.append(
            (int(sizes[at]), int(fit.sum()), len(values), how, float(binom.sf(fit.sum() - 1, len(values), chance)), missing)
        )
    fits = {row[0]: row[1] for row in rows}
    whole_rows = [(*row, next((n for n in fits if n < row[0] and row[0] % n == 0 and fits[n] >= row[1]), 0)) for row in rows]
    return pd.DataFrame(whole_rows, columns=list(COLUMNS)).sort_values(["luck", "n"], ignore_index=True)


def _numbers(printed: Sequence[str], whole: int) -> list[Decimal]:
    values, problems = list[Decimal](), list[str]()
    for text in printed:
        try:
            value = Decimal(text)
        except InvalidOperation:
            problems.append(f"'{text}' is no number; write it as it is printed, with a point: 58.02")
            continue
        if not value.is_finite() or not 0 <= value <= whole:
            problems.append(
                f"{text} does not lie between 0 and {whole}; shares are told by --whole 1, percent by --whole 100."
            )
        values.append(value)
    if not printed:
        problems.append("there is no number to explain.")
    if problems:
        raise BadInput(*problems)
    return values


def _half(value: Decimal) -> float:
    """Half of the last printed digit."""
    return 0.5 * 10.0 ** int(value.as_tuple().exponent)


def _fits(value: Decimal, sizes: npt.NDArray[np.int64], whole: int, *, by_cut: bool) -> npt.NDArray[np.bool_]:
    """For which N some k gives the number, in whole numbers, so that no rounding of ours decides.

    With a number v of d digits, and u = v * 10^d: rounded if \\|whole 10^d k - u N\\| <= N / 2, cut if 0 <= the same < N.
    """
    digits = max(0, -int(value.as_tuple().exponent))
    unit, scaled = whole * 10**digits, int(value.scaleb(digits))
    nearest = np.stack([scaled * sizes // unit, -(-scaled * sizes // unit)])  # the k below and the k above
    off = unit * nearest - scaled * sizes
    fits = (off >= 0) & (off < sizes) if by_cut else np.abs(2 * off) <= sizes
    return np.asarray((fits & (nearest <= sizes)).any(axis=0))


def _how(
    rounded: npt.NDArray[np.bool_], cut: npt.NDArray[np.bool_], either: npt.NDArray[np.bool_]
) -> tuple[str, npt.NDArray[np.bool_]]:
    """The plainest way of printing that explains as many as any."""
    for how, fit in (("rounded", rounded), ("cut", cut)):
        if fit.sum() == either.sum():
            return how, fit
    return "either", either
