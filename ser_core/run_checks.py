"""Whether a run's clips can be heard, and whether the comparison is fair: found before anything is computed."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ser_core import languages
from ser_core.emotions import in_order
from ser_core.engine._engine import CutOff
from ser_core.engine.tasks import Measured, stamp
from ser_core.errors import BadInput, Problem
from ser_core.run_plan import Resolved
from ser_core.stimuli import line


def checked(told: Resolved, measure: Callable[[pd.DataFrame], list[Measured]]) -> Resolved:
    """Both tables with hashes and lengths, after every clip was decoded.

    Args:
        told: the plan.
        measure: what is found of the file of each row.

    Raises:
        BadInput: every clip that cannot be heard, every one in both tables, and every emotion that is not taught.
        CutOff: a clip is not any more what was measured, before the run was cut off.
    """
    rows = pd.concat([told.clips, told.train], ignore_index=True)
    problems = _absent_classes(told.clips, told.train) if told.method.learns else []
    measured = measure(rows)
    for row, found in zip(rows[["_table", "_row"]].itertuples(index=False), measured, strict=True):
        if found.problems:
            where = f" (line {line(row[0], row[1])} of {row[0]})"
            problems += [Problem(p.what + where, p.file) for p in found.problems]
    facts = pd.DataFrame({"sha256": [m.sha256 for m in measured], "duration_s": [m.duration_s for m in measured]})
    count = len(told.clips)
    clips = told.clips.assign(**facts.iloc[:count].reset_index(drop=True))  # type: ignore[arg-type]
    train = told.train.assign(**facts.iloc[count:].reset_index(drop=True))  # type: ignore[arg-type]
    problems += _in_both(clips, train)
    if problems:
        raise BadInput(*problems)
    _still_the_same(rows["file"].tolist(), measured)
    return told.checked(clips, train)


def _still_the_same(files: list[str], measured: list[Measured]) -> None:
    changed = [file for file, found in zip(files, measured, strict=True) if not _is(file, found)]
    what = "was changed after it was checked; put it back as it was, or add --fresh to throw away what is finished"
    if changed:
        raise CutOff(*(Problem(what, file) for file in dict.fromkeys(changed)))


def _is(file: str, found: Measured) -> bool:
    try:
        return stamp(file) == (found.size, found.changed_ns)
    except OSError:
        return False


def by_language(clips: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The clips of each language, by its normal tag."""
    parts = clips.groupby(clips["language"].map(languages.normal), sort=True)
    return [(str(language), part) for language, part in parts]


def _absent_classes(clips: pd.DataFrame, train: pd.DataFrame) -> list[Problem]:
    wanted = in_order(set(clips["truth"]) - {""})
    absent = {source: [e for e in wanted if e not in set(part["truth"])] for source, part in by_language(train)}
    what = "no training clip in language '{}' is {}; a model that never heard it cannot be compared on it"
    return [Problem(what.format(source, " or ".join(missing))) for source, missing in absent.items() if missing]


def _in_both(clips: pd.DataFrame, train: pd.DataFrame) -> list[Problem]:
    known = dict(zip(train["sha256"], train["stimulus"], strict=True))
    both = clips[clips["sha256"].isin(known) & (clips["sha256"] != "")]
    what = "'{}' is also in training (as '{}'): a model would be asked what it was told"
    return [
        Problem(what.format(row["stimulus"], known[row["sha256"]]), row["_table"], line(row["_table"], row["_row"]))
        for row in both.to_dict("records")
    ]


def shared_speakers(clips: pd.DataFrame, train: pd.DataFrame) -> list[str]:
    """Speakers in both tables, each as ``corpus speaker``."""

    def speakers(table: pd.DataFrame) -> set[tuple[str, str]]:
        return {pair for pair in zip(table["corpus"], table["speaker"], strict=True) if pair[1]}

    return [" ".join(pair).strip() for pair in sorted(speakers(clips) & speakers(train))]
