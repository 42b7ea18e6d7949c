"""Error consistency: whether two raters err on the same clips more than their accuracies alone would make them.

    kappa = (c_o - c_e) / (1 - c_e),    c_e = p_i p_j + (1 - p_i)(1 - p_j)

with c_o the share of the clips both judged on which both are right or both are wrong, and p_i, p_j their shares of right
answers on these clips. It is Cohen's kappa of right and wrong: 1 if they err on exactly the same clips, 0 if independently,
less if they err on different ones. Which wrong label was given plays no part. ``cannot_say`` is wrong.

The value of two groups is the mean over pairs of one rater of each (of two raters within a group), with at least 10 clips in
common. People with people, models with people, and models with models stand side by side: a model that hears as people do
has with people the value that people have among each other.

Source: R. Geirhos, K. Meding, F. A. Wichmann, Beyond accuracy: quantifying trial-by-trial behaviour of CNNs and humans by
measuring error consistency, NeurIPS 33, 2020.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ser_core.measures import _pairs
from ser_core.measures._answers import answers
from ser_core.measures._measure import AGAINST, AGAINST_TYPE, GROUP, LANGUAGE, RATER_TYPE, TableMeasure, as_table
from ser_core.measures.cohen_kappa import of_groups
from ser_core.ratings import Tables

COLUMNS = (
    GROUP, RATER_TYPE, AGAINST, AGAINST_TYPE, LANGUAGE,
    *_pairs.columns("kappa of right and wrong, from -1 to 1; 0: errors are independent"),
)  # fmt: skip


def _table(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    rows = answers(tables)
    rows = rows[rows["truth"] != ""]
    wrong = np.asarray(rows["label"] != rows["truth"], dtype=int)
    rows = rows.assign(label=pd.Categorical.from_codes(wrong, pd.Index(["right", "wrong"])))
    return as_table(COLUMNS, list(of_groups(rows, "error_consistency", seed=seed, draws=draws)))


MEASURE = TableMeasure(
    title="Error consistency",
    help="whether two raters err on the same clips more than their accuracies alone would make them",
    bounds=(-1, 1),
    source="R. Geirhos, K. Meding, F. A. Wichmann, NeurIPS 33, 2020",
    columns=COLUMNS,
    table=_table,
)
