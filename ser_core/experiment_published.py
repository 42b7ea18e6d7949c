"""One's own experiment beside the tables of papers, each declared: which rows stand in one place with which models.

A table is laid out by place: what was learned in and tested in, with how many shots, or under which protocol, as far as the
table tells. Each of its models and each of one's own is a column. One's own are means over what the table does not tell
apart, of models that had no noise and, where the paper's did or did not adapt to clips without labels, did so, too. Names of
corpora meet if their letters and digits are the same. Clips, splits and encoders are others than the paper's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ser_core import experiment_han2025
from ser_core.experiment_tables import KIND
from ser_core.published import Published

PRINTED, OWN, NOTE = "printed: ", "own: ", "note"
Rows = Callable[[Published, pd.DataFrame, Mapping[str, str]], pd.DataFrame]


@dataclass(frozen=True)
class Beside:
    """A table that one's own models can stand beside."""

    paper: str
    title: str
    tables: tuple[str, ...]
    """Its files, without ``.csv``."""
    said: str
    """What is compared, and what meets."""
    rows: Rows
    """``rows(paper, cells, spoken)``: what is shown; cells of ``experiment_tables.best``."""
    met: Callable[[pd.DataFrame], int]
    """In how many of these rows something of one's own stands beside something printed."""


@dataclass(frozen=True)
class Printed:
    """How a table of accuracies in percent is read."""

    table: str
    value: str
    measure: str
    """Of one's own: ``ua`` or ``wa``."""
    names: tuple[str, ...]
    """The columns that say which model."""
    key: tuple[str, ...]
    """The columns of ``MODELS`` in which rows meet."""
    settings: tuple[str, ...]
    """Those of one's own that can stand in it."""
    adapted: bool | None = None
    """Whether its models were given clips without labels; None: either."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """What the table calls columns of the key."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """What holds of all its rows, as columns of the key."""
    only: Callable[[pd.DataFrame], pd.Series] | None = None
    """Which of its rows are about the language that one's own are tested in."""


def _beside(paper: str, title: str, said: str, printed: Printed) -> Beside:
    return Beside(paper, title, (printed.table,), said, lambda found, cells, _: rows(printed, found, cells), met)


def rows(printed: Printed, paper: Published, cells: pd.DataFrame) -> pd.DataFrame:
    """A row for each place of a table, a column for each of its models and of one's own, in [0, 1], and its notes.

    Args:
        printed: how the table is read.
        paper: that it is of.
        cells: of ``experiment_tables.best`` of one's own.
    """
    theirs = _theirs(printed, paper)
    own = _own(printed, cells)
    both = pd.concat([theirs, own[own["_at"].isin(theirs["_at"])]], ignore_index=True)
    wide = both.pivot_table(index="_at", columns="_model", values="_value", aggfunc="mean", sort=False)
    places = theirs.drop_duplicates("_at").set_index("_at")[list(printed.key)]
    notes = theirs.groupby("_at")[NOTE].agg(lambda each: "; ".join(dict.fromkeys(filter(None, each))))
    return places.join(wide).assign(**{NOTE: notes}).reset_index(drop=True)


def met(rows: pd.DataFrame) -> int:
    """In how many rows something of one's own stands."""
    own = [name for name in rows if str(name).startswith(OWN)]
    return int(rows[own].notna().any(axis=1).sum())


def _theirs(printed: Printed, paper: Published) -> pd.DataFrame:
    table = paper.tables[printed.table]
    table = table[printed.only(table)] if printed.only else table
    renamed = {theirs: ours for ours, theirs in printed.renamed.items()}
    table = table.rename(columns=renamed).assign(**printed.fixed)
    table = table.assign(**{name: table[name].map(said) for name, said in _SAID.items() if name in printed.key})
    return table.assign(
        _model=PRINTED + _joined(table, printed.names),
        _value=(pd.to_numeric(table[printed.value]) / 100).round(6),
        _at=_places(table, printed.key),
        note=table.get(NOTE, ""),
    )


def _own(printed: Printed, cells: pd.DataFrame) -> pd.DataFrame:
    own = cells[cells["setting"].isin(printed.settings) & (cells["condition"] == "")]
    own = own.assign(shots=own["shots"].where(own["shots"] != "", "0"))
    if printed.adapted is not None:
        own = own[(own["n_unlabelled"] > 0) == printed.adapted]
    model, at = OWN + _joined(own, KIND), _places(own, printed.key)
    return pd.DataFrame({"_model": model, "_value": own[printed.measure], "_at": at})


def _joined(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    texts = (" ".join(filter(None, map(str, row))) for row in rows[list(columns)].itertuples(index=False, name=None))
    return pd.Series(list(texts), rows.index, dtype="str")


def _places(rows: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Where each row stands, as one text."""
    texts = ("|".join(map(plain, row)) for row in rows[list(key)].itertuples(index=False, name=None))
    return pd.Series(list(texts), rows.index, dtype="str")


def plain(name: object) -> str:
    """A name by which a paper's corpus and one's own meet.

    >>> plain("EMO-DB") == plain("emodb")
    True
    """
    return "".join(c for c in str(name).lower() if c.isalnum())


_SAID: dict[str, Callable[[str], str]] = {
    "disjoint": lambda said: "utterance" if said.startswith("utterance") else "speaker"
}
"""What a paper's words come to in a column of one's own."""
_ABROAD, _AT_HOME = ("transfer", "cross"), ("mono", "trans")
_PAIR, _CORPORA = ("source", "target"), ("source_corpus", "target_corpus")


def _as_in_han2025(cells: pd.DataFrame) -> pd.Series:
    return cells["setting"].isin(["mono", "cross", "trans", "two_stage"]) & (cells["condition"] == "")


def _of_target(table: pd.DataFrame) -> pd.Series:
    return table["target"] == table["tested_on"]


_AGARLA: dict[str, Any] = {"value": "accuracy_percent", "measure": "wa", "settings": _ABROAD}
_TMLR: dict[str, Any] = {"value": "accuracy_percent", "measure": "wa"}
_WA = "Plain accuracy (WA), as the paper has it."

TABLES = (
    Beside(
        "han2025",
        "Han et al. 2025, Table I: mono, cross, trans",
        ("table1", "logs"),
        "UA as printed, in the authors’ logs (lowest and highest fold where they tell them), and here. Rows meet where the "
        "language the encoder was pretrained on, setting, source, target and strategy are the same.",
        lambda paper, cells, spoken: experiment_han2025.beside(paper, cells[_as_in_han2025(cells)], spoken),
        lambda rows: int((rows["own"].notna() & (rows["model"] != "")).sum()),
    ),
    _beside(
        "agarla2023",
        "Agarla et al. 2023, Table 4: source only",
        f"{_WA} Models that learned nothing of the target. Rows meet by language.",
        Printed("table4", names=("encoder", "method"), key=(*_PAIR, "shots"), adapted=False,
                fixed={"shots": "0"}, **_AGARLA),
    ),
    _beside(
        "agarla2023",
        "Agarla et al. 2023, Table 5: all labels of both languages",
        f"{_WA} Models that learned all labels of source and target, tested in the target. Rows meet by language.",
        Printed("table5", names=("encoder", "method"), key=(*_PAIR, "shots"), only=_of_target,
                fixed={"shots": "all"}, **_AGARLA),
    ),
    _beside(
        "agarla2023",
        "Agarla et al. 2023, Table 6: no label of the target",
        f"{_WA} Models that were given clips of the target without labels. Rows meet by language.",
        Printed("table6", names=("method",), key=(*_PAIR, "shots"), adapted=True, fixed={"shots": "0"}, **_AGARLA),
    ),
    _beside(
        "agarla2023",
        "Agarla et al. 2023, Table 7: 100 labels, by tau",
        f"{_WA} With pseudo-labels, tested in the target. Rows meet by language and number of labels.",
        Printed("table7", names=("encoder", "tau"), key=(*_PAIR, "shots"), adapted=True, only=_of_target,
                renamed={"shots": "labelled"}, **_AGARLA),
    ),
    _beside(
        "agarla2023",
        "Agarla et al. 2023, Table 8: 100 labels, rebalanced or not",
        f"{_WA} With pseudo-labels, tested in the target. Rows meet by language and number of labels.",
        Printed("table8", names=("encoder", "rebalanced"), key=(*_PAIR, "shots"), adapted=True, only=_of_target,
                renamed={"shots": "labelled"}, **_AGARLA),
    ),
    _beside(
        "shoukat2023",
        "Shoukat et al. 2023, Table II: from corpus to corpus",
        "UAR, which is UA. Models that learned nothing of the target. Rows meet by corpus.",
        Printed("table2", value="uar_percent", measure="ua", names=("model",), key=(*_CORPORA, "shots"), settings=_ABROAD,
                fixed={"shots": "0"}),
    ),
    _beside(
        "tmlr9566",
        "TMLR submission 9566: speakers of the test unheard",
        f"{_WA} Within a corpus. Rows meet by corpus.",
        Printed("speaker_independent", names=("encoder", "protocol"), key=("target_corpus", "disjoint"), settings=_AT_HOME,
                renamed={"target_corpus": "corpus"}, fixed={"disjoint": "speaker"}, **_TMLR),
    ),
    _beside(
        "tmlr9566",
        "TMLR submission 9566: utterance- and speaker-disjoint",
        f"{_WA} Within a corpus. Rows meet by corpus and by what the test has in common with what was learned.",
        Printed("all_labels", names=("encoder",), key=("target_corpus", "disjoint"), settings=_AT_HOME,
                renamed={"target_corpus": "corpus", "disjoint": "protocol"}, **_TMLR),
    ),
    _beside(
        "tmlr9566",
        "TMLR submission 9566: few-shot transfer",
        f"{_WA} Theirs are means over 12 ordered pairs of languages, yours over all pairs that you have.",
        Printed("transfer", names=("encoder",), key=("shots", "disjoint"), settings=("transfer",),
                renamed={"disjoint": "protocol"}, **_TMLR),
    ),
    _beside(
        "tmlr9566",
        "TMLR submission 9566: an unseen language",
        f"{_WA} Within the corpus THAI-SER.",
        Printed("thai", names=("encoder",), key=("target_corpus",), settings=_AT_HOME,
                renamed={"target_corpus": "corpus"}, **_TMLR),
    ),
)  # fmt: skip
"""By paper."""
