"""What the user did wrong, said so that they can mend it: what is wrong, what we got, what to do, and where.

``BadInput`` carries every problem found, not just the first, because a researcher who mends one line and meets the next
error on the next start loses an afternoon. Everything else that is raised is our own mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing to mend: a sentence, and the file and line (counted from 1) where it stands."""

    what: str
    file: str | Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Read like a compiler's message, so that editors can jump to it.

        >>> str(Problem("duplicate id '007'", "stimuli.csv", 3))
        "stimuli.csv:3: duplicate id '007'"
        """
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{where}: {self.what}" if where else self.what


class BadInput(Exception):
    """The user's input cannot be used as it is; ``problems`` lists all that is wrong with it."""

    def __init__(self, *problems: Problem | str):
        self.problems = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that helps with a slip of the pen, or that lists what there is.

    >>> nearest("angryy", ["angry", "happy"])
    "Did you mean 'angry'?"
    >>> nearest("xyz", ["angry", "happy"])
    'Known: angry, happy.'
    """
    names = sorted(known)
    if not names:
        return "There is none."
    close = get_close_matches(word, names, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(names)}."
