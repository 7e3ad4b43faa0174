"""Score a baseline with thresholds that were chosen on the other tracks."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from ddsp_drums.audio import read_audio
from ddsp_drums.events import Hit
from drummernet.evaluation.baselines.baseline import Baseline
from drummernet.evaluation.datasets import Track
from drummernet.evaluation.evaluate import Evaluation, TrackResult, read_reference, score

__all__ = ["evaluate_left_out"]

THRESHOLDS = tuple(round(0.03 * step, 2) for step in range(1, 27))


def evaluate_left_out(
    baseline: Baseline,
    tracks: Sequence[Track],
    *,
    system: str,
    window_s: float = 0.05,
    thresholds: Sequence[float] = THRESHOLDS,
) -> Evaluation:
    """Score each track with the threshold of each class that is best on the other tracks.

    Best is the largest mean F1 over those of them whose reference has the class; the lowest threshold among equals; and
    the baseline's own where no other track has the class. So no track chooses its own threshold, but the annotations
    of its set do: compare it with systems that were tuned likewise.

    Args:
        baseline: The system.
        tracks: Annotated recordings. A track that cannot be read is listed in the result's `failures`.
        system: Name of what is evaluated.
        window_s: How far apart a pair may be, in seconds.
        thresholds: What to choose from, each in [0, 1].

    Returns:
        What came of each track.
    """
    failures: dict[Track, str] = {}
    found: list[dict[tuple[str, float], list[Hit]]] = []
    results: list[list[TrackResult]] = []  # of each track with each threshold
    for track in tracks:
        try:
            duration_s, reference = read_reference(track)
            audio = read_audio(track.audio, sample_rate=baseline.sample_rate)
        except (ValueError, OSError) as error:
            failures[track] = str(error)
            continue
        with torch.inference_mode():
            activations = baseline.activations(audio)
        classes = baseline.threshold
        own = {
            (name, t): [event.hit for event in baseline.pick(activations, name, t)]
            for name in classes
            for t in (*thresholds, classes[name])
        }
        found.append(own)
        hits = ([hit for name in classes for hit in own[name, t]] for t in thresholds)
        results.append([score(track, duration_s, reference, each, window_s=window_s) for each in hits])
    scored = []
    for number, (own, (result, *_)) in enumerate(zip(found, results, strict=True)):
        others = results[:number] + results[number + 1 :]
        picked = [hit for name in baseline.threshold for hit in own[name, _best(name, others, thresholds, baseline)]]
        scored.append(score(result.track, result.duration_s, result.reference, picked, window_s=window_s))
    return Evaluation(system, window_s, tuple(scored), failures)


def _best(name: str, others: Iterable[Sequence[TrackResult]], thresholds: Sequence[float], baseline: Baseline) -> float:
    counts = [[result.counts[name] for result in of_track] for of_track in others]
    f1 = [[each.f1 for each in of_track] for of_track in counts if of_track[0].hits + of_track[0].misses]
    return thresholds[int(np.mean(f1, axis=0).argmax())] if f1 else baseline.threshold[name]
