"""Figures show what the tables say, nothing more, and read in light and dark at 390 px."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from ser_core import compare_figures, figures
from ser_core.emotions import EMOTIONS

CONFUSION = pd.DataFrame(
    [
        ("sad", "sad", 6, 0.6), ("sad", "angry", 3, 0.3), ("sad", "cannot_say", 1, 0.1),
        ("angry", "sad", 0, 0.0), ("angry", "angry", 4, 1.0), ("angry", "cannot_say", 0, 0.0),
    ],
    columns=["truth", "label", "count", "share"],
)  # fmt: skip

COLUMNS = ["metric", "rater", "group", "rater_type", "language", "emotion", "value", "n", "ci_low", "ci_high"]
SCORES = pd.DataFrame(
    [
        ("ua", "", "DE listeners", "human", "de", "", 0.8, 144, 0.7, 0.9),
        ("ua", "", "probe", "machine", "de", "", 0.5, 24, np.nan, np.nan),
        ("ua", "r1", "DE listeners", "human", "de", "", 0.1, 24, 0.0, 0.2),
        ("ua", "", "DE listeners", "human", "cmn", "", 0.6, 144, 0.5, 0.7),
        ("recall", "", "DE listeners", "human", "de", "sad", 0.9, 36, 0.8, 1.0),
        ("recall", "", "DE listeners", "human", "de", "angry", 0.7, 36, 0.6, 0.8),
    ],
    columns=COLUMNS,
)


def test_the_heat_map_is_in_the_order_of_every_table_with_shares_in_the_cells():
    (cells,) = figures.confusion(CONFUSION, "t").data
    assert list(cells.y) == ["angry", "sad"]
    assert list(cells.x) == ["angry", "sad", "cannot say"]
    np.testing.assert_array_equal(cells.z, [[1.0, 0.0, 0.0], [0.3, 0.6, 0.1]])
    assert [[told(text) for text in row] for row in cells.text] == [["1.00", "0.00", "0.00"], ["0.30", "0.60", "0.10"]]
    assert cells.customdata[1][0] == "sad heard as angry: 30.0% (3 judgements)"


def told(text: str) -> str:
    """What a cell says, without its colour."""
    return re.sub(r"<[^>]*>", "", text)


@pytest.mark.parametrize("scale", [figures.SCALE, compare_figures.TWO_HUES], ids=["share", "difference"])
def test_text_stands_out_at_every_place_of_a_scale(scale):
    places = [place for place, _ in scale]
    channels = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for _, colour in scale])
    for share in np.linspace(0, 1, 401):
        background = np.array([np.interp(share, places, channels[:, n]) for n in range(3)])
        (ink,) = re.findall("color:(#[0-9a-f]{3})", figures.inked("0.50", scale, share))
        assert contrast(background, np.full(3, float(ink == "#fff"))) >= 4.5, share


def contrast(*colours: np.ndarray) -> float:
    """WCAG 2.1's ratio of two colours, channels from 0 to 1."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in colours]
    dark, light = sorted(float(c @ [0.2126, 0.7152, 0.0722]) for c in linear)
    return (light + 0.05) / (dark + 0.05)


def test_counts_that_were_not_printed_are_not_shown():
    unknown = CONFUSION.assign(count=np.nan)
    assert figures.confusion(unknown, "t").data[0].customdata[1][0] == "sad heard as angry: 30.0%"


def test_names_of_the_readers_language_and_further_columns_are_shown():
    (cells,) = figures.confusion(CONFUSION, "t", names={"sad": "traurig"}, labels=["neutral"]).data
    assert list(cells.x) == ["angry", "neutral", "traurig", "cannot say"]
    assert list(cells.y) == ["angry", "traurig"]


def test_the_scale_has_one_hue_and_gets_darker():
    def luminance(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert red <= green <= blue
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    steps = [luminance(colour) for _, colour in figures.SCALE]
    assert steps == sorted(steps, reverse=True)


@pytest.mark.parametrize(
    "figure",
    [figures.confusion(CONFUSION, "t"), figures.ua_dots(SCORES), figures.per_emotion(SCORES)],
    ids=["map", "ua", "recall"],
)
def test_a_figure_leaves_the_page_its_background_its_text_colour_and_its_width(figure):
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    assert figure.layout.width is None
    assert not any(getattr(trace, "showscale", False) for trace in figure.data)
    assert figure.layout.margin.l + figure.layout.margin.r <= 20


def test_people_and_models_have_different_marks_and_single_raters_none():
    traces = figures.ua_dots(SCORES).data
    found = {(trace.name, trace.marker.symbol): list(trace.y) for trace in traces if trace.xaxis == traces[1].xaxis}
    assert found == {("people", "circle"): ["DE listeners"], ("models", "diamond"): ["probe"]}
    assert all(0.1 not in trace.x for trace in traces)


def test_the_interval_is_drawn_where_it_is_known():
    traces = [t for t in figures.ua_dots(SCORES).data if t.name == "people" and t.x[0] == 0.8]
    assert (traces[0].error_x.array[0], traces[0].error_x.arrayminus[0]) == pytest.approx((0.1, 0.1))
    model = next(t for t in figures.ua_dots(SCORES).data if t.name == "models")
    assert model.customdata[0] == "probe: 0.500, 24 judgements"


def test_chance_is_drawn_only_where_the_number_of_emotions_is_known():
    (line,) = figures.ua_dots(SCORES).layout.shapes
    assert (line.x0, line.x1) == (0.5, 0.5)  # two emotions in German; of Mandarin no recall is given


def test_a_legend_names_each_kind_once():
    shown = [trace.name for trace in figures.ua_dots(SCORES).data if trace.showlegend]
    assert sorted(shown) == ["models", "people"]


def test_emotions_stand_in_the_order_of_every_table():
    figure = figures.per_emotion(SCORES, names={"sad": "traurig"})
    assert list(figure.layout.yaxis.categoryarray)[::-1] == ["angry · DE listeners", "traurig · DE listeners"]


def test_a_long_name_is_folded_and_its_line_gets_room_for_it():
    long = SCORES.assign(group="probe encoder=byol-s-512 layer=3 de mono")
    short, figure = figures.per_emotion(SCORES), figures.per_emotion(long)
    texts = figure.layout.yaxis.ticktext
    assert [text.replace("<br>", " ") for text in texts] == list(figure.layout.yaxis.tickvals)
    assert max(len(line) for text in texts for line in text.split("<br>")) <= 26
    assert figure.layout.height > short.layout.height


def test_no_rows_give_an_empty_figure_and_no_error():
    for figure in (figures.ua_dots(SCORES[:0]), figures.per_emotion(SCORES[:0]), figures.confusion(CONFUSION[:0], "t")):
        assert figure.to_plotly_json()["layout"]["height"] > 0


def test_many_emotions_and_languages_still_fit():
    rows = pd.DataFrame(
        [("ua", "", "g", "human", f"x{n}", "", 0.5, 1, 0.4, 0.6) for n in range(12)]
        + [("recall", "", "g", "human", "x0", e, 0.5, 1, 0.4, 0.6) for e in EMOTIONS],
        columns=COLUMNS,
    )
    assert len(figures.ua_dots(rows).data) == 12
