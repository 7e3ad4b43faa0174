import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from drummernet.evaluation.datasets import Note, find_tracks
from drummernet.evaluation.evaluate import evaluate

from ddsp_drums.events import Hit
from ddsp_drums.metrics import OnsetCounts


@pytest.fixture
def tracks(tmp_path):
    """Two data sets of one second each, the second with velocities."""
    for name, text in {"one/a": "0.5 HH\n0.1 KD\n", "two/b": "0.2 SD 38 100\n0.6 SD 38 50\n"}.items():
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir()
        soundfile.write(path, np.zeros(8000), 8000)
        path.with_suffix(".txt").write_text(text)
    return find_tracks(tmp_path)


def transcribe(path: Path) -> list[Hit]:
    late = [Hit(0.62, "SD", 60), Hit(0.2, "SD", 90), Hit(0.2, "TMB", 1)]
    return late if path.stem == "b" else [Hit(0.1, "KD", 64), Hit(0.52, "OHH", 64), Hit(0.9, "CHH", 64)]


def test_notes_are_matched_in_their_class_and_kept_in_order_of_time(tracks):
    evaluation = evaluate(tracks, transcribe, system="mine")
    one, two = evaluation.results
    assert evaluation.system == "mine"
    assert not evaluation.failures
    assert one.duration_s == 1.0
    assert one.reference == (Note(0.1, "KD"), Note(0.5, "HH"))
    assert [hit.instrument for hit in one.estimate] == ["KD", "OHH", "CHH"]
    assert one.pairs == ((0, 0), (1, 1))
    assert one.counts["HH"] == OnsetCounts(1, 1, 0)
    assert two.pairs == ((0, 0), (1, 2))
    assert two.counts["OT"] == OnsetCounts(0, 1, 0)
    assert two.velocities("SD") == ([100, 50], [90, 60])
    assert one.velocities("KD") == ([], [])


def test_another_window_scores_the_same_notes_again(tracks):
    evaluation = evaluate(tracks, transcribe)
    strict = evaluation.rescored(window_s=0.01)
    assert strict.results[0].counts["HH"] == OnsetCounts(0, 2, 1)
    assert strict.rescored(window_s=0.05) == evaluation
    assert strict == evaluate(tracks, transcribe, window_s=0.01)


def test_each_data_set_stands_by_itself(tracks):
    groups = evaluate(tracks, transcribe).groups()
    assert {name: [result.track.name for result in group.results] for name, group in groups.items()} == {
        "one": ["a"],
        "two": ["b"],
    }


def test_a_track_brings_the_labels_of_its_data_set(tracks):
    tracks[0].annotations[0].write_text("0.5 2\n0.1 0\n")
    numbered = replace(tracks[0], labels={"0": "KD", "2": "HH"})
    evaluation = evaluate([numbered, tracks[1]], transcribe)
    assert evaluation.results[0].reference == (Note(0.1, "KD"), Note(0.5, "HH"))
    assert not evaluation.failures


def test_what_cannot_be_read_or_transcribed_is_listed_and_the_rest_goes_on(tracks):
    def fails(path):
        raise ValueError(f"{path}: too quiet")

    evaluation = evaluate(tracks, lambda path: fails(path) if path.stem == "a" else transcribe(path))
    assert [result.track.name for result in evaluation.results] == ["b"]
    assert list(evaluation.failures.values()) == [f"{tracks[0].audio}: too quiet"]
    tracks[0].audio.write_bytes(b"broken")
    tracks[1].annotations[0].write_text("0.5 KD\n7.0 KD")
    reasons = [*evaluate(tracks, transcribe).failures.values()]
    assert "a.wav: not readable as audio" in reasons[0]
    assert "b.txt, line 2: an onset at 7.000 s, but the recording ends at 1.000 s" in reasons[1]


@pytest.mark.parametrize("hit", [Hit(0.1, "GONG", 64), Hit(math.nan, "KD", 64)])
def test_a_transcriber_that_gives_nonsense_is_an_error_not_a_score(tracks, hit):
    with pytest.raises(ValueError, match=r"GONG|finite"):
        evaluate(tracks, lambda path: [hit])
