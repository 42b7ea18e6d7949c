"""Published shares as the whole numbers they were: a confusion table of k/72 becomes judgements that ``score`` can read.

What a paper prints of a group is how often all its listeners together gave each label to all clips of an emotion. Who said
it, and of which clip, is not printed, so nobody is made up for it: a group is one rater, "published counts", and the clips
of one emotion and language are one clip, which that rater judged as often as there were judgements (``repeat``). UA,
recall, precision and every cell are then those of the paper's own listeners; whatever needs single listeners or single
clips (intervals, t-tests, agreement) says that it cannot be told.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from ser_core import scores
from ser_core.errors import BadInput, Problem
from ser_core.published import FOLDER, Published, read
from ser_core.ratings import check
from ser_core.tables import PUBLISHED_COUNTS, RATERS, RATINGS, STIMULI, Tables, frame

HALF = 0.005 + 1e-9
"""Shares are printed with two digits."""

_WHERE = ["rater_type", "language"]


def countable(paper: Published) -> bool:
    """Whether a paper prints confusion tables, and it is known of how many judgements."""
    return not paper.confusion.empty and "design" in paper.tables


def counts(paper: Published) -> pd.DataFrame:
    """The cells of the printed confusion tables as whole numbers of judgements.

    A share is k of ``judgements`` (``design.csv``), rounded to two digits, or where no k rounds to it, cut after the second.
    As 1/72 and 1/60 are more than 0.01, there is never more than one such k.

    Returns:
        ``paper.confusion`` with ``count``, ``judgements`` of the row and ``printed``: ``rounded`` or ``cut``.

    Raises:
        BadInput: a share is no k of its judgements, or the counts of a row do not sum to them.

    >>> row = counts(read("han2025")).query("panel == 'c' and truth == 'happy'").set_index("label")
    >>> row["count"].tolist(), row["printed"].tolist()
    ([0, 68, 4, 0], ['rounded', 'rounded', 'cut', 'rounded'])
    """
    rows = paper.confusion.merge(paper.tables["design"][[*_WHERE, "judgements"]], on=_WHERE, how="left")
    size, share = rows["judgements"], rows["share"]
    near, above = (share * size).round(), np.ceil(share * size - 1e-9)
    rounded = (near / size - share).abs() <= HALF
    cut = ~rounded & (above / size - share < 2 * HALF)
    rows = rows.assign(count=near.where(rounded, above), printed=np.where(rounded, "rounded", np.where(cut, "cut", "")))
    key = ["group", "language", "truth"]
    sums = rows.groupby(key)["count"].transform("sum")
    odd = rows[(rows["printed"] == "") | (sums != size)].drop_duplicates(key)
    if len(odd):
        what = "{group}, {language}, {truth}: no whole numbers of {judgements:g} give the shares of this row"
        raise BadInput(*(Problem(what.format(**row), FOLDER / paper.name) for row in odd.to_dict("records")))  # type: ignore[arg-type]
    return rows.astype({"count": "int64", "judgements": "int64"})


@cache
def tables(name: str) -> Tables:
    """The three tables of a paper's counts; see the head of this file for what a rater and a clip are here.

    Raises:
        BadInput: there is no such paper, or it prints no confusion table.
    """
    paper = read(name)
    if not countable(paper):
        raise BadInput(Problem(f"'{name}' prints no confusion table that could be counted", FOLDER / name))
    cells = _cells(paper)
    clips, raters = (_one_of_each(cells, *columns) for columns in (_CLIP, _RATER))
    made = Tables(frame(STIMULI, clips), frame(RATERS, raters), frame(RATINGS, _judgements(cells)))
    problems = check(made)
    assert not problems, problems
    return made


@cache
def scored(name: str) -> scores.Scores:
    """What ``score`` writes of these tables; without intervals, for the spread of listeners and clips is not printed."""
    return scores.score(tables(name), draws=0)


def beside(paper: Published, own: pd.DataFrame, language: str) -> pd.DataFrame:
    """UA of clips in one language: printed, counted from the printed confusion tables, and one's own.

    Args:
        paper: the paper.
        own: columns ``scores.SCORES``; a group of the same name stands in the same row, the others below.
        language: of the clips.

    Returns:
        ``group, printed, counted, difference, own, ci_low, ci_high``; ``difference`` is counted less printed, of which up to
        0.0005 comes from the rounding of the printed UA. No rows where nothing is printed of that language.

    >>> table = beside(read("han2025"), pd.DataFrame(columns=list(scores.SCORES)), "cmn")
    >>> table[["group", "printed", "counted", "difference"]].round(4).values.tolist()[0]
    ['CN listeners', 0.795, 0.7986, 0.0036]
    """
    printed, counted, mine = (_ua(rows, language) for rows in (paper.scores, scored(paper.name).scores, own))
    columns = ["group", "printed", "counted", "difference", "own", "ci_low", "ci_high"]
    if printed.empty and counted.empty:
        return pd.DataFrame(columns=columns)
    theirs = pd.DataFrame({"printed": printed["value"], "counted": counted["value"]})
    both = theirs.join(mine.rename(columns={"value": "own"})[["own", "ci_low", "ci_high"]], how="outer")
    both = both.assign(difference=both["counted"] - both["printed"], _own=~both.index.isin(theirs.index))
    return both.rename_axis("group").reset_index().sort_values(["_own", "group"], ignore_index=True)[columns]


def _ua(rows: pd.DataFrame, language: str) -> pd.DataFrame:
    """UA of every group in one language, by its group."""
    own = (rows["metric"] == "ua") & (rows["rater"] == "") & (rows["corpus"] == "") & (rows["language"] == language)
    return rows[own].set_index("group")[["value", "ci_low", "ci_high"]]


_CLIP = ("stimulus", "language", "truth", "corpus")
_RATER = ("rater", "rater_type", "group", "native_languages", "encoder", "setting", PUBLISHED_COUNTS)


def _cells(paper: Published) -> pd.DataFrame:
    """Every cell with its count, its rater and its clip."""
    design = paper.tables["design"][[*_WHERE, "judges", "corpus", "clips"]]
    cells = counts(paper).merge(design, on=_WHERE)
    people = cells["rater_type"] == "human"
    judges = [f"{n:g} {'listeners' if human else 'folds'}" for n, human in zip(cells["judges"], people, strict=True)]
    clips = [f"{row['language']} {row['truth']}, {row['clips']:g} clips" for row in cells.to_dict("records")]
    return cells.assign(
        rater=cells["group"] + ", published counts",
        stimulus=[f"{paper.name} {clip}" for clip in clips],
        native_languages=cells["native_language"].where(people, ""),
        encoder=cells["group"].str.split(" ").str[0].where(~people, ""),
        setting=cells["setting"].where(~people, ""),
        **{PUBLISHED_COUNTS: [f"{who} together; who said what is not printed" for who in judges]},
    )


def _one_of_each(cells: pd.DataFrame, key: str, *facts: str) -> pd.DataFrame:
    return cells.drop_duplicates(key)[[key, *facts]].reset_index(drop=True)


def _judgements(cells: pd.DataFrame) -> pd.DataFrame:
    rows = cells.loc[np.repeat(cells.index, cells["count"]), ["rater", "stimulus", "label"]].reset_index(drop=True)
    number = rows.groupby(["rater", "stimulus"]).cumcount() + 1
    return rows.assign(weight=1.0, repeat=number.astype("str"))
