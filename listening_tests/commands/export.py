"""``export STUDY --out DIR``: people's answers as stimuli, raters and ratings, and all that these have no place for."""

from __future__ import annotations

import argparse

from listening_tests import export, export_tables, study
from listening_tests.store import Store
from ser_core.cli import Command, several


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the study's folder")
    parser.add_argument("--out", required=True, metavar="DIR", help="where to write the tables")
    parser.add_argument("--form", choices=["csv", "parquet"], default="csv", help="(default: csv)")
    parser.add_argument(
        "--for-spreadsheets",
        action="store_true",
        help="beside each table, a copy for Excel and the like in which no text can become a formula",
    )
    parser.add_argument(
        "--with-external-ids",
        action="store_true",
        help="also say what the recruiting service calls each listener; the export is then not pseudonymous",
    )


def _run(options: argparse.Namespace) -> None:
    found, store = study.chosen(options.study), Store()
    made = export.export(
        found,
        store,
        form=options.form,
        spreadsheets=options.for_spreadsheets,
        external_ids=options.with_external_ids,
    )
    export.write(made.files, options.out)
    tables = made.tables
    parts = int(tables.ratings["start_s"].notna().sum())
    given = several(len(tables.ratings) - parts, "rating") + (f" and {several(parts, 'marked part')}" if parts else "")
    people, clips = several(len(tables.raters), "listener"), several(len(tables.stimuli), "clip")
    print(f"{given} of {people} on {clips}: {options.out}")
    if made.outdated:
        left_out = several(made.outdated, "rating")
        print(f"Left out: {left_out} of clips that were exchanged or removed after they were heard.")
    if options.for_spreadsheets:
        print(f"The files *.spreadsheet.csv are {export_tables.SPREADSHEETS}.")
    if options.with_external_ids:
        print("raters holds what the recruiting service calls each listener: keep it as carefully as their names.")


COMMAND = Command("write people's answers as tables", _arguments, _run)
