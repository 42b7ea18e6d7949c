"""In which order webMUSHRA shows its pages, as a timeline of blocks.

A list is shown in order; one that begins with ``random`` is shuffled, and a list inside it stays together as one item. A
page of several clips shuffles them among themselves. Many tests give each clip a page of its own instead: such neighbours,
alike in all but the clip, become one entry with many clips, in the order of the file or shuffled, as their list says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from listening_tests.importers._lenient_yaml import Node
from listening_tests.importers._webmushra_pages import CLIPS, Draft, Entry, Piece, convert

RANDOM = "random"


def timeline(pages: Node, draft: Draft) -> list[Entry]:
    """Every entry and block that the pages become; clips stand in ``CLIPS`` until ``parts`` has placed them."""
    return _list(pages, draft)


def _list(node: Node, draft: Draft) -> list[Entry]:
    items = node.items
    shuffled = bool(items) and items[0].value == RANDOM
    if shuffled:
        draft.report.add(items[0].line, "pages", RANDOM, "mapped", "a block in random order")
    found: list[Piece | list[Entry]] = []
    for item in items[shuffled:]:
        made = _list(item, draft) if item.items else convert(item, draft)
        if isinstance(made, list) or (made is not None and (made.before or made.trials)):
            found.append(made)
    return _shuffled(found, f"random, line {items[0].line}") if shuffled else _in_order(found)


def _in_order(items: list[Piece | list[Entry]]) -> list[Entry]:
    entries: list[Entry] = []
    for item in _joined(items, fixed=True):
        entries += item if isinstance(item, list) else [*item.before, *item.trials]
    return entries


def _shuffled(items: list[Piece | list[Entry]], name: str) -> list[Entry]:
    if not items:
        return []
    if all(isinstance(item, Piece) and item.alone for item in items):
        joined = [item for item in _joined(items, fixed=False) if isinstance(item, Piece)]
        before = _once([entry for piece in joined for entry in piece.before])
        trials = [entry for piece in joined for entry in piece.trials]
        if len(joined) == 1:
            return [*before, *trials]
        if all(piece.before == joined[0].before for piece in joined):  # else each text belongs to its own clip
            return [*before, {"block": name, "order": "mixed", "timeline": trials}]
    units = [item if isinstance(item, list) else [*item.before, *item.trials] for item in items]
    units = [unit for unit in units if unit]
    if len(units) < 2:
        return units[0] if units else []
    return [{"block": name, "order": "shuffled", "timeline": [_as_one(unit, f"{name}, item {n}")
                                                               for n, unit in enumerate(units, 1)]}]  # fmt: skip


def _as_one(unit: list[Entry], name: str) -> Entry:
    return unit[0] if len(unit) == 1 else {"block": name, "timeline": unit}


def _once(entries: list[Entry]) -> list[Entry]:
    return [entry for i, entry in enumerate(entries) if entry not in entries[:i]]


def _joined(items: Sequence[Piece | list[Entry]], *, fixed: bool) -> Iterator[Piece | list[Entry]]:
    """Pages of one clip each that are alike joined to one piece of many: neighbours where the order is fixed, else all.

    A clip that stands on several of them is not joined twice, since it is to be heard twice.
    """
    groups: list[tuple[str, list[Piece]]] = []
    for item in items:
        if not isinstance(item, Piece) or not item.alone:
            if not fixed:
                raise AssertionError("only pages of one clip are joined across a shuffled list")
            yield from (_one(pieces, fixed) for _, pieces in groups)
            groups = []
            yield item
            continue
        like = json.dumps([item.before, [{k: v for k, v in t.items() if k != CLIPS} for t in item.trials]], sort_keys=True)
        open_groups = groups[-1:] if fixed else groups
        fitting = (pieces for key, pieces in open_groups if key == like and not _hears(pieces, item))
        group = next(fitting, None)
        if group is None:
            groups.append((like, [item]))
        else:
            group.append(item)
    yield from (_one(pieces, fixed) for _, pieces in groups)


def _hears(pieces: list[Piece], piece: Piece) -> bool:
    return any(set(other.trials[0][CLIPS]) & set(piece.trials[0][CLIPS]) for other in pieces)


def _one(pieces: list[Piece], fixed: bool) -> Piece:
    trials = tuple(
        {**trial, CLIPS: [clip for piece in pieces for clip in piece.trials[n][CLIPS]], "shuffled": not fixed}
        for n, trial in enumerate(pieces[0].trials)
    )
    return Piece(pieces[0].before, trials)


# --- which part of stimuli.csv an entry plays ------------------------------------------------------------------------


def parts(entries: list[Entry], draft: Draft) -> tuple[list[Entry], dict[str, str]]:
    """The timeline with ``part`` instead of clips, and the part of each clip.

    A clip has one part, an entry plays one part. Clips that several entries play in the same way are a part of their own;
    an entry that plays several parts becomes several entries: mixed in a block, or, where the order is fixed, one for each
    run of clips of the same part in the order of the table.
    """
    hearing = list(_with_clips(entries))
    in_rows = sorted(hearing, key=lambda entry: entry.get("shuffled", True))  # where the order counts, it orders the table
    clips = list(dict.fromkeys(clip for entry in in_rows for clip in entry[CLIPS]))
    row = {clip: n for n, clip in enumerate(clips)}
    key: dict[str, Any] = {clip: tuple(i for i, e in enumerate(hearing) if clip in e[CLIPS]) for clip in clips}
    while True:  # a run that is cut in one entry may cut one in another
        finer = {clip: [key[clip]] for clip in clips}
        for entry in hearing:
            if entry.get("shuffled", True):
                continue
            run = 0
            for before, clip in zip([None, *entry[CLIPS]], entry[CLIPS], strict=False):
                run += before is not None and (key[before] != key[clip] or row[before] > row[clip])
                finer[clip].append(run)
        new = {clip: tuple(finer[clip]) for clip in clips}
        if len(set(new.values())) == len(set(key.values())):
            break
        key = new
    names: dict[Any, str] = {}
    for clip in clips:
        names.setdefault(key[clip], "test" if not names else f"test-{len(names) + 1}")
    part = {clip: names[key[clip]] for clip in clips}
    return _placed(entries, part, draft), part


def _with_clips(entries: list[Entry]) -> Iterator[Entry]:
    for entry in entries:
        if "timeline" in entry:
            yield from _with_clips(entry["timeline"])
        elif CLIPS in entry:
            yield entry


def _placed(entries: list[Entry], part: dict[str, str], draft: Draft, order: str = "fixed") -> list[Entry]:
    """Entries of a block of this order with ``part`` instead of clips; what was one item stays one."""
    made: list[Entry] = []
    for entry in entries:
        if "timeline" in entry:
            inner = _placed(entry["timeline"], part, draft, entry.get("order", "fixed"))
            made.append({**entry, "timeline": inner})
        elif CLIPS in entry:
            split = _split(entry, part, draft)
            name = f"{entry['trial']} of {', '.join(e['part'] for e in split)}"
            own = "mixed" if entry.get("shuffled", True) else "fixed"
            alike = len(split) == 1 or own == order  # its trials may stand among those around it
            made += split if alike else [{"block": name, "order": own, "timeline": split}]
        else:
            made.append(entry)
    return made


def _split(entry: Entry, part: dict[str, str], draft: Draft) -> list[Entry]:
    clips = entry[CLIPS]
    rest = {k: v for k, v in entry.items() if k not in (CLIPS, "trial", "per_listener")}
    names = list(dict.fromkeys(part[clip] for clip in clips))
    sizes = [sum(part[clip] == name for clip in clips) for name in names]
    made = [{"trial": entry["trial"], "part": name, **rest} for name in names]
    if "per_listener" in entry:
        shares = _shares(entry["per_listener"], sizes)
        made = [{**e, "per_listener": n} if n < size else e for e, n, size in zip(made, shares, sizes, strict=True) if n]
        if len(names) > 1:
            line = min((h.line for h in draft.heard if h.stimulus in clips), default=0)
            what = (
                f"the {entry['per_listener']} clips of a listener are {' + '.join(map(str, shares))} of {len(names)} parts"
            )
            draft.report.add(line, "pages", "maxStimuli", "changed", f"{what}, since other pages play some of them too")
    return made


def _shares(total: int, sizes: list[int]) -> list[int]:
    """``total`` divided in proportion to ``sizes``, whole numbers, largest remainders first.

    >>> _shares(5, [4, 4, 2])
    [2, 2, 1]
    """
    exact = [total * size / sum(sizes) for size in sizes]
    shares = [int(share) for share in exact]
    for i in sorted(range(len(sizes)), key=lambda i: shares[i] - exact[i])[: total - sum(shares)]:
        shares[i] += 1
    return shares
