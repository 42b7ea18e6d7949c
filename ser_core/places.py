"""Where things lie: one variable, ``EARWITNESS_DATA``, moves everything that is written (default: ``data/`` beside us)."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def typed(package: str, *words: str) -> str:
    """A command of ours as somebody types it in the project's folder, with the Python that runs this.

    That is ``.venv/bin/python`` after ``make app``, which has no ``python`` on the path; ``python`` where it is not ours.
    """
    folder, name = os.path.split(os.path.abspath(sys.executable or "/python"))
    ours = [here for here in (Path(folder), Path(folder).resolve()) if here.is_relative_to(ROOT)]  # either may be a link
    python = (ours[0].relative_to(ROOT) / name).as_posix() if ours else "python"
    return shlex.join([python, "-m", package, *words])


def data() -> Path:
    """The folder that holds runs, answers and the researcher's own studies."""
    return Path(os.environ.get("EARWITNESS_DATA") or ROOT / "data")


def runs() -> Path:
    """One folder for each run of a model."""
    return data() / "runs"


def features() -> Path:
    """What encoders made of clips, large, and made anew where missing; ``EARWITNESS_FEATURES`` names another folder."""
    return Path(os.environ.get("EARWITNESS_FEATURES") or data() / "features")


def answers() -> Path:
    """The default database and what belongs to it; not in git."""
    return data() / "answers"


def studies() -> list[Path]:
    """Every folder with a study.yaml: the researcher's own under ``data/studies``, then those that ship with us.

    ``EARWITNESS_STUDIES`` (folders, separated as in PATH) replaces this search: each is a study or a folder of studies.
    """
    named = os.environ.get("EARWITNESS_STUDIES")
    tops = [Path(p) for p in named.split(os.pathsep)] if named else [data() / "studies", ROOT / "data" / "demo"]
    found = [f for top in tops for f in sorted([*top.glob("study.yaml"), *top.glob("*/study.yaml")])]
    return [f.parent for f in found]
