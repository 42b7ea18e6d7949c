"""Groups of fewer than five listeners are not shown to the public: in no table, no total and no difference of totals."""

from __future__ import annotations

import random

import pytest

from ser_core import filters, public, scores
from ser_core.cli import main
from ser_core.errors import BadInput
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame, write

HEARD = {"five": {"de": 5, "en": 4}, "four": {"de": 4}, "": {"en": 5}}
"""How many of each group judged clips of which language; who has no group is compared as 'human'."""


def made(heard: dict[str, dict[str, int]] = HEARD, *, weight: float = 1.0) -> Tables:
    clips = [
        {"stimulus": f"{tag}-{truth}", "language": tag, "truth": truth} for tag in ("de", "en") for truth in ("angry", "sad")
    ]
    people = {f"{group}{n}": group for group, by in heard.items() for n in range(max(by.values()))}
    raters = [{"rater": name, "rater_type": "human", "group": group} for name, group in people.items()]
    raters.append({"rater": "model", "rater_type": "machine", "group": "a model"})
    said = [
        {"rater": f"{group}{n}", "stimulus": clip["stimulus"], "label": "sad", "weight": weight}
        for group, by in heard.items()
        for tag, number in by.items()
        for n in range(number)
        for clip in clips
        if clip["language"] == tag
    ]
    said += [{"rater": "model", "stimulus": clip["stimulus"], "label": "sad", "weight": 1} for clip in clips]
    return Tables(frame(STIMULI, clips), frame(RATERS, raters), frame(RATINGS, said))


def test_small_groups_are_those_of_one_language():
    assert public.too_small(made()).to_numpy().tolist() == [["five", "en", 4], ["four", "de", 4]]
    assert public.too_small(made(), least=4).empty


def test_what_is_left_out_is_in_no_total_either():
    tables, said = public.for_public(made())
    found = (
        scores.score(tables, draws=0).scores.query("metric == 'wa' and rater == ''").set_index(["group", "language"])["n"]
    )
    assert found.to_dict() == {
        ("five", ""): 10, ("five", "de"): 10, ("human", ""): 10, ("human", "en"): 10, ("a model", ""): 4,
        ("a model", "de"): 2, ("a model", "en"): 2,
    }  # fmt: skip
    assert not tables.raters["group"].eq("four").any()
    (sentence,) = said
    assert sentence == "Not for the public: groups of fewer than 5 listeners: five (en); four (de) (16 ratings left out)."


def test_a_filter_can_make_a_group_small_so_the_rule_is_asked_last():
    tables = made({"five": {"de": 5, "en": 5}})
    tables.ratings.loc[(tables.ratings["rater"] == "five0") & (tables.ratings["stimulus"] == "en-sad"), "stimulus"] = (
        "en-angry"
    )
    tables = Tables(
        tables.stimuli, tables.raters, tables.ratings.drop_duplicates(["rater", "stimulus"]).reset_index(drop=True)
    )
    kept, said = filters.keep(tables, {"public": ["yes"], "emotion": ["sad"]})
    assert "five (en)" in said[-1]
    assert set(kept.ratings.loc[kept.ratings["rater"].str.startswith("five"), "stimulus"]) == {"de-sad"}
    kept, said = filters.keep(tables, {"public": ["yes"]})  # in all of English there are five, of its sad clips four
    assert said == ("Not for the public: groups of fewer than 5 listeners: five (en, sad) (4 ratings left out).",)
    assert set(kept.ratings.loc[kept.ratings["rater"].str.startswith("five"), "stimulus"]) == {
        "de-angry", "de-sad", "en-angry",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_no_row_of_any_table_rests_on_fewer_than_five_listeners_of_a_group(seed):
    chance = random.Random(seed)
    whole = made({"five": {"de": 6, "en": 5}, "four": {"de": 6, "en": 4}})
    stimuli = whole.stimuli.assign(corpus=[chance.choice("xy") for _ in range(len(whole.stimuli))])
    some = whole.ratings[[chance.random() < 0.9 for _ in range(len(whole.ratings))]].reset_index(drop=True)
    kept, _ = public.for_public(Tables(stimuli, whole.raters, some))
    rows = kept.ratings.merge(kept.stimuli, on="stimulus").merge(kept.raters[["rater", "rater_type", "group"]], on="rater")
    people = rows[rows["rater_type"] == "human"]
    for names in (["language"], ["language", "corpus"], ["language", "truth"]):
        for _, part in people.groupby(["group", *names]):
            assert part["rater"].nunique() >= 5


def test_votes_of_many_together_are_no_small_group():
    one = made({"votes": {"de": 1}}, weight=0.5)
    assert public.too_small(one).empty
    printed = made({"votes": {"de": 1}})
    raters = printed.raters.assign(published_counts="6 listeners together")
    assert public.too_small(Tables(printed.stimuli, raters, printed.ratings)).empty
    assert len(public.too_small(printed)) == 1


def test_where_nothing_may_be_shown_it_is_said():
    people = made({"four": {"de": 4}})
    alone = Tables(people.stimuli, people.raters, people.ratings[people.ratings["rater"] != "model"].reset_index(drop=True))
    with pytest.raises(BadInput, match="every group has fewer than 5 listeners: four"):
        public.for_public(alone)


def test_the_command_leaves_them_out_and_says_so(tmp_path, capsys):
    write(made(), tmp_path)
    assert main("ser_core", ["score", str(tmp_path), "--where", "public=yes", "--out", str(tmp_path / "out")]) == 0
    assert "Not for the public: groups of fewer than 5 listeners: five (en); four (de)" in capsys.readouterr().out
    for name in ("scores", "confusion"):
        assert "four" not in (tmp_path / "out" / f"{name}.csv").read_text(encoding="utf-8")
    assert main("ser_core", ["score", str(tmp_path), "--where", "public=no", "--where", "publc=yes"]) == 2
    said = capsys.readouterr().err
    assert "public=no: only yes can be asked" in said
    assert "Did you mean 'public'?" in said
