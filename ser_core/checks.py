"""What may stand in the three tables: each field, each row, and the three together.

Problems found here carry the table's name as file and the row (from 0) as line; ``located`` turns both into what a person
can open. That keeps line counting, which must read the file again, off the path where nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core import languages
from ser_core.emotions import CANNOT_SAY, EMOTIONS, NEUTRAL
from ser_core.errors import Problem, nearest
from ser_core.table_files import line_of
from ser_core.tables import (
    MARKED_NONE,
    MARKED_PARTS,
    MARKED_WHOLE,
    RATER_TYPES,
    SETTINGS,
    Table,
    Tables,
    marked_as,
)

TOLERANCE_S = 0.001
"""A part may end so long after its clip: durations are often written with three decimals."""

ROUNDING_S = 1e-6
"""Parts overlap by more than this, or not at all: less is the rounding of sums of frames."""


def located(problem: Problem, paths: Mapping[str, Any]) -> Problem:
    """The problem with the path and line (the row, for Parquet) of its table; without a path, the row counted from 1."""
    path = paths.get(str(problem.file))
    if path is None or problem.line is None:
        return Problem(problem.what, path or problem.file, None if problem.line is None else problem.line + 1)
    if Path(path).suffix == ".parquet":
        return Problem(f"row {problem.line + 1}: {problem.what}", path)
    return Problem(problem.what, path, line_of(Path(path), problem.line))


def number(column: pd.Series) -> pd.Series:
    """Text as numbers, NaN where a field is empty or no number."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    code, different = pd.factorize(column)  # most columns repeat few texts
    known = pd.to_numeric(pd.Series(different, dtype=column.dtype).replace("", np.nan), errors="coerce")
    values = np.append(known.to_numpy(dtype=float), np.nan)
    return pd.Series(values[code], column.index, name=column.name)


def _empty(column: pd.Series) -> pd.Series:
    """Which fields hold nothing."""
    if pd.api.types.is_numeric_dtype(column):
        return column.isna()
    return column.isna() | (column.astype("str") == "")


def _telling(data: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    """The keys in which rows differ at all: only these can tell rows apart."""
    return [key for key in keys if data[key].nunique(dropna=False) > 1] or list(keys[:1])


def _rows(data: pd.DataFrame, mask: pd.Series | np.ndarray) -> Iterator[tuple[int, Any]]:
    positions = np.flatnonzero(np.asarray(mask))
    return ((int(i), data.iloc[i]) for i in positions)


def check_fields(data: pd.DataFrame, table: Table) -> Iterator[Problem]:
    """Fields that are empty and may not be, or that are no number and should be."""
    for column in table.columns:
        if column.name not in data:
            continue
        values = data[column.name]
        empty = _empty(values)
        if column.required:
            yield from (Problem(f"'{column.name}' is empty ({column.help})", table.name, i) for i, _ in _rows(data, empty))
        if column.kind == "number":
            bad = ~empty & ~np.isfinite(number(values))
            what = "'{}' is not a number: '{}'"
            yield from (Problem(what.format(column.name, row[column.name]), table.name, i) for i, row in _rows(data, bad))


def check_rows(data: pd.DataFrame, table: Table) -> Iterator[Problem]:
    """Rows that stand twice, and what a row of this table cannot say."""
    keys = [k for k in table.key if k in data]
    for i, row in _rows(data, data.duplicated(_telling(data, keys), keep="first")):
        named = ", ".join(f"{k} '{row[k]}'" for k in keys if row[k] != "" and not pd.isna(row[k]))
        yield Problem(f"duplicate row: {named} stands above already", table.name, i)
    yield from _CHECKS[table.name](data)


def _check_stimuli(data: pd.DataFrame) -> Iterator[Problem]:
    tags = ~data["language"].map(languages.is_tag).astype(bool) & (data["language"] != "")
    for i, row in _rows(data, tags):
        yield Problem(f"'{row['language']}' is not a BCP 47 language tag like de, cmn or cmn-x-tianjin", "stimuli", i)
    for i, row in _rows(data, (data["truth"] != "") & ~data["truth"].isin(EMOTIONS)):
        yield Problem(f"unknown emotion '{row['truth']}'. {nearest(row['truth'], EMOTIONS)}", "stimuli", i)
    for i, row in _rows(data, data["duration_s"] <= 0):
        yield Problem(f"'duration_s' must be more than 0, not {row['duration_s']:g}", "stimuli", i)
    half = data["truth_start_s"].isna() != data["truth_end_s"].isna()
    for i, _ in _rows(data, half):
        yield Problem("'truth_start_s' and 'truth_end_s' go together; one is empty", "stimuli", i)
    for i, _ in _rows(data, data["truth_start_s"].notna() & (data["truth"] == "")):
        yield Problem("'truth_start_s' says where an emotion starts, but 'truth' does not say which", "stimuli", i)
    yield from _check_interval(data, "stimuli", "truth_start_s", "truth_end_s", data["duration_s"])


def _check_raters(data: pd.DataFrame) -> Iterator[Problem]:
    for i, row in _rows(data, ~data["rater_type"].isin(RATER_TYPES)):
        yield Problem(f"unknown rater_type '{row['rater_type']}'. {nearest(row['rater_type'], RATER_TYPES)}", "raters", i)
    for i, row in _rows(data, (data["setting"] != "") & ~data["setting"].isin(SETTINGS)):
        yield Problem(f"unknown setting '{row['setting']}'. {nearest(row['setting'], SETTINGS)}", "raters", i)
    for name in ("native_languages", "dialects", "proficiency"):
        wrong = {text: found for text in data[name].unique() if (found := _no_tags(text))}
        for i, row in _rows(data, data[name].isin(wrong)):
            for part in wrong[row[name]]:
                yield Problem(f"'{name}' holds '{part}', which is not a BCP 47 tag like de or en:C1", "raters", i)
    yield from _check_groups(data.reset_index(drop=True))


def _check_groups(data: pd.DataFrame) -> Iterator[Problem]:
    """A group is people or models; one name for both would stand for two rows of every result."""
    compared = data[data["rater_type"].isin(("human", "machine"))]
    named = compared["group"].where(compared["group"] != "", compared["rater_type"])  # what scores call who has no group
    first = compared.groupby(named)["rater_type"].transform("first")
    what = "group '{}' holds a {} rater here and a {} one above; give people and models groups of different names"
    other = compared.assign(_name=named, _first=first)[compared["rater_type"] != first]
    for row in other.drop_duplicates("_name").reset_index(names="_row").to_dict("records"):
        yield Problem(what.format(row["_name"], row["rater_type"], row["_first"]), "raters", int(row["_row"]))


def _no_tags(text: str) -> list[str]:
    return [part for part in text.split() if not languages.is_tag(part.partition(":")[0])]


def _check_ratings(data: pd.DataFrame) -> Iterator[Problem]:
    labels = (*EMOTIONS, CANNOT_SAY)
    for i, row in _rows(data, (data["label"] != "") & ~data["label"].isin(labels)):
        yield Problem(f"unknown label '{row['label']}'. {nearest(row['label'], labels)}", "ratings", i)
    for i, row in _rows(data, (data["weight"] < 0) | (data["weight"] > 1)):
        yield Problem(f"'weight' must lie between 0 and 1, not {row['weight']:g}", "ratings", i)
    for i, _ in _rows(data, data["start_s"].isna() != data["end_s"].isna()):
        yield Problem("'start_s' and 'end_s' go together; one is empty", "ratings", i)
    yield from _check_interval(data, "ratings", "start_s", "end_s", pd.Series(np.inf, data.index))
    yield from _check_ways(data.reset_index(drop=True))
    yield from _check_parts(data.reset_index(drop=True))


def _check_ways(data: pd.DataFrame) -> Iterator[Problem]:
    """Of one clip in one hearing a rater said one thing: it as a whole, parts of it, or that no single part shows it."""
    how, is_part = marked_as(data), data["start_s"].notna()
    if is_part.any() or (how != "").any():
        yield from _several_ways(data, how, is_part)
    if "part" in data:
        meant = data["part"].str.strip().str.lower()
        for i, row in _rows(data, (how == "") & meant.isin((MARKED_PARTS, MARKED_WHOLE, MARKED_NONE))):
            yield Problem(f"'part' holds '{row['part']}'; write '{meant.iloc[i]}'", "ratings", i)


def _several_ways(data: pd.DataFrame, how: pd.Series, is_part: pd.Series) -> Iterator[Problem]:
    marking = data.groupby(["rater", "stimulus", "repeat"]).ngroup()
    whole = ~is_part & is_part.groupby(marking).transform("any")
    none = whole & (how == MARKED_NONE)
    ways = how.mask(is_part & (how == ""), MARKED_PARTS)
    ways = ways.where(ways.isin((MARKED_PARTS, MARKED_WHOLE)))
    above = ways.groupby(marking).transform("first")
    for rule, said in (
        (
            whole & (how == ""),
            "a label of the whole clip here, and a part of it in another row; where both come from marking the clip, say so "
            f"with '{MARKED_PARTS}' or '{MARKED_WHOLE}' in a column 'part', else keep one",
        ),
        (none, f"'{MARKED_NONE}' (no single part) here, and a part of the clip in another row"),
        (
            is_part & (how == MARKED_NONE) & ~none.groupby(marking).transform("any"),
            f"'{MARKED_NONE}' (no single part) and a part of the clip in one row",
        ),
        (ways.notna() & (ways != above), "a marking of the kind '{}' here, and of the kind '{}' in a row above"),
    ):
        for i, row in _rows(data, rule & ~marking.where(rule).duplicated()):
            what = said.format(ways.iloc[i], above.iloc[i])
            yield Problem(f"rater '{row['rater']}' has for stimulus '{row['stimulus']}' {what}", "ratings", i)


def _check_parts(data: pd.DataFrame) -> Iterator[Problem]:
    """No part of a clip was marked twice with one label, nor as an emotion and none."""
    unit = ["rater", "stimulus", "repeat"]
    chosen = data[data["start_s"].notna() & (data["weight"] == 1)].sort_values([*unit, "start_s", "end_s"], kind="stable")
    unnamed = chosen["label"].isin((NEUTRAL, CANNOT_SAY))
    what = "rater '{}' marked '{}' in stimulus '{}' from {:g} s, where an earlier row's {} has not ended ({:g} s)"
    for other, reach in (
        ("part of the same label", _reach(chosen, [*unit, "label"], chosen["end_s"])),
        ("other label", _reach(chosen, unit, chosen["end_s"].where(~unnamed)).where(unnamed)),
        ("neutral or cannot_say", _reach(chosen, unit, chosen["end_s"].where(unnamed)).where(~unnamed)),
    ):
        overlaps = chosen.assign(_reach=reach)[reach > chosen["start_s"] + ROUNDING_S]
        for row in overlaps.sort_index().reset_index(names="_row").to_dict("records"):
            said = what.format(row["rater"], row["label"], row["stimulus"], row["start_s"], other, row["_reach"])
            yield Problem(said, "ratings", int(row["_row"]))


def _reach(chosen: pd.DataFrame, unit: list[str], end_s: pd.Series) -> pd.Series:
    """How far the earlier parts of a unit go; NaN where there is none. ``chosen`` is in the order of its starts."""
    keys = [chosen[name] for name in unit]
    return end_s.groupby(keys).cummax().groupby(keys).ffill().groupby(keys).shift()


def _check_interval(data: pd.DataFrame, table: str, start: str, end: str, limit: pd.Series) -> Iterator[Problem]:
    for i, row in _rows(data, (data[start] < 0) | (data[start] >= data[end])):
        yield Problem(f"a part from {row[start]:g} s to {row[end]:g} s is not possible", table, i)
    for i, row in _rows(data, data[end] > limit + TOLERANCE_S):
        yield _late(row[end], limit.iloc[i], table, i)


def _late(end_s: float, length_s: float, table: str, row: int) -> Problem:
    guess = "; are these milliseconds?" if end_s / 1000 <= length_s + TOLERANCE_S else ""
    return Problem(f"a part ends at {end_s:g} s, after its clip ends ({length_s:g} s){guess}", table, row)


_CHECKS = {"stimuli": _check_stimuli, "raters": _check_raters, "ratings": _check_ratings}


def check_joins(tables: Tables) -> Iterator[Problem]:
    """Ratings of unknown raters or clips, of parts beyond the clip's end, and posteriors that do not sum to 1."""
    ratings = tables.ratings
    for name, other in (("rater", tables.raters), ("stimulus", tables.stimuli)):
        unknown = ~ratings[name].isin(other[name])
        for i, row in _rows(ratings, unknown):
            yield Problem(f"unknown {name} '{row[name]}'; the {name} table does not hold it", "ratings", i)
    if ratings["start_s"].notna().any() or ratings["end_s"].notna().any():
        yield from _check_places(ratings, tables.stimuli)
    yield from _check_sums(ratings)


def _check_places(ratings: pd.DataFrame, stimuli: pd.DataFrame) -> Iterator[Problem]:
    """Parts lie within their clip, and a part that is the whole clip is as long."""
    length = ratings["stimulus"].map(stimuli.drop_duplicates("stimulus").set_index("stimulus")["duration_s"])
    length = length.astype("float64")
    late = ratings["end_s"] > length + TOLERANCE_S
    yield from (_late(row["end_s"], length.iloc[i], "ratings", i) for i, row in _rows(ratings, late))
    short = (ratings["start_s"] > TOLERANCE_S) | (ratings["end_s"] < length - TOLERANCE_S)
    for i, row in _rows(ratings, short & (marked_as(ratings) == MARKED_WHOLE)):
        yield Problem(
            f"rater '{row['rater']}' has for stimulus '{row['stimulus']}' '{MARKED_WHOLE}' in the column 'part', but the "
            f"part is from {row['start_s']:g} s to {row['end_s']:g} s of {length.iloc[i]:g} s",
            "ratings",
            i,
        )


def _check_sums(ratings: pd.DataFrame) -> Iterator[Problem]:
    """Weights of one rater, clip, part and hearing sum to 1, if it is no choice of several parts."""
    unit = ["rater", "stimulus", "start_s", "end_s", "repeat"]
    alone = ~ratings.duplicated(_telling(ratings, unit), keep=False) & (ratings["weight"] == 1)
    rest, at = ratings[~alone], np.flatnonzero(~alone)
    weight = rest.groupby(unit, dropna=False)["weight"]
    total, several = weight.transform("sum"), rest["start_s"].notna() & (weight.transform("min") == 1)
    first = ~rest.duplicated(unit)
    for i, row in _rows(rest, first & ~several & ~np.isclose(total, 1, atol=1e-4)):
        yield Problem(
            f"the weights of rater '{row['rater']}' for stimulus '{row['stimulus']}' sum to {total.iloc[i]:.4g}, not 1; "
            "a choice has one row of weight 1, a posterior one row per label",
            "ratings",
            int(at[i]),
        )
