"""Whether a study's order can be drawn and its groups can be filled, for everybody who may come.

All of it is found before anyone hears a clip: limits that leave no order, a group that nobody can be in, a quota with which
clips would stay unheard. Each finding is a place of study.yaml and a sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from listening_tests import screening, shares, timeline
from listening_tests.screening import Background
from listening_tests.settings import Block, Entry
from listening_tests.timeline import Listener, Unordered
from listening_tests.trial import trial_types
from ser_core.errors import BadInput, nearest
from ser_core.yaml_lines import Where

if TYPE_CHECKING:
    from listening_tests.study import Study

Found = Iterator[tuple[Where, str]]
_PEOPLE = 100_000
"""With more kinds of people than that, what nobody may fit is not looked for."""
_LISTENERS = 6
"""For so many listeners, one after the other, each limited order is drawn to see whether it can be."""


def order_of(study: Study, unsound: Container[Where] = ()) -> Found:
    """What is wrong with the order of trials and with the groups.

    ``unsound``: entries of the timeline whose own parameters are wrong already; nothing follows from what they hold.
    """
    found = [finding for node, around in _walk(study.timeline) for finding in _node(node, around, study)]
    yield from found
    amiss = [where[:-1] for where, _ in found]
    if all(_is_rule(text) for text in _rules(study)):
        yield from _limits(study, lambda node: node.where not in unsound and node.where not in amiss)
        yield from _restrictions(study)
        yield from _groups(study)
        yield from _quotas(study)


def expression(text: str) -> list[str]:
    """What is wrong with an expression of ``screening``."""
    try:
        screening.rule(text)
    except BadInput as bad:
        return [p.what for p in bad.problems]
    return []


def _is_rule(text: str) -> bool:
    return not expression(text)


def _rules(study: Study) -> list[str]:
    return [*(node.only for node, _ in _walk(study.timeline)), *(group.rule for group in study.settings.groups)]


def _walk(
    entries: Sequence[Entry | Block], around: tuple[Block, ...] = ()
) -> Iterator[tuple[Entry | Block, tuple[Block, ...]]]:
    """Every entry and block with the blocks around it, the outermost first."""
    for entry in entries:
        yield entry, around
        if isinstance(entry, Block):
            yield from _walk(entry.timeline, (*around, entry))


# --- what may stand where ---


def _node(node: Entry | Block, around: tuple[Block, ...], study: Study) -> Found:
    name = f"block '{node.block}'" if isinstance(node, Block) else node.trial
    whats = _block(node, study) if isinstance(node, Block) else _entry(node, around, study)
    for key, what in [*(("only", what) for what in expression(node.only)), *whats]:
        yield (*node.where, key), f"{name}: {what}"


def _block(block: Block, study: Study) -> Iterator[tuple[str, str]]:
    limits = block.max_in_a_row or {}
    yield from (("max_in_a_row", what) for what in _columns(limits, study))
    main = [e for e in block.timeline if isinstance(e, Block) or not (e.scattered or e.every)]
    inner = [e for e in main if isinstance(e, Block)]
    if limits and block.order != "mixed":
        yield "max_in_a_row", "'max_in_a_row' needs 'order: mixed'; in other orders it belongs to the trials in the block"
    if block.order == "mixed" and inner:
        what = f"in a mixed block all trials are in one list, so that block '{inner[0].block}' in it has no order of its own"
        yield "order", f"{what}; write its trials directly"
    if block.order == "latin_square" and len(inner) not in (0, len(main)):
        yield "order", "a Latin square is over blocks; put each of its entries into a block"
    if not main and block.timeline:
        yield "timeline", "holds nothing among which its trials could be put"


def _entry(entry: Entry, around: tuple[Block, ...], study: Study) -> Iterator[tuple[str, str]]:
    kind, parameters = trial_types()[entry.trial], entry.parameters
    placed = [name for name in ("scattered", "every") if getattr(entry, name)]
    if not around:
        for name in placed:
            yield name, f"'{name}' places trials among those of a block; put both into a block"
    if len(placed) == 2:
        yield "every", "is either 'scattered' or comes after 'every' so many; choose one"
    if entry.every and kind.hears:
        yield "every", "'every' is for pages without clips, such as break; for clips that are heard again there is 'repeats'"
    yield from _conflicts(entry, placed, mixed=bool(around) and around[-1].order == "mixed")
    yield from (("max_in_a_row", what) for what in _columns(parameters.get("max_in_a_row", {}), study))
    yield from (("balanced_by", what) for what in _columns(parameters.get("balanced_by", ()), study))
    if kind.hears and not kind.pairs:
        yield from _amounts(parameters, len(timeline.clips_of(entry, study)))


def _conflicts(entry: Entry, placed: list[str], *, mixed: bool) -> Iterator[tuple[str, str]]:
    p = entry.parameters
    if p.get("max_in_a_row") and mixed:
        yield "max_in_a_row", "in a mixed block, 'max_in_a_row' belongs to the block, for the trials of all its entries"
    elif p.get("max_in_a_row") and not p["shuffled"]:
        yield "max_in_a_row", "'max_in_a_row' needs 'shuffled: true'; without it, clips come in the order of stimuli.csv"
    if mixed and not p.get("shuffled", True):
        yield "shuffled", "in a mixed block every trial is shuffled; drop 'shuffled: false' or choose another order"
    for name in ("max_in_a_row", "repeats"):
        if p.get(name) and placed:
            yield name, f"'{name}' is for clips that follow each other, and '{placed[0]}' puts them among others"


def _amounts(p: Mapping[str, Any], clips: int) -> Iterator[tuple[str, str]]:
    heard = p["per_listener"] or clips
    if heard > clips > 0:
        yield "per_listener", f"'per_listener' is {heard}, but there are {clips} clips with part '{p['part']}'"
    elif p["repeats"] > heard > 0:
        yield "repeats", f"'repeats' is {p['repeats']}, but each listener hears only {heard} clips"
    elif p["repeats"] and heard == 1:
        yield "repeats", "a clip cannot be heard a second time with no other in between"


def _columns(names: Sequence[str] | Mapping[str, int], study: Study) -> list[str]:
    known = [name for name in study.stimuli.columns if name not in ("stimulus", "file", "sha256", "duration_s", "gain_db")]
    wrong = [f"stimuli.csv has no column '{name}'. {nearest(name, known)}" for name in names if name not in known]
    limits = names.items() if isinstance(names, Mapping) else ()
    return wrong + [f"at most {most} in a row of '{name}' is not possible; at least 1" for name, most in limits if most < 1]


def _count(block: Block, study: Study) -> int:
    """How many trials ``every`` counts in a block: those with clips, or all where there are none."""
    inner = [e for e, _ in _walk(block.timeline) if isinstance(e, Entry) and not (e.scattered or e.every)]
    heard = sum(_hearings(entry, study) for entry in inner)
    return heard or sum(trial_types()[entry.trial].times(entry.parameters) for entry in inner)


def _hearings(entry: Entry, study: Study) -> int:
    kind, p = trial_types()[entry.trial], entry.parameters
    if kind.pairs:
        return len(kind.pairs(p, study))
    return (p["per_listener"] or len(timeline.clips_of(entry, study))) + p["repeats"] if kind.hears else 0


# --- limits on what follows what ---


def _limits(study: Study, sound: Callable[[Entry | Block], bool]) -> Found:
    for node, around in _walk(study.timeline):
        if not all(map(sound, [node, *(inner for inner, _ in _walk(node.timeline if isinstance(node, Block) else ()))])):
            continue
        if isinstance(node, Block):
            yield from _never(node, study)
        if isinstance(node, Block) and node.order == "mixed":
            limits = node.max_in_a_row or {}
            whats = (_impossible(entries, limits, study) for entries in _together(node, around, study))
            for what in next(filter(None, whats), []):  # what one kind of listener meets is enough to mend
                yield (*node.where, "max_in_a_row"), f"block '{node.block}': {what}"
        elif isinstance(node, Entry) and not (around and around[-1].order == "mixed"):
            limits, p = node.parameters.get("max_in_a_row", {}), node.parameters
            if (limits or p.get("repeats")) and p["shuffled"]:
                for what in _impossible([node], limits, study):
                    yield (*node.where, "max_in_a_row" if limits else "repeats"), f"{node.trial}: {what}"


def _never(block: Block, study: Study) -> Found:
    for entry in block.timeline:
        if isinstance(entry, Entry) and entry.every and entry.every >= (count := _count(block, study)):
            what = f"'every: {entry.every}' never comes between the {count} trials of block '{block.block}'"
            yield (*entry.where, "every"), f"{entry.trial}: {what}"


def _together(block: Block, around: tuple[Block, ...], study: Study) -> list[list[Entry]]:
    """The sets of entries that one listener may have in a mixed block, following from each entry's ``only``."""
    entries = [e for e in block.timeline if isinstance(e, Entry) and not (e.scattered or e.every)]
    outer = [screening.rule(b.only) for b in (*around, block)]
    expressions = [entry.only for entry in entries] + [b.only for b in (*around, block)]
    sets = {
        tuple(screening.rule(entry.only)(said) for entry in entries)
        for said in islice(screening.people(*expressions), _PEOPLE)
        if all(rule(said) for rule in outer)
    }
    return [[e for e, fits in zip(entries, one, strict=True) if fits] for one in sorted(sets, reverse=True)]


def _impossible(entries: Sequence[Entry], limits: Mapping[str, int], study: Study) -> list[str]:
    """Why some listener's trials of these entries cannot be put in order; empty if they can."""
    total = sum(_hearings(entry, study) for entry in entries)
    problems = []
    for column, most in limits.items():
        worst = Counter[str]()
        for entry in entries:
            worst.update(_worst(entry, column, study))
        del worst[""]
        value = max(sorted(worst), key=worst.__getitem__, default="")
        if worst[value] > most * (total - worst[value] + 1):
            problems.append(_too_many(value, column, most, worst[value], total) + _cure(entries, column))
    return problems or _tried(entries, limits, study)


def _worst(entry: Entry, column: str, study: Study) -> dict[str, int]:
    """How many trials of an entry may have each value of a column, at most, whichever share of the clips a listener gets."""
    kind, p = trial_types()[entry.trial], entry.parameters
    if not kind.hears:
        return {}
    values = {clip: row[0] for clip, row in timeline.values_of(study, [column]).items()}
    if kind.pairs:
        shared = [values[a] for a, b in kind.pairs(p, study) if values[a] == values[b]]
        return dict(Counter(shared))
    clips = timeline.clips_of(entry, study)
    heard, repeats = p["per_listener"] or len(clips), p["repeats"]
    worst = {}
    for value, count in Counter(values[clip] for clip in clips).items():
        even = column in p["balanced_by"]
        first = shares.most_of(len(clips), count, heard) if even else min(count, heard)
        worst[value] = first + (shares.most_of(heard, first, repeats) if even else min(first, repeats))
    return worst


def _too_many(value: str, column: str, most: int, count: int, total: int) -> str:
    needed = -(-count // most) - 1
    return (
        f"{count} of {total} clips have '{value}' as '{column}'; with at most {most} in a row, "
        f"{needed} others must come in between, and there are {total - count}"
    )


def _cure(entries: Sequence[Entry], column: str) -> str:
    """What to do where a share of the clips may happen to hold too many of one value."""
    unbalanced = any(e.parameters.get("per_listener") and column not in e.parameters["balanced_by"] for e in entries)
    return f". A listener's share may be so uneven; add '{column}' to 'balanced_by'" if unbalanced else ""


def _tried(entries: Sequence[Entry], limits: Mapping[str, int], study: Study) -> list[str]:
    coverage: Counter[tuple[str, str]] = Counter()
    for place in range(_LISTENERS):
        try:
            trials = timeline.ordered(entries, limits, study, Listener(place, place=place, coverage=coverage))
        except Unordered:
            named = " and ".join(f"{most} in a row of '{column}'" for column, most in limits.items())
            kept = f"at most {named}" if limits else "both hearings of a clip apart"
            return [f"no order of its clips was found that keeps to {kept}; allow more in a row, or have fewer 'repeats'"]
        coverage.update((t.type, t.stimulus) for t in trials if t.stimulus and t.repeat <= 1)
    return []


# --- who may come ---


def _possible(expressions: Sequence[str], fits: Callable[[Background], bool]) -> bool:
    """Whether somebody may fit, as far as these expressions tell people apart; unknown counts as yes."""
    return any(number >= _PEOPLE or fits(said) for number, said in enumerate(screening.people(*expressions)))


def _fits_all(expressions: Sequence[str]) -> Callable[[Background], bool]:
    rules = [screening.rule(text) for text in expressions]
    return lambda said: all(rule(said) for rule in rules)


def _restrictions(study: Study) -> Found:
    groups = [group.rule for group in study.settings.groups]
    for node, around in _walk(study.timeline):
        if not node.only:
            continue
        chain = [*(block.only for block in around if block.only), node.only]
        fits = _fits_all(chain)
        name = f"block '{node.block}'" if isinstance(node, Block) else node.trial
        within = " inside its block" if len(chain) > 1 and _possible([node.only], _fits_all([node.only])) else ""
        if not _possible(chain, fits):
            yield (*node.where, "only"), f"{name}: nobody can fit '{node.only}'{within}"
        elif study.settings.only_groups and groups and not _possible([*chain, *groups], _in_any(fits, groups)):
            yield (
                (*node.where, "only"),
                (
                    f"{name}: nobody of the study's groups fits '{node.only}'{within}, "
                    "and others are sent home, since 'only_groups' is set"
                ),
            )


def _in_any(fits: Callable[[Background], bool], groups: Sequence[str]) -> Callable[[Background], bool]:
    rules = [screening.rule(text) for text in groups]
    return lambda said: fits(said) and any(rule(said) for rule in rules)


def _first(rules: Sequence[str], also: Callable[[Background], bool] = lambda _: True) -> Callable[[Background], bool]:
    """Whether somebody fits the last rule and none before it."""
    *before, own = [screening.rule(text) for text in rules]
    return lambda said: own(said) and not any(rule(said) for rule in before) and also(said)


def _groups(study: Study) -> Found:
    rules = [group.rule for group in study.settings.groups]
    for i, group in enumerate(study.settings.groups):
        where = ("groups", i, "who" if group.who else "native")
        if not _possible(rules[i : i + 1], _first(rules[i : i + 1])):
            yield where, f"group '{group.name}': nobody can fit '{group.rule}', which contradicts itself"
        elif not _possible(rules[: i + 1], _first(rules[: i + 1])):
            both = [g.name for g, rule in zip(study.settings.groups, rules[:i], strict=False)
                    if _possible([rule, rules[i]], _fits_all([rule, rules[i]]))]  # fmt: skip
            names = " or ".join(f"'{name}'" for name in both)
            what = f"whoever fits it is in {names} already, since the first group that fits counts; write it before that one"
            yield where, f"group '{group.name}': {what}"


def _quotas(study: Study) -> Found:
    """Where each hears a share of the clips, a group must be large enough for all of them."""
    groups, rules = study.settings.groups, [group.rule for group in study.settings.groups]
    for node, around in _walk(study.timeline):
        if not isinstance(node, Entry) or not (share := node.parameters.get("per_listener")):
            continue
        clips = len(timeline.clips_of(node, study))
        chain = [text for text in (*(block.only for block in around), node.only) if text]
        for i, group in enumerate(groups):
            meant = _possible([*rules[: i + 1], *chain], _first(rules[: i + 1], _fits_all(chain)))
            if meant and 0 < group.quota * share < clips:
                yield (
                    ("groups", i, "quota"),
                    (
                        f"group '{group.name}': {group.quota} listeners who hear {share} clips each leave "
                        f"{clips - group.quota * share} of the {clips} clips of '{node.trial}' unheard; it takes "
                        f"{-(-clips // share)} listeners, or 'per_listener: {-(-clips // group.quota)}'"
                    ),
                )
