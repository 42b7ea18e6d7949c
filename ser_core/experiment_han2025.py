"""One's own experiment beside a paper's table of models and its authors' logs, row by row.

Rows meet where the language that the encoder was pretrained on, the setting, source, target and strategy are the same; clips
and encoders are others. Han et al. 2025 print three rows for each of these but the strategy, and their ticks do not agree
with their logs; by the logs the rows are, in their order, perhaps the frozen probe, LoRA, and LoRA with bottleneck adapters
and weighted gating. The two-stage models of the logs stand in no row.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ser_core import languages
from ser_core.published import Published

COLUMNS = (
    "model", "setting", "source", "target", "strategy", "printed", "log", "log_lowest", "log_highest", "own", "own_lowest",
    "own_highest", "own_model", "note",
)  # fmt: skip
"""UA in [0, 1]; ``lowest`` and ``highest`` of the folds."""
STRATEGIES = ("frozen probe", "LoRA", "LoRA+BA+WG")
"""Of the three rows of a block, in their order."""
TWO_STAGE = "two-stage"

_METHODS = ("probe", "layer_probe", "tuned")
_TUNED = {frozenset[str](): STRATEGIES[0], frozenset({"lora"}): STRATEGIES[1]}
_TUNED[frozenset({"lora", "adapter", "gating"})] = STRATEGIES[2]
_KEY = ["pretrained", "setting", "source", "target", "strategy"]


def strategy(method: str, settings: str) -> str:
    """What the paper would call it; what the paper has not is called as it is here.

    >>> strategy("tuned", "tune=lora+adapter+gating lora_rank=8"), strategy("layer_probe", "preset=as_run")
    ('LoRA+BA+WG', 'frozen probe')
    >>> strategy("tuned", "tune=prompt"), strategy("majority", "")
    ('tuned tune=prompt', 'majority')
    """
    tuned = dict(word.partition("=")[::2] for word in settings.split()).get("tune", "")
    own = f"{method} {settings}".strip()
    return _TUNED.get(frozenset(tuned.split("+")) - {""}, own) if method in _METHODS else own


def beside(paper: Published, cells: pd.DataFrame, spoken: Mapping[str, str]) -> pd.DataFrame:
    """The paper's rows with one's own, then those of the paper alone, then one's own that the paper has not.

    Args:
        paper: one with the tables ``table1`` and ``logs``.
        cells: ``experiment_tables.best`` of one's own.
        spoken: the language that each encoder was pretrained on, where it is told.

    Returns:
        ``COLUMNS``.
    """
    theirs = _theirs(paper)
    both = theirs.merge(_own(cells, spoken), on=_KEY, how="outer", indicator=True)
    both = both.assign(_alone=(both["_merge"] != "both"), _place=both["_place"].fillna(len(theirs)))
    ordered = both.sort_values(["_alone", "_place", "_own"])
    texts = {name: ordered[name].fillna("") for name in ("model", "note", "own_model")}
    return ordered.assign(**texts)[list(COLUMNS)].reset_index(drop=True)


def _theirs(paper: Published) -> pd.DataFrame:
    """Each row of the table with what the logs say of it; those of the logs alone below their block."""
    where = ["model", "setting", "source", "target"]
    printed, logs = paper.tables["table1"], paper.tables["logs"]
    named = printed.assign(strategy=printed.groupby(where).cumcount().map(dict(enumerate(STRATEGIES))))
    folds = logs["folds_percent"].map(lambda text: [float(value) / 100 for value in text.split()])
    lowest, highest = (folds.map(lambda values, of=of: of(values, default=np.nan)) for of in (min, max))
    logged = logs.assign(log_lowest=lowest, log_highest=highest)
    both = named.merge(logged, on=[*where, "strategy"], how="outer", suffixes=("", "_log"))
    learned = pd.concat([printed, logs], ignore_index=True)
    blocks = {block: n for n, block in enumerate(dict.fromkeys(learned[where].itertuples(index=False, name=None)))}
    pretrained = learned[learned["setting"] == "mono"].drop_duplicates("model").set_index("model")["source"]
    rank = {name: n for n, name in enumerate((*STRATEGIES, TWO_STAGE))}
    rows = both.assign(
        printed=(both["ua_percent"] / 100).round(6),
        log=(both["ua_percent_log"] / 100).round(6),
        note=["; ".join(filter(None, two)) for two in both[["note", "note_log"]].fillna("").itertuples(index=False)],
        pretrained=both["model"].map(pretrained),
        _block=[blocks[block] for block in both[where].itertuples(index=False, name=None)],
        _rank=both["strategy"].map(rank),
    )
    ordered = rows.sort_values(["_block", "_rank"], ignore_index=True)
    return ordered.assign(_place=ordered.index)[["_place", *_KEY, "model", *COLUMNS[5:9], "note"]]


def _own(cells: pd.DataFrame, spoken: Mapping[str, str]) -> pd.DataFrame:
    tags = {encoder: languages.normal(tag) for encoder, tag in spoken.items() if tag}
    two = cells["setting"] == "two_stage"
    at_home = cells["source"].where(cells["setting"] != "trans", "")  # mono and cross learn in the encoder's language
    named = [" ".join(filter(None, row)) for row in cells[["encoder", "method", "settings"]].itertuples(index=False)]
    own = cells.assign(
        pretrained=[tags.get(encoder, home) for encoder, home in zip(cells["encoder"], at_home, strict=True)],
        setting=cells["setting"].mask(two, "cross"),
        strategy=pd.Series(map(strategy, cells["method"], cells["settings"]), cells.index, dtype="str").mask(two, TWO_STAGE),
        own_model=named,
    )
    own = own.rename(columns={"ua": "own", "lowest": "own_lowest", "highest": "own_highest"})
    return own.assign(_own=range(len(own)))[["_own", *_KEY, "own", "own_lowest", "own_highest", "own_model"]]
