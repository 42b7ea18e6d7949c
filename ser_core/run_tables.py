"""From what models said, shard by shard, to the tables of a run: raters, ratings, and the posteriors of frames."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core import languages, ratings
from ser_core.emotions import in_order
from ser_core.engine.tasks import Said
from ser_core.run_plan import Resolved

POSTERIORS = "posteriors.parquet"
"""Columns ``rater, stimulus, start_s, end_s``, then a float32 one for each label; a row is a frame, ordered by rater,
stimulus (both as in their tables) and time."""


@dataclass(frozen=True)
class Spoken:
    """What all models said."""

    told: Resolved
    run: str
    sources: tuple[str, ...]
    """The language that each model learned."""
    revision: str
    said: Sequence[Said]
    """Model after model, each with all shards of clips in their order."""

    def tables(self) -> ratings.Tables:
        """The three tables."""
        raters = [row for source in self.sources for row in self._raters(source).values()]
        rated = [self._named(said.rated.ratings, source) for source, said in self._by_source()]
        return ratings.Tables(
            stimuli=ratings.frame(ratings.STIMULI, self.told.clips.drop(columns=["_table", "_row"])),
            raters=ratings.frame(ratings.RATERS, pd.DataFrame(raters)),
            ratings=ratings.frame(ratings.RATINGS, pd.concat(rated, ignore_index=True)),
        )

    def write_posteriors(self, folder: Path) -> None:
        """Write ``POSTERIORS``, if there are any; one shard at a time is in memory."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        labels = self._labels()
        if not labels:
            return
        fields = [("rater", pa.string()), ("stimulus", pa.string()), ("start_s", pa.float64()), ("end_s", pa.float64())]
        schema = pa.schema([*fields, *((label, pa.float32()) for label in labels)])
        with (folder / POSTERIORS).open("wb") as file:
            with pq.ParquetWriter(file, schema) as writer:
                for rows in self._posteriors():
                    whole = rows.reindex(columns=schema.names)  # what a model does not know stays empty
                    writer.write_table(pa.Table.from_pandas(whole, schema, preserve_index=False))
            file.flush()
            os.fsync(file.fileno())

    def _posteriors(self) -> Iterator[pd.DataFrame]:
        for source in self.sources:
            for row in self._raters(source).values():
                for other, said in self._by_source():
                    if other == source and said.rated.posteriors is not None:
                        named = self._named(said.rated.posteriors, source)
                        own = named[named["rater"] == row["rater"]]
                        if len(own):
                            yield own

    def _labels(self) -> list[str]:
        firsts = [self.said[n] for n in range(0, len(self.said), len(self.said) // len(self.sources))]
        found = [said.rated.posteriors for said in firsts if said.rated.posteriors is not None]
        return in_order({label for each in found for label in each.columns} - {"stimulus", "start_s", "end_s"})

    def _by_source(self) -> Iterator[tuple[str, Said]]:
        shards = len(self.said) // len(self.sources)
        return ((self.sources[n // shards], said) for n, said in enumerate(self.said))

    def _named(self, rows: pd.DataFrame, source: str) -> pd.DataFrame:
        """Rows with their rater, who depends on the language of the clip."""
        raters = self._raters(source)
        return rows.assign(rater=[raters[self._target[stimulus]]["rater"] for stimulus in rows["stimulus"]])

    @cached_property
    def _target(self) -> dict[str, str]:
        """The language of each clip."""
        clips = self.told.clips
        return dict(zip(clips["stimulus"], clips["language"].map(languages.normal), strict=True))

    def _raters(self, source: str) -> dict[str, dict[str, Any]]:
        """The raters of one model, by the language of the clips that they rate."""
        return {target: self._rater(source, target) for target in sorted(set(self._target.values()))}

    def _rater(self, source: str, target: str) -> dict[str, Any]:
        plan, ears = self.told.plan, self.told.ears
        setting = "mono" if source == target else "cross" if source else ""
        model = f"{plan.method} {self.told.chosen}".strip()
        return {
            "rater": ".".join(filter(None, [model, source, target, f"s{plan.seed}"])),
            "rater_type": "machine",
            "group": " ".join(filter(None, [model, source, setting])),
            "encoder": ears.encoder if ears else "",
            "revision": self.revision,
            "method": plan.method,
            "setting": setting,
            "source": source,
            "target": target,
            "seed": str(plan.seed),
            "run": self.run,
        }
