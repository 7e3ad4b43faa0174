"""Summarise an evaluation: scores with intervals, timing, velocities and confusions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ddsp_drums.kits import SIX, THREE
from ddsp_drums.metrics import (
    Interval,
    OnsetCounts,
    VelocityAgreement,
    bootstrap,
    compare_velocities,
    confusion_matrix,
    mean_f1,
    offset_histogram,
    sum_f1,
)
from drummernet.evaluation.evaluate import Evaluation, TrackResult

__all__ = ["PROTOCOL", "STRICT_S", "ClassScore", "Headline", "Summary", "difference", "headline", "summarise"]

STRICT_S = 0.02  # the narrower window that is reported beside the usual one
PROTOCOL = """\
mean       F1 of each track, averaged over the tracks whose reference has the
           class, then over KD, SD and HH. What is made up where a class is
           absent is not seen here.
sum        F1 of all hits, false alarms and misses of KD, SD and HH in all
           tracks together. Every false alarm counts.
published  As mean, but over all tracks: where a class is absent F1 is 0,
           whatever was found. So mir_eval counts and DrummerNet was scored.
[low high] 95 % bootstrap interval over tracks.
found for  Each class is matched with itself first; what is left over, within
           the same window, with what is left over of the others.
vel.       Velocity, 1 to 127, of matched notes: mean error (its bias), and the
           correlation in a track, averaged over tracks."""

_Floats = NDArray[np.float64]


class Headline(NamedTuple):
    """The scores to compare systems by; `PROTOCOL` explains them.

    Attributes:
        mean: Of KD, SD and HH.
        sum: Of KD, SD and HH.
        published: Of KD, SD and HH.
        mean_six: As `mean`, of all six classes.
    """

    mean: Interval
    sum: Interval
    published: Interval
    mean_six: Interval


@dataclass(frozen=True)
class ClassScore:
    """One of the six classes over a set of tracks.

    Attributes:
        f1: F-measure of each track, averaged over the tracks whose reference has the class; NaN where none has.
        counts: Hits, false alarms and misses in all tracks together, also those whose reference lacks the class.
        velocity: Agreement of the velocities of matched notes, in MIDI's 1 to 127. The correlation is taken in each
            track and then averaged, because takes differ in level.
    """

    f1: Interval
    counts: OnsetCounts
    velocity: VelocityAgreement


@dataclass(frozen=True)
class Summary:
    """A set of tracks in numbers.

    Attributes:
        n_tracks: How many tracks were scored.
        headline: The scores to compare by.
        classes: The six classes one by one.
        confusion: Rows are what was there, columns what was found, (7, 7); the last row is what was made up, the last
            column what was missed (`ddsp_drums.metrics.confusion_matrix`).
        offsets_s: Estimate less reference of every pair of all six classes, in seconds; positive is late.
        histogram: Counts and centres (in seconds) of bins of 5 ms of these.
    """

    n_tracks: int
    headline: Headline
    classes: dict[str, ClassScore]
    confusion: NDArray[np.int64]
    offsets_s: _Floats
    histogram: tuple[NDArray[np.int64], _Floats]


def headline(evaluation: Evaluation) -> Headline:
    """Score the tracks.

    Args:
        evaluation: With at least one result.

    Returns:
        Scores, with NaN for the interval of a single track.

    Raises:
        ValueError: If there is no result.
    """
    counts = _counts(evaluation)
    return Headline(*bootstrap(lambda weights: _scores(counts, weights), len(counts)))


def difference(one: Evaluation, other: Evaluation) -> Headline:
    """Subtract the scores of one system from another's, with intervals of the difference.

    The same tracks are drawn for both, so that what is hard for either does not blur the difference: two systems may
    well differ though their own intervals overlap.

    Args:
        one: The system whose scores come first.
        other: The system whose scores are subtracted.

    Returns:
        Scores of `one` less those of `other`, over the tracks that both have scored.

    Raises:
        ValueError: If there is no such track.
    """
    ours, theirs = ({result.track: result for result in side.results} for side in (one, other))
    both = [track for track in ours if track in theirs]
    first, second = (
        _counts(replace(one, results=tuple(of_track[track] for track in both))) for of_track in (ours, theirs)
    )
    return Headline(*bootstrap(lambda weights: _scores(first, weights) - _scores(second, weights), len(both)))


def summarise(evaluation: Evaluation) -> Summary:
    """Score the tracks, and say what goes wrong: by class, what is taken for what, how far off, how loud.

    Args:
        evaluation: With at least one result.

    Returns:
        The summary.

    Raises:
        ValueError: If there is no result.
    """
    counts, results = _counts(evaluation), evaluation.results
    by_class = bootstrap(lambda weights: mean_f1(counts, weights), len(counts))
    offsets_s = np.array([_offset_s(result, pair) for result in results for pair in result.pairs])
    return Summary(
        n_tracks=len(results),
        headline=headline(evaluation),
        classes={
            name: ClassScore(f1, OnsetCounts(*total), _velocity(results, name))
            for name, f1, total in zip(SIX, by_class, counts.sum(0).astype(int).tolist(), strict=True)
        },
        confusion=np.sum([_confusion(result) for result in results], axis=0),
        offsets_s=offsets_s,
        histogram=offset_histogram(offsets_s, window_s=evaluation.window_s),
    )


def _counts(evaluation: Evaluation) -> _Floats:
    """Hits, false alarms and misses of N tracks and six classes, (N, 6, 3)."""
    if not evaluation.results:
        raise ValueError("evaluation must have at least one scored track")
    return np.array([[result.counts[name] for name in SIX] for result in evaluation.results], dtype=float)


def _scores(counts: _Floats, weights: _Floats) -> _Floats:
    """Mean, sum, published and mean of six, (..., 4), of tracks that count as often as their weights (..., N)."""
    three = counts[:, [SIX.index(name) for name in THREE]]
    means = mean_f1(three, weights), mean_f1(three, weights, absent="zero"), mean_f1(counts, weights)
    mean, published, mean_six = map(_over_classes, means)
    return np.stack([mean, sum_f1(three, weights), published, mean_six], -1)


def _over_classes(scores: _Floats) -> _Floats:
    """Average (..., K) over the classes that any track has."""
    known = ~np.isnan(scores)
    n_known = known.sum(-1)
    return np.where(n_known > 0, np.where(known, scores, 0).sum(-1) / np.maximum(n_known, 1), np.nan)


def _offset_s(result: TrackResult, pair: tuple[int, int]) -> float:
    return result.estimate[pair[1]].onset_s - result.reference[pair[0]].onset_s


def _confusion(result: TrackResult) -> NDArray[np.int64]:
    reference, estimate = result.onsets()
    return confusion_matrix([*reference.values()], [*estimate.values()], window_s=result.window_s)


def _velocity(results: Sequence[TrackResult], name: str) -> VelocityAgreement:
    of_tracks = [result.velocities(name) for result in results]
    there, found = (np.concatenate(side) for side in zip(*of_tracks, strict=True))
    correlations = np.array([compare_velocities(*both).correlation for both in of_tracks])
    known = correlations[~np.isnan(correlations)]
    return compare_velocities(there, found)._replace(correlation=float(known.mean()) if known.size else float("nan"))
