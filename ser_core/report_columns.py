"""What every column of every table in a report means; the rows of its ``codebook.csv``.

The columns of measures stand with the measures, those of the three tables in ``tables.py``, what a listening test adds to
them in ``further_columns.py``; here stand those of what ``score`` and ``compare`` make beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ser_core import made_up
from ser_core.further_columns import FURTHER
from ser_core.measures._measure import CI_HIGH, CI_LOW, GROUP, RATER_TYPE, measures
from ser_core.tables import Column, codebook

_LANGUAGE = Column("language", "what is spoken in the clips, BCP 47; empty = all of it")
_RATER = Column("rater", "a single rater; empty = the whole group, pooled")
_EMOTION = Column("emotion", "of clips spoken in it; empty = of all")
RESULTS: Mapping[str, tuple[Column, ...]] = {
    "scores": (
        Column("metric", "what was measured, by its short name"),
        _RATER,
        GROUP,
        RATER_TYPE,
        _LANGUAGE,
        Column("corpus", "one of several corpora of this language; empty = all of them"),
        _EMOTION,
        Column("value", "the measure; empty where it is undefined", "number"),
        Column("n", "how many judgements (of EDER: markings) it rests on; 0 where it is undefined", "number"),
        CI_LOW,
        CI_HIGH,
    ),
    "confusion": (
        _RATER,
        GROUP,
        _LANGUAGE,
        Column("truth", "the emotion that the speaker was asked for"),
        Column("label", "the emotion heard, or cannot_say"),
        Column("count", "judgements", "number"),
        Column("share", "of the judgements of clips of this truth, 0 to 1", "number"),
        Column("share_of_label", "of the judgements with this label, 0 to 1; empty where nobody gave it", "number"),
    ),
    "segments": (
        Column("rater", "who marked"),
        Column("stimulus", "which clip"),
        Column("eder", "emotion diarization error rate: the four errors over the clip's length, 0 is best", "number"),
        Column("me_s", "seconds of an emotion that was missed", "number"),
        Column("fa_s", "seconds of an emotion heard where there is none", "number"),
        Column("ol_s", "seconds of a wrong emotion beside the right one", "number"),
        Column("cf_s", "seconds of one emotion taken for another", "number"),
        Column("duration_s", "length of the clip in seconds", "number"),
    ),
    "tests": (
        Column("family", "tests that are corrected together"),
        Column("test", "its name"),
        Column("unit", "what counts as one observation"),
        Column("a", "one side: a group, or a group under one condition"),
        Column("b", "the other side"),
        _LANGUAGE,
        _EMOTION,
        Column("metric", "what was compared, by its short name"),
        Column("mean_a", "mean of side a", "number"),
        Column("mean_b", "mean of side b", "number"),
        Column("difference", "mean_a - mean_b; of mixed models, log odds", "number"),
        Column("t", "the statistic, where the test has one", "number"),
        Column("df", "its degrees of freedom", "number"),
        Column("p", "two-sided; of equivalence, the larger of the two one-sided ones", "number"),
        Column("p_holm", "corrected within the family by Holm's method", "number"),
        Column("p_fdr", "corrected within the family by Benjamini's and Hochberg's method", "number"),
        Column("ci_low", "lower end of the 95 % interval of the difference; of equivalence, of the 90 % one", "number"),
        Column("ci_high", "upper end", "number"),
        Column("effect", "Hedges' g with the sign of the difference; of mixed models, log odds in units of d", "number"),
        Column("effect_ci_low", "lower end of its 95 % interval", "number"),
        Column("effect_ci_high", "upper end", "number"),
        Column("bf10", "JZS Bayes factor for a difference, Cauchy prior of scale 0.707", "number"),
        Column("n_a", "observations of side a", "number"),
        Column("n_b", "observations of side b", "number"),
        Column("d_av", "the difference over the root of the mean of both variances", "number"),
        Column("note", "why there is no p value, or what to know of it"),
        Column("margin", "tests of equivalence: the largest difference that still counts as alike", "number"),
        Column("assumptions", "what the test assumes, checked, in words; it decides nothing"),
    ),
    "groups": (
        GROUP,
        RATER_TYPE,
        _LANGUAGE,
        Column("raters", "how many", "number"),
        Column("clips", "how many different ones they judged", "number"),
        Column("judgements", "how many", "number"),
        Column("ua_mean", "mean of one UA per rater", "number"),
        Column("ua_sd", "its standard deviation over raters", "number"),
        Column("ua_se", "its standard error", "number"),
        Column("ua_min", "the lowest UA of a rater", "number"),
        Column("ua_max", "the highest", "number"),
    ),
}


def columns(shown: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What every column of the tables means: ``table, column, kind, required, meaning``.

    Args:
        shown: the tables of a report by name; what an import brought along is said to be that.

    Raises:
        KeyError: a result of ours has a column that is declared nowhere.
    """
    shared = codebook()
    rows: list[tuple[str, str, str, str, str]] = []
    for name, data in shown.items():
        if name in FURTHER:
            known = {column.name: column for column in FURTHER[name]}
            own = set(shared.loc[shared["table"] == name, "column"])
            rows += [_row(name, known.get(str(c), _foreign(str(c)))) for c in data.columns if c not in own]
            continue
        of_measure = measures().get(name)
        known = {column.name: column for column in (of_measure.columns if of_measure else RESULTS[name])}
        known[made_up.COLUMN] = Column(made_up.COLUMN, "what of it was made up and not recorded")
        rows += [_row(name, known[str(column)]) for column in data.columns]
    return pd.concat([shared, pd.DataFrame(rows, columns=shared.columns)], ignore_index=True)


def _foreign(name: str) -> Column:
    return Column(name, "a further column of the tables that were compared, as it came with them")


def _row(table: str, column: Column) -> tuple[str, str, str, str, str]:
    return table, column.name, column.kind, "yes" if column.required else "no", column.help
