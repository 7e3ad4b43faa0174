import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from drummernet.evaluation.report.figures import draw_bars, draw_boxes, draw_interval, draw_offsets, draw_velocities
from drummernet.evaluation.report.roll import draw_roll
from drummernet.evaluation.report.svg import element

from ddsp_drums.metrics import Interval


def shapes(drawing, tag):
    return [{**found.attrib, "text": found.text} for found in ElementTree.fromstring(drawing).iter(tag)]


def test_what_is_no_markup_is_escaped_in_text_and_attributes():
    assert element("text", "<b>", element("i", "&"), aria_label='"<') == (
        '<text aria-label="&#34;&lt;">&lt;b&gt;<i>&amp;</i></text>'
    )


def test_an_interval_spans_its_ends_and_a_single_track_has_none():
    drawing = draw_interval(Interval(0.75, 0.5, 1.0), 0, low=0.5, high=1.0)
    (dot,) = shapes(drawing, "circle")
    assert float(dot["cx"]) == 55.0
    assert "M4 7H106" in drawing
    alone = draw_interval(Interval(0.75, np.nan, np.nan), 0, low=0.5, high=1.0)
    assert "nan" not in alone
    assert len(shapes(alone, "circle")) == 1
    nothing = draw_interval(Interval(np.nan, np.nan, np.nan), 0, low=0.5, high=1.0)
    assert "nan" not in nothing
    assert shapes(nothing, "circle") == []


def test_bars_are_as_long_as_their_values():
    bars = shapes(draw_bars([0.25, np.nan, 1.0]), "rect")
    assert [(bar["class"], float(bar["width"])) for bar in bars] == [("s0", 25.0), ("s2", 100.0)]


def test_a_box_spans_the_quartiles_and_shows_every_track():
    scores = [0.0, 0.5, 0.6, 0.7, 0.8]
    drawing = draw_boxes({"A": [scores, []], "B": [[0.3], [0.4]]}, label="scores")
    (box,) = shapes(drawing, "rect")
    assert float(box["height"]) == pytest.approx(190 * 0.2, abs=0.01)
    assert len(shapes(drawing, "circle")) == 7
    texts = [text["text"] for text in shapes(drawing, "text")]
    assert texts[-4:] == ["A", "n = 5", "B", "n = 1"]
    # The lower whisker ends at .5: 0 lies further than 1.5 times the box below it.
    top, bottom = (8 + 190 * (1 - value) for value in (0.8, 0.5))
    path = next(path["d"] for path in shapes(drawing, "path") if path["d"].count("V") == 2 and "H" not in path["d"])
    numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
    assert (numbers[1], numbers[-1]) == pytest.approx((bottom, top), abs=0.01)


def test_bars_of_offsets_are_as_high_as_their_counts():
    drawing = draw_offsets(np.array([0, 4, 2]), np.array([-0.005, 0.0, 0.005]), 0, label="offsets")
    heights = [float(bar["height"]) for bar in shapes(drawing, "rect")]
    assert heights[0] == pytest.approx(2 * heights[1])
    assert shapes(draw_offsets(np.zeros(3, int), np.array([-0.005, 0.0, 0.005]), 0, label="none"), "rect") == []


def test_the_area_of_a_bubble_is_the_number_of_notes():
    bubbles = shapes(draw_velocities([1, 2, 3, 4, 127], [7, 6, 5, 1, 127], 0, label="velocities"), "circle")
    low, high = sorted(bubbles, key=lambda bubble: float(bubble["cx"]))
    assert float(low["r"]) == pytest.approx(2 * float(high["r"]))
    assert float(low["cy"]) > float(high["cy"])


def test_a_pair_is_a_line_from_the_reference_to_the_estimate(results):
    roll = draw_roll(results[0])  # 2 s on 1040 pixels, all 10 ms late
    lines = re.findall(r"M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)", roll)
    assert len(lines) == 4
    for x0, y0, x1, y1 in np.array(lines, dtype=float):
        assert x1 - x0 == pytest.approx(5.2, abs=0.011)
        assert y1 > y0
    names = [text["text"] for text in shapes(roll, "text")][:6]
    assert names == ["HH", "1.00", "SD", "1.00", "KD", "1.00"]  # the kick is lowest


def test_a_class_that_the_reference_lacks_has_no_score_in_a_roll(results):
    texts = [text["text"] for text in shapes(draw_roll(results[1]), "text")]
    assert texts[:8] == ["CY", ".00", "HH", ".67", "SD", ".00", "KD", ".67"]
    assert draw_roll(results[2]).count('class="miss"') == 1


def test_long_tracks_keep_their_scale_and_are_read_in_minutes(results):
    roll = draw_roll(dataclasses.replace(results[0], duration_s=600.0))
    assert 'width="14400"' in roll
    texts = [text["text"] for text in shapes(roll, "text")]
    assert "0:05" in texts
    assert "9:55" in texts
