"""What is learned where, and tested where: the settings that join pools (``splits.py``) to tasks.

    mono   learns and is tested in the language of the encoder (any, where that is not told)
    cross  learns in one language, that of the encoder where it is told, and is tested in another
    trans  learns and is tested in a language that is not the encoder's
    two_stage  as cross, and goes on to learn from the training clips of the target before it is tested there
    transfer  learns in one pool and is tested in another, whatever the encoder was pretrained on
    multi_source  learns in all pools of other languages at once, and is tested in the one left out

The last two may also be given a few labelled clips of the target: ``shots.py``.

Source: Han et al. 2025, "Cross-Lingual Speech Emotion Recognition: Humans vs. Self-Supervised Models", section IV, has the
first four. It does not say where the clips that stop a cross-lingual model come from, so that is an option (default: the
source, since a language that is tested for transfer should have taught nothing).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ser_core import languages
from ser_core.errors import BadInput, Problem, nearest
from ser_core.splits import SEVERAL, Folds, Pool, pools_of
from ser_core.tables import SETTINGS

DEV_FROM = ("source", "target")
_ELSEWHERE = ("cross", "transfer", "multi_source")
"""Settings of models that learn nothing in the target, a few shots aside."""


@dataclass(frozen=True)
class Task:
    """One model to train and test: where it learns, where it is tested, in which fold, and with which clips."""

    setting: str
    source: Pool
    target: Pool
    fold: int
    train: tuple[str, ...]
    dev: tuple[str, ...]
    test: tuple[str, ...]
    then_train: tuple[str, ...] = ()
    """What it goes on to learn from in a second stage; empty where there is none."""
    then_dev: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    """For methods that adapt to clips without labels: what of the target's training part it does not learn from."""
    dev_from: str = "source"
    """Whose clips stop it: ``source`` or ``target``."""
    shots: str = "0"
    """How many labelled clips of the target were asked for beside those of the source: a number, one of each emotion
    (``10 each``), or ``all``."""
    trial: int = 0
    """Which draw of these."""
    own: tuple[str, ...] = ()
    """These, which are among ``train``, too."""
    condition: str = ""
    """What was done to the test clips (a noise and its ratio); empty: nothing."""

    @property
    def name(self) -> str:
        """Source and, if it is another, target.

        >>> Task("cross", Pool("emodb", "de"), Pool("urdu", "ur"), 0, (), (), ()).name
        'emodb de -> urdu ur'
        """
        return str(self.source) if self.source == self.target else f"{self.source} -> {self.target}"


def tasks(
    cut: Folds,
    clips: pd.DataFrame,
    settings: Sequence[str],
    *,
    dev_from: str = "source",
    encoder_language: str = "",
    sources: Sequence[str] = (),
    targets: Sequence[str] = (),
) -> list[Task]:
    """All models to train, setting by setting, pool by pool, fold by fold.

    Args:
        cut: the folds.
        clips: the table they were cut from, for the speakers.
        settings: one or more of ``tables.SETTINGS``.
        dev_from: where the clips that stop a model come from that is tested in another pool, source or target. Each of two
            stages is stopped by clips of the language that it learns from.
        encoder_language: what the encoder was pretrained on (BCP 47); empty: not told.
        sources: corpora to learn in; empty: all. Of ``trans`` and ``mono`` they are those tested in, too.
        targets: corpora to be tested in; empty: all.

    Raises:
        BadInput: no such setting or corpus, a setting without pools to do it with, or a clip or speaker in two parts of a
            task; all.
    """
    problems = [Problem(f"there is no setting '{s}'. {nearest(s, SETTINGS)}") for s in settings if s not in SETTINGS]
    if dev_from not in DEV_FROM:
        problems.append(Problem(f"dev clips cannot come from '{dev_from}'. {nearest(dev_from, DEV_FROM)}"))
    pools = pools_of(cut.rows)
    there = [pool.corpus for pool in pools]
    problems += [Problem(what) for name in dict.fromkeys((*sources, *targets)) for what in no_corpus(name, there)]
    if problems:
        raise BadInput(*problems)
    found: list[Task] = []
    for setting in dict.fromkeys(settings):
        own = languages.normal(encoder_language) if encoder_language else ""
        pairs = _pairs(setting, _among(pools, sources), _among(pools, targets), own)
        if not pairs:
            problems.append(_nothing(setting, pools, encoder_language, sources, targets))
        stops = dev_from if setting in _ELSEWHERE else "source"
        found += [_task(cut, setting, *pair, fold, stops) for pair in pairs for fold in range(cut.count(pair[1]))]
    unstopped = {f"{t.setting} {t.name}" for t in found if not t.dev or (t.then_train and not t.then_dev)}
    problems += [Problem(f"{name}: there is no dev clip that could stop a model") for name in sorted(unstopped)]
    problems += _leaks(found, clips, cut.by_utterance)
    if problems:
        raise BadInput(*problems)
    return found


def no_corpus(name: str, corpora: Iterable[str]) -> list[str]:
    """What there is to say of a name that is none of the corpora."""
    there = sorted(set(corpora))
    return [] if name in there else [f"there is no clip of a corpus '{name}'. {nearest(name, there)}"]


def _among(pools: list[Pool], corpora: Sequence[str]) -> list[Pool]:
    return [pool for pool in pools if not corpora or pool.corpus in corpora]


def _pairs(setting: str, sources: list[Pool], targets: list[Pool], own: str) -> list[tuple[tuple[Pool, ...], Pool]]:
    """What is learned in, several pools at once where there are, and what is tested in."""
    if setting == "mono":
        return [((p,), p) for p in sources if p in targets and own in ("", p.language)]
    if setting == "trans":
        return [((p,), p) for p in sources if p in targets and own not in ("", p.language)]
    if setting == "transfer":
        return [((a,), b) for a in sources for b in targets if a != b]
    if setting == "multi_source":
        others = [(tuple(a for a in sources if a.language != b.language), b) for b in targets]
        return [(several, b) for several, b in others if several]
    return [((a,), b) for a in sources if own in ("", a.language) for b in targets if a.language != b.language]


def _task(cut: Folds, setting: str, sources: tuple[Pool, ...], target: Pool, fold: int, stops: str) -> Task:
    """One of a setting: what is learned in some pools and tested in another."""

    def ids(pools: Sequence[Pool], part: str) -> tuple[str, ...]:
        return tuple(id_ for pool in pools for id_ in cut.ids(pool, fold, part))

    train, dev = ids(sources, "train"), ids([target] if stops == "target" else sources, "dev")
    test, there = ids([target], "test"), ids([target], "train")
    more: dict[str, Any] = {"unlabelled": there} if setting in _ELSEWHERE else {}
    if setting == "two_stage":
        more = {"then_train": there, "then_dev": ids([target], "dev")}
    source = sources[0] if len(sources) == 1 else SEVERAL
    return Task(setting, source, target, fold, train, dev, test, **more, dev_from=stops)


def _nothing(setting: str, pools: list[Pool], own: str, sources: Sequence[str], targets: Sequence[str]) -> Problem:
    if setting == "trans" and not own:
        return Problem("trans needs the language that the encoder was pretrained on, and it is not told")
    needs = {
        "mono": f"clips in '{own}'" if own else "a corpus that is a source and a target",
        "trans": f"clips in another language than '{own}'",
        "transfer": "clips of two corpora",
        "multi_source": "clips in two languages",
    }
    cross = f"clips in '{own}' and in another language" if own else "clips in two languages"
    named = [(words, _among(pools, names)) for words, names in (("sources", sources), ("targets", targets)) if names]
    told = " and ".join(f"{words} are {', '.join(map(str, those))}" for words, those in named)
    there = told or f"the clips are in {', '.join(sorted({p.language for p in pools}))}"
    return Problem(f"{setting} needs {needs.get(setting, cross)}; {there}")


def _leaks(found: Sequence[Task], clips: pd.DataFrame, by_utterance: frozenset[Pool]) -> Iterator[Problem]:
    voices = dict(zip(clips["stimulus"], zip(clips["corpus"], clips["speaker"], strict=True), strict=True))
    shared: dict[str, set[tuple[str, str]]] = {}
    for task in found:
        name = f"{task.setting} {task.name}"
        where = f"{name}, fold {task.fold}"
        learned = [(task.source, task.train, task.dev), (task.target, task.then_train, task.then_dev)]
        learned += [(task.target, task.unlabelled, ())]
        test, together = set(task.test), {voices[id_] for id_ in task.test}
        for pool, train, dev in learned:
            if both := (set(train) & test) | (set(dev) & (set(train) | test)):
                yield Problem(f"{where}: {_named(both)} in two parts")
            if pool == task.target and task.target in by_utterance:
                continue
            if both_times := {pair for pair in {voices[id_] for id_ in train} & together if pair[1]}:
                shared.setdefault(name, set()).update(both_times)
    if shared:
        first, *others = shared
        where = f"{first}, and {len(others)} more" if others else first
        who = _named({" ".join(pair) for pair in set().union(*shared.values())})
        what = f"{where}: speaker {who} in training and in test, for a corpus has the same voices in two languages"
        remedy = "learn and be tested in corpora that share no voice ('sources', 'targets')"
        other = "or, if they are different people of one name, give each a name of their own in the column speaker"
        yield Problem(f"{what}; {remedy}, {other}")


def _named(ids: set[str]) -> str:
    shown = sorted(ids)[:3]
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return ", ".join(f"'{id_}'" for id_ in shown) + f"{more} {'is' if len(ids) == 1 else 'are'}"
