"""A run: models are fitted on training tables and rate a study's clips, and a folder tells all of it.

A run folder holds the three tables with their codebook, ``config.yaml`` (everything that decided the numbers, resolved) and
``log.txt``. It is made in a folder beside it, ``.<name>.partial``, and renamed at the end: a folder without that name is
whole. One model is fitted for each language of the training tables, and rates every clip: ``mono`` where the clip's language
is the one it was trained on, else ``cross``.

Ratings of the same plan are equal byte for byte. Weights are rounded to six digits, so that the last bits of a sum, which
depend on a processor's order of adding, do not reach the table.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ser_core import audio, languages, places, ratings
from ser_core.emotions import in_order
from ser_core.engine.workshop import Workshop, workshop
from ser_core.errors import BadInput, Problem
from ser_core.features import Features, device_named, features
from ser_core.methods._find import find_method
from ser_core.methods._method import Ears, Method, configured
from ser_core.stimuli import for_folder, line, load

PRACTICE = "practice"
"""The ``part`` of clips that only train listeners; nobody is scored on them."""


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do; with the same files, it decides every rating."""

    stimuli: Path
    """Table of the clips to rate."""
    train: tuple[Path, ...]
    """Tables of the clips to learn from."""
    method: str
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What is chosen of the method's config; the rest has its defaults."""


@dataclass(frozen=True)
class Run:
    """A finished run."""

    id: str
    folder: Path
    config: dict[str, Any]
    tables: ratings.Tables


def execute(plan: Plan, out: str | Path) -> Run:
    """Do what the plan says and write the run folder ``out``.

    Raises:
        BadInput: the folder exists, a table or clip is wrong, or the comparison would not be fair; nothing is left behind.
    """
    out = Path(out)
    method, config, clips, train, read = _ready(plan, out)
    ears = method.hears(config)
    with workshop(out, {}) as shop:
        shop.log(f"{method.title}: {len(clips)} clips to rate, {len(train)} to learn from, seed {plan.seed}")
        clips, train = _checked(plan, clips, train, shop=shop)
        heard = _hear(ears, pd.concat([clips, train]), shop) if ears else None
        shared = _shared_speakers(clips, train)
        if shared:
            shop.log(f"the same speakers are in training and among the clips to rate: {', '.join(shared)}")
        tables = _rated(plan, out.name, method=method, config=config, clips=clips, train=train, heard=heard, shop=shop)
        said = _config(plan, out.name, config=config, clips=clips, train=train, read=read, heard=heard)
        ratings.write(dataclasses.replace(tables, stimuli=for_folder(tables.stimuli, out)), shop.run)
        text = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120)
        ratings.write_whole(shop.run / "config.yaml", text.encode())
        shop.log(f"{len(tables.raters)} raters, {len(tables.ratings)} ratings")
    return Run(out.name, out, said, tables)


def of(stimuli: pd.DataFrame) -> list[Run]:
    """The finished runs that belong to a study: those that rated only clips of it, by id and content.

    Args:
        stimuli: the study's clips; rows without ``sha256`` belong to no run.
    """
    known = {pair for pair in zip(stimuli["stimulus"], stimuli["sha256"], strict=True) if pair[1]}
    folders = sorted(places.runs().glob("*/config.yaml"))
    return [run for file in folders if not file.parent.name.startswith(".") for run in _run_of(file.parent, known)]


def _run_of(folder: Path, known: set[tuple[str, str]]) -> Iterator[Run]:
    if not (folder / "stimuli.csv").exists():
        return
    clips = ratings.read_table(folder / "stimuli.csv", ratings.STIMULI)
    if set(zip(clips["stimulus"], clips["sha256"], strict=True)) <= known:
        config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        yield Run(folder.name, folder, config, ratings.read(folder))


# --- at the door -----------------------------------------------------------------------------------------------------


def _ready(plan: Plan, out: Path) -> tuple[Method, Any, pd.DataFrame, pd.DataFrame, dict[Path, str]]:
    """The method and its config, both tables and the hash of each file, or all that is wrong before a clip is opened."""
    problems: list[Problem] = []
    read: dict[Path, str] = {}
    try:
        method = find_method(plan.method)
        config = configured(method, plan.settings, seed=plan.seed)
    except BadInput as bad:
        problems += bad.problems
    if os.path.exists(out):
        problems.append(Problem("exists already; a run never writes over another. Choose another name", out))
    clips = _table(plan.stimuli, problems, read)
    train = [_table(path, problems, read) for path in plan.train]
    for path, table in zip(plan.train, train, strict=True):
        problems += [Problem("'truth' is empty; nothing can be learned from it", path, n) for n in _lines(table, "truth")]
    if not plan.train:
        problems.append(Problem("no training table; name at least one with --train"))
    if problems:
        raise BadInput(*problems)
    clips = clips[clips["part"] != PRACTICE] if "part" in clips else clips
    if clips.empty:
        raise BadInput(Problem("no clip to rate: the table is empty, or all of it is practice", plan.stimuli))
    return method, config, clips.reset_index(drop=True), pd.concat(train, ignore_index=True), read


def _table(path: Path, problems: list[Problem], read: dict[Path, str]) -> pd.DataFrame:
    """The table at ``path`` with two columns more, ``_table`` and ``_row``; its problems and its hash are noted."""
    try:
        read[path] = audio.sha256(path)  # here and not when the run is over: a table may be edited meanwhile
        table = load(path)
    except BadInput as bad:
        problems += bad.problems
        return pd.DataFrame(columns=["truth", "file", "_line"])
    table = table.assign(_table=str(path), _row=range(len(table)))
    problems += [Problem("'file' is empty; a model needs a clip to hear", path, n) for n in _lines(table, "file")]
    return table


def _lines(table: pd.DataFrame, column: str) -> list[int | None]:
    empty = table[table[column] == ""]
    return [line(name, row) for name, row in zip(empty["_table"], empty["_row"], strict=True)] if len(empty) else []


def _absent_classes(clips: pd.DataFrame, train: pd.DataFrame) -> list[Problem]:
    wanted = in_order(set(clips["truth"]) - {""})
    absent = {source: [e for e in wanted if e not in set(part["truth"])] for source, part in _by_language(train)}
    what = "no training clip in language '{}' is {}; a model that never heard it cannot be compared on it"
    return [Problem(what.format(source, " or ".join(missing))) for source, missing in absent.items() if missing]


def _by_language(clips: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    parts = clips.groupby(clips["language"].map(languages.normal), sort=True)
    return [(str(language), part) for language, part in parts]


def _in_both(clips: pd.DataFrame, train: pd.DataFrame) -> list[Problem]:
    known = dict(zip(train["sha256"], train["stimulus"], strict=True))
    both = clips[clips["sha256"].isin(known) & (clips["sha256"] != "")]
    what = "'{}' is also in training (as '{}'): a model would be asked what it was told"
    return [
        Problem(what.format(row["stimulus"], known[row["sha256"]]), row["_table"], line(row["_table"], row["_row"]))
        for row in both.to_dict("records")
    ]


def _shared_speakers(clips: pd.DataFrame, train: pd.DataFrame) -> list[str]:
    def speakers(table: pd.DataFrame) -> set[tuple[str, str]]:
        return {pair for pair in zip(table["corpus"], table["speaker"], strict=True) if pair[1]}

    return [" ".join(pair).strip() for pair in sorted(speakers(clips) & speakers(train))]


# --- hearing, fitting, rating ----------------------------------------------------------------------------------------


def _checked(plan: Plan, clips: pd.DataFrame, train: pd.DataFrame, *, shop: Workshop) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with hashes and lengths measured, after every clip was decoded.

    Raises:
        BadInput: every clip that cannot be heard, every one in both tables, and every emotion that is not taught.
    """
    rows = [*clips.to_dict("records"), *train.to_dict("records")]
    problems = _absent_classes(clips, train)
    measured: list[dict[str, Any]] = []
    for done, row in enumerate(rows):
        shop.progress(done, len(rows), f"checking {row['stimulus']}")
        try:
            measured.append(_measured(str(row["file"]), str(row["sha256"])))
        except BadInput as bad:
            where = f" (line {line(row['_table'], row['_row'])} of {row['_table']})"
            problems += [Problem(p.what + where, p.file) for p in bad.problems]
            measured.append({"sha256": "", "duration_s": float("nan")})
    found = pd.DataFrame(measured)
    clips = clips.assign(**found.iloc[: len(clips)].reset_index(drop=True))
    train = train.assign(**found.iloc[len(clips) :].reset_index(drop=True))
    problems += _in_both(clips, train)
    if problems:
        raise BadInput(*problems)
    return clips, train


def _measured(file: str, written: str) -> dict[str, Any]:
    facts = audio.inspect(file)
    digest = audio.sha256(file)
    if written not in ("", digest):
        raise BadInput(Problem("is not the clip that was indexed: its sha256 is another; index it again", file))
    return {"sha256": digest, "duration_s": round(facts.duration_s, 4)}


def _hear(ears: Ears, clips: pd.DataFrame, shop: Workshop) -> Features:
    """Let the encoder hear each clip once, so that fitting and rating find its features and are quickly done.

    Raises:
        BadInput: a clip cannot be heard, or there is no such encoder here.
    """
    heard = features(ears.encoder, clips, pooling=ears.pooling, progress=shop.progress)
    if heard.left_out:
        raise BadInput(*heard.left_out)
    shop.log(f"{ears.encoder}: {heard.known} clips known, {heard.made} heard{f' on {heard.device}' if heard.made else ''}")
    return heard


def _rated(
    plan: Plan,
    run: str,
    *,
    method: Method,
    config: Any,
    clips: pd.DataFrame,
    train: pd.DataFrame,
    heard: Features | None,
    shop: Workshop,
) -> ratings.Tables:
    raters: list[dict[str, Any]] = []
    rated: list[pd.DataFrame] = []
    targets = clips["language"].map(languages.normal)
    by_language = _by_language(train)
    for done, (source, part) in enumerate(by_language):
        shop.progress(done, len(by_language), f"learning from {len(part)} clips in {source}")
        shop.log(f"fitting on {source}: {_counts(part)}")
        model = method.fit(part, part.iloc[:0], config)
        posterior = method.predict(model, clips).ratings
        names = {target: _rater(plan, run, source=source, target=target, heard=heard) for target in sorted(set(targets))}
        raters += names.values()
        target_of = dict(zip(clips["stimulus"], targets, strict=True))
        rater = [names[target_of[id_]]["rater"] for id_ in posterior["stimulus"]]
        rated.append(posterior.assign(rater=rater, weight=posterior["weight"].round(6)))
    return ratings.Tables(
        stimuli=ratings.frame(ratings.STIMULI, clips.drop(columns=["_table", "_row"])),
        raters=ratings.frame(ratings.RATERS, pd.DataFrame(raters)),
        ratings=ratings.frame(ratings.RATINGS, pd.concat(rated, ignore_index=True)),
    )


def _rater(plan: Plan, run: str, *, source: str, target: str, heard: Features | None) -> dict[str, Any]:
    setting = "mono" if source == target else "cross"
    return {
        "rater": f"{plan.method}.{source}.{target}.s{plan.seed}",
        "rater_type": "machine",
        "group": f"{plan.method} {source} {setting}",
        "encoder": heard.about.encoder if heard else "",
        "revision": heard.about.revision if heard else "",
        "method": plan.method,
        "setting": setting,
        "source": source,
        "target": target,
        "seed": str(plan.seed),
        "run": run,
    }


# --- what is told of it ----------------------------------------------------------------------------------------------


def _config(
    plan: Plan,
    run: str,
    *,
    config: Any,
    clips: pd.DataFrame,
    train: pd.DataFrame,
    read: dict[Path, str],
    heard: Features | None,
) -> dict[str, Any]:
    return {
        "run": run,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": plan.method,
        "hyper_parameters": dataclasses.asdict(config),
        "seed": plan.seed,
        "encoder": heard.about.encoder if heard else None,
        "revision": heard.about.revision if heard else None,
        "device": device_named("auto") if heard else "cpu",
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "git": _git_revision(),
        "stimuli": {"file": str(plan.stimuli), "sha256": read[plan.stimuli], "rated": _counts_by_language(clips)},
        "train": [
            {
                "file": str(path),
                "sha256": read[path],
                "clips": _counts_by_language(train[train["_table"] == str(path)]),
            }
            for path in plan.train
        ],
        "disjoint": {"clips": True, "shared_speakers": _shared_speakers(clips, train)},
    }


_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "torchaudio", "soundfile")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    command = ["git", "-C", str(places.ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


def _counts(clips: pd.DataFrame) -> dict[str, int]:
    counts = clips["truth"].replace("", "unknown").value_counts()
    return {label: int(counts[label]) for label in in_order(set(counts.index))}


def _counts_by_language(clips: pd.DataFrame) -> dict[str, dict[str, int]]:
    return {language: _counts(part) for language, part in _by_language(clips)}
