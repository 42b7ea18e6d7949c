"""webMUSHRA: its tests (a YAML config) as studies, and its results (CSV files) as the three tables.

How it names, orders and stores things was read off its files; nothing of its code is in here, since its licence is not an
open one.
"""

from __future__ import annotations

from listening_tests.importers import _webmushra_results, _webmushra_study
from listening_tests.importers._importer import Importer

IMPORTER = Importer(
    "webMUSHRA: tests of likert_single_stimulus and likert_multi_stimulus pages, and their results",
    _webmushra_results.read,
    _webmushra_study.make,
    uses=("language", "emotions", "study"),
)
