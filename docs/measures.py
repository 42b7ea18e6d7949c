"""Write docs/measures.md from what the measures declare of themselves: `.venv/bin/python -m docs.measures`."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from pathlib import Path

from docs.trials import table
from ser_core.measures._measure import TableMeasure, measures
from ser_core.metrics._metric import Measure, Metric, metrics, segment_metrics

PAGE = Path(__file__).with_name("measures.md")
HEAD = """\
# Measures

Written by `python -m docs.measures` from the files in `ser_core/metrics/` and `ser_core/measures/`; do not edit. People and
models are raters in the same tables, and every measure reads only these ([architecture](architecture.md)). Intervals are of
95 %, from the [two-way cluster bootstrap](../ser_core/statistics/bootstrap.py) over raters and clips unless a measure says
otherwise. Where a number cannot be told its field is empty, and a column `note` says why.

Which measure answers which question:

| question | measure |
| --- | --- |
| who recognises more? | `ua`; of one emotion `recall` beside `precision`, or `hu`, `d_prime`, which see through habits |
| do listeners agree at all? | `krippendorff_alpha`; `fleiss_kappa` if all heard all clips |
| how good can a model be that is measured by what people hear? | `human_ceiling` |
| does a model hear as people do, or only as often right? | `error_consistency`, `cohen_kappa` |
| is a model unsure where people are divided? | `label_divergence` |
| can a model's posterior be believed? | `calibration`, `reliability` |
| do people know when they are wrong? | `confidence`, `response_time` |
"""


def page() -> str:
    """The whole page."""
    counts = [_of("ser_core.metrics", name, metric) for name, metric in metrics().items()]
    parts = [_of("ser_core.metrics", name, metric) for name, metric in segment_metrics().items()]
    tables = [_of("ser_core.measures", name, measure) for name, measure in measures().items()]
    sections = (
        ("## Of right and wrong: `scores.csv`\n", counts),
        ("## Of marked parts: `scores.csv` and `segments.csv`\n\nSee [EDER](eder.md).\n", parts),
        ("## Of the three tables: a file each, which `compare` writes\n", tables),
    )
    return "\n".join([HEAD, *(part for title, found in sections for part in (title, *found))])


def _of(package: str, name: str, measure: Measure | TableMeasure) -> str:
    return "\n".join([f"### `{name}`\n", _told(package, name), *_facts(measure)])


def _told(package: str, name: str) -> str:
    """The module's own words, without its example; formulas, which are indented, stay as they are."""
    words = (importlib.import_module(f"{package}.{name}").__doc__ or "").partition("\n>>> ")[0]
    return words.replace("``", "`").strip() + "\n"


def _facts(measure: Measure | TableMeasure) -> Iterator[str]:
    low, high = (f"{end:g}" if math.isfinite(end) else "any" for end in measure.bounds)
    if isinstance(measure, TableMeasure):
        yield f"Value: from {low} to {high}.\n"
        yield table(("column", "what"), [(f"`{c.name}`", c.help) for c in measure.columns])
    else:
        better = "greater" if measure.higher_is_better else "smaller"
        each = " One value for each emotion." if isinstance(measure, Metric) and measure.per_emotion else ""
        yield f"Value: from {low} to {high}, {better} is better.{each}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
