"""Agreement on where an emotion shows, corrected for chance: people with people, people with models, anybody with the truth.

Of two raters who marked the same clip, d seconds are marked by one and not by the other, and e seconds would be if both had
placed parts of the same lengths at random (``statistics/chance_overlap.py``, exact). Over any set of pairs and clips

    value = 1 - sum d / sum e = (observed - expected) / (1 - expected),
    observed = 2 sum(shared seconds) / sum(marked seconds of both), expected = the same of random segments.

1 is perfect, 0 is what chance gives, less is worse than chance. ``observed`` is Dice's overlap (positive specific
agreement); corrected for chance, it and the agreement on frames, marked or not, are one and the same number (Fleiss 1975).

Kinds: ``where`` asks only for the place. ``where_and_what`` counts seconds as shared only where the labels agree: d and e
are summed over labels, and chance moves the parts of each label without exchanging labels.

Left out of pairs, and counted as ``undefined``: markings of all or nothing of a clip. Wherever chance puts them, as many
seconds are shared as were, so they say nothing about where.

Why not another measure
    Cohen's kappa and Krippendorff's u-alpha (2016) take moments as drawn one by one. Segments are not: two random halves of
    a clip share a third of it, not a quarter, and kappa would call that agreement. Gamma (Mathet et al. 2015) has the right
    kind of chance, but samples it, and aligns units one to one, which matters for many units on a long text, not for one
    part of a clip of seconds.

Intervals: the two-way cluster bootstrap of ``statistics/bootstrap.py`` over raters (within their group) and clips (within
language and truth); a rater who is drawn twice makes no pair with himself. Of a single clip, over raters only.

Sources: J. L. Fleiss, Measuring agreement between two judges on the presence or absence of a trait, Biometrics 31, 1975.
K. Krippendorff, Y. Mathet, S. Bouvry, A. Widlöcher, On the reliability of unitizing textual continua, Quality & Quantity 50,
2016. Y. Mathet, A. Widlöcher, J.-P. Métivier, The unified and holistic method gamma, Computational Linguistics 41(3), 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.segment_density import DENSITY, density
from ser_core.segment_deviations import DEVIATIONS, deviations
from ser_core.segment_marks import EDGE_S, emotion_order, marks
from ser_core.statistics import bootstrap
from ser_core.statistics.overlap_sums import EXPECTED, MARKED, SHARED, Layer, overlap_sums, pairs
from ser_core.tables import Tables

__all__ = ["AGREEMENT", "DENSITY", "DEVIATIONS", "KINDS", "agreement", "density", "deviations"]

AGREEMENT = (
    "kind", "group", "rater_type", "against", "against_type", "language", "emotion", "stimulus", "value", "observed",
    "expected", "ci_low", "ci_high", "pairs", "undefined", "clips", "note",
)  # fmt: skip
"""One row for every two groups (a group with itself: its raters among each other), over all, in each language, for each
emotion (the truth of the clip), for both, and for each clip; an empty field is all of it. ``pairs`` of raters, counted in
each of the ``clips``, carry the value; ``undefined`` pairs do not; without a value, ``note`` says why."""

KINDS = ("where", "where_and_what")
Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def agreement(tables: Tables, *, seed: int = 0, draws: int = 1000) -> pd.DataFrame:
    """Agreement of every two groups; columns ``AGREEMENT``.

    Clips of unknown length are left out. The same input and seed give the same numbers, whatever the order of the rows.

    Args:
        tables: checked tables; people, machines, or both.
        seed: of the bootstrap; the values themselves have no chance in them.
        draws: of the bootstrap; 0 leaves the intervals empty.

    Raises:
        BadInput: nobody marked a part of any clip.
    """
    study = _Study.of(tables)
    drawn = _Drawn.of(study, seed=seed, draws=draws)
    totals: dict[tuple[str, int, str, str, str], _Total] = {}
    for clip in _clips(study):
        counts = np.array([_counts(clip, g, h) for g, h in study.pairs], dtype=np.int64)
        for kind in KINDS:
            sums = _sums(clip, kind, study, drawn)
            for at in np.flatnonzero(counts.sum(axis=1)):
                for language, emotion in {(lang, emo) for lang in ("", clip.language) for emo in ("", clip.emotion)}:
                    total = totals.setdefault((kind, int(at), language, emotion, ""), _Total())
                    total.add(sums[at] * drawn.clips[:, clip.code], counts[at], clip.stratum)
                totals[kind, int(at), "", "", clip.name] = only = _Total()
                only.add(sums[at], counts[at], clip.stratum)
    rows = [_row(study, *key, total=total) for key, total in totals.items()]
    table = pd.DataFrame(rows, columns=[*AGREEMENT, "_pair"])
    table = table.assign(_emotion=emotion_order(table["emotion"]))
    order = ["kind", "_pair", "stimulus", "language", "_emotion"]
    return table.sort_values(order, ignore_index=True)[list(AGREEMENT)]


# --- who marked what -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Study:
    """Markings of clips of known length with codes, their parts, and which groups are compared."""

    markings: pd.DataFrame
    places: pd.DataFrame
    parts: pd.DataFrame
    groups: list[tuple[str, str]]
    raters: Codes
    """The group of each rater, ``[rater]``."""
    clips: Codes
    """The stratum of each clip, ``[clip]``: clips of one language and truth may stand for each other."""

    @classmethod
    def of(cls, tables: Tables) -> _Study:
        marked = marks(tables)
        places = marked.places()
        rows = marked.markings.dropna(subset="duration_s")
        who = rows[["rater_type", "group"]].drop_duplicates()
        rows = rows.assign(
            _group=rows.groupby(["rater_type", "group"], sort=False).ngroup(),
            _rater=rows.groupby(["rater_type", "group", "rater"], sort=False).ngroup(),
            _clip=rows.groupby("stimulus").ngroup(),
            _stratum=rows.groupby(["language", "truth"]).ngroup(),
        )
        length = (places["end_s"] - places["start_s"]).groupby(places["marking"]).sum()
        known_s = rows["marking"].map(length).fillna(0.0)
        rows["_decided"] = (known_s > 0) & (known_s < rows["duration_s"] - EDGE_S)
        return cls(
            rows,
            places,
            marked.parts,
            list(who.itertuples(index=False, name=None)),
            rows.drop_duplicates("_rater").sort_values("_rater")["_group"].to_numpy(),
            rows.drop_duplicates("_clip").sort_values("_clip")["_stratum"].to_numpy(),
        )

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every two groups that are compared, by their places in ``groups``."""
        return pairs(len(self.groups))


@dataclass(frozen=True)
class _Clip:
    """What was done with one clip by those whose marks say where, and by how many whose marks do not."""

    name: str
    code: int
    stratum: int
    language: str
    emotion: str
    duration_s: float
    rater: Codes
    """Code in the study, ``[marking]``."""
    group: Codes
    everybody: Codes
    """The group of each marking, also of those that say nothing about where."""
    layers: dict[str, list[Layer]]


def _clips(study: _Study) -> Iterator[_Clip]:
    of_clip = study.markings.set_index("marking")["_clip"]
    places = dict(list(study.places.groupby(study.places["marking"].map(of_clip))))
    parts = dict(list(study.parts.groupby(study.parts["marking"].map(of_clip))))
    for code, rows in study.markings.groupby("_clip"):
        decided = rows[rows["_decided"]]
        local = pd.Series(np.arange(len(decided)), decided["marking"])
        of_labels = [_layer(own, local) for _, own in parts[code].groupby("label")] if len(decided) else []
        layers = {
            "where": [_layer(places[code], local)] if len(decided) else [],
            "where_and_what": [layer for layer in of_labels if len(layer.rater)],
        }
        first = rows.iloc[0]
        yield _Clip(
            first["stimulus"],
            int(first["_clip"]),
            int(first["_stratum"]),
            first["language"],
            first["truth"],
            float(first["duration_s"]),
            decided["_rater"].to_numpy(),
            decided["_group"].to_numpy(),
            rows["_group"].to_numpy(),
            layers,
        )


def _layer(parts: pd.DataFrame, local: pd.Series) -> Layer:
    own = parts[parts["marking"].isin(local.index)]
    return Layer(own["marking"].map(local).to_numpy(dtype=np.int64), own["start_s"].to_numpy(), own["end_s"].to_numpy())


def _counts(clip: _Clip, g: int, h: int) -> tuple[int, int]:
    """Pairs of the two groups that carry a value, and pairs that do not."""
    number = [[int(np.count_nonzero(among == n)) for n in (g, h)] for among in (clip.group, clip.everybody)]
    defined, all_ = (a * (a - 1) // 2 if g == h else a * b for a, b in number)
    return defined, all_ - defined


# --- what pairs share ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Drawn:
    """How often each draw holds each rater and clip; the first draw is the data themselves."""

    raters: npt.NDArray[np.uint16]
    """``[draw, rater]``; small numbers, of which a large study has many."""
    clips: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, study: _Study, *, seed: int, draws: int) -> _Drawn:
        def weights(stratum: Codes, name: str) -> npt.NDArray[np.uint16]:
            rng = bootstrap.generator(seed, "segments", name)
            drawn = np.ones((draws + 1, len(stratum)), dtype=np.uint16)
            for rows in bootstrap.chunks(draws, len(stratum)):
                drawn[1:][rows] = bootstrap.weights(stratum, draws=rows.stop - rows.start, rng=rng)
            return drawn

        return cls(weights(study.raters, "raters"), weights(study.clips, "clips"))


def _sums(clip: _Clip, kind: str, study: _Study, drawn: _Drawn) -> Array:
    """Sums over the pairs of every two groups in this clip, ``[pair of groups, 3, draw]``."""
    sums = np.zeros((len(study.pairs), 3, len(drawn.raters)))
    weights = drawn.raters[:, clip.rater]
    here, group = np.unique(clip.group, return_inverse=True)  # of many models, few rated the clip under the same name
    place = {pair: at for at, pair in enumerate(study.pairs)}
    among = [place[int(here[g]), int(here[h])] for g, h in pairs(len(here))]
    for layer in clip.layers[kind]:
        sums[among] += overlap_sums(layer, group, weights, groups=len(here), duration_s=clip.duration_s)
    return sums


@dataclass
class _Total:
    """Sums over clips, and what they rest on."""

    sums: Array | float = 0.0
    pairs: int = 0
    undefined: int = 0
    clips: int = 0
    strata: set[int] = field(default_factory=set)

    def add(self, sums: Array, counts: Codes, stratum: int) -> None:
        """One clip more."""
        self.sums = self.sums + sums
        self.pairs += int(counts[0])
        self.undefined += int(counts[1])
        if counts[0]:
            self.clips += 1
            self.strata.add(stratum)

    def clips_vary(self) -> bool:
        """Whether a draw can hold other clips: two of one stratum."""
        return self.clips > len(self.strata)


def _row(study: _Study, kind: str, at: int, language: str, emotion: str, stimulus: str, *, total: _Total) -> dict[str, Any]:
    g, h = study.pairs[at]
    (rater_type, group), (against_type, against) = study.groups[g], study.groups[h]
    row: dict[str, Any] = {
        "kind": kind,
        "group": group,
        "rater_type": rater_type,
        "against": against,
        "against_type": against_type,
        "language": language,
        "emotion": emotion,
        "stimulus": stimulus,
        "pairs": total.pairs,
        "undefined": total.undefined,
        "clips": total.clips,
        "note": "" if total.pairs else "not defined: in every pair one marked all of the clip or nothing",
        "_pair": at,
    }
    if not total.pairs:
        return row
    marked, shared, expected = np.asarray(total.sums)[[MARKED, SHARED, EXPECTED]]
    with np.errstate(invalid="ignore", divide="ignore"):
        possible = marked - 2 * expected
        values = np.where(possible > 1e-9, 2 * (shared - expected) / possible, np.nan)
    row |= {"value": values[0], "observed": 2 * shared[0] / marked[0], "expected": 2 * expected[0] / marked[0]}
    many = np.bincount(study.raters, minlength=len(study.groups))
    if len(values) > 1 and total.pairs > 1 and (max(many[g], many[h]) > 1 or total.clips_vary()):
        low, high = bootstrap.interval(values[1:])
        row |= {"ci_low": float(low), "ci_high": float(high)}
    return row
