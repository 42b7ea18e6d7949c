"""From any sample rate to 16 kHz, block by block, the same to the bit on every machine.

A sinc under a Kaiser window, 64 zero crossings to each side: flat to 7.2 kHz, 100 dB down from 8 kHz on (for rates below
16 kHz: 0.9 and 1.0 of half the rate), in double precision, rounded once.

Samples and filters are first laid on grids (2^-25, 2^-26) on which products and sums of up to 4 are exact in a double, so it
does not matter in which order a machine adds; a test holds the filters' hashes. Not covered: samples beyond full scale (as
files of floats may hold), whose sums can differ by 1e-16 and, once in some hundred million, round to the other float32.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000
"""The rate at which every model of ours hears."""

_ZEROS, _STOP_DB, _CUT = 64, 100.0, 0.95  # half of the transition (3.2 / 64 = 0.05 of the band) lies on each side of the cut
_SAMPLE_GRID, _TAP_GRID = 2.0**25, 2.0**26  # 150 dB below full scale; 2 bits for the sum, 25 and 26: the 53 of a double
_OUTPUTS = 32  # samples for which one filter matrix serves: fewer are more calls, more are more zeros in it
_TERMS = 1 << 18  # of a product, beyond which OpenBLAS starts threads: they cost more than they give, most of all in threads

Samples = npt.NDArray[np.float32]


class Resampler:
    """From ``rate_hz`` to 16 kHz, block by block.

    ``up`` output samples of a period follow from the ``down`` input samples below them and as many on each side as the
    filter reaches: y[n] = sum over k of x[k] h(n down - k up), a product of rows of samples with a bank of filters.
    """

    def __init__(self, rate_hz: int):
        self.up, self.down, self.reach, self.bank = filters(rate_hz)
        self.held = np.zeros(self.reach)  # before the beginning lie zeros
        self.heard = self.given = 0

    def take(self, block: npt.NDArray[np.float64]) -> Samples:
        """The output samples of the periods that are whole with this block; the rest waits for the next."""
        self.heard += len(block)
        self.held = np.concatenate([self.held, np.rint(block * _SAMPLE_GRID) / _SAMPLE_GRID])
        periods = max(len(self.held) - 2 * self.reach, 0) // self.down
        if not periods:
            return np.empty(0, np.float32)
        rows = np.lib.stride_tricks.sliding_window_view(self.held, self.down + 2 * self.reach)[:: self.down][:periods]
        given = np.hstack([_product(rows[:, a : a + len(m)], m) for a, m in self.bank]).ravel()
        self.held = self.held[periods * self.down :].copy()
        self.given += len(given)
        return given.astype(np.float32)

    def rest(self) -> Samples:
        """What was still waiting; beyond the end lie zeros."""
        wanted = -(-self.heard * self.up // self.down) - self.given
        return self.take(np.zeros(self.down + self.reach))[:wanted]


def _product(rows: npt.NDArray[np.float64], taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``rows @ taps``, so few rows at a time that one thread does it."""
    few = max(1, _TERMS // taps.size)
    whole = len(rows) // few * few
    result = np.empty((len(rows), taps.shape[1]))
    stacked = np.ascontiguousarray(rows[:whole]).reshape(-1, few, len(taps))
    np.matmul(stacked, taps, out=result[:whole].reshape(-1, few, taps.shape[1]))
    np.matmul(np.ascontiguousarray(rows[whole:]), taps, out=result[whole:])
    return result


@lru_cache(maxsize=4)
def filters(rate_hz: int) -> tuple[int, int, int, list[tuple[int, npt.NDArray[np.float64]]]]:
    """``up``, ``down``, ``reach``, and the bank: (first input sample, [input, output]) for some outputs at a time.

    h(t) = c sin(pi c t) / (pi c t) under Kaiser's window, t in samples of the slower of both rates.
    """
    common = math.gcd(rate_hz, RATE_HZ)
    up, down = RATE_HZ // common, rate_hz // common
    slower, times = max(up, down), max(1, _OUTPUTS // up)
    reach = -(-_ZEROS * slower // up)
    beta = 0.1102 * (_STOP_DB - 8.7)  # Kaiser, IEEE Symposium on Circuits and Systems, 1974
    bank = []
    for first in range(0, up * times, _OUTPUTS):
        outputs = np.arange(first, min(first + _OUTPUTS, up * times))
        begin = first * down // up  # counted from ``reach`` before the period
        inputs = np.arange(begin, int(outputs[-1]) * down // up + 2 * reach + 1)
        at = (outputs[None] * down - (inputs[:, None] - reach) * up) / slower
        window = np.i0(beta * np.sqrt(np.clip(1 - (at / _ZEROS) ** 2, 0, None))) / np.i0(beta) * (np.abs(at) <= _ZEROS)
        taps = _CUT * np.sinc(_CUT * at) * window * (up / slower)
        bank.append((begin, np.rint(taps * _TAP_GRID) / _TAP_GRID))
    return up * times, down * times, reach, bank
