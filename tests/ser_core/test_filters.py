"""Which ratings are looked at: the conditions of ``--where``, checked against rows picked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from ser_core import filters, scores
from ser_core.cli import main
from ser_core.errors import BadInput
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame, read, write


def made() -> Tables:
    clips = [
        {"stimulus": f"{tag}-{truth}", "language": tag, "truth": truth, "part": part}
        for tag, part in (("de", "test"), ("zh-Hans", "other"))
        for truth in ("angry", "sad")
    ]
    raters = [
        {"rater": "anna", "rater_type": "human", "group": "DE listeners", "native_languages": "de"},
        {"rater": "chen", "rater_type": "human", "group": "CN listeners", "native_languages": "cmn", "proficiency": "de:B1"},
        {"rater": "mono", "rater_type": "machine", "group": "probe mono", "setting": "mono", "encoder": "hubert"},
        {"rater": "cross", "rater_type": "machine", "setting": "cross", "encoder": "wavlm"},
    ]
    said = [
        {"rater": who["rater"], "stimulus": clip["stimulus"], "label": "sad", "weight": 1, "block_name": block}
        for who in raters
        for clip in clips
        for block in (["first" if clip["language"] == "de" else "second"] if who["rater_type"] == "human" else [""])
    ]
    return Tables(frame(STIMULI, clips), frame(RATERS, raters), frame(RATINGS, said))


def pairs(tables: Tables) -> set[tuple[str, str]]:
    return set(zip(tables.ratings["rater"], tables.ratings["stimulus"], strict=True))


def test_what_can_be_chosen_are_the_facts_that_differ():
    assert filters.values(made()) == {
        "group": ["CN listeners", "DE listeners", "machine", "probe mono"],
        "language": ["cmn", "de"],
        "emotion": ["angry", "sad"],
        "relation": ["foreign", "native", "second_language"],
        "setting": ["cross", "mono"],
        "encoder": ["hubert", "wavlm"],
        "part": ["other", "test"],
        "block_name": ["first", "second"],
    }


@pytest.mark.parametrize(
    ("where", "raters", "clips"),
    [
        ({"language": ["zh"]}, {"anna", "chen", "mono", "cross"}, {"zh-Hans-angry", "zh-Hans-sad"}),
        ({"group": ["DE listeners", "machine"]}, {"anna", "cross"}, None),
        ({"emotion": ["sad"], "part": ["test"]}, {"anna", "chen", "mono", "cross"}, {"de-sad"}),
        ({"setting": ["mono"]}, {"anna", "chen", "mono"}, None),  # people have no setting and stay
        ({"encoder": ["wavlm"], "language": ["de"]}, {"anna", "chen", "cross"}, {"de-angry", "de-sad"}),
    ],
)
def test_conditions_keep_every_rating_of_these_raters_and_clips(where, raters, clips):
    kept, said = filters.keep(made(), where)
    assert pairs(kept) == {(r, c) for r, c in pairs(made()) if r in raters and (clips is None or c in clips)}
    assert set(kept.raters["rater"]) == raters
    assert len(said) == len(where)


def test_a_relation_is_asked_of_people_and_leaves_models():
    kept, (said,) = filters.keep(made(), {"relation": ["native", "second_language"]})
    machines = {pair for pair in pairs(made()) if pair[0] in ("mono", "cross")}
    people = {("anna", "de-angry"), ("anna", "de-sad")} | {("chen", clip) for clip in made().stimuli["stimulus"]}
    assert pairs(kept) == machines | people
    assert "(2 ratings left out)" in said


def test_no_condition_leaves_the_tables_alone():
    tables = made()
    assert filters.keep(tables, {}) == (tables, ())


def test_every_slip_is_told_with_what_there_is():
    with pytest.raises(BadInput) as bad:
        filters.keep(made(), {"languge": ["de"], "emotion": ["angrie"], "setting": ["trans"]})
    said = str(bad.value)
    assert "Did you mean 'language'?" in said
    assert "Did you mean 'angry'?" in said
    assert "no rating has this setting" in said
    with pytest.raises(BadInput, match="nothing is left where group=probe mono and encoder=wavlm"):
        filters.keep(made(), {"group": ["probe mono"], "encoder": ["wavlm"]})
    with pytest.raises(BadInput, match="the tables hold no ratings"):
        filters.keep(Tables(made().stimuli, made().raters, frame(RATINGS, [])), {})


def test_the_command_scores_what_is_kept_and_the_report_says_so(tmp_path, capsys):
    write(made(), tmp_path / "in")
    out = tmp_path / "out"
    arguments = [
        "compare",
        str(tmp_path / "in"),
        "--out",
        str(out),
        "--where",
        "group=DE listeners",
        "--where",
        "group=machine",
    ]
    assert main("ser_core", arguments) == 0
    kept, said = filters.keep(read(tmp_path / "in"), {"group": ["DE listeners", "machine"]})
    assert (out / "scores.csv").read_bytes() == scores.score(kept).files["scores.csv"]
    report = (out / "report.html").read_text(encoding="utf-8")
    assert said[0] in report
    assert "--where &#39;group=DE listeners&#39;" in report
    assert said[0] in capsys.readouterr().out
    assert set(pd.read_csv(out / "confusion.csv")["group"]) == {"DE listeners", "machine"}
    assert main("ser_core", [*arguments[:2], "--out", str(out), "--where", "language"]) == 2
    assert "want NAME=VALUE" in capsys.readouterr().err
