"""Match onsets, and count what was found, made up and missed."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ddsp_drums._validate import require_positive

__all__ = ["OnsetCounts", "count_onsets", "match_onsets"]


class OnsetCounts(NamedTuple):
    """How many onsets were found, made up and missed.

    Attributes:
        hits: Estimated onsets that match one of the reference.
        false_alarms: Estimated onsets that match none.
        misses: Reference onsets that nothing matches.

    Source:
        van Rijsbergen, "Information Retrieval", 1979, chapter 7, for the F-measure.

    Example:
        >>> counts = OnsetCounts(8, 2, 12)
        >>> counts.precision, counts.recall, counts.f1
        (0.8, 0.4, 0.5333333333333333)
    """

    hits: int
    false_alarms: int
    misses: int

    @property
    def f1(self) -> float:
        """F-measure in [0, 1]; 1 where there was nothing to find and nothing was found."""
        total = 2 * self.hits + self.false_alarms + self.misses
        return 2 * self.hits / total if total else 1.0

    @property
    def precision(self) -> float:
        """Share of what was found that is right, in [0, 1]; NaN where nothing was found."""
        found = self.hits + self.false_alarms
        return self.hits / found if found else float("nan")

    @property
    def recall(self) -> float:
        """Share of what there was that is found, in [0, 1]; NaN where there was nothing."""
        there = self.hits + self.misses
        return self.hits / there if there else float("nan")

    def __add__(self, other: "OnsetCounts") -> "OnsetCounts":  # type: ignore[override]
        return OnsetCounts(*(a + b for a, b in zip(self, other, strict=True)))


def match_onsets(
    reference: Iterable[float], estimate: Iterable[float], *, window_s: float = 0.05
) -> list[tuple[int, int]]:
    r"""Pair estimated onsets with those of a reference, one to one.

    Of all pairings with $\hat{t} - w \le t \le \hat{t} + w$ it is one with the most pairs (as mir_eval's), and of
    these the one with the least $\sum |\hat{t} - t|$ (mir_eval's may be any).

    Args:
        reference: Times in seconds, in any order.
        estimate: Times in seconds, in any order.
        window_s: How far apart a pair may be, w; the limit itself counts.

    Returns:
        Positions in `reference` and in `estimate` of each pair, in order of time.

    Raises:
        ValueError: If a time is not finite or `window_s` is not positive.
        ImportError: If SciPy is not installed.

    Source:
        Raffel et al., "mir_eval: A Transparent Implementation of Common MIR Metrics", ISMIR 2014. Assignment: Crouse,
        "On Implementing 2D Rectangular Assignment Algorithms", IEEE Trans. AES 52(4), 2016, by SciPy.

    Example:
        >>> match_onsets([1.0, 1.03], [1.04, 1.07, 5.0])
        [(0, 0), (1, 1)]
    """
    from scipy.optimize import linear_sum_assignment

    require_positive("window_s", window_s)
    true, found = np.fromiter(reference, float), np.fromiter(estimate, float)
    times = np.concatenate([true, found])
    if not np.isfinite(times).all():
        raise ValueError("reference and estimate must be finite times in seconds")
    if not true.size or not found.size:
        return []
    # Where nothing begins for longer than the window no pair reaches across, so each stretch is matched by itself.
    order = times.argsort(kind="stable")
    ends = [*(1 + (np.diff(times[order]) > 1.01 * window_s).nonzero()[0]).tolist(), times.size]
    pairs = []
    for start, end in itertools.pairwise([0, *ends]):
        stretch = order[start:end].tolist()
        rows = [place for place in stretch if place < true.size]
        columns = [place - true.size for place in stretch if place >= true.size]
        if not rows or not columns:
            continue
        near, far = true[rows, None], found[columns]
        allowed = (near >= far - window_s) & (near <= far + window_s)
        if allowed.size == 1:  # the usual case, and assignment would take most of the time
            chosen: Iterable[tuple[int, int]] = [(0, 0)]
        else:
            never = 2 * window_s * (1 + min(allowed.shape))  # dearer than all pairs together: more pairs always win
            chosen = zip(*linear_sum_assignment(np.where(allowed, np.abs(near - far), never)), strict=True)
        pairs += [(rows[i], columns[j]) for i, j in chosen if allowed[i, j]]
    return pairs


def count_onsets(reference: Iterable[float], estimate: Iterable[float], *, window_s: float = 0.05) -> OnsetCounts:
    """Count the estimated onsets that match one of the reference, those that do not, and those that were missed.

    Args:
        reference: Times in seconds.
        estimate: Times in seconds.
        window_s: How far apart a pair may be; the limit itself counts as a match.

    Returns:
        The counts, those of mir_eval.

    Raises:
        ValueError: As for `match_onsets`.
        ImportError: If SciPy is not installed.

    Source:
        Raffel et al., "mir_eval: A Transparent Implementation of Common MIR Metrics", ISMIR 2014.

    Example:
        >>> count_onsets([0.0, 1.0], [0.04, 0.5, 1.06])
        OnsetCounts(hits=1, false_alarms=2, misses=1)
    """
    reference, estimate = list(reference), list(estimate)
    matched = len(match_onsets(reference, estimate, window_s=window_s))
    return OnsetCounts(matched, len(estimate) - matched, len(reference) - matched)
