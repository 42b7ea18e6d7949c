"""What ``report.zip`` holds: the report, its methods, every table as CSV and Parquet, every figure, and what made them.

The three tables lie at its top, so that the ZIP and the unpacked folder are read like any folder of tables. They are those
that were compared, the filter applied, without what could lead to a person (``further_columns.PERSONAL``) and without the
places where clips lay: no number rests on either, and no sound is in it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pandas as pd
import yaml

from ser_core import archive, report_columns
from ser_core.further_columns import PERSONAL
from ser_core.made_up import row_by_row, words
from ser_core.methods_section import Part, as_text
from ser_core.provenance import REPORT, RUNS, MadeOf
from ser_core.ratings import Tables, to_csv
from ser_core.svg import Picture


def handed_on(tables: Tables) -> dict[str, pd.DataFrame]:
    """The three tables by name, as they may leave the house."""
    said = row_by_row(tables.ratings, tables)
    named = {"stimuli": tables.stimuli.assign(file=""), "raters": tables.raters, "ratings": said}
    return {
        name: data.drop(columns=[column for column in PERSONAL.get(name, ()) if column in data])
        for name, data in named.items()
    }


def pack(
    tables: Tables,
    results: Mapping[str, pd.DataFrame],
    *,
    html: str,
    parts: Sequence[Part],
    figures: Mapping[str, Picture],
    made_of: MadeOf,
    settings: Mapping[str, object],
    command: str,
) -> bytes:
    """The ZIP.

    Args:
        tables: what was compared.
        results: every other table by name, as it stands in its CSV.
        html: the report.
        parts: the methods section.
        figures: by the name of their file.
        made_of: where the ratings come from.
        settings: what was chosen, for ``report.yaml``.
        command: what makes the same of the ZIP.
    """
    shown = {**handed_on(tables), **results}
    told = {
        "folders": list(made_of.folders),
        "where": {name: list(values) for name, values in made_of.where.items()},
        "left_out_before": list(made_of.said),
        **settings,
    }
    files = {
        "README.txt": _readme(command, len(figures), words(tables)),
        "report.html": html.encode(),
        "methods.txt": as_text(parts).encode(),
        "codebook.csv": to_csv(report_columns.columns(shown)).encode(),
        **{f"{name}.csv": to_csv(data).encode() for name, data in shown.items()},
        **{f"parquet/{name}.parquet": _parquet(data) for name, data in shown.items()},
        **{f"figures/{name}.svg": picture.file() for name, picture in figures.items()},
        **{f"{RUNS}{name}.yaml": _yaml(config) for name, config in made_of.runs.items()},
        REPORT: _yaml(told),
    }
    return archive.pack(files)


def _parquet(data: pd.DataFrame) -> bytes:
    held = io.BytesIO()
    data.to_parquet(held, index=False, compression="zstd")
    return held.getvalue()


def _yaml(told: Mapping[str, object]) -> bytes:
    return yaml.safe_dump(dict(told), sort_keys=False, allow_unicode=True).encode()


def _readme(command: str, figures: int, made_up: str) -> bytes:
    told = f"\nNot real: {made_up}.\n" if made_up else ""
    return f"""A comparison of people and models on the same clips, by Earwitness.
{told}
report.html      everything to read, in one file that needs no network
methods.txt      how it was made, to be copied into a manuscript
codebook.csv     what every column of every table means
stimuli.csv, raters.csv, ratings.csv
                 what was compared: clips, listeners and models, what each said; no sound, no comments, no names
scores.csv, tests.csv and the others
                 what came out, with every digit
parquet/         all of these tables again
figures/         {figures:,} figures as SVG, light
runs/            how each model was run
report.yaml      what was chosen, and of which folders it was made
SHA256SUMS       of every file; check them with: sha256sum -c SHA256SUMS

To get all of it again, with Earwitness and no other file:

    {command}

The numbers are then the same to the byte. Other releases of the libraries that
report.yaml names may differ in the last digits.
""".encode()
