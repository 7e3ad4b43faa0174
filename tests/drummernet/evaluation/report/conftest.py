"""Two data sets of short recordings, scored by hand-made systems."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from drummernet.evaluation.datasets import Note, Track
from drummernet.evaluation.evaluate import Evaluation, TrackResult, score

from ddsp_drums.events import Hit

NASTY = "<script>alert('&\")</script>".replace("/", "")


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrackResult, ...]:
    """A perfect track with velocities; one with each kind of error, of a nasty name; one in which nothing is found."""
    folder = tmp_path_factory.mktemp("recordings")
    good = [(0.5, "KD", 100), (1.0, "SD", 20), (1.5, "SD", 60), (1.75, "OHH", 80)]
    late = [(onset_s + 0.01, label, velocity + 10) for onset_s, label, velocity in good]
    wrong = [(0.5, "KD"), (1.0, "SD"), (1.2, "CY"), (1.5, "HH")]
    found = [(0.51, "KD", 64), (0.8, "KD", 64), (1.02, "CHH", 64), (1.49, "CHH", 64)]
    tracks = [("good", "one", good, late), (NASTY, "two", wrong, found), ("empty", "two", wrong[:1], [])]
    return tuple(_result(folder, *track) for track in tracks)


def _result(folder: Path, name: str, dataset: str, reference: list[Any], estimate: list[Any]) -> TrackResult:
    audio = folder / f"{name}.wav"
    rng = np.random.default_rng(0)
    soundfile.write(audio, 0.1 * rng.standard_normal(16_000), 8000)
    track = Track(audio, (audio.with_suffix(".txt"),), dataset)
    return score(track, 2.0, [Note(*note) for note in reference], [Hit(*hit) for hit in estimate], window_s=0.05)


@pytest.fixture(scope="session")
def evaluations(results: tuple[TrackResult, ...]) -> list[Evaluation]:
    """Two systems; the second could not read one track."""
    failures = {results[2].track: f"{NASTY}.wav: broken"}
    return [Evaluation("mine", 0.05, results, {}), Evaluation("<b>other", 0.05, results[:2], failures)]
