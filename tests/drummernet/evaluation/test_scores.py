import json
import math
from pathlib import Path

import numpy as np
import pytest
from drummernet.evaluation.datasets import Note, Track
from drummernet.evaluation.evaluate import Evaluation, score
from drummernet.evaluation.json import write_json
from drummernet.evaluation.scores import difference, headline, summarise
from drummernet.evaluation.tables import score_tables
from rich.console import Console

from ddsp_drums.events import Hit
from ddsp_drums.metrics import OnsetCounts


def result(name, dataset, reference, estimate):
    track = Track(Path(f"{name}.wav"), (Path(f"{name}.txt"),), dataset)
    return score(track, 10.0, [Note(*note) for note in reference], [Hit(*hit) for hit in estimate], window_s=0.05)


@pytest.fixture
def evaluation():
    """A perfect track; one without a hi-hat, in which a snare is missed and a hi-hat is heard instead."""
    good = [(1.0, "KD", 100), (2.0, "SD", 20), (3.0, "SD", 60), (4.0, "SD", 100), (5.0, "OHH", 80)]
    first = result("a", "one", good, [(onset_s + 0.01, label, velocity + 10) for onset_s, label, velocity in good])
    second = result("b", "two", [(1.0, "KD"), (2.0, "SD"), (3.0, "CY")], [(1.0, "KD", 64), (2.02, "CHH", 64)])
    return Evaluation("mine", 0.05, (first, second), {Track(Path("c.wav"), (), "two"): "c.wav: broken"})


def test_mean_sum_and_published_treat_an_absent_class_each_in_its_way(evaluation):
    scores = headline(evaluation)
    # KD 1 and 1; SD 1 and 0; HH 1, and absent in the second track, where one is heard.
    assert scores.mean.value == pytest.approx((1 + 0.5 + 1) / 3)
    assert scores.published.value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert scores.sum.value == pytest.approx(2 * 6 / (2 * 6 + 1 + 1))
    assert scores.mean_six.value == pytest.approx((1 + 0.5 + 1 + 0) / 4)


def test_intervals_are_spanned_by_the_tracks(evaluation):
    scores = headline(evaluation)
    alone = [headline(group) for group in evaluation.groups().values()]
    for name in ("mean", "sum", "published"):
        interval, ends = getattr(scores, name), sorted(getattr(one, name).value for one in alone)
        assert (interval.low, interval.high) == pytest.approx(ends)
        assert math.isnan(getattr(alone[0], name).low)


def test_a_difference_is_that_of_the_same_tracks(evaluation):
    worse = Evaluation("worse", 0.05, (result("b", "two", [(1.0, "KD"), (2.0, "SD"), (3.0, "CY")], []),), {})
    scores = difference(evaluation, worse)  # of the second track alone
    assert scores.mean.value == pytest.approx((1 + 0) / 2 - 0)
    assert math.isnan(scores.mean.low)
    same = difference(evaluation, evaluation)
    assert [tuple(interval) for interval in same] == 4 * [(0.0, 0.0, 0.0)]
    with pytest.raises(ValueError, match="at least one"):
        difference(evaluation, Evaluation("none", 0.05, (), {}))


def test_a_summary_says_what_goes_wrong(evaluation):
    summary = summarise(evaluation)
    assert summary.n_tracks == 2
    assert summary.classes["SD"].counts == OnsetCounts(3, 0, 1)
    assert summary.classes["HH"].counts == OnsetCounts(1, 1, 0)
    assert summary.classes["HH"].f1.value == 1.0
    assert math.isnan(summary.classes["TT"].f1.value)
    assert summary.confusion[1].tolist() == [0, 3, 1, 0, 0, 0, 0]  # a snare taken for a hi-hat
    assert summary.confusion[4].tolist() == [0, 0, 0, 0, 0, 0, 1]
    assert np.sort(summary.offsets_s) == pytest.approx([0.0] + 5 * [0.01])
    assert summary.histogram[0].sum() == 6
    assert summary.classes["SD"].velocity == pytest.approx((3, 10.0, 10.0, 1.0))


def test_correlation_of_velocities_is_that_in_each_track():
    loud = [(float(second), "SD", 100 + second) for second in range(1, 5)]
    soft = [(float(second), "SD", second) for second in range(1, 5)]
    # Each take is right but for its level, which is the wrong way round.
    pairs = [("a", loud, soft), ("b", soft, loud)]
    evaluation = Evaluation("mine", 0.05, tuple(result(name, "one", *both) for name, *both in pairs), {})
    velocity = summarise(evaluation).classes["SD"].velocity
    assert velocity.correlation == pytest.approx(1.0)
    assert velocity.bias == 0.0
    assert velocity.error == 100.0


def test_nothing_scored_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        summarise(Evaluation("mine", 0.05, (), {}))


def test_json_holds_every_note_and_score(evaluation, tmp_path):
    write_json(tmp_path / "scores.json", [evaluation])
    content = json.loads((tmp_path / "scores.json").read_text())
    assert (content["format"], content["version"]) == ("drummernet evaluation", 1)
    (system,) = content["systems"]
    assert system["failures"] == [{"audio": "c.wav", "reason": "c.wav: broken"}]
    assert list(system["summaries"]) == ["all", "one", "two"]
    track = system["tracks"][1]
    assert track["reference"][1] == {"onset_s": 2.0, "label": "SD", "class": "SD", "velocity": None}
    assert track["estimate"][1] == {"onset_s": 2.02, "label": "CHH", "class": "HH", "velocity": 64}
    assert track["pairs"] == [[0, 0]]
    assert track["scores"]["HH"] == {
        "hits": 0,
        "false_alarms": 1,
        "misses": 0,
        "f1": 0.0,
        "precision": 0.0,
        "recall": None,
    }
    summary, expected = system["summaries"]["all"], summarise(evaluation)
    assert summary["mean"] == list(expected.headline.mean)
    assert summary["classes"]["TT"]["f1"] == [None, None, None]
    assert summary["confusion"] == expected.confusion.tolist()
    assert sum(summary["offsets"]["counts"]) == 6
    assert system["summaries"]["one"]["mean"] == [1.0, None, None]
    assert system["strict"]["window_s"] == 0.02
    assert system["strict"]["summaries"]["all"]["confusion"][1][2] == 1


def test_json_of_nothing_scored_has_no_summary(evaluation, tmp_path):
    write_json(tmp_path / "scores.json", [Evaluation("mine", 0.05, (), evaluation.failures)])
    (system,) = json.loads((tmp_path / "scores.json").read_text())["systems"]
    assert system["tracks"] == []
    assert system["summaries"] == system["strict"]["summaries"] == {}


def printed(evaluations):
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        for part in score_tables(evaluations):
            console.print(part)
    return capture.get()


def test_tables_fit_80_columns_and_show_what_was_asked_for(evaluation):
    long = result("a very long name [bold]of a recording", "one", [(1.0, "KD")], [])
    out = printed([Evaluation("mine", 0.05, (*evaluation.results, long), {})])
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "a very long name [bold]" in out
    assert "within 20 ms" in out
    assert "median" in out
    assert next(line for line in lines if "all (3)" in line).split()[2] == ".722"


def test_systems_stand_below_each_other_and_a_strict_window_is_not_repeated(evaluation):
    other = Evaluation("other", 0.05, evaluation.results[:1], {})
    out = printed([evaluation, other])
    assert out.count("  other ") == 2 * 2  # not in the data set in which it has no track
    assert out.count("  other (1) ") == 2  # it has fewer tracks in all
    assert next(line for line in out.splitlines() if line.startswith(" other ")).split()[1] == "+.000"
    assert printed([evaluation.rescored(window_s=0.02)]).count("within 20 ms") == 1


def test_a_track_without_a_match_has_no_timing():
    out = printed([Evaluation("mine", 0.05, (result("a", "one", [(1.0, "TT")], []),), {})])
    assert "median" not in out
