"""How ratings came about and what was done with them, in the words of a paper's methods section.

Every sentence follows from the three tables, the runs' configs, the tests that were made and what was left out. What these
do not tell is not said, or said to be unknown: nothing is taken from the study's plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ser_core import languages, made_up
from ser_core.emotions import CANNOT_SAY, in_order
from ser_core.figure_notes import _many
from ser_core.methods_models import models
from ser_core.provenance import MadeOf
from ser_core.ratings import Tables, decide, relation

_NAMED = 12
"""Values that are counted out; of more, only their number is told."""


@dataclass(frozen=True)
class Done:
    """What was done with the ratings.

    Attributes:
        tests: columns ``comparisons.TESTS``.
        left_out: sentences on what was not counted.
        said_of_eder: how EDER was computed; empty where nothing was marked.
        seed, draws: of the bootstrap.
        versions: of what computed, by name.
    """

    tests: pd.DataFrame
    left_out: Sequence[str]
    said_of_eder: str
    seed: int
    draws: int
    versions: Mapping[str, str]


Part = tuple[str, str]
_TIMES = (
    ("plays", "Times that a clip was started:", ""),
    ("response_s", "Time from the first audible sample to the answer:", " s"),
)


def methods(tables: Tables, made_of: MadeOf, done: Done) -> list[Part]:
    """Paragraphs, each with what it is about; empty ones are left out."""
    every = (
        ("Data that are not real", " ".join(made_up.sentences(tables))),
        ("Clips", _sentences(_clips(tables.stimuli))),
        ("Listeners", _sentences(_listeners(tables))),
        ("Procedure", _sentences(_procedure(tables))),
        ("Models", _sentences(models(tables, made_of))),
        ("Left out", " ".join(done.left_out)),
        ("Measures", _sentences(_measures(tables, done))),
        ("Tests", _sentences(_tests(done))),
        ("Software", _sentences(_software(done))),
    )
    return [(title, text) for title, text in every if text]


def as_text(parts: Sequence[Part]) -> str:
    """The paragraphs as plain text, to be copied into a manuscript."""
    return "\n\n".join(f"{title}. {text}" for title, text in parts) + "\n"


def _sentences(found: Iterator[str]) -> str:
    return " ".join(found)


def counted(values: pd.Series) -> str:
    """The values with how often each stands there, the most frequent first; of many only their number.

    >>> counted(pd.Series(["de", "cmn", "de", ""]))
    'de (2), cmn (1), unknown (1)'
    """
    sizes = (
        values.replace("", "unknown").value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    )
    if len(sizes) > _NAMED:
        return f"{len(sizes):,} different ones"
    return ", ".join(f"{str(name).replace('_', ' ')} ({size:,})" for name, size in sizes.items())


def spread(values: pd.Series, unit: str = "") -> str:
    """Median and range of numbers; a single value is told once.

    >>> spread(pd.Series([1.0, 2.5, 3.0]), " s"), spread(pd.Series([5, 5]))
    ('1 to 3 s (median 2.5 s)', '5')
    """
    low, middle, high = (f"{round(value, 3):,.10g}" for value in (values.min(), values.median(), values.max()))
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit} (median {middle}{unit})"


def _clips(stimuli: pd.DataFrame) -> Iterator[str]:
    spoken = stimuli["language"].map(languages.normal)
    yield f"{_many(len(stimuli), 'clip')} were compared, by language: {counted(spoken)}."
    known = stimuli[stimuli["truth"] != ""]
    if len(known):
        order = in_order(set(known["truth"]))
        of_each = known["truth"].value_counts()
        yield f"Their speakers had been asked for {', '.join(f'{name} ({of_each[name]:,})' for name in order)}."
    if len(known) < len(stimuli):
        yield f"What was asked for is not known of {_many(len(stimuli) - len(known), 'clip')}."
    if (stimuli["corpus"] != "").any():
        yield f"Corpora: {counted(stimuli['corpus'])}."
    voices = stimuli.loc[stimuli["speaker"] != "", ["corpus", "speaker"]].drop_duplicates()
    if len(voices):
        yield f"Voices: {len(voices):,}."
    if stimuli["duration_s"].notna().any():
        yield f"Length: {spread(stimuli['duration_s'].dropna(), ' s')}."


def _listeners(tables: Tables) -> Iterator[str]:
    people = tables.raters[tables.raters["rater_type"] == "human"]
    if people.empty:
        return
    heard = tables.ratings[tables.ratings["rater"].isin(people["rater"])]
    if (heard["weight"] < 1).any():
        yield "Some raters of type human are the votes of many people together, whose number these tables do not tell."
    yield f"{_many(len(people), 'listener')} took part, by group: {counted(people['group'])}."
    yield f"Native languages: {counted(people['native_languages'])}."
    for column, words in (("age_band", "Age in years"), ("hearing", "Hearing, as they said themselves")):
        if column in people and (people[column] != "").any():
            yield f"{words}: {counted(people[column])}."
    if "completed" in people:
        early = int((people["completed"] == "no").sum())
        why = people["outcome"][people["outcome"] != ""] if "outcome" in people else pd.Series(dtype=str)
        yield (
            f"{early:,} did not come to the end{f' (ended by the study: {counted(why)})' if len(why) else ''}; "
            "what they answered counts."
            if early
            else "All came to the end."
        )
    yield from _relations(people, tables.stimuli, heard)


def _relations(people: pd.DataFrame, stimuli: pd.DataFrame, heard: pd.DataFrame) -> Iterator[str]:
    """To whom which language was native, second or foreign, over the pairs of listener and language that were heard."""
    spoken = heard["stimulus"].map(stimuli.set_index("stimulus")["language"])
    pairs = pd.DataFrame({"rater": heard["rater"], "language": spoken}).drop_duplicates()
    who = {str(row["rater"]): row for row in people.to_dict("records")}
    known = [
        relation({str(k): v for k, v in who[rater].items()}, {"language": language})
        for rater, language in pairs.itertuples(index=False, name=None)
    ]
    said = pairs.assign(relation=known, group=pairs["rater"].map(people.set_index("rater")["group"]))
    said = said[said["relation"] != ""]
    for group in sorted(set(said["group"])):
        part = said[said["group"] == group]
        told = counted(part["language"] + " " + part["relation"])
        yield f"What {group or 'listeners without a group'} heard was to them: {told}."


def _procedure(tables: Tables) -> Iterator[str]:
    people = tables.raters.loc[tables.raters["rater_type"] == "human", "rater"]
    rows = tables.ratings[tables.ratings["rater"].isin(people)]
    if rows.empty:
        return
    whole = decide(rows[rows["start_s"].isna()])
    if len(whole):
        yield f"They gave {_many(len(whole), 'answer')} to whole clips, {spread(whole.groupby('rater').size())} each;"
        yield f"a clip was judged by {spread(whole.groupby('stimulus')['rater'].nunique())} of them."
    again = int(whole.duplicated(["rater", "stimulus"]).sum())
    if again:
        yield f"{_many(again, 'answer')} of these are to clips that the listener had judged before."
    unsure = int((whole["label"] == CANNOT_SAY).sum())
    yield f"The labels they gave: {', '.join(in_order(set(rows['label'])))}" + (
        f"; “cannot say” {unsure:,} times." if unsure else "."
    )
    marked = rows[rows["start_s"].notna()]
    if len(marked):
        clips = marked.groupby(["rater", "stimulus"]).ngroups
        yield f"They marked {_many(len(marked), 'part')} in {_many(clips, 'hearing')} of a clip."
    yield _order(whole)
    for column, words, unit in _TIMES:
        numbers = pd.to_numeric(whole[column], errors="coerce") if column in whole else pd.Series(dtype=float)
        numbers = numbers[(numbers >= 0) & (numbers < math.inf)]  # as the measure of response times has them
        if len(numbers):
            yield f"{words} {spread(numbers, unit)}."


def _order(whole: pd.DataFrame) -> str:
    """In how many orders the clips were heard, as far as it was kept."""
    place = pd.to_numeric(whole["position"], errors="coerce") if "position" in whole else pd.Series(dtype=float)
    if not place.notna().any():
        return "In which order they heard them was not kept."
    ordered = whole.assign(_place=place).sort_values(["rater", "_place"])
    orders = ordered.groupby("rater")["stimulus"].agg(tuple)
    blocks = [name for name in whole.get("block_name", pd.Series(dtype=str)).unique() if name]
    inside = f", in the blocks {', '.join(sorted(blocks))}" if blocks else ""
    return f"They heard them in {_many(orders.nunique(), 'different order')}{inside}; `position` holds each."


def _measures(tables: Tables, done: Done) -> Iterator[str]:
    if (tables.ratings["start_s"].isna()).any():
        yield "UA is the mean of the recalls of the emotions heard, each emotion counting the same; WA the share of right"
        yield "answers. “Cannot say” counts as heard and not recognised."
    if done.said_of_eder:
        yield done.said_of_eder
    if done.draws:
        yield "Intervals are 95 % percentile intervals of a bootstrap over raters and, crossed with them, clips within"
        yield f"language and truth ({done.draws:,} draws, seed {done.seed}; of a single rater over clips only)."


def _tests(done: Done) -> Iterator[str]:
    tests = done.tests
    if tests.empty:
        return
    for test, part in tests.groupby("test", sort=False):
        families = part["family"].drop_duplicates()
        made = int(part["p"].notna().sum())
        unit = ", ".join(part["unit"].drop_duplicates())
        yield f"{test} (unit: {unit}): {made:,} in {', '.join(f'“{family}”' for family in families)}."
    undone = int(tests["p"].isna().sum())
    if undone:
        yield f"{_many(undone, 'test')} could not be made; the column `note` says why."
    yield "All p values are two-sided but those of equivalence, and corrected within their family by Holm’s and by"
    yield "Benjamini’s and Hochberg’s method. Intervals of differences are 95 % ones, those of equivalence 90 % ones. What"
    yield "t-tests assume was checked by Shapiro’s and Wilk’s and by Brown’s and Forsythe’s test, and decides nothing. The"
    yield "effect size is Hedges’ g with its sign (difference over the pooled standard deviation, with the exact correction"
    yield "for small samples); the Bayes factor is the JZS one with a Cauchy prior of scale 0.707."


def _software(done: Done) -> Iterator[str]:
    yield f"Made with Earwitness, {', '.join(f'{name} {number}' for name, number in done.versions.items())}."
