"""An experiment's folder, read: what ``python -m ser_core run`` wrote, checked so that a page can trust it.

A folder is one of an experiment if it holds ``models.csv`` or ``experiment.yaml``. It is made elsewhere and renamed when it
is whole, so one that lacks a file was copied in part or damaged, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ser_core import checks, made_up
from ser_core.errors import BadInput, Problem
from ser_core.experiment_tables import (
    CELL,
    CURVES,
    FINDINGS,
    INTERVALS,
    MODELS,
    PROJECTIONS,
    SILHOUETTES,
    best,
    by_fold,
    summary,
    without_layer,
)  # fmt: skip
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame, read_table
from ser_core.table_files import read_raw
from ser_core.tables import Table

ASKED, RESOLVED = "experiment.yaml", "config.yaml"
FILES = ("models.csv", "findings.csv", "curves.csv", RESOLVED, ASKED, "stimuli.csv")
"""What every experiment's folder holds, beside raters, ratings and scores."""
INTERVALS_FILE, PROJECTIONS_FILE, SILHOUETTES_FILE = "intervals.csv", "projections.csv", "silhouettes.csv"
"""What folders of an earlier release, or of methods that lay no clips anywhere, lack."""
LISTENED = "listened"
_MEND = "copy the whole folder again, or remove it"


@dataclass(frozen=True)
class Experiment:
    """What a page shows of an experiment.

    Attributes:
        folder: where it lies.
        models: columns ``MODELS``, at least one row; ``settings`` without the layer.
        findings: columns ``FINDINGS``; what the audit found before anything ran.
        config: all that decided the numbers, resolved.
        asked: the config as it was given, text.
        clips: the stimuli table of the test clips.
        listened: that of the clips which listeners heard and the chosen models rated; None where there are none.
        intervals: columns ``INTERVALS``, clustered by speaker; no rows where the folder has no such file.
    """

    folder: Path
    models: pd.DataFrame
    findings: pd.DataFrame
    config: dict[str, Any]
    asked: str
    clips: pd.DataFrame
    listened: pd.DataFrame | None
    intervals: pd.DataFrame

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @cached_property
    def cells(self) -> pd.DataFrame:
        """What the models come to over folds: ``experiment_tables.summary``, with what ``INTERVALS`` adds."""
        known = self.intervals.drop_duplicates(list(CELL))
        cells = summary(self.models).merge(known, on=list(CELL), how="left")
        return cells.assign(why=cells["why"].fillna(""))

    @cached_property
    def best(self) -> pd.DataFrame:
        """Of these the layer that did best on dev clips, for each kind of model and place."""
        return best(self.cells)

    @cached_property
    def folds(self) -> pd.DataFrame:
        """One value for each cell and fold."""
        return by_fold(self.models)

    @cached_property
    def made_up(self) -> str:
        """What of its clips was made up, in a few words."""
        return made_up.words(Tables(self.clips, frame(RATERS, []), frame(RATINGS, [])))

    @cached_property
    def guessing(self) -> float:
        """The unweighted accuracy of pure guessing: 1 / number of emotions."""
        return 1 / max(self.clips["truth"].nunique(), 1)


def found(runs: Path) -> list[Path]:
    """The folders of experiments among those of runs, by name; those still being made have hidden names."""
    return sorted({file.parent for name in ("models.csv", ASKED) for file in runs.glob(f"[!.]*/{name}")})


def lacks(folder: Path) -> list[str]:
    """The files that are not there."""
    return [name for name in FILES if not (folder / name).is_file()]


def version(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Of each file that is read its name, size and time of change: another version is another content."""
    further = (f"{LISTENED}/stimuli.csv", INTERVALS_FILE, PROJECTIONS_FILE, SILHOUETTES_FILE)
    stats = ((name, (folder / name).stat()) for name in (*FILES, *further) if (folder / name).is_file())
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def read(folder: Path) -> Experiment:
    """Read an experiment's folder.

    Raises:
        BadInput: files are missing, or are not what their names say; every problem.
    """
    if missing := lacks(folder):
        raise BadInput(*(Problem(f"is missing; {_MEND}", folder / name) for name in missing))
    listened = folder / LISTENED / "stimuli.csv"
    models = _table(folder / "models.csv", MODELS, least=1)
    return Experiment(
        folder,
        models.assign(settings=models["settings"].map(without_layer)),
        _table(folder / "findings.csv", FINDINGS),
        _config(folder / RESOLVED),
        _text(folder / ASKED),
        read_table(folder / "stimuli.csv", STIMULI),
        read_table(listened, STIMULI) if listened.is_file() else None,
        _further(folder / INTERVALS_FILE, INTERVALS),
    )


def curves(folder: Path) -> pd.DataFrame:
    """The learning curves of all models: columns ``CURVES``; no rows where the method tells of none.

    Raises:
        BadInput: the file is missing or no such table.
    """
    return _table(folder / "curves.csv", CURVES)


def projections(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Where chosen models lay clips, and how well these fall apart there: columns ``PROJECTIONS`` and ``SILHOUETTES``.

    Raises:
        BadInput: a file is damaged; no rows where it is not there.
    """
    return _further(folder / PROJECTIONS_FILE, PROJECTIONS), _further(folder / SILHOUETTES_FILE, SILHOUETTES)


def _further(path: Path, table: Table) -> pd.DataFrame:
    """A table that may be missing: then it has no rows."""
    return _table(path, table) if path.is_file() else frame(table, [])


def _table(path: Path, table: Table, *, least: int = 0) -> pd.DataFrame:
    """A table with numbers as such; columns that a file does not have are empty."""
    data = read_raw(path, table)
    if problems := [checks.located(p, {table.name: path}) for p in checks.check_fields(data, table)]:
        raise BadInput(*problems)
    if len(data) < least:
        raise BadInput(Problem(f"has no rows; {_MEND}", path))
    for column in table.columns:
        values = data[column.name] if column.name in data else pd.Series("", data.index, dtype="str")
        data[column.name] = checks.number(values).astype("float64") if column.kind == "number" else values
    return data


def _config(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise BadInput(Problem(f"is not YAML ({' '.join(str(error).split())}); {_MEND}", path)) from error
    if not isinstance(config, dict):
        raise BadInput(Problem(f"is damaged: it does not tell of an experiment; {_MEND}", path))
    return config


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Problem(f"cannot be read as text ({error}); {_MEND}", path)) from error
