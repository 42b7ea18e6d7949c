"""Where a paper does not agree with itself: found by counting its own tables again, never typed in.

Its confusion tables are scored as ``score`` scores anybody's (``published_counts.py``), and everything else that is printed
is set against that and against the rest: UA, tests, means, ticks, what the text says is greater. Each finding says where,
what is printed, and what the other place gives.

Not checked: what the paper does not print, such as the values of single listeners. So no t can be computed again; its sign,
its p and its df can be told to fit or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from ser_core import published_counts
from ser_core.published import Published

CONTRADICTIONS = ("place", "group", "language", "emotion", "what", "printed", "found", "difference", "note")
UA_AGAINST_COUNTS = "UA (Table II) against the confusion table (Table III)"
ROW_SUM = "the shares of a row (Table III) do not sum to 1"
CUT_SHARE = "a share (Table III) was cut and not rounded"
Row = dict[str, Any]
_TICKS = {("yes", "", ""): "LoRA", ("yes", "yes", ""): "LoRA+BA+WG", ("yes", "yes", "yes"): "two-stage"}
_MODEL = ["model", "setting", "source", "target"]
_PRINTED = 0.0005 + 1e-9
"""Half of the last digit of a UA printed in percent with one decimal."""


def contradictions(paper: Published) -> pd.DataFrame:
    """Every place that was found; columns ``CONTRADICTIONS``, in the order of the paper's tables.

    ``difference`` is ``found`` less ``printed``; all three are empty where no number is at fault.

    >>> from ser_core.published import read
    >>> rows = contradictions(read("han2025"))
    >>> rows.loc[rows["what"] == UA_AGAINST_COUNTS, ["group", "language", "printed", "found"]].round(3).values.tolist()
    [['CN listeners', 'cmn', 0.795, 0.799], ['CN listeners', 'de', 0.733, 0.736], ['DE listeners', 'de', 0.917, 0.927]]
    """
    rows = [row for check in _CHECKS for row in check(paper)]
    data = pd.DataFrame(rows, columns=list(CONTRADICTIONS))
    numbers = data[["printed", "found"]].astype("float64")
    texts = {name: data[name].fillna("") for name in CONTRADICTIONS if name not in (*numbers, "difference")}
    return data.assign(**texts, **numbers, difference=numbers["found"] - numbers["printed"])


# --- Table I ---


def _logs(paper: Published) -> Iterator[Row]:
    """UA of a strategy against the authors' log of the same strategy, and logs that stand in no row."""
    if not {"table1", "logs"} <= set(paper.tables):
        return
    logs = paper.tables["logs"]
    for key, rows in paper.tables["table1"].groupby(_MODEL, sort=False):
        block = [str(name) for name in key]
        known = logs[(logs[_MODEL] == block).all(axis=1)].set_index("strategy")["ua_percent"]
        called = {"place": "Table I", "group": f"{block[0]} {block[1]}", "language": block[3]}
        for row in rows.to_dict("records"):
            strategy, value = _strategy(row), row["ua_percent"]
            same = [name for name, logged in known.items() if logged == value]
            if strategy in same:
                continue
            told = f"the log of {' and of '.join(map(str, same))} has it" if same else "no log has it"
            found = known.get(strategy, np.nan)
            what = f"UA of {strategy} by the ticks, against the log of {strategy}"
            missing = f"there is no log of {strategy}; " if np.isnan(found) else ""
            yield {**called, "what": what, "printed": value / 100, "found": found / 100, "note": missing + told}
        for unprinted, logged in known[~known.isin(rows["ua_percent"])].items():
            what = f"the log of {unprinted} stands in no row"
            yield {**called, "what": what, "found": logged / 100}


def _same_ticks(paper: Published) -> Iterator[Row]:
    """Two rows of one block with the same ticks and different values."""
    rows = paper.tables.get("table1", pd.DataFrame(columns=[*_MODEL, "lora", "ba_wg", "two_stage", "ua_percent"]))
    for (*block, _, _, _), twins in rows.groupby([*_MODEL, "lora", "ba_wg", "two_stage"], sort=False):
        if len(twins) > 1:
            values = " and ".join(f"{value:g}" for value in twins["ua_percent"])
            what = f"{len(twins)} rows have the same ticks, those of {_strategy(twins.iloc[0])}"
            called = {"place": "Table I", "group": f"{block[0]} {block[1]}", "language": block[3]}
            yield {**called, "what": what, "note": f"their UA is {values} %"}


def _strategy(row: Any) -> str:
    return _TICKS[row["lora"], row["ba_wg"], row["two_stage"]]


# --- Tables II and III ---


def _ua(paper: Published) -> Iterator[Row]:
    for row in paper.scores[paper.scores["metric"] == "ua"].to_dict("records"):
        found = published_counts.scored(paper.name).scores.query(
            "metric == 'ua' and rater == '' and group == @row['group'] and language == @row['language']"
        )
        if found.empty or abs(found["value"].iloc[0] - row["value"]) <= _PRINTED:
            continue
        n = int(found["n"].iloc[0])
        right = round(found["value"].iloc[0] * n)
        note = f"{right} of {n} are right by the confusion table; printed is {round(row['value'] * n)} of {n}"
        called = {"place": "Table II", "group": row["group"], "language": row["language"]}
        yield {**called, "what": UA_AGAINST_COUNTS, "printed": row["value"], "found": found["value"].iloc[0], "note": note}


def _rows_of_shares(paper: Published) -> Iterator[Row]:
    cells = published_counts.counts(paper)
    for (panel, group, language, truth), row in cells.groupby(["panel", "group", "language", "truth"], sort=False):
        called = {"place": f"Table III ({panel})", "group": group, "language": language, "emotion": truth}
        total = round(float(row["share"].sum()), 2)
        size = int(row["judgements"].iloc[0])
        if total != 1:
            note = f"the counts behind them do: {' + '.join(map(str, row['count']))} = {size}"
            yield {**called, "what": ROW_SUM, "printed": total, "found": 1.0, "note": note}
        for cell in row[row["printed"] == "cut"].to_dict("records"):
            note = f"heard as {cell['label']}: {cell['count']}/{size}"
            yield {**called, "what": CUT_SHARE, "printed": cell["share"], "found": cell["count"] / size, "note": note}


# --- Table IV ---


def _means(paper: Published) -> Iterator[Row]:
    rows = paper.tables.get("table4", pd.DataFrame(columns=["group", "language", "emotion", "eder_percent"]))
    for (group, language), part in rows.groupby(["group", "language"], sort=False):
        mean = part.loc[part["emotion"] != "", "eder_percent"].mean()
        for printed in part.loc[part["emotion"] == "", "eder_percent"]:
            if abs(mean - printed) > 100 * _PRINTED:
                what = "the mean of EDER (Table IV) against the values of the emotions"
                called = {"place": "Table IV", "group": group, "language": language}
                yield {**called, "what": what, "printed": printed / 100, "found": mean / 100}


# --- the text ---


def _degrees_of_freedom(paper: Published) -> Iterator[Row]:
    """df = nₐ + nᵦ - 2 is Student's; Welch's is smaller unless both variances are the same, a paired test's is n - 1."""
    people = paper.tables.get("design", pd.DataFrame(columns=["rater_type", "judges"])).query("rater_type == 'human'")
    for row, called in _tests(paper):
        n = int(people["judges"].iloc[0])
        if row["group_a"] == row["group_b"]:
            what = f"df {row['df']:g} where the same {n} listeners are compared with themselves"
            yield {**called, "what": what, "printed": row["df"], "found": n - 1, "note": "df of a paired test"}
        elif row["df"] == 2 * n - 2:
            what = f"df {row['df']:g} of a Welch's test of {n} and {n} listeners"
            note = "Student’s df; Welch’s is smaller, and no whole number, unless both variances are equal"
            yield {**called, "what": what, "note": note}


def _repeated_t(paper: Published) -> Iterator[Row]:
    """One t for two comparisons, or one measure and emotion with two."""
    tests = list(_tests(paper))
    for n, (row, called) in enumerate(tests):
        for other, there in tests[:n]:
            if row["t"] == other["t"] and _compared(called) != _compared(there):
                what, note = f"t = {row['t']:g} is printed twice", f"also for {there['what']}, section {other['section']}"
                yield {**called, "what": f"{what}: here for {called['what']}", "note": note}


def _signs_and_p(paper: Published) -> Iterator[Row]:
    """The sign of t against the difference in the confusion tables, and p against t and df."""
    from scipy.stats import t as student

    for row, called in _tests(paper):
        value = [_values(paper, "3", row["metric"], row["emotion"], row[f"group_{s}"], row[f"language_{s}"]) for s in "ab"]
        for (_, a), (_, b) in zip(*value, strict=True):
            if np.sign(a - b) != np.sign(row["t"]):
                what = f"the sign of t for {called['what']} against Table III"
                yield {**called, "what": what, "printed": row["t"], "note": f"{a:.3f} against {b:.3f}"}
        p, (sign, bound) = 2 * student.sf(abs(row["t"]), row["df"]), row["p"].split()
        fits = p < float(bound) if sign == "<" else round(p, len(bound.partition(".")[2])) == float(bound)
        if not fits:
            yield {**called, "what": f"p {row['p']} against t and df of {called['what']}", "found": p}


def _claims(paper: Published) -> Iterator[Row]:
    """What the text calls greater and its tables do not."""
    for row in _records(paper, "claims"):
        ask = row["metric"], row["emotion"]
        for a, greater in _values(paper, row["greater_table"], *ask, row["greater"], row["greater_language"]):
            for b, less in _values(paper, row["less_table"], *ask, row["less"], row["less_language"]):
                if greater <= less:
                    where = {"place": f"Section {row['section']}", "group": row["greater"], "emotion": row["emotion"]}
                    measure = row["metric"].upper() if row["metric"] in ("ua", "eder") else row["metric"]
                    what = f"the text says that {row['says']}; by {measure} it is not so"
                    note = f"{a}: {greater:.3f}; {b}: {less:.3f}"
                    yield {**where, "language": row["greater_language"], "what": what, "note": note}


def _tests(paper: Published) -> Iterator[tuple[Row, Row]]:
    """Each printed test, and how a finding about it begins."""
    for row in _records(paper, "statistics"):
        a, b = ((row[f"group_{s}"], row[f"language_{s}"] or "all languages") for s in "ab")
        same_clips = a[1] == b[1]
        against = f"{a[0]} and {b[0]} on {a[1]}" if same_clips else f"{a[0]} on {a[1]} and on {b[1]}"
        called = {"place": f"Section {row['section']}", "group": row["group_a"], "language": row["language_a"]}
        yield row, {**called, "emotion": row["emotion"], "what": f"{row['metric']} of {row['emotion']}, {against}"}


def _records(paper: Published, table: str) -> list[Row]:
    rows = paper.tables.get(table, pd.DataFrame()).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _compared(called: Row) -> tuple[str, ...]:
    return tuple(called[name] for name in ("what", "place"))


def _values(paper: Published, table: str, metric: str, emotion: str, group: str, language: str) -> list[tuple[str, float]]:
    """Every value that one of the tables (1 to 4) has of a group in a language, with the name of its row."""
    if table == "1":
        rows = paper.tables["table1"]
        own = (rows["model"] + " " + rows["setting"] == group) & (rows["target"] == language)
        return [(f"{group}, {_strategy(row)}", row["ua_percent"] / 100) for row in rows[own].to_dict("records")]
    if table == "4":
        rows = paper.tables["table4"].rename(columns={"eder_percent": "value"}).assign(metric="eder")
    else:
        rows = paper.scores if table == "2" else published_counts.scored(paper.name).scores
        rows = rows[rows["rater"] == ""]
    own = (rows["metric"] == metric) & (rows["emotion"] == emotion)
    own &= (rows["group"] == group) & (rows["language"] == language)
    return [(group, float(value)) for value in rows.loc[own, "value"]]


_CHECKS: tuple[Callable[[Published], Iterator[Row]], ...] = (
    _logs, _same_ticks, _ua, _rows_of_shares, _means, _degrees_of_freedom, _repeated_t, _signs_and_p, _claims,
)  # fmt: skip
