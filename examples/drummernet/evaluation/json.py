"""Write evaluations as JSON."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_drums._atomic import write_whole
from ddsp_drums.kits import SIX
from drummernet.evaluation.datasets import parent_class
from drummernet.evaluation.evaluate import Evaluation, TrackResult
from drummernet.evaluation.scores import STRICT_S, Summary, summarise

__all__ = ["write_json"]

_FORMAT, _VERSION = "drummernet evaluation", 1


def write_json(path: str | Path, evaluations: Sequence[Evaluation]) -> None:
    """Write evaluations as a file that needs nothing else to be scored or drawn.

    The layout, in which times are seconds, `null` stands for "not known" or "no such number", and the three numbers of
    a score are its value and its 95 % interval::

        {"format": "drummernet evaluation", "version": 1, "classes": ["KD", "SD", "HH", "TT", "CY", "OT"],
         "systems": [
            {"system": "drummernet", "window_s": 0.05,
             "failures": [{"audio": "b.wav", "reason": "..."}],
             "tracks": [
                {"name": "a", "dataset": "mdb-drums", "split": null, "duration_s": 12.5,
                 "audio": "a.wav", "annotations": ["a.txt"],
                 "reference": [{"onset_s": 0.5, "label": "CHH", "class": "HH", "velocity": null}, ...],
                 "estimate": [{"onset_s": 0.51, "label": "OHH", "class": "HH", "velocity": 90}, ...],
                 "pairs": [[0, 0], ...],
                 "scores": {"KD": {"hits": 0, "false_alarms": 0, "misses": 0,
                                   "f1": 1.0, "precision": null, "recall": null}, ...}}, ...],
             "summaries": {
                "all": {"n_tracks": 1, "mean": [0.9, 0.8, 0.95], "sum": [...], "published": [...], "mean_six": [...],
                        "classes": {"KD": {"f1": [...], "hits": 9, "false_alarms": 1, "misses": 1, "precision": 0.9,
                                           "recall": 0.9, "velocity": {"n_pairs": 9, "bias": 2.0, "error": 9.5,
                                                                       "correlation": 0.8}}, ...},
                        "confusion": [[...], ...],
                        "offsets": {"median_s": 0.004, "counts": [...], "centres_s": [...]}},
                "mdb-drums": {...}},
             "strict": {"window_s": 0.02, "summaries": {"all": {...}, "mdb-drums": {...}}}}]}

    `pairs` are positions in `reference` and `estimate`; a note in no pair is a miss or a false alarm. Summaries are
    those of `drummernet.evaluation.scores`, of all tracks and of each data set; without a scored track there is none.

    Args:
        path: The file, written whole or not at all.
        evaluations: One for each system.

    Raises:
        OSError: If the file cannot be written.
    """
    content = {"format": _FORMAT, "version": _VERSION, "classes": SIX, "systems": [_system(one) for one in evaluations]}
    write_whole(path, (json.dumps(content, allow_nan=False) + "\n").encode())


def _system(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "system": evaluation.system,
        "window_s": evaluation.window_s,
        "failures": [{"audio": str(track.audio), "reason": why} for track, why in evaluation.failures.items()],
        "tracks": [_track(result) for result in evaluation.results],
        "summaries": _summaries(evaluation),
        "strict": {"window_s": STRICT_S, "summaries": _summaries(evaluation.rescored(window_s=STRICT_S))},
    }


def _summaries(evaluation: Evaluation) -> dict[str, Any]:
    groups = {"all": evaluation, **evaluation.groups()} if evaluation.results else {}
    return {name: _summary(summarise(group)) for name, group in groups.items()}


def _track(result: TrackResult) -> dict[str, Any]:
    return {
        "name": result.track.name,
        "dataset": result.track.dataset,
        "split": result.track.split,
        "duration_s": result.duration_s,
        "audio": str(result.track.audio),
        "annotations": [str(path) for path in result.track.annotations],
        "reference": [_note(*note) for note in result.reference],
        "estimate": [_note(*hit) for hit in result.estimate],
        "pairs": result.pairs,
        "scores": {
            name: {
                **counts._asdict(),
                "f1": counts.f1,
                "precision": _or_none(counts.precision),
                "recall": _or_none(counts.recall),
            }
            for name, counts in result.counts.items()
        },
    }


def _summary(summary: Summary) -> dict[str, Any]:
    counts, centres_s = summary.histogram
    median_s = float(np.median(summary.offsets_s)) if summary.offsets_s.size else None
    return {
        "n_tracks": summary.n_tracks,
        **{name: [_or_none(number) for number in score] for name, score in summary.headline._asdict().items()},
        "classes": {
            name: {
                "f1": [_or_none(number) for number in score.f1],
                **score.counts._asdict(),
                "precision": _or_none(score.counts.precision),
                "recall": _or_none(score.counts.recall),
                "velocity": {key: _or_none(number) for key, number in score.velocity._asdict().items()},
            }
            for name, score in summary.classes.items()
        },
        "confusion": summary.confusion.tolist(),
        "offsets": {"median_s": median_s, "counts": counts.tolist(), "centres_s": centres_s.round(6).tolist()},
    }


def _note(onset_s: float, label: str, velocity: int | None) -> dict[str, Any]:
    return {"onset_s": onset_s, "label": label, "class": parent_class(label), "velocity": velocity}


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
