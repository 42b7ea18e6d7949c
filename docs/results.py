"""Write docs/results.md from the folders of the three experiments on six languages.

    .venv/bin/python -m docs.results data/runs

The folders are those of data/experiments/six-languages-{transfer,methods,utterance}.yaml.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from docs.trials import table
from ser_core.experiment_folders import Experiment, read

PAGE = Path(__file__).with_name("results.md")
NAMES = ("transfer", "methods", "utterance")
ENCODER = "byol-s-512"
OTHERS = "all others"

HEAD = """\
# Results on real speech, six languages

Written by `python -m docs.results data/runs` from the folders of three experiments; do not edit. The encoder is BYOL-S (real
weights) unless it says log-mel. Numbers are UA in percent over all test clips of all folds, seeds and
trials together; in brackets the 95 % interval over draws of test *speakers*
([experiment_intervals.py](../ser_core/experiment_intervals.py)). Classes are angry, happy and sad, so guessing gives 33.
"""


def page(transfer: Experiment, methods: Experiment, utterance: Experiment) -> str:
    """The whole page."""
    parts = [
        HEAD,
        "## What was run\n",
        _ran(transfer, methods, utterance),
        "## From language to language\n",
        "A logistic regression learned in the row and was tested in the column, without a clip of it; on the "
        "diagonal within the "
        "corpus. Voices of the test never taught.\n",
        _matrix(transfer, ENCODER),
        "The same on log-mel features:\n",
        _matrix(transfer, "logmel"),
        _reach(transfer),
        "## With a few labelled clips of the target\n",
        "So many clips of other voices of the target, beside those of the source; three draws of each number. "
        "Means over the five "
        "sources, in brackets the lowest and highest of them.\n",
        _shots(transfer),
        "## In noise\n",
        "The same models, which learned from clean clips, tested on copies with one of three noises (dishes, a "
        "running tap, an exercise "
        "bike).\n",
        _noise(transfer),
        "## With the same voices in training and test\n",
        "Clips dealt one by one instead of speaker by speaker; the same classifier, as many clips, as many folds.\n",
        _inflation(transfer, utterance),
        "## Without the speaker\n",
        "A logistic regression on the mean over frames; then without the directions that tell the training "
        "part's speakers apart "
        "(INLP, the operator that is correct), and without as many directions drawn by chance. Three seeds.\n",
        _removed(methods),
        "## Methods against each other\n",
        "All learned in the other five languages, none had a labelled clip of the target; DANN and "
        "pseudo-labels had unlabelled ones, of "
        "voices that are not tested. Settings are those that the methods have by themselves, none was tuned "
        "here. Three seeds.\n",
        _methods(methods),
        "## What this shows, and what it cannot\n",
        _limits(transfer, methods, utterance),
    ]
    return "\n".join(parts)


def _ran(*experiments: Experiment) -> str:
    first = experiments[0]
    clips = first.clips
    tested = clips.loc[clips["noise_of"] == ""] if "noise_of" in clips else clips
    rows = [
        (str(corpus), str(own["language"].iloc[0]), f"{len(own)}", f"{own['speaker'].nunique()}")
        for corpus, own in list(tested.groupby("corpus", sort=True))
    ]
    took = [
        (f"`{e.name}`", f"{len(e.models):,}", f"{e.config['learned']:,}", f"{e.config['took_s']:.0f} s") for e in experiments
    ]
    config = first.config
    machine = config["machine"]
    findings = first.findings[first.findings["severity"].isin(["alarm", "warning"])]["what"]
    return "\n".join(
        [
            table(("corpus", "language", "clips tested", "speakers"), rows),
            table(("experiment", "models tested", "models learned", "took"), took),
            f"On {machine['cores']} cores of {machine['processor']}, {config['device']}, Python "
            f"{config['versions'].get('python', '')}, beside other work. What the audit says of these clips:\n",
            *(f"- {what}" for what in dict.fromkeys(findings)),
            "",
        ]
    )


def _cells(experiment: Experiment, **wanted: str) -> pd.DataFrame:
    """Cells whose columns are as wanted."""
    cells = experiment.cells
    for column, value in wanted.items():
        cells = cells[cells[column] == value]
    return cells


def _zero(experiment: Experiment, encoder: str) -> pd.DataFrame:
    """Clean cells without a labelled clip of the target, ``row`` and ``target`` as they are called here."""
    cells = _cells(experiment, encoder=encoder, condition="")
    cells = cells[cells["shots"].isin(["", "0"])]
    return cells.assign(row=cells["source"].where(cells["setting"] != "multi_source", OTHERS))


def _matrix(experiment: Experiment, encoder: str) -> str:
    cells = _zero(experiment, encoder).set_index(["row", "target"])
    targets = sorted(set(cells.index.get_level_values("target")))
    rows = [
        (row, *(_interval(cells.loc[(row, target)]) if (row, target) in cells.index else "" for target in targets))
        for row in [*targets, OTHERS]
    ]
    return table(("learned in", *targets), rows)


def _interval(cell: pd.Series) -> str:
    return f"{_percent(cell['ua_all'])} ({_percent(cell['ci_low'])} to {_percent(cell['ci_high'])})"


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _reach(experiment: Experiment) -> str:
    """In how many places chance is out of the interval."""
    found = []
    for encoder, name in ((ENCODER, "BYOL-S"), ("logmel", "log-mel")):
        cells = _zero(experiment, encoder)
        for setting, what in (("mono", "within a corpus"), ("transfer", "pairs"), ("multi_source", "of all others")):
            own = cells[cells["setting"] == setting]
            found.append(
                f"{name}, {what}: {int((own['ci_low'] > 1 / 3).sum())} of {len(own)} (mean UA "
                f"{_percent(own['ua_all'].mean())})"
            )
    return "The whole interval lies above guessing in: " + "; ".join(found) + ".\n"


def _shots(experiment: Experiment) -> str:
    cells = _cells(experiment, condition="", setting="transfer")
    order = sorted(set(cells["shots"]), key=lambda k: float("inf") if k == "all" else int(k))
    targets = sorted(set(cells["target"]))
    rows = []
    for encoder in (ENCODER, "logmel"):
        for count in order:
            own = cells[(cells["encoder"] == encoder) & (cells["shots"] == count)]
            by_target = [own[own["target"] == target]["ua_all"] for target in targets]
            spans = [f"{_percent(v.mean())} ({_percent(v.min())} to {_percent(v.max())})" for v in by_target]
            rows.append((encoder, count, *spans, _percent(own["ua_all"].mean())))
    return table(("encoder", "clips", *targets, "all pairs"), rows)


def _noise(experiment: Experiment) -> str:
    cells = experiment.cells[experiment.cells["shots"].isin(["", "0"]) & (experiment.cells["encoder"] == ENCODER)]
    conditions = ["", *sorted((c for c in set(cells["condition"]) if c), key=_ratio, reverse=True)]
    targets = sorted(set(cells["target"]))
    rows = []
    for setting, what in (("mono", "the corpus itself"), ("multi_source", OTHERS)):
        for condition in conditions:
            own = cells[(cells["setting"] == setting) & (cells["condition"] == condition)].set_index("target")
            rows.append(
                (what, condition or "clean", *(_interval(own.loc[t]) for t in targets), _percent(own["ua_all"].mean()))
            )
    return table(("learned in", "condition", *targets, "mean"), rows)


def _ratio(condition: str) -> float:
    return float(re.findall(r"(-?[\d.]+) dB", condition)[0])


def _inflation(apart: Experiment, together: Experiment) -> str:
    rows = []
    targets = sorted(set(together.cells["target"]))
    for encoder in (ENCODER, "logmel"):
        for experiment, what in ((apart, "speakers apart"), (together, "clips dealt one by one")):
            own = _cells(experiment, encoder=encoder, setting="mono", condition="").set_index("target")
            rows.append((encoder, what, *(_interval(own.loc[t]) for t in targets), _percent(own["ua_all"].mean())))
    return table(("encoder", "folds", *targets, "mean"), rows)


def _removed(experiment: Experiment) -> str:
    cells = _cells(experiment, method="speaker_removed")
    targets = sorted(set(cells["target"]))
    rows = []
    for setting, what in (("mono", "the corpus itself"), ("multi_source", OTHERS)):
        for settings, name in (("remove=nothing", "nothing"), ("", "speakers"), ("remove=random", "as many at random")):
            own = cells[(cells["setting"] == setting) & (cells["settings"] == settings)].set_index("target")
            values = (_interval(own.loc[t]) for t in targets)
            rows.append((what, name, *values, _percent(own["ua_all"].mean()), *_told_apart(experiment, setting, settings)))
    head = ("speakers told apart, before and after", "directions removed; training clips")
    return table(("learned in", "removed", *targets, "mean", *head), rows)


def _inlp(experiment: Experiment, setting: str, settings: str) -> pd.DataFrame:
    """Of each model that removed something: ``before, after`` (speakers told apart), ``removed`` directions, ``n_train``."""
    models = experiment.models
    own = models[(models["method"] == "speaker_removed") & (models["setting"] == setting) & (models["settings"] == settings)]
    known = own["notes"].str.extract(r"training clips: ([\d.]+)(?: before, ([\d.]+) after)?").astype(float)
    removed = own["notes"].str.extract(r"^(\d+) of")[0].astype(float)
    return pd.DataFrame({"before": known[0], "after": known[1], "removed": removed, "n_train": own["n_train"]})


def _told_apart(experiment: Experiment, setting: str, settings: str) -> tuple[str, str]:
    mean = _inlp(experiment, setting, settings).mean()
    after = "" if pd.isna(mean["after"]) else f", {_percent(mean['after'])}"
    removed = "" if pd.isna(mean["removed"]) else f"{mean['removed']:.0f}; {mean['n_train']:.0f}"
    return _percent(mean["before"]) + after, removed


def _methods(experiment: Experiment) -> str:
    cells = _cells(experiment, setting="multi_source")
    cells = cells[cells["method"] != "speaker_removed"]
    targets = sorted(set(cells["target"]))
    rows = []
    for (method, settings), own in cells.groupby(["method", "settings"], sort=False):
        by_target = own.set_index("target")
        values = (_interval(by_target.loc[t]) for t in targets)
        rows.append((f"`{method}` {settings}".strip(), *values, _percent(own["ua_all"].mean())))
    return table(("method", *targets, "mean"), rows)


def _limits(transfer: Experiment, methods: Experiment, utterance: Experiment) -> str:
    return "\n".join(f"- {line}" for line in _lines(transfer, methods, utterance)) + "\n"


def _lines(transfer: Experiment, methods: Experiment, utterance: Experiment) -> Iterator[str]:
    cells = _cells(methods, setting="multi_source")
    means = cells[cells["method"] != "speaker_removed"].groupby(["method", "settings"])["ua_all"].mean()
    yield (
        "An interval without width means that a model said the same of every speaker, one emotion of all clips for example; "
        "it is no certainty."
    )
    yield (
        f"The means of the methods over six targets lie from {_percent(means.min())} to {_percent(means.max())}; "
        f"the interval of one "
        f"target is {_percent((cells['ci_high'] - cells['ci_low']).mean())} points wide on average. These clips "
        f"rank no method."
    )
    urdu = _zero(transfer, ENCODER).query("setting == 'mono' and target == 'ur'").iloc[0]
    yield (
        f"Within Urdu, where nearly every speaker is heard in one emotion only, the probe reaches "
        f"{_percent(urdu['ua_all'])}: leaving "
        "speakers out does not keep it from learning voices, and its numbers say nothing of emotion."
    )
    inlp = _inlp(methods, "multi_source", "").mean()
    yield (
        f"Without the speaker little is left, but no more follows from it here: {inlp['removed']:.0f} directions were "
        f"removed on average where {inlp['n_train']:.0f} clips taught, so hardly anything of what these clips span "
        "remains. Directions at random leave most of that span, which makes them a weak control as long as there are "
        "fewer clips than dimensions (512)."
    )
    both = [
        _cells(e, encoder=ENCODER, setting="mono", condition="").set_index("target")["ua_all"] for e in (transfer, utterance)
    ]
    more = (both[1] - both[0]).drop("ur")
    yield (
        f"Voices on both sides of the split add {_percent(more.mean())} points on average without Urdu (from "
        f"{_percent(more.min())} to "
        f"{_percent(more.max())}): that is what a table owes to them."
    )
    few = transfer.cells["speakers"].min()
    yield (
        f"There are as few as {few:.0f} test speakers in a corpus; with fewer than ten an interval is too "
        f"narrow. The EMO-DB copy has "
        "every clip at 2 s, TurEV-DB holds single words: corpora differ in more than language."
    )
    yield "BYOL-S heard AudioSet, which holds speech of many languages: no encoder here is foreign to any of them."


if __name__ == "__main__":
    runs = Path(sys.argv[1])
    PAGE.write_text(page(*(read(runs / f"six-languages-{name}") for name in NAMES)), encoding="utf-8")
