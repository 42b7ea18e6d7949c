"""From what models said to an experiment's tables: every model of every fold is a rater of its test clips.

The chosen models are those of the settings and layer whose mean UA on *dev* clips, over folds and seeds, is the highest of
their encoder, method, setting, source and target (of equal ones the first): the test clips choose nothing. Settings with
which a model diverged are not chosen: what a mean leaves out for being bad would make it good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import languages, ratings
from ser_core.audit import Finding
from ser_core.cli import several
from ser_core.emotions import in_order
from ser_core.engine.tasks import DIGITS
from ser_core.experiment_intervals import intervals
from ser_core.experiment_protocol import shots_words
from ser_core.experiment_tables import CURVES, FINDINGS, INTERVALS, KIND, MODELS, PLACE, WHOLE
from ser_core.experiments.learnings import Ids, Job
from ser_core.experiments.plan import Planned
from ser_core.experiments.tasks import Said
from ser_core.experiments.voices import Voices
from ser_core.made_up import stamped
from ser_core.methods._method import Told
from ser_core.metrics.ua import ua
from ser_core.metrics.wa import wa
from ser_core.shots import FEW
from ser_core.tables import RATERS, RATINGS, STIMULI, Table, Tables

UNKNOWN = {"ua": np.nan, "wa": np.nan, "n": 0, "dev_ua": np.nan, "dev_loss": np.nan}
"""Of a model that there is not."""


@dataclass(frozen=True)
class Outcome:
    """What became of a learning, the model itself aside."""

    told: Told
    said: Said
    seconds: float
    device: str
    diverged: str = ""
    """Why there is no model; empty: there is."""


@dataclass(frozen=True)
class Results:
    """All that models said of their clips."""

    plan: Planned
    revisions: Mapping[str, str]
    outcomes: Sequence[Outcome]
    """One for each learning."""

    @cached_property
    def models(self) -> pd.DataFrame:
        """``MODELS``, but for what listeners' clips add."""
        table = ratings.frame(MODELS, [self._row(n, job) for n, job in enumerate(self.plan.jobs)])
        among = ["encoder", "method", *PLACE]
        each = [*among, "settings", "layer"]
        means = table.groupby(each, sort=False, dropna=False)["dev_ua"].mean(skipna=False).round(12).reset_index()
        best = means.dropna(subset="dev_ua").sort_values("dev_ua", ascending=False, kind="stable").drop_duplicates(among)
        chosen = table.merge(best[each], on=each, how="left", indicator=True)["_merge"] == "both"
        return table.assign(chosen=np.where(chosen, "yes", "no"))

    def tables(self) -> Tables:
        """The three tables of all models and their test clips."""
        return self._tables(self.plan.clips, {n: (job, self._said(job, job.task.test)) for n, job in self._learned()})

    def listened_tables(self, said: Mapping[int, Said]) -> Tables:
        """The three tables of what chosen models, by their number, said of listeners' clips."""
        return self._tables(self.plan.listened, {n: (self.plan.jobs[n], each) for n, each in said.items()})

    def with_listened(self, said: Mapping[int, Said]) -> pd.DataFrame:
        """``MODELS`` with the UA on those of listeners' clips that are in the corpus and language that a model is tested in.

        Where listeners heard none of that corpus, it is of all in that language. Dialects of it are rated and not counted.
        """
        table = self.models.copy()
        clips = self.plan.listened[self.plan.listened["truth"].isin(self.plan.experiment.emotions)]
        tags = clips["language"].map(languages.normal)
        for number, each in said.items():
            target = self.plan.jobs[number].task.target
            spoken = clips[tags == target.language]
            own = spoken[spoken["corpus"] == target.corpus]
            asked = set((own if len(own) else spoken)["stimulus"])
            known = Said(*_rows(each, tuple(id_ for id_ in each.stimuli if id_ in asked)))
            if known.stimuli:
                table.loc[number, ["listened_ua", "listened_n"]] = float(ua(self._counts(known))), len(known.stimuli)
        return table

    def curves(self) -> pd.DataFrame:
        """``CURVES``"""
        found = [self.outcomes[job.learning].told.curve.assign(model=n) for n, job in enumerate(self.plan.jobs)]
        return ratings.frame(CURVES, pd.concat(found, ignore_index=True))

    def intervals(self) -> pd.DataFrame:
        """``INTERVALS``"""
        return ratings.frame(INTERVALS, intervals(self.models, self._judged()))

    def findings(self) -> pd.DataFrame:
        """``FINDINGS``"""
        found = (*([self._lost()] if self.diverged else []), *self.plan.findings)
        rows = [(f.severity, f.check, f.what, " ".join(f.clips)) for f in found]
        return ratings.frame(FINDINGS, pd.DataFrame(rows, columns=["severity", "check", "what", "clips"]))

    @cached_property
    def diverged(self) -> dict[int, str]:
        """Why there is no model, by its number, where there is none."""
        why = {n: self.outcomes[job.learning].diverged for n, job in enumerate(self.plan.jobs)}
        return {number: what for number, what in why.items() if what}

    def _lost(self) -> Finding:
        few = f"{len(self.diverged)} of {several(len(self.plan.jobs), 'model')} diverged: no ratings, not chosen, in no mean"
        each = "; ".join(f"{what} ({several(n, 'model')})" for what, n in Counter(self.diverged.values()).items())
        return Finding("alarm", "diverged", f"{few}. {each[0].upper()}{each[1:]}", ())

    # --- models ---

    def _learned(self) -> Iterator[tuple[int, Job]]:
        """Those that there are, by number."""
        return ((number, job) for number, job in enumerate(self.plan.jobs) if number not in self.diverged)

    def _row(self, number: int, job: Job) -> dict[str, Any]:
        learned, outcome = self.plan.learnings[job.learning], self.outcomes[job.learning]
        stages = [learned] if learned.after is None else [self.plan.learnings[learned.after], learned]
        before = 0.0 if learned.after is None else self.outcomes[learned.after].seconds
        told = outcome.told
        same = ("epochs", "kept", "stopped", "trainable", "peak_memory_mb", "batch")
        return {
            "model": number,
            "rater": self._name(job),
            **self._what(job),
            **{name: getattr(told, name) for name in same},
            "fold": job.task.fold,
            "seed": job.seed,
            **(UNKNOWN if outcome.diverged else self._measured(job, learned.dev, told)),
            "n_train": sum(len(stage.train) for stage in stages),
            "n_dev": sum(len(stage.dev) for stage in stages),
            "trial": job.task.trial,
            "n_shots": len(job.task.own),
            "n_unlabelled": len(learned.unlabelled),
            "disjoint": self._voices.disjoint(job),
            "dev_from": self._voices.dev_from(job) if learned.dev else "",
            "seconds": round(before + outcome.seconds, 3),
            "device": outcome.device,
            "notes": "; ".join(told.notes),
        }

    def _measured(self, job: Job, dev_clips: Ids, told: Told) -> dict[str, float]:
        """What ``UNKNOWN`` names, on test and dev clips."""
        test, dev = self._counts(self._said(job, job.task.test)), self._said(job, dev_clips)
        on_dev = {"dev_ua": float(ua(self._counts(dev))), "dev_loss": self._dev_loss(told, dev)}
        return {"ua": float(ua(test)), "wa": float(wa(test)), "n": len(job.task.test), **on_dev}

    def _what(self, job: Job) -> dict[str, Any]:
        """The kind of model, and where it learned and was tested."""
        kind, task = job.kind, job.task
        shots = task.shots if task.setting in FEW else ""
        ends = (task.source.corpus, task.source.language, task.target.corpus, task.target.language)
        names = (task.setting, *ends, shots, task.condition)
        own = dict(zip(KIND, (kind.encoder, kind.method, kind.words), strict=True))
        return {**own, "layer": kind.layer, "revision": self.revisions[kind.encoder], **dict(zip(PLACE, names, strict=True))}

    @cached_property
    def _voices(self) -> Voices:
        return Voices(self.plan)

    def _dev_loss(self, told: Told, dev: Said) -> float:
        """As it was told of the kept epoch; else of the posteriors, as far as their digits go."""
        kept = told.curve[told.curve["epoch"] == told.kept] if told.kept is not None else told.curve.iloc[:0]
        if len(kept):
            return float(kept["dev_loss"].iloc[-1])
        right = np.array([dev.labels.index(truth) for truth in self._truths(dev.stimuli)])
        given = dev.weights[np.arange(len(right)), right]
        return float(-np.log(np.maximum(given, 10.0**-DIGITS / 2)).mean())

    def _judged(self) -> pd.DataFrame:
        """A row for each test clip of each model: whose voice it is, and what it is and was taken for."""
        clips = self.plan.clips.set_index("stimulus")[["corpus", "speaker", "truth"]]
        numbers, jobs = zip(*self._learned(), strict=True)
        said = [self._said(job, job.task.test) for job in jobs]
        asked = clips.loc[[id_ for each in said for id_ in each.stimuli]]
        return pd.DataFrame(
            {
                "model": np.repeat(numbers, [len(each.stimuli) for each in said]),
                "voice": (asked["corpus"] + " " + asked["speaker"]).where(asked["speaker"] != "", "").to_numpy(),
                "truth": asked["truth"].to_numpy(),
                "label": np.concatenate([np.array(each.labels, object)[each.weights.argmax(axis=1)] for each in said]),
            }
        )

    # --- raters and ratings ---

    def _tables(self, clips: pd.DataFrame, said: Mapping[int, tuple[Job, Said]]) -> Tables:
        parts = [_ratings(self._name(job), each) for job, each in said.values()]
        rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        heard = {id_ for _, each in said.values() for id_ in each.stimuli}
        return Tables(
            stimuli=ratings.frame(STIMULI, clips[clips["stimulus"].isin(heard)].reset_index(drop=True)),
            raters=ratings.frame(RATERS, pd.DataFrame([self._rater(job) for job, _ in said.values()])),
            ratings=ratings.frame(RATINGS, rows),
        )

    def _rater(self, job: Job) -> dict[str, Any]:
        what = {key: "" if value is None else str(value) for key, value in self._what(job).items()}
        few = shots_words(job.task.shots) if job.task.setting in FEW else ""
        return {
            "rater": self._name(job),
            "rater_type": "machine",
            "group": " ".join(
                filter(None, (job.kind.name, str(job.task.source), job.task.setting, few, job.task.condition))
            ),
            **what,
            "fold": str(job.task.fold),
            "seed": str(job.seed),
            "run": self.plan.out.name,
        }

    def _name(self, job: Job) -> str:
        task = job.task
        shots = f", {shots_words(task.shots)}, trial {task.trial}" if task.setting in FEW else ""
        how = f"{shots}, {task.condition}" if task.condition else shots
        return f"{self.plan.out.name}: {job.kind.name}, {task.setting} {task.name}{how}, fold {task.fold}, seed {job.seed}"

    def _said(self, job: Job, ids: Ids) -> Said:
        return Said(*_rows(self.outcomes[job.learning].said, ids))

    def _counts(self, said: Said) -> npt.NDArray[np.float64]:
        """[truth, label]"""
        emotions = in_order(set(self.plan.experiment.emotions))
        counts = np.zeros((len(emotions), len(emotions)))
        truths = [emotions.index(truth) for truth in self._truths(said.stimuli)]
        given = np.array([emotions.index(label) for label in said.labels], dtype=np.int64)[said.weights.argmax(axis=1)]
        np.add.at(counts, (np.array(truths, dtype=np.int64), given), 1)
        return counts

    def _truths(self, ids: Ids) -> list[str]:
        return [self._truth[id_] for id_ in ids]

    @cached_property
    def _truth(self) -> dict[str, str]:
        both = pd.concat([self.plan.clips, self.plan.listened], ignore_index=True)
        return dict(zip(both["stimulus"], both["truth"], strict=True))


def _rows(said: Said, ids: Ids) -> tuple[Ids, tuple[str, ...], npt.NDArray[np.float64]]:
    """What was said of some of the clips."""
    at = {id_: n for n, id_ in enumerate(said.stimuli)}
    return ids, said.labels, said.weights[[at[id_] for id_ in ids]] if ids else np.zeros((0, len(said.labels)))


def _ratings(rater: str, said: Said) -> pd.DataFrame:
    count = len(said.labels)
    return pd.DataFrame(
        {
            "rater": rater,
            "stimulus": np.repeat(np.array(said.stimuli, dtype=object), count),
            "label": np.tile(np.array(said.labels, dtype=object), len(said.stimuli)),
            "weight": said.weights.ravel(),
        }
    )


def written(table: Table, rows: pd.DataFrame, made_up: str) -> bytes:
    """A table of an experiment as CSV: its columns, whole numbers without a point, and what of its clips was made up."""
    whole = {name: rows[name].astype("Int64") for name in table.numbers & WHOLE}
    known = rows.assign(**whole)[[column.name for column in table.columns]]
    return ratings.to_csv(stamped(known, made_up)).encode()
