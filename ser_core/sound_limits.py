"""From where on a recording is suspect: too soft, clipped, of a length that too many share.

``index`` names the files, ``audit`` judges the set; both go by these limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

SOFT_BELOW = 0.01
"""Peak, relative to full scale; speech that is recorded with care peaks above 0.1."""
CLIPPED_ABOVE = 1e-4
"""Share of samples at full scale; a clip that was brought to full scale has one or two such samples."""
EQUAL_SHARE, EQUAL_CLIPS = 0.2, 5
"""At least this share of a corpus's clips, and no fewer than so many, of one length: speech never does that, so they were
cut or padded. (Clips cut from video share the lengths of its frames, but of these lengths there are many.)"""


def equal_lengths(durations_s: Iterable[float]) -> dict[float, int]:
    """Lengths (to a tenth of a millisecond) that suspiciously many clips have, and how many; the shortest first.

    >>> equal_lengths([2.0] * 6 + [1.5, 1.6])
    {2.0: 6}
    """
    counts = Counter(round(float(duration_s), 4) for duration_s in durations_s)
    many = max(EQUAL_CLIPS, EQUAL_SHARE * counts.total())
    return {duration_s: count for duration_s, count in sorted(counts.items()) if count >= many}
