"""How models came about, in the words of a paper's methods section: what rated, and of each run or experiment its config.

A config is what its ``config.yaml`` holds: whoever compares may have written it by hand, so what is not there, or not of the
kind that a run writes, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ser_core.emotions import in_order
from ser_core.experiment_folders import LISTENED
from ser_core.figure_notes import _many
from ser_core.provenance import MadeOf
from ser_core.tables import Tables

_NAMED = 12
"""Values that are counted out; of more, only their number is told."""

Config = Mapping[str, Any]


def models(tables: Tables, made_of: MadeOf) -> Iterator[str]:
    """Sentences on the models that rated and on how they were made."""
    machines = tables.raters[tables.raters["rater_type"] == "machine"]
    if machines.empty:
        return
    yield f"{_many(len(machines), 'model')} rated the same clips; a model’s posterior counts as its most probable label."
    for (method, encoder, revision), part in machines.groupby(["method", "encoder", "revision"], sort=True):
        heard = f" on {encoder} ({revision or 'revision unknown'})" if encoder else ""
        yield f"{method or 'Method unknown'}{heard}: {_many(len(part), 'model')}; {_settings(part)}."
    named = sorted(set(machines["run"]))
    told = {name: known for name in named for known in (name, f"{name}/{LISTENED}") if known in made_of.runs}
    for name in sorted(set(told.values())):
        yield from of_run(name, made_of.runs[name])
    untold = ", ".join(name or "without a name" for name in named if name not in told)
    if untold:
        yield f"How the models of these runs were made is not told by what was compared: {untold}."


def _settings(part: pd.DataFrame) -> str:
    """Where models were trained and tested, over which seeds and folds."""
    from_to = (part["source"] + " to " + part["target"]).where((part["source"] != "") & (part["target"] != ""), "")
    facts = (
        ("setting", part["setting"]),
        ("trained on and tested on", from_to),
        ("seed", part["seed"]),
        ("fold", part["fold"]),
    )
    shown = [(name, in_order(set(values) - {""})) for name, values in facts]
    return (
        "; ".join(f"{n} {', '.join(v) if len(v) <= _NAMED else f'{len(v):,} of them'}" for n, v in shown if v) or "as given"
    )


def of_run(name: str, config: Config) -> Iterator[str]:
    """Sentences on a run or an experiment by its config."""
    if isinstance(config.get("experiment"), dict):
        yield from _of_experiment(name, config, config["experiment"])
        return
    settings = config.get("hyper_parameters")
    said = ", ".join(f"{key} {value}" for key, value in settings.items()) if isinstance(settings, dict) else ""
    device = f", on {config['device']}" if config.get("device") else ""
    yield f"Run {name}: {config.get('model') or 'models'}{f' ({said})' if said else ''}{device}."
    train = [entry for entry in config.get("train") or () if isinstance(entry, dict)]
    sizes = [(tag, sum(by.values())) for entry in train for tag, by in (entry.get("clips") or {}).items()]
    if sizes:
        yield f"It learned from {', '.join(f'{size:,} clips of {tag}' for tag, size in sizes)}."
    disjoint = config.get("disjoint")
    if isinstance(disjoint, dict):
        shared = disjoint.get("shared_speakers") or []
        yield (
            "No clip was both trained on and rated"
            + (f", but these speakers were: {', '.join(map(str, shared))}." if shared else ", and no speaker.")
        )


# --- experiments ---


def _of_experiment(name: str, config: Config, asked: Config) -> Iterator[str]:
    what = f"experiment {asked.get('name', name)}"
    learned = _counted(config, "models", "model")
    yield f"Run {name}: {what}{f' of {learned}' if learned else ''}; seeds of the models: {_list(asked.get('seeds', [0]))}."
    if name.endswith(f"/{LISTENED}"):
        yield (
            "Of these, the models whose settings and layer have the highest mean UA on dev clips, over folds and seeds, "
            "rated the clips that listeners heard."
        )
    revisions = config.get("revisions")
    if isinstance(revisions, dict) and revisions:
        tags = _mapping(asked.get("encoders"))
        told = (f"{e} ({r}{f'; pretrained in {tags[e]}' if tags.get(e) else ''})" for e, r in revisions.items())
        yield f"Encoders, with their revisions: {', '.join(told)}."
    yield from (f"Models: {told}." for told in [_grid(asked)] if told)
    yield from _splits(asked)
    device = f"on {config['device']}" if config.get("device") else ""
    code = f"code {config['code']}" if config.get("code") else ""
    versions = config.get("versions")
    with_ = ", ".join(f"{key} {value}" for key, value in versions.items()) if isinstance(versions, dict) else ""
    if made := "; ".join(filter(None, (device, code, with_))):
        yield f"Made {made}."


def _counted(config: Config, key: str, what: str) -> str:
    number = config.get(key)
    return _many(number, what) if isinstance(number, int) else ""


def _grid(asked: Config) -> str:
    """Every kind of model that was asked for, with what was set of it."""
    grid = asked.get("grid") or {}
    usual = _pairs({**({"method": asked["method"]} if asked.get("method") else {}), **_mapping(asked.get("with"))})
    each = [_pairs(entry) for entry in (grid if isinstance(grid, list) else [grid]) if isinstance(entry, dict)]
    return "; ".join(", ".join(filter(None, (usual, entry))) for entry in each)


def _mapping(value: Any) -> Config:
    return value if isinstance(value, dict) else {}


def _pairs(entry: Config) -> str:
    return ", ".join(f"{str(key).removeprefix('with.')} {_list(value, 'or')}" for key, value in entry.items())


def _splits(asked: Config) -> Iterator[str]:
    """How clips were cut into folds, and where models learned and were tested."""
    yield f"Settings: {_list(asked.get('settings', ['mono']))}."
    cut = _mapping(asked.get("splits"))
    if not cut:
        return
    by = {"speaker": "by speakers", "utterance": "by utterances", "where_needed": "by speakers, by utterances where needed"}
    folds = "one speaker left out at a time" if cut.get("folds") == "speakers" else f"{cut.get('folds')} folds"
    parts = ", ".join(f"{cut[part]:,} to {word}" for part, word in _PARTS.items() if isinstance(cut.get(part), int))
    how = f"Clips were cut {by.get(str(cut.get('by')), 'by speakers')} into {folds}{f' of at most {parts}' if parts else ''}"
    yield f"{how} (seed {cut.get('seed', 0)})."
    whose = "of the test’s speakers" if cut.get("dev_speakers") == "test" else "of speakers of their own"
    yield f"Dev clips were {whose}, from the {asked.get('dev_from', 'source')} of models tested elsewhere than they learned."
    shots = _mapping(asked.get("shots"))
    if set(asked.get("settings", ())) & {"transfer", "multi_source"} and shots:
        given, draws = _list(shots.get("counts", [0])), shots.get("trials", 1)
        each = " of each emotion" if shots.get("of") == "emotion" else ""
        times = f"{draws} time{'s' if draws != 1 else ''}"
        yield f"Labelled clips of the target that a model was given: {given}{each}, drawn {times}."
    if noisy := asked.get("noisy"):
        where = "test and in training" if asked.get("noise_in") == "both" else "test"
        yield f"Copies with noise ({_list(noisy)}) stood in the {where}."


_PARTS = {"train": "train", "dev": "stop training", "test": "test"}


def _list(values: Any, last: str = "") -> str:
    """
    >>> _list([1, 10], "or"), _list("all"), _list([0, 1, 2])
    ('1 or 10', 'all', '0, 1, 2')
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        return str(values)
    return (f" {last} " if last else ", ").join(map(str, values))
