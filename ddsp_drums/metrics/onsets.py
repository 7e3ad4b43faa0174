"""Onset detection scores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["OnsetCounts", "count_onsets", "mean_f1", "sum_f1"]


class OnsetCounts(NamedTuple):
    """How many onsets were found, made up and missed.

    Attributes:
        hits: Estimated onsets that match one of the reference.
        false_alarms: Estimated onsets that match none.
        misses: Reference onsets that nothing matches.

    Example:
        >>> OnsetCounts(8, 2, 2).f1
        0.8
    """

    hits: int
    false_alarms: int
    misses: int

    @property
    def f1(self) -> float:
        """F-measure in [0, 1]; 1 where there was nothing to find and nothing was found."""
        total = 2 * self.hits + self.false_alarms + self.misses
        return 2 * self.hits / total if total else 1.0

    def __add__(self, other: "OnsetCounts") -> "OnsetCounts":  # type: ignore[override]
        return OnsetCounts(*(a + b for a, b in zip(self, other, strict=True)))


def count_onsets(reference: Iterable[float], estimate: Iterable[float], *, window_s: float = 0.05) -> OnsetCounts:
    """Match estimated onsets with those of a reference, one to one and as many as possible.

    Args:
        reference: Times in seconds.
        estimate: Times in seconds.
        window_s: How far apart a pair may be; the limit itself counts as a match.

    Returns:
        The counts.

    Raises:
        ImportError: If mir_eval is not installed.

    Source:
        Raffel et al., "mir_eval: A Transparent Implementation of Common MIR Metrics", ISMIR 2014.

    Example:
        >>> count_onsets([0.0, 1.0], [0.04, 0.5, 1.06])
        OnsetCounts(hits=1, false_alarms=2, misses=1)
    """
    from mir_eval.util import match_events

    true, found = np.sort(np.fromiter(reference, float)), np.sort(np.fromiter(estimate, float))
    matched = len(match_events(true, found, window_s)) if true.size and found.size else 0
    return OnsetCounts(matched, found.size - matched, true.size - matched)


def mean_f1(tracks: Sequence[Mapping[str, OnsetCounts]], classes: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Average the F-measures of tracks, class by class, then the classes.

    A track counts for a class only if its reference has that class; what is found where there is nothing to find is
    not seen here (see `sum_f1`).

    Args:
        tracks: Counts of each class, for each track.
        classes: The classes to average.

    Returns:
        The mean over the classes, and each class's mean over its tracks. A class in no track's reference has the
        value NaN and is left out of the mean.

    Example:
        >>> tracks = [{"KD": OnsetCounts(1, 0, 0)}, {"KD": OnsetCounts(0, 0, 2)}]
        >>> mean_f1(tracks, ["KD"])
        (0.5, {'KD': 0.5})
    """
    by_class = {}
    for name in classes:
        scores = [track[name].f1 for track in tracks if track[name].hits + track[name].misses]
        by_class[name] = float(np.mean(scores)) if scores else float("nan")
    present = [score for score in by_class.values() if score == score]
    return float(np.mean(present)) if present else float("nan"), by_class


def sum_f1(tracks: Sequence[Mapping[str, OnsetCounts]], classes: Sequence[str]) -> float:
    """Pool the counts of all tracks and classes into one F-measure; every false alarm counts.

    Args:
        tracks: Counts of each class, for each track.
        classes: The classes to pool.

    Returns:
        The F-measure in [0, 1].

    Example:
        >>> sum_f1([{"KD": OnsetCounts(1, 0, 0)}, {"KD": OnsetCounts(0, 1, 0)}], ["KD"])
        0.6666666666666666
    """
    total = OnsetCounts(0, 0, 0)
    for track in tracks:
        for name in classes:
            total = total + track[name]
    return total.f1
