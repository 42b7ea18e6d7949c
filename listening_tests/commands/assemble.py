"""``assemble STUDY --stimuli CSV ... --out DIR``: a published study, made again with the clips of your corpora."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

import pandas as pd

from listening_tests import study as studies
from listening_tests.assemble import Assembled, Selection, assemble, described, known
from ser_core import stimuli
from ser_core.cli import Command, add_seed
from ser_core.emotions import in_order
from ser_core.errors import BadInput, Problem
from ser_core.ratings import make_folder, to_csv, write_whole


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help=f"which: {', '.join(known())}")
    parser.add_argument(
        "--stimuli",
        type=Path,
        action="append",
        required=True,
        metavar="CSV",
        help="a corpus, as 'python -m ser_core index' writes it; once for each",
    )
    # -1, which nobody can ask for, stands for the seed of selection.yaml: it is known only once the study is
    add_seed(parser, default=-1, help="another draw of clips than the study's own; the same seed draws the same clips")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the study's folder to make; its name is the id"
    )


def _run(options: argparse.Namespace) -> None:
    out: Path = options.out
    template, selection = described(options.study)
    if out.exists():
        raise BadInput(Problem("exists already; choose another name or remove it", out))
    seed = selection.seed if options.seed < 0 else options.seed
    made = assemble(options.study, selection, options.stimuli, seed=seed)
    make_folder(out, new=True)
    try:
        _write(out, template, made)
        (out / "README.md").write_text(_readme(template, selection, made, options, seed), encoding="utf-8")
        studies.load(out)
    except BaseException:
        shutil.rmtree(out)  # half a study would be found and offered by the app
        raise
    for note in made.notes:
        print(note)
    for part, clips in made.heard.groupby("part"):
        print(f"{part}: {_counted(clips)}")
    print(
        f"training.csv: {_counted(made.training)}; excluded.csv: {len(made.excluded)} clips that models may not learn from"
    )
    print(f"{out}: {len(made.heard)} clips, seed {seed}. Fill in what README.md names, then check it:")
    print(f"python -m listening_tests check {out}")


def _write(out: Path, template: Path, made: Assembled) -> None:
    stimuli.save(made.heard, out / "stimuli.csv")
    stimuli.save(made.training, out / "training.csv")
    write_whole(out / "excluded.csv", to_csv(made.excluded).encode())
    text = _without((template / "study.yaml").read_text(encoding="utf-8"), made.missing)
    identity = re.sub(r"[^a-z0-9_-]+", "-", out.resolve().name.lower()).strip("-_") or template.name
    (out / "study.yaml").write_text(re.sub(r"(?m)^id: \S+", f"id: {identity}", text), encoding="utf-8")
    shutil.copyfile(template / "selection.yaml", out / "selection.yaml")


def _without(text: str, parts: tuple[str, ...]) -> str:
    """study.yaml without what stands between ``# >>> part`` and ``# <<< part`` of the parts that are left out.

    >>> print(_without("a\\n  # >>> x\\n  b\\n  # <<< x\\n  # >>> y\\n  c\\n  # <<< y\\n", ("x",)), end="")
    a
      c
    """
    for part in parts:
        text = re.sub(rf"(?ms)^ *# >>> {re.escape(part)}\n.*?^ *# <<< {re.escape(part)}\n", "", text)
    return re.sub(r"(?m)^ *# (>>>|<<<) .*\n", "", text)


def _readme(template: Path, selection: Selection, made: Assembled, options: argparse.Namespace, seed: int) -> str:
    """What the description says of the study, and what was drawn here."""
    lines = [(template / "README.md").read_text(encoding="utf-8").rstrip(), "", "## This folder", ""]
    lines += [f"Drawn with seed {seed} from `{'`, `'.join(path.name for path in options.stimuli)}`.", ""]
    lines += ["| part | clips | speakers | each |", "|---|---|---|---|"]
    for part, clips in made.heard.groupby("part"):
        lines.append(f"| {part} | {len(clips)} | {clips['speaker'].nunique()} | {_each(clips)} |")
    lines += [f"| (training.csv) | {len(made.training)} | {_speakers(made.training)} | {_each(made.training)} |", ""]
    lines += [f"- {note}" for note in made.notes]
    for named in selection.parts:
        if named.part not in made.missing and named.apart:
            same = " or ".join(named.apart)
            lines.append(f"- {named.part}: no clip of `training.csv` has the same {same} as one that is heard.")
    return "\n".join(lines) + "\n"


def _counted(clips: pd.DataFrame) -> str:
    return f"{len(clips)} clips of {_speakers(clips)} speakers ({_each(clips)})"


def _speakers(clips: pd.DataFrame) -> int:
    return len(clips[["corpus", "speaker"]].drop_duplicates())


def _each(clips: pd.DataFrame) -> str:
    counts = clips["truth"].value_counts()
    return ", ".join(f"{label} {counts[label]}" for label in in_order(set(counts.index)))


COMMAND = Command("make a published study again with the clips of your own corpora", _arguments, _run)
