"""From a study to one participant's ordered trials.

Two draws, each once, kept in the database: ``opening`` when the link is first opened (consent, what is asked before), and
``rest`` when the background form was answered, because groups, quotas and coverage follow from it. What was really shown is
what is exported. ``key``s are random each time, all else follows from the listener's seed, place, background and coverage.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from listening_tests import arrange, screening
from listening_tests.settings import Block, Entry, leaves
from listening_tests.shares import share
from listening_tests.trial import Trial, trial_types

if TYPE_CHECKING:  # a study is checked by drawing orders of it, so it imports this module
    from listening_tests.study import Study


@dataclass(frozen=True)
class Listener:
    """What the order depends on: the seed, what was said in the background form, the place (from 0) among the listeners of
    the group, and how often each clip is heard by them already, by type of trial and clip."""

    seed: int
    background: Mapping[str, str] = field(default_factory=dict)
    place: int = 0
    coverage: Mapping[tuple[str, str], int] = field(default_factory=dict)


def opening(study: Study, listener: Listener) -> tuple[Trial, ...]:
    """The trials up to the background form (up to the consent, where the study has none), in order."""
    return _numbered(_Drawing(study, listener).entries(study.timeline[: _cut(study)]), 0)


def rest(study: Study, listener: Listener) -> tuple[Trial, ...]:
    """The trials after ``opening``, in order.

    Raises:
        Unordered: the limits on what may follow what leave no order; a study that was checked does not come to this.
    """
    first = len(_Drawing(study, listener, complete=False).entries(study.timeline[: _cut(study)]))
    return _numbered(_Drawing(study, listener).entries(study.timeline[_cut(study) :]), first)


def draw(study: Study, listener: Listener) -> tuple[Trial, ...]:
    """All trials of a listener, in order."""
    return (*opening(study, listener), *rest(study, listener))


class Unordered(Exception):
    """No order of these trials keeps to ``max_in_a_row``, or keeps the two hearings of a clip apart."""


def ordered(entries: Sequence[Entry], most: Mapping[str, int], study: Study, listener: Listener) -> list[Trial]:
    """The trials of entries in one shuffled order: all of a mixed block, or one entry alone.

    Raises:
        Unordered: there is no such order.
    """
    return _Drawing(study, listener).mixed(entries, most)


def _cut(study: Study) -> int:
    names = [entry.trial if isinstance(entry, Entry) else "" for entry in study.timeline]
    return names.index("background") + 1 if "background" in names else 1


def _numbered(trials: Iterable[Trial], first: int) -> tuple[Trial, ...]:
    return tuple(replace(trial, position=first + i) for i, trial in enumerate(trials))


_DRAWS = 20  # of clips for a share, until one of them can be put in order; the later ones do not ask what is covered least


@dataclass(frozen=True)
class _Drawing:
    study: Study
    listener: Listener
    complete: bool = True  # whether parameters are resolved; to count the trials, they need not be

    def rng(self, *of: object) -> random.Random:
        """The chance of one part of the study: no other part's trials change it."""
        return random.Random("|".join(map(str, (self.listener.seed, *of))))

    def entries(self, entries: Sequence[Entry | Block], names: str = "") -> list[Trial]:
        """The trials of entries and blocks, as written."""
        return [t for entry in entries if self.fits(entry) for t in self.one(entry, names)]

    def fits(self, entry: Entry | Block) -> bool:
        return screening.rule(entry.only)(self.listener.background)

    def one(self, entry: Entry | Block, names: str) -> list[Trial]:
        if isinstance(entry, Block):
            return self.block(entry, f"{names} / {entry.block}" if names else entry.block)
        return [replace(trial, block_name=names) for trial in self.entry(entry)]

    def block(self, block: Block, names: str) -> list[Trial]:
        """The trials of a block in its order, with those that are put among them."""
        fitting = [entry for entry in block.timeline if self.fits(entry)]
        main = [e for e in fitting if isinstance(e, Block) or not (e.scattered or e.every)]
        if block.order == "mixed":
            mixed = self.mixed([e for e in main if isinstance(e, Entry)], block.max_in_a_row or {})
            trials = [replace(trial, block_name=names) for trial in mixed]
        else:
            trials = [t for entry in self.in_order(main, block) for t in self.one(entry, names)]
        return self.with_placed(trials, [e for e in fitting if e not in main], block, names)

    def in_order(self, entries: list[Entry | Block], block: Block) -> list[Entry | Block]:
        if block.order == "latin_square" and entries:
            rows = arrange.williams(len(entries))
            return [entries[n] for n in rows[self.listener.place % len(rows)]]
        if block.order == "shuffled":
            return self.rng(block.where, "order").sample(entries, len(entries))
        return entries

    def with_placed(self, trials: list[Trial], placed: Sequence[Entry | Block], block: Block, names: str) -> list[Trial]:
        """Put ``scattered`` and ``every`` trials between the others: between clips, where there are any."""
        after: dict[int, list[Trial]] = {}
        clips = [i for i, trial in enumerate(trials) if trial.stimulus] or list(range(len(trials)))
        scattered = [t for e in placed if isinstance(e, Entry) and e.scattered for t in self.one(e, names)]
        for gap, trial in zip(self.gaps(len(scattered), clips, block), scattered, strict=True):
            after.setdefault(gap, []).append(trial)
        for entry in placed:
            if isinstance(entry, Entry) and entry.every:
                for n, i in enumerate(clips[entry.every - 1 : -1 : entry.every]):
                    again = [replace(trial, block_name=names) for trial in self.entry(entry, n)]
                    after.setdefault(i, []).extend(again)
        return [*after.get(-1, []), *(t for i, trial in enumerate(trials) for t in (trial, *after.get(i, [])))]

    def gaps(self, count: int, clips: list[int], block: Block) -> list[int]:
        """After which trials the scattered ones come: each after another, as long as there are enough."""
        rng = self.rng(block.where, "scattered")
        free = clips[:-1] or clips or [-1]
        whole, left = divmod(count, len(free))
        gaps = free * whole + rng.sample(free, left)
        rng.shuffle(gaps)
        return gaps

    def mixed(self, entries: Sequence[Entry], most: Mapping[str, int]) -> list[Trial]:
        """The trials of all entries in one random order that keeps to the limits; trials without a clip stand anywhere and
        do not interrupt a row."""
        for attempt in range(_DRAWS):
            trials = [t for entry in entries for t in self.hearings(entry, attempt)]
            heard = [t for t in trials if t.stimulus]
            rng = self.rng(*(entry.where for entry in entries), "order", attempt)
            clips = self.limited(heard, most, rng)
            if clips is not None:
                others = [t for t in trials if not t.stimulus]
                rng.shuffle(others)
                places = set(rng.sample(range(len(trials)), len(clips)))
                first, second = iter(clips), iter(others)
                return [next(first if i in places else second) for i in range(len(trials))]
        raise Unordered(", ".join(sorted(most)))

    def limited(self, heard: list[Trial], most: Mapping[str, int], rng: random.Random) -> list[Trial] | None:
        columns = sorted(most)
        values = values_of(self.study, columns)
        rows = [_of_pair(values[t.stimulus], values[t.other] if t.other else None) for t in heard]
        where = {(t.block, t.stimulus): i for i, t in enumerate(heard) if t.repeat == 1}
        twins = [(where[t.block, t.stimulus], i) for i, t in enumerate(heard) if t.repeat == 2]
        found = arrange.order(rows, [most[c] for c in columns], twins, rng)
        if found is None:
            return None
        again: set[tuple[int, str]] = set()
        clips = []
        for trial in (heard[i] for i in found):
            number = (2 if (trial.block, trial.stimulus) in again else 1) if trial.repeat else 0
            again.add((trial.block, trial.stimulus))
            clips.append(replace(trial, repeat=number))
        return clips

    def entry(self, entry: Entry, time: int = 0) -> list[Trial]:
        """The trials of one entry; ``time`` counts how often it came before."""
        if trial_types()[entry.trial].hears and entry.parameters["shuffled"]:
            return self.mixed([entry], entry.parameters.get("max_in_a_row", {}))
        return self.hearings(entry, time)

    def hearings(self, entry: Entry, time: int) -> list[Trial]:
        """The trials of one entry in the order of the table; second hearings come after all first ones."""
        kind = trial_types()[entry.trial]
        rng = self.rng(entry.where, time)
        number = next(n for n, leaf in enumerate(leaves(self.study.timeline)) if leaf is entry)
        made = []
        for stimulus, other, repeat in self.clips(entry, rng, even=time < _DRAWS // 2):
            parameters = dict(entry.parameters)
            if kind.about:
                parameters = kind.about(parameters, self.study, stimulus, other)
            if kind.resolve and self.complete:
                parameters = kind.resolve(parameters, self.study, self.listener.seed, rng)
            key = secrets.token_urlsafe(16)
            made.append(Trial(0, entry.trial, number, stimulus, key, parameters, other, "", repeat))
        return made

    def clips(self, entry: Entry, rng: random.Random, *, even: bool) -> list[tuple[str, str, int]]:
        """For each trial of the entry: the clip, the other one of a pair, and which hearing it is.

        ``even``: whether the clips that are covered least come first.
        """
        kind, parameters = trial_types()[entry.trial], entry.parameters
        if kind.pairs:
            return [(a, b, 0) if rng.random() < 0.5 else (b, a, 0) for a, b in kind.pairs(parameters, self.study)]
        if not kind.hears:
            return [("", "", 0)] * kind.times(parameters)
        clips = clips_of(entry, self.study)
        values = values_of(self.study, parameters["balanced_by"])
        count = parameters["per_listener"]
        if count and count < len(clips):
            coverage = {clip: self.listener.coverage.get((entry.trial, clip), 0) for clip in clips} if even else {}
            clips = share(clips, count, values=values, coverage=coverage, rng=rng)
        repeats = parameters["repeats"]
        early = clips if parameters["shuffled"] else clips[: _early(len(clips), repeats)]
        again = share(early, repeats, values=values, coverage={}, rng=rng)
        return [*((c, "", 1 if c in again else 0) for c in clips), *((c, "", 2) for c in again)]


def clips_of(entry: Entry, study: Study) -> list[str]:
    """The clips of stimuli.csv that an entry is about, in the order of the table."""
    clips: list[str] = study.stimuli.loc[study.stimuli["part"] == entry.parameters["part"], "stimulus"].tolist()
    return clips


def values_of(study: Study, columns: Sequence[str]) -> dict[str, arrange.Values]:
    """The values of every clip in these columns, as text; what is unknown is empty."""
    texts = [["" if value != value else str(value) for value in study.stimuli[name].tolist()] for name in columns]
    rows = zip(*texts, strict=True) if texts else ((),) * len(study.stimuli)
    return dict(zip(study.stimuli["stimulus"].tolist(), rows, strict=True))


def _of_pair(first: arrange.Values, second: arrange.Values | None) -> arrange.Values:
    """A pair has the value that its clips share, or else both of them."""
    if second is None:
        return first
    return tuple(a if a == b else " ".join(sorted((a, b))) for a, b in zip(first, second, strict=True))


def _early(clips: int, repeats: int) -> int:
    """How many of the first clips of a fixed order may return after the last, so that they are ``apart``.

    With at least as many repeats as that, all of them are, whichever they are: so many others come in between.
    """
    wanted = arrange.apart(clips + repeats)
    return clips if repeats >= wanted else max(repeats, clips - wanted + 1)
