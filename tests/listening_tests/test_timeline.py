"""The order of one listener's trials: what study.yaml asks for is kept, and nothing else is preferred."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from pathlib import Path

import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from listening_tests import arrange
from listening_tests import study as studies
from listening_tests.settings import Entry
from listening_tests.shares import share
from listening_tests.study import Study
from listening_tests.timeline import Listener, Unordered, draw, opening, ordered, rest
from listening_tests.trial import Trial

HEAD = """\
id: made
title: {en: Made}
languages: [en]
emotions: [angry, happy, sad]
consent: {version: "1", text: {en: Yes}}
timeline:
  - {trial: consent}
  - {trial: background}
"""
EMOTIONS = ("angry", "happy", "sad")
GERMAN = {"native_languages": "de", "dialects": "", "proficiency": "", "age_band": "25–34", "hearing": "hearing_normal"}


def make(timeline: str, clips: int = 12, tables: dict[str, str] | None = None) -> Study:
    """A study of so many clips of each part: emotions change from clip to clip, speakers every three clips."""
    rows = [
        {
            "stimulus": f"{part}{i:03}",
            "file": f"{part}{i}.wav",
            "language": "de",
            "speaker": f"s{i // 3 % 4}",
            "truth": EMOTIONS[i % 3],
            "part": part,
        }
        for part in ("test", "more", "catch")
        for i in range(clips if part != "catch" else 3)
    ]
    stimuli = pd.DataFrame(rows).assign(duration_s=2.0)
    return studies.restore(Path("nowhere"), "v", HEAD + timeline + "  - {trial: debrief}\n", stimuli, tables)


def shown(study: Study, seed: int = 0, place: int = 0, **of: object) -> list[Trial]:
    """The trials between the background form and the debrief."""
    return list(rest(study, Listener(seed, GERMAN, place, **of)))[:-1]  # type: ignore[arg-type]


def clips(trials: Sequence[Trial]) -> list[str]:
    return [t.stimulus for t in trials if t.stimulus]


def longest(values: Sequence[str]) -> int:
    """The longest row of the same value."""
    run = best = 1
    for before, value in pairwise(values):
        run = run + 1 if value == before else 1
        best = max(best, run)
    return best if values else 0


def value(study: Study, column: str) -> dict[str, str]:
    return dict(zip(study.stimuli["stimulus"], study.stimuli[column], strict=True))


# --- Latin squares ---


@pytest.mark.parametrize("count", range(1, 12))
def test_a_latin_square_is_balanced_in_places_and_in_what_comes_before(count):
    rows = arrange.williams(count)
    assert len(rows) == (count if count % 2 == 0 or count == 1 else 2 * count)
    assert all(sorted(row) == list(range(count)) for row in rows)
    places = Counter((i, thing) for row in rows for i, thing in enumerate(row))
    followed = Counter(pair for row in rows for pair in pairwise(row))
    assert len(set(places.values())) == 1
    assert len(places) == count * count
    assert len(followed) == count * (count - 1)
    assert len(set(followed.values())) <= 1


def test_blocks_turn_from_place_to_place_so_that_each_follows_each_equally_often():
    parts = "".join(f"      - {{block: b{n}, timeline: [{{trial: instruction, text: {{en: b{n}}}}}]}}\n" for n in range(4))
    study = make(f"  - block: square\n    order: latin_square\n    timeline:\n{parts}")
    orders = [[t.block_name for t in shown(study, seed=place * 7, place=place)] for place in range(8)]
    assert Counter(o[0] for o in orders) == dict.fromkeys([f"square / b{n}" for n in range(4)], 2)
    followed = Counter(pair for order in orders for pair in pairwise(order))
    assert set(followed.values()) == {2}
    assert len(followed) == 12


def test_entries_turn_too_while_what_is_scattered_among_them_does_not():
    study = make(
        "  - block: square\n    order: latin_square\n    timeline:\n"
        "      - {trial: label}\n      - {trial: clip, part: more}\n      - {trial: attention, scattered: true}\n"
    )
    first = [next(t.type for t in shown(study, place=place) if t.stimulus) for place in range(4)]
    assert first == ["label", "clip", "label", "clip"]
    assert all([t.type for t in shown(study, place=p)].count("attention") == 1 for p in range(4))


# --- shuffles with limits ---


def valid(order: Sequence[int], values: Sequence[tuple[str, ...]], most: Sequence[int]) -> bool:
    """By the words of the documentation, one column after the other."""
    for c, limit in enumerate(most):
        column = [values[i][c] or f"unknown {i}" for i in order]
        if longest(column) > limit:
            return False
    return True


TABLES = st.integers(1, 2).flatmap(
    lambda columns: st.tuples(
        st.lists(st.tuples(*[st.sampled_from(["", "x", "y", "z"])] * columns), min_size=1, max_size=7),
        st.lists(st.integers(1, 2), min_size=columns, max_size=columns),
        st.integers(0, 3),
    )
)


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_an_order_is_found_exactly_where_there_is_one_and_it_keeps_to_the_limits(table):
    values, most, seed = table
    possible = any(valid(order, values, most) for order in permutations(range(len(values))))
    found = arrange.order(values, most, [], random.Random(seed))
    assert (found is not None) is possible
    if found is not None:
        assert sorted(found) == list(range(len(values)))
        assert valid(found, values, most)


@pytest.mark.parametrize("shuffles", [20, 0])  # without shuffles, every order comes from the search and the walk
@pytest.mark.parametrize(
    ("values", "most"),
    [
        ([("a",), ("a",), ("b",), ("c",)], [1]),
        ([("a",), ("a",), ("a",), ("b",), ("b",)], [2]),
        ([("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "z")], [1, 1]),
    ],
)
def test_every_order_that_keeps_to_the_limits_is_equally_likely(values, most, shuffles, monkeypatch):
    monkeypatch.setattr(arrange, "_SHUFFLES", shuffles)
    possible = [order for order in permutations(range(len(values))) if valid(order, values, most)]
    rng = random.Random(42)
    drawn = Counter(tuple(arrange.order(values, most, [], rng) or ()) for _ in range(30 * len(possible)))
    assert set(drawn) <= set(possible)
    assert scipy.stats.chisquare([drawn[order] for order in possible]).pvalue > 0.001


@pytest.mark.parametrize(
    ("clips_", "speakers", "most"), [(500, 20, (1, 1)), (144, 4, (1, 2)), (48, 2, (1, 2)), (99, 2, (1, 3))]
)
def test_many_clips_of_several_columns_are_put_in_order(clips_, speakers, most):
    values = [(f"s{i % speakers}", EMOTIONS[i // speakers % 3]) for i in range(clips_)]
    found = arrange.order(values, most, [], random.Random(1))
    assert found is not None
    assert valid(found, values, most)


def test_half_of_the_clips_of_one_emotion_alternate_with_the_rest():
    values = [("angry",)] * 10 + [(f"v{i}",) for i in range(9)]
    found = arrange.order(values, [1], [], random.Random(3))
    assert found is not None
    assert [number < 10 for number in found] == [True, False] * 9 + [True]
    assert arrange.order(values[:-1], [1], [], random.Random(3)) is None


@pytest.mark.parametrize("seed", range(5))
def test_no_emotion_and_no_speaker_comes_too_often_in_a_row(seed):
    study = make("  - {trial: label, max_in_a_row: {truth: 1, speaker: 2}}\n", clips=48)
    heard = clips(shown(study, seed))
    assert sorted(heard) == [f"test{i:03}" for i in range(48)]
    assert longest([value(study, "truth")[c] for c in heard]) == 1
    assert longest([value(study, "speaker")[c] for c in heard]) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_a_limit_of_a_mixed_block_holds_over_all_its_entries_and_pages_between_do_not_interrupt_a_row(seed):
    study = make(
        "  - block: all\n    order: mixed\n    max_in_a_row: {truth: 1}\n    timeline:\n"
        "      - {trial: label}\n      - {trial: clip, part: more}\n      - {trial: attention, count: 8}\n"
        "      - {trial: attention, count: 3, scattered: true}\n      - {trial: break, every: 5}\n"
    )
    trials = shown(study, seed)
    assert Counter(t.type for t in trials) == {"label": 12, "clip": 12, "attention": 11, "break": 4}
    assert longest([value(study, "truth")[c] for c in clips(trials)]) == 1
    assert longest([t.type for t in trials if t.stimulus]) < 12  # the entries are mixed
    assert {t.block_name for t in trials} == {"all"}
    assert Counter(t.block for t in trials) == {2: 12, 3: 12, 4: 8, 5: 3, 6: 4}


def test_limits_that_leave_no_order_are_never_passed_over():
    study = make("  - {trial: label, max_in_a_row: {part: 1}}\n")
    with pytest.raises(Unordered):
        draw(study, Listener(0))
    entry = study.timeline[2]
    assert isinstance(entry, Entry)
    assert ordered([entry], {}, study, Listener(0))


# --- repeats ---


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("clips_", "repeats"), [(12, 3), (12, 12), (40, 10), (3, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("shuffled", ["true", "false"])
def test_a_clip_returns_a_quarter_of_the_order_later(clips_, repeats, shuffled, seed):
    study = make(f"  - {{trial: label, repeats: {repeats}, shuffled: {shuffled}}}\n", clips=clips_)
    trials = shown(study, seed)
    again = [t for t in trials if t.repeat == 2]
    assert len(trials) == clips_ + repeats
    assert len({t.stimulus for t in again}) == repeats
    for second in again:
        (first,) = [t for t in trials if t.stimulus == second.stimulus and t.repeat == 1]
        assert second.position - first.position >= max(2, (clips_ + repeats) / 4)
    assert sum(t.repeat == 0 for t in trials) == clips_ - repeats
    assert len({t.key for t in trials}) == len(trials)


def test_clips_that_return_are_of_every_emotion_and_keep_to_the_limits():
    study = make("  - {trial: label, repeats: 6, max_in_a_row: {truth: 1}}\n")
    for seed in range(10):
        trials = shown(study, seed)
        assert Counter(value(study, "truth")[t.stimulus] for t in trials if t.repeat == 2) == dict.fromkeys(EMOTIONS, 2)
        assert longest([value(study, "truth")[t.stimulus] for t in trials]) == 1


def test_which_clips_return_is_drawn_anew_for_each_listener():
    study = make("  - {trial: label, repeats: 3}\n")
    returned = Counter(t.stimulus for seed in range(200) for t in shown(study, seed) if t.repeat == 2)
    assert scipy.stats.chisquare([returned[f"test{i:03}"] for i in range(12)]).pvalue > 0.001


# --- shares of the clips ---


def listen(study: Study, listeners: int, kind: str = "label") -> tuple[Counter[str], list[list[str]]]:
    """So many listeners one after the other, a third of whom drop out and do not count; how often each clip was heard by
    those who stayed, and what each of these heard."""
    rng = random.Random(8)
    coverage: Counter[tuple[str, str]] = Counter()
    heard: list[list[str]] = []
    while len(heard) < listeners:
        own = [t.stimulus for t in shown(study, rng.getrandbits(32), coverage=coverage) if t.type == kind and t.repeat <= 1]
        if rng.random() < 2 / 3:
            coverage.update((kind, clip) for clip in own)
            heard.append(own)
    return Counter({clip: coverage[kind, clip] for clip in value(study, "part") if clip.startswith("test")}), heard


@pytest.mark.parametrize("balanced_by", ["[]", "[truth]", "[truth, speaker]", "[speaker, truth, part]"])
@pytest.mark.parametrize(("count", "per_listener"), [(12, 6), (12, 5), (12, 1), (24, 7), (24, 23), (30, 11)])
def test_every_clip_is_heard_equally_often_whoever_drops_out(count, per_listener, balanced_by):
    study = make(f"  - {{trial: label, per_listener: {per_listener}, balanced_by: {balanced_by}}}\n", clips=count)
    for listeners in (1, 3, 10, 24):
        times, heard = listen(study, listeners)
        assert all(len(set(own)) == per_listener for own in heard)
        mean = listeners * per_listener / count
        off = 1 if balanced_by in ("[]", "[truth]") else 1.5  # two columns at once leave less of a choice
        assert all(abs(times[clip] - mean) <= off for clip in times), times


@pytest.mark.parametrize("per_listener", [3, 6, 7, 8])
def test_a_share_holds_every_emotion_equally_often_and_the_rest_goes_round(per_listener):
    study = make(f"  - {{trial: label, per_listener: {per_listener}}}\n")
    _, heard = listen(study, 12)
    total: Counter[str] = Counter()
    for own in heard:
        counts = Counter(value(study, "truth")[clip] for clip in own)
        assert set(counts.values()) <= {per_listener // 3, -(-per_listener // 3)}
        total += counts
    assert max(total.values()) - min(total.values()) <= 1


def test_a_share_balanced_by_two_columns_holds_the_values_of_both_equally_often():
    study = make("  - {trial: label, per_listener: 12, balanced_by: [truth, speaker]}\n", clips=24)
    _, heard = listen(study, 10)
    for own in heard:
        assert Counter(value(study, "truth")[clip] for clip in own) == dict.fromkeys(EMOTIONS, 4)
        assert set(Counter(value(study, "speaker")[clip] for clip in own).values()) == {3}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=20),
    st.data(),
)
def test_of_any_clips_each_is_heard_equally_often_and_no_value_more_than_its_share(rows, data):
    count = data.draw(st.integers(1, len(rows)))
    names = [f"c{i}" for i in range(len(rows))]
    values = {name: (row[0],) for name, row in zip(names, rows, strict=True)}
    coverage: Counter[str] = Counter()
    for listener in range(1, 13):
        own = share(names, count, values=values, coverage=coverage, rng=random.Random(listener))
        assert len(set(own)) == count
        for letter, total in Counter(row[0] for row in rows).items():
            assert count * total // len(rows) <= sum(values[c] == (letter,) for c in own) <= -(-count * total // len(rows))
        coverage.update(own)
        mean = listener * count / len(rows)
        assert all(abs(coverage[name] - mean) < 2 for name in names), coverage


def test_among_equals_chance_decides():
    names = [f"c{i}" for i in range(6)]
    values = dict.fromkeys(names, ())
    drawn = Counter(
        clip for seed in range(600) for clip in share(names, 2, values=values, coverage={}, rng=random.Random(seed))
    )
    assert scipy.stats.chisquare([drawn[name] for name in names]).pvalue > 0.001


def test_two_trial_types_with_the_same_clips_are_covered_apart():
    study = make("  - {trial: label, per_listener: 6}\n  - {trial: clip, part: test, per_listener: 6}\n")
    coverage = {("label", f"test{i:03}"): 1 for i in range(6)}
    trials = shown(study, coverage=coverage)
    assert {t.stimulus for t in trials if t.type == "label"} == {f"test{i:03}" for i in range(6, 12)}
    assert {t.stimulus for t in trials if t.type == "clip"} & {f"test{i:03}" for i in range(6)}


def test_a_share_in_a_fixed_order_keeps_the_order_of_the_table():
    study = make("  - {trial: label, per_listener: 5, shuffled: false}\n")
    heard = clips(shown(study, 3))
    assert heard == sorted(heard)
    assert len(heard) == 5


# --- blocks, and what is put among their trials ---


def test_blocks_in_blocks_are_named_from_the_outside_and_entries_numbered_as_written():
    study = make(
        "  - block: outer\n    order: shuffled\n    timeline:\n"
        "      - block: one\n        timeline:\n"
        "          - {trial: instruction, text: {en: A}}\n          - {trial: label}\n"
        "      - block: two\n        timeline:\n          - {trial: clip, part: more}\n"
        "  - {trial: break}\n"
    )
    for seed in range(6):
        trials = draw(study, Listener(seed, GERMAN))
        found = {(t.type, t.block, t.block_name) for t in trials}
        assert found == {
            ("consent", 0, ""),
            ("background", 1, ""),
            ("instruction", 2, "outer / one"),
            ("label", 3, "outer / one"),
            ("clip", 4, "outer / two"),
            ("break", 5, ""),
            ("debrief", 6, ""),
        }
        assert [t.position for t in trials] == list(range(len(trials)))
        kinds = [t.type for t in trials if t.block_name]
        assert kinds in (
            ["instruction", *["label"] * 12, *["clip"] * 12],
            [*["clip"] * 12, "instruction", *["label"] * 12],
        )


def test_shuffled_blocks_come_in_every_order():
    inner = "".join(f"      - {{block: b{n}, timeline: [{{trial: break}}]}}\n" for n in range(3))
    study = make(f"  - block: outer\n    order: shuffled\n    timeline:\n{inner}")
    orders = Counter(tuple(t.block for t in shown(study, seed)) for seed in range(600))
    assert len(orders) == 6
    assert scipy.stats.chisquare(list(orders.values())).pvalue > 0.001


def test_scattered_trials_stand_between_clips_each_in_a_gap_of_its_own():
    study = make(
        "  - block: b\n    timeline:\n      - {trial: instruction, text: {en: A}}\n      - {trial: label}\n"
        "      - {trial: label, part: catch, scattered: true}\n      - {trial: attention, count: 2, scattered: true}\n"
    )
    seen: Counter[int] = Counter()
    for seed in range(300):
        trials = shown(study, seed)
        catch = [i for i, t in enumerate(trials) if t.block in (4, 5)]
        assert len(trials) == 18
        assert [t.type for t in trials[:2]] == ["instruction", "label"]
        assert catch[-1] < 17
        assert all(b - a > 1 for a, b in pairwise(catch))
        seen.update(sum(t.block == 3 for t in trials[:i]) for i in catch)
    assert scipy.stats.chisquare([seen[gap] for gap in range(1, 12)]).pvalue > 0.001


def test_more_scattered_trials_than_gaps_share_the_gaps():
    study = make("  - {block: b, timeline: [{trial: label}, {trial: attention, count: 7, scattered: true}]}\n", clips=3)
    trials = shown(study)
    assert Counter(t.type for t in trials) == {"label": 3, "attention": 7}
    assert trials[0].type == trials[-1].type == "label"


@pytest.mark.parametrize(("every", "breaks"), [(5, [5, 10]), (4, [4, 8]), (6, [6]), (11, [11])])
def test_a_break_comes_after_every_so_many_clips_and_not_after_the_last(every, breaks):
    study = make(
        f"  - block: b\n    timeline:\n      - {{trial: instruction, text: {{en: A}}}}\n      - {{trial: label}}\n"
        f"      - {{trial: break, every: {every}}}\n"
    )
    trials = shown(study)
    assert [sum(t.type == "label" for t in trials[:i]) for i, t in enumerate(trials) if t.type == "break"] == breaks


def test_every_counts_the_clips_of_the_blocks_inside_too():
    inner = "".join(f"      - {{block: b{n}, timeline: [{{trial: label, part: {part}}}]}}\n"
                    for n, part in enumerate(("test", "more")))  # fmt: skip
    study = make(f"  - block: b\n    timeline:\n{inner}      - {{trial: attention, every: 8}}\n")
    trials = shown(study)
    assert [i for i, t in enumerate(trials) if t.type == "attention"] == [8, 17]
    assert {t.block_name for t in trials if t.type == "attention"} == {"b"}
    named = [t.parameters["answer"] for seed in range(10) for t in shown(study, seed) if t.type == "attention"]
    assert any(a != b for a, b in zip(named[::2], named[1::2], strict=True))  # drawn again each time


def test_only_restricts_entries_and_blocks_at_any_depth():
    study = make(
        "  - {trial: instruction, text: {en: A}, only: native(cmn)}\n"
        "  - block: b\n    timeline:\n      - {trial: label, only: native(de)}\n"
        '      - {block: c, only: "not native(de)", timeline: [{trial: clip, part: more}]}\n'
        "      - {trial: attention, scattered: true, only: native(cmn)}\n"
    )
    assert {t.type for t in shown(study)} == {"label"}
    chinese = rest(study, Listener(0, {**GERMAN, "native_languages": "cmn"}))
    assert {t.type for t in chinese} == {"instruction", "clip", "attention", "debrief"}


def test_where_the_clips_that_are_covered_least_leave_no_order_the_listener_hears_others():
    """Three clips that share nothing can be put in order; three of one speaker and one emotion cannot."""
    study = make("  - {trial: label, per_listener: 3, balanced_by: [], max_in_a_row: {speaker: 1, truth: 1}}\n")
    alike = ("test000", "test003", "test006")
    stimuli = study.stimuli.assign(
        speaker=[f"s{n % 4}" for n in range(len(study.stimuli))], truth=[EMOTIONS[n % 3] for n in range(len(study.stimuli))]
    )
    stimuli.loc[stimuli["stimulus"].isin(alike), ["speaker", "truth"]] = ["s0", "angry"]
    covered = {("label", clip): 0 if clip in alike else 5 for clip in stimuli["stimulus"]}
    trials = rest(replace(study, stimuli=stimuli), Listener(1, GERMAN, coverage=covered))
    heard = [t.stimulus for t in trials if t.stimulus]
    assert len(heard) == 3
    said = stimuli.set_index("stimulus").loc[heard, ["speaker", "truth"]]
    assert all((a != b).all() for a, b in pairwise(said.to_numpy()))


# --- pairs ---


def test_each_pair_is_one_trial_and_either_clip_comes_first_equally_often():
    tables = {"pairs.csv": "a,b\ntest000,test001\ntest002,test003\n"}
    study = make("  - {trial: paired, emotion: angry}\n", tables=tables)
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(400):
        trials = shown(study, seed)
        assert {frozenset((t.stimulus, t.other)) for t in trials} == {
            frozenset(("test000", "test001")),
            frozenset(("test002", "test003")),
        }
        seen.update((t.stimulus, t.other) for t in trials)
    assert scipy.stats.chisquare(list(seen.values())).pvalue > 0.001
    assert len(seen) == 4


# --- one seed ---

EVERYTHING = """\
  - {trial: headphone_check}
  - block: square
    order: latin_square
    timeline:
      - {block: a, timeline: [{trial: label, per_listener: 6, repeats: 2, max_in_a_row: {truth: 2, speaker: 1}}]}
      - {block: b, timeline: [{trial: clip, part: more, choice_order: shuffled}, {trial: attention, scattered: true}]}
      - block: c
        order: mixed
        max_in_a_row: {speaker: 2, truth: 2}
        timeline:
          - {trial: label, part: more}
          - {trial: likert, part: catch, scales: [{name: x, text: {en: x}}]}
          - {trial: break, every: 4}
"""


def plain(trials: Sequence[Trial]) -> list[Trial]:
    return [replace(t, key="") for t in trials]


def test_the_same_seed_place_and_coverage_give_the_same_order_except_for_the_keys():
    study = make(EVERYTHING)
    coverage = {("label", f"test{i:03}"): i % 3 for i in range(12)}
    one = draw(study, Listener(9, GERMAN, 2, coverage))
    other = draw(make(EVERYTHING), Listener(9, dict(reversed(GERMAN.items())), 2, dict(reversed(coverage.items()))))
    assert plain(one) == plain(other)
    assert not {t.key for t in one} & {t.key for t in other}
    assert len(opening(study, Listener(9))) == 2
    heard = {("label", t.stimulus): 9 for t in one}
    for changed in (Listener(9, GERMAN, 2, heard), Listener(10, GERMAN, 2, coverage), Listener(9, GERMAN, 3, coverage)):
        assert plain(draw(study, changed)) != plain(one)


def test_the_order_of_one_entry_does_not_change_with_what_stands_beside_it():
    alone = make("  - {trial: label}\n")
    beside = make("  - {trial: label}\n  - {trial: clip, part: more}\n  - {trial: attention}\n")
    assert clips(shown(alone, 4)) == [t.stimulus for t in shown(beside, 4) if t.type == "label"]


def test_the_order_does_not_depend_on_how_python_hashes():
    """This process hashes by chance, the other one by a seed."""
    code = "from test_timeline import drawn; print(drawn())"
    here = Path(__file__)
    paths = os.pathsep.join([str(here.parent), str(here.parent.parent.parent)])
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert elsewhere.strip() == drawn()
    assert "test0" in elsewhere


def drawn() -> str:
    """One listener's order, in words."""
    trials = draw(make(EVERYTHING), Listener(5, GERMAN, 1))
    return str([(t.type, t.stimulus, t.block, dict(t.parameters)) for t in trials])
