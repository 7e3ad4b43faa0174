"""From the counts of tracks to one score."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddsp_drums._validate import require_one_of

__all__ = ["mean_f1", "sum_f1"]

Floats = NDArray[np.float64]


def mean_f1(
    counts: ArrayLike, weights: ArrayLike | None = None, *, absent: Literal["left out", "zero"] = "left out"
) -> Floats:
    r"""Average the F-measures of tracks, class by class.

    $\bar{F}_k = \sum_n w_n F_{nk} / \sum_n w_n$, where n are the tracks whose reference has class k, or all tracks.

    Args:
        counts: Hits, false alarms and misses of N tracks and K classes, (N, K, 3).
        weights: How often each track counts, (..., N); once by default.
        absent: What a track counts for a class that its reference does not have. `"left out"`: nothing; what is made up
            there is not seen here (see `sum_f1`). `"zero"`: an F-measure of 0, whatever was found, which is what
            mir_eval returns and so what DrummerNet published.

    Returns:
        The mean of each class (..., K) in [0, 1]; NaN where no track counts.

    Raises:
        ValueError: If `counts` has another shape or `absent` another value.

    Source:
        `"zero"`: Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 4, and its published code.

    Example:
        >>> counts = [[(1, 0, 0)], [(0, 0, 2)], [(0, 5, 0)]]
        >>> mean_f1(counts), mean_f1(counts, absent="zero")
        (array([0.5]), array([0.33333333]))
    """
    require_one_of("absent", absent, ("left out", "zero"))
    counts, weights = _checked(counts, weights)
    hits, false_alarms, misses = np.moveaxis(counts, -1, 0)
    present = hits + misses > 0
    total = np.where(present, 2 * hits + false_alarms + misses, 1)
    scores = np.where(present, 2 * hits / total, 0.0)
    return _ratio(weights @ scores, weights @ (present if absent == "left out" else np.ones_like(scores)))


def sum_f1(counts: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    r"""Pool the counts of all tracks and classes into one F-measure; every false alarm counts.

    $F = 2 \sum h / (2 \sum h + \sum f + \sum m)$ with hits h, false alarms f and misses m.

    Args:
        counts: Hits, false alarms and misses of N tracks and K classes, (N, K, 3).
        weights: How often each track counts, (..., N); once by default.

    Returns:
        The F-measure (...) in [0, 1]; 1 where there was nothing to find and nothing was found.

    Raises:
        ValueError: If `counts` has another shape.

    Source:
        "Sum" in Vogl, Widmer and Knees, "Towards Multi-Instrument Drum Transcription", DAFx 2018.

    Example:
        >>> sum_f1([[(1, 0, 0)], [(0, 1, 0)]])
        array(0.66666667)
    """
    counts, weights = _checked(counts, weights)
    hits, false_alarms, misses = np.moveaxis(weights @ counts.sum(1), -1, 0)
    total = 2 * hits + false_alarms + misses
    return np.where(total > 0, 2 * hits / np.where(total > 0, total, 1), 1.0)


def _checked(counts: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    table = np.asarray(counts, dtype=float)
    if table.ndim != 3 or table.shape[2] != 3:
        raise ValueError(f"counts must have shape (N, K, 3), got {table.shape}")
    each = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=float)
    if not each.ndim or each.shape[-1] != len(table):
        raise ValueError(f"weights must have shape (..., {len(table)}), got {each.shape}")
    return table, each


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)
