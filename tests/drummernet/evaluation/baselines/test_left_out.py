import pytest
import torch
from drummernet.evaluation.baselines import evaluate_left_out
from drummernet.evaluation.baselines.baseline import Baseline
from drummernet.evaluation.datasets import find_tracks

from ddsp_drums.audio import write_audio


class Samples(Baseline):
    """Its activations are the samples: positive ones kicks, negative ones snares."""

    def __init__(self):
        super().__init__(threshold=0.9, instruments=("KD", "SD"), sample_rate=100, hop_length=1)

    def activations(self, audio):
        return torch.stack([audio.clamp(min=0), (-audio).clamp(min=0)])


@pytest.fixture
def folder(tmp_path):
    """Kicks are true from a height of .6 on in two tracks, from .3 on in the third; only one has a snare."""
    tracks = {
        "a": ({1: 0.9, 3: 0.6, 5: 0.3}, "1 KD\n3 KD\n"),
        "b": ({1: 0.6, 3: 0.9, 5: 0.3}, "1 KD\n3 KD\n"),
        "c": ({1: 0.9, 3: 0.6, 5: 0.3, 7: -0.9, 9: -0.5}, "1 KD\n3 KD\n5 KD\n7 SD\n"),
    }
    for name, (heights, text) in tracks.items():
        audio = torch.zeros(1000)
        for second, height in heights.items():
            audio[100 * second] = height
        write_audio(tmp_path / f"{name}.wav", audio, sample_rate=100)
        (tmp_path / f"{name}.txt").write_text(text)
    return tmp_path


def test_each_track_is_scored_with_the_thresholds_of_the_others(folder):
    evaluation = evaluate_left_out(Samples(), find_tracks(folder), system="samples", thresholds=(0.2, 0.5))
    found = {result.track.name: [hit.onset_s for hit in result.estimate] for result in evaluation.results}
    assert evaluation.system == "samples"
    assert found["c"] == pytest.approx([1, 3, 7])  # its kicks: .5 is best for a and b; its snare: the system's own
    assert found["a"] == pytest.approx([1, 3, 5])  # b wants .5 as much as c wants .2: the lower one
    assert evaluation.results[2].counts["KD"].misses == 1


def test_what_cannot_be_read_is_listed_and_has_no_say(folder):
    (folder / "b.wav").write_bytes(b"no audio")
    evaluation = evaluate_left_out(Samples(), find_tracks(folder), system="samples", thresholds=(0.2, 0.5))
    assert [result.track.name for result in evaluation.results] == ["a", "c"]
    assert [track.name for track in evaluation.failures] == ["b"]
    assert len(evaluation.results[0].estimate) == 3  # as c wants it
