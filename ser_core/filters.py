"""Which ratings are looked at: ``--where language=de`` of ``score`` and ``compare``, and the filters of the compare page.

Conditions on different facts must all hold, of several values of one fact any will do. A fact that only people have
(``relation``, ``block_name``) leaves models as they are, one that only models have (``setting``, ``encoder``) leaves people
as they are: else native listeners could not stand beside the models of one setting. Clips and raters of whom no rating is
left are gone too, so the numbers are those of tables that never held the rest. Emotions that are filtered out are not
truths any more; they stay among the answers.

``public=yes`` is asked last, of what is left: no group of fewer than five listeners (``public.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages, public
from ser_core.coded import Codes, Mask, coded, once
from ser_core.counting import named_group
from ser_core.emotions import in_order
from ser_core.errors import BadInput, nearest
from ser_core.lazy_tables import Part, different
from ser_core.ratings import relation
from ser_core.tables import Tables

Where = Mapping[str, Sequence[str]]
"""The values wanted of each fact, by its name."""

PUBLIC = "public"
"""The one condition that is no fact of a rating: what may be shown to everybody."""


@dataclass(frozen=True)
class Fact:
    """Something that ratings are chosen by.

    Attributes:
        title: as a reader knows it.
        of: what it is a fact of: a clip, a rater, a rating, or how a rater stands to a clip.
        column: where it stands there.
        only: the one type of rater that has it; empty = all have.
    """

    title: str
    of: Literal["stimulus", "rater", "rating", "pair"]
    column: str
    only: Literal["", "human", "machine"] = ""


FACTS: Mapping[str, Fact] = {
    "group": Fact("Group", "rater", "group"),
    "language": Fact("Language of the clip", "stimulus", "language"),
    "emotion": Fact("Emotion spoken", "stimulus", "truth"),
    "relation": Fact("The clip’s language is to the listener", "pair", "relation", only="human"),
    "setting": Fact("Setting of the model", "rater", "setting", only="machine"),
    "encoder": Fact("Encoder of the model", "rater", "encoder", only="machine"),
    "corpus": Fact("Corpus", "stimulus", "corpus"),
    "part": Fact("Part of the study’s clips", "stimulus", "part"),
    "block_name": Fact("Block of the session", "rating", "block_name", only="human"),
}


def values(tables: Tables) -> dict[str, list[str]]:
    """The values that each fact takes in the tables, in the order of every list; facts of one value choose nothing.

    >>> from ser_core.ratings import RATERS, RATINGS, STIMULI, frame
    >>> clips = frame(STIMULI, [{"stimulus": n, "language": n} for n in ("de", "zh")])
    >>> said = frame(RATINGS, [{"rater": "m", "stimulus": n, "label": "sad", "weight": 1} for n in ("de", "zh")])
    >>> values(Tables(clips, frame(RATERS, [{"rater": "m", "rater_type": "human"}]), said))
    {'language': ['cmn', 'de']}
    """
    return once(tables, "_values", _values)


def _values(tables: Tables) -> dict[str, list[str]]:
    found = {name: set(_said(tables, fact).known) - {""} for name, fact in FACTS.items()}
    return {name: in_order(known) for name, known in found.items() if len(known) > 1}


def keep(tables: Tables, where: Where) -> tuple[Tables, tuple[str, ...]]:
    """The ratings for which all conditions hold, with their clips and raters, and a sentence for each condition.

    Raises:
        BadInput: a fact or a value that the tables do not know, or nothing is left; every such slip.
    """
    problems, conditions = [], []
    left, said = np.ones(len(coded(tables)), dtype=bool), []
    for name, wanted in where.items():
        if name == PUBLIC:
            problems += [f"--where {name}={value}: only yes can be asked" for value in wanted if value != "yes"]
            continue
        if name not in FACTS:
            known_names = nearest(name, [*FACTS, PUBLIC])
            problems.append(f"--where {name}=...: '{name}' is nothing to choose by. {known_names}")
            continue
        fact = FACTS[name]
        spelt = [languages.normal(value) if name == "language" else value for value in wanted]
        here = _said(tables, fact)
        known = set(here.known) - {""}
        problems += [
            f"--where {name}={value}: no rating has this {name}. {nearest(value, known)}"
            for value in spelt
            if value not in known
        ]
        holds = here.among(spelt)
        if fact.only:
            holds |= (tables.raters["rater_type"] != fact.only).to_numpy(dtype=bool)[coded(tables).rater]
        conditions.append(f"{name}={' or '.join(spelt)}")
        number = int((left & ~holds).sum())
        said.append(f"Only {fact.title[0].lower()}{fact.title[1:]}: {', '.join(spelt)} ({number:,} ratings left out).")
        left &= holds
    if problems:
        raise BadInput(*problems)
    if not len(left):
        raise BadInput(
            "the tables hold no ratings, so there is nothing to look at: nobody has answered, and no model has rated"
        )
    if not left.any():
        raise BadInput(f"nothing is left where {' and '.join(conditions)}; take one of the conditions away")
    together = all(FACTS[name].of != "rating" for name in where if name != PUBLIC)
    kept = Part(tables, left, judgements=together) if conditions else tables
    shown, more = public.for_public(kept) if where.get(PUBLIC) else (kept, ())
    return shown, (*said, *more)


def parse(typed: Sequence[str]) -> dict[str, list[str]]:
    """Conditions as they are typed, ``NAME=VALUE``.

    Raises:
        BadInput: one has no ``=``.

    >>> parse(["language=de", "group=CN listeners", "language=cmn"])
    {'language': ['de', 'cmn'], 'group': ['CN listeners']}
    """
    wrong = [f"--where {text}: want NAME=VALUE, for example language=de" for text in typed if "=" not in text]
    if wrong:
        raise BadInput(*wrong)
    found: dict[str, list[str]] = {}
    for text in typed:
        name, _, value = text.partition("=")
        found.setdefault(name, []).append(value)
    return found


def typed(where: Where) -> list[str]:
    """The words that a command line wants for these conditions.

    >>> typed({"language": ["de", "cmn"]})
    ['--where', 'language=de', '--where', 'language=cmn']
    """
    return [word for name, wanted in where.items() for value in wanted for word in ("--where", f"{name}={value}")]


@dataclass(frozen=True)
class _Said:
    """A fact of every rating: its value for whatever it is a fact of, and which of these each rating belongs to."""

    value: npt.NDArray[np.object_]
    of: Codes

    @property
    def known(self) -> list[str]:
        """The different values that ratings have."""
        met = np.bincount(self.of, minlength=len(self.value)) > 0
        return list(dict.fromkeys(self.value[met]))

    def among(self, wanted: Sequence[str]) -> Mask:
        """Which ratings have one of these values."""
        return np.isin(self.value.astype(str), wanted)[self.of]


def _said(tables: Tables, fact: Fact) -> _Said:
    """The fact of every rating, as text; empty where it is not known."""
    said = coded(tables)
    if fact.of == "pair":
        return _relations(tables)
    if fact.of == "rating":
        of, texts = different(tables, fact.column)
        return _Said(texts, of)
    table = {"stimulus": tables.stimuli, "rater": tables.raters}[fact.of]
    if fact.column not in table:
        return _Said(np.array([""], dtype=object), np.zeros(len(said), dtype=np.int64))
    if fact.of == "rater":
        own = named_group(table) if fact.column == "group" else table[fact.column]  # as every score calls it
        return _Said(own.to_numpy(dtype=object), said.rater)
    own = table[fact.column]
    return _Said((own.map(languages.normal) if fact.column == "language" else own).to_numpy(dtype=object), said.clip)


_WHO = ["rater_type", "native_languages", "dialects", "proficiency"]


def _relations(tables: Tables) -> _Said:
    """How the rater of every rating stands to what is spoken; asked once for each kind of rater and language."""
    said = coded(tables)
    people = tables.raters[[name for name in _WHO if name in tables.raters]]
    kind, tag = people.groupby(list(people.columns), sort=False).ngroup(), pd.factorize(tables.stimuli["language"])
    kinds = people[~kind.duplicated()].to_dict("records")
    value = [relation(row, {"language": spoken}) for row in kinds for spoken in tag[1]]  # type: ignore[arg-type]
    of = kind.to_numpy(dtype=np.int64)[said.rater] * len(tag[1]) + tag[0][said.clip]
    return _Said(np.array(value, dtype=object), np.asarray(of, dtype=np.int64))
