"""The report is one file that needs no other, says what it rests on, and prints no number that is none."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import jinja2
import pytest

from ser_core import cli, report
from ser_core.comparisons import Asked
from ser_core.measures._measure import measures
from ser_core.provenance import MadeOf
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame, write

EMOTIONS = ("angry", "sad")
VOID = {"meta", "br", "hr", "img", "link", "input"}


def tables(*, group="DE <b>listeners</b>", listeners=3, synthetic="") -> Tables:
    stimuli = [
        {"stimulus": f"{e}{n}", "language": "de", "truth": e, **({"synthetic": synthetic} if synthetic else {})}
        for e in EMOTIONS
        for n in range(3)
    ]
    people = [{"rater": f"{g}{n}", "rater_type": "human", "group": g} for g in (group, "CN") for n in range(listeners)]
    rows = [
        {"rater": p["rater"], "stimulus": s["stimulus"], "label": s["truth"] if (i * k) % 4 else "cannot_say", "weight": 1}
        for i, p in enumerate(people)
        for k, s in enumerate(stimuli)
    ]
    return Tables(frame(STIMULI, stimuli), frame(RATERS, people), frame(RATINGS, rows))


class Page(HTMLParser):
    """Tags that are open, what is loaded, and the text of the page."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


@cache
def usual(listeners: int) -> report.Comparison:
    """The tables of this file compared, once for all tests that only look."""
    return report.comparison(tables(listeners=listeners), draws=50)


def shown(html: str) -> tuple[Page, str]:
    parsed = Page(html)
    return parsed, " ".join(" ".join(parsed.text).split())


def page(made: Tables, **options) -> tuple[Page, str]:
    return shown(report.comparison(made, draws=50, **options).report)


def test_it_is_well_formed_and_loads_nothing():
    parsed, _ = shown(usual(3).report)
    assert parsed.open == []
    assert [name for name in parsed.loads if not name.startswith("#")] == []
    assert "script" not in parsed.tags


def test_names_from_the_data_are_text_and_never_markup():
    parsed, text = shown(usual(3).report)
    assert "b" not in parsed.tags
    assert "DE <b>listeners</b>" in text


def test_it_says_how_it_was_made_and_how_to_make_it_again():
    made_of = MadeOf(("people", "a model"), {"group": ["CN"]})
    _, text = page(tables(), seed=7, asked=Asked(margin=0.05), made_of=made_of)
    again = "compare report.zip --out again --seed 7 --margin 0.05"
    first = "compare people 'a model' --out comparison --seed 7 --margin 0.05 --where group=CN"
    for said in ("Welch", "Holm", "Hedges", "bootstrap", "50 draws, seed 7", "pingouin", again, first):
        assert said in text


def test_it_holds_both_families_and_every_matrix():
    _, text = page(tables(group="DE"))
    assert "Family: human groups: UA by language (1 test)" in text
    assert "by emotion and language (6 tests)" in text
    assert "CN, de" in text
    assert "DE, de" in text
    assert "cannot say" in text


@pytest.mark.parametrize("listeners", [1, 3])
def test_no_nan_is_shown_as_a_number(listeners):
    made = usual(listeners)
    assert not re.search(r"\b(nan|inf|none)\b", " ".join(Page(made.report).text), re.IGNORECASE)
    for name, content in made.files.items():
        assert b",nan" not in content.lower(), name


def test_what_cannot_be_tested_says_why():
    _, text = shown(usual(1).report)
    assert "not tested: group a has 1 value" in text


def test_one_group_has_nothing_to_test_and_the_report_says_so():
    made = tables()
    of_one = made.raters["group"] == "CN"
    alone = Tables(made.stimuli, made.raters[of_one], made.ratings[made.ratings["rater"].isin(made.raters["rater"][of_one])])
    assert "there is nothing to test" in page(alone)[1]


def test_synthetic_voices_and_simulated_listeners_are_marked():
    _, text = page(tables(synthetic="yes"))
    assert "Not real data. 6 of 6 clips are synthetic voices." in text
    made = tables()
    made.raters["simulated"] = ["yes", "no", "", "", "", ""]
    assert "1 of 6 listeners are simulated, who heard nothing." in page(made)[1]
    assert "Not real data" not in shown(usual(3).report)[1]


def test_every_file_of_made_up_data_says_so_in_every_row_and_no_other_does():
    made = tables(synthetic="yes")
    made.raters["simulated"] = ["yes", "no", "", "", "", ""]
    for real, compared in ((False, report.comparison(made, draws=20)), (True, usual(3))):
        for name, content in compared.files.items():
            if name.endswith(".csv"):
                header, *rows = content.decode().splitlines()
                assert header.endswith(",made_up") == (not real), name
                assert all(row.endswith(',"simulated listeners, synthetic voices"') for row in rows) or real, name


def test_text_stands_out_in_every_cell():
    cells = re.findall(r"background: rgb\((\d+), (\d+), (\d+)\); color: (#\w+)", usual(3).report)
    assert cells
    for *background, ink in cells:
        assert contrast([int(v) for v in background], [0] * 3 if ink == "#000" else [255] * 3) >= 4.5


@pytest.mark.parametrize("share", [n / 100 for n in range(101)])
def test_text_stands_out_at_every_share(share):
    made = report.TEMPLATE.read_text(encoding="utf-8")
    cell = re.search(r"<td style=.*?</td>", made)
    assert cell
    environment = jinja2.Environment()
    environment.filters.update(number=report.number, thousands="{:,}".format)
    html = environment.from_string(cell.group()).render(cell={"share": share, "count": 1})
    found = re.search(r"rgb\((\d+), (\d+), (\d+)\); color: (#\w+)", html)
    assert found
    *background, ink = found.groups()
    assert contrast([int(v) for v in background], [0] * 3 if ink == "#000" else [255] * 3) >= 4.5


def contrast(one: list[int], other: list[int]) -> float:
    """Contrast ratio of WCAG 2.1."""

    def luminance(colour: list[int]) -> float:
        parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_same_input_gives_the_same_report_to_the_byte():
    assert report.comparison(tables(), draws=50).files == usual(3).files


def test_compare_writes_what_the_function_returns_wherever_the_folders_lie(tmp_path):
    write(tables(), tmp_path / "in put")
    out = tmp_path / "out"
    assert cli.main("ser_core", ["compare", str(tmp_path / "in put"), "--out", str(out), "--seed", "2"]) == 0
    for name, content in report.comparison(tables(), seed=2, made_of=MadeOf(("in put",))).files.items():
        assert (out / name).read_bytes() == content, name
        assert str(tmp_path).encode() not in content, name


def test_every_measure_is_told_with_its_source_and_file_and_why_it_says_nothing():
    made = usual(2)
    _, text = shown(made.report)
    for name, measure in measures().items():
        assert f"{measure.title} {measure.help}. Source: {measure.source}. File: {name}.csv." in text
        assert f"{name}.csv" in made.files
    assert "not defined: no two raters judged 10 clips in common" in text
    assert "There is nothing that it could be told of." in text  # no model, no calibration
