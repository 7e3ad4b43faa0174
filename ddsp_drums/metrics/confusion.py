"""What is taken for what."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ddsp_drums.metrics.onsets import match_onsets

__all__ = ["confusion_matrix"]


def confusion_matrix(
    reference: Sequence[Sequence[float]], estimate: Sequence[Sequence[float]], *, window_s: float = 0.05
) -> NDArray[np.int64]:
    """Count which class was found where which was there.

    Each class is matched with itself first, as for its score. What is left over of all classes is then matched across
    classes, one to one and within the same window: each such pair is one class taken for another. The rest was missed,
    or made up.

    Args:
        reference: Onset times in seconds of each of K classes.
        estimate: Onset times in seconds of each of the same classes.
        window_s: How far apart a pair may be; the limit itself counts.

    Returns:
        Counts (K + 1, K + 1): rows are what was there, columns what was found; the last row is what was made up, the
        last column what was missed. The diagonal holds the hits of `count_onsets`; rows and columns (but the last) add
        up to the onsets of the reference and of the estimate.

    Raises:
        ValueError: If there are not as many classes in both, or as for `match_onsets`.
        ImportError: If SciPy is not installed.

    Example:
        >>> confusion_matrix([[1.0, 2.0], [3.0]], [[1.0], [2.01, 9.0]])
        array([[1, 1, 0],
               [0, 0, 1],
               [0, 1, 0]])
    """
    if len(reference) != len(estimate):
        raise ValueError(f"reference and estimate must have as many classes, got {len(reference)} and {len(estimate)}")
    matrix = np.zeros((len(reference) + 1, len(reference) + 1), dtype=np.int64)
    left_true: list[tuple[float, int]] = []
    left_found: list[tuple[float, int]] = []
    for k, (true, found) in enumerate(zip(reference, estimate, strict=True)):
        pairs = match_onsets(true, found, window_s=window_s)
        matrix[k, k] = len(pairs)
        for times, matched, left in ((true, 0, left_true), (found, 1, left_found)):
            taken = {pair[matched] for pair in pairs}
            left += [(time, k) for position, time in enumerate(times) if position not in taken]
    across = match_onsets([time for time, _ in left_true], [time for time, _ in left_found], window_s=window_s)
    np.add.at(matrix, ([left_true[i][1] for i, _ in across], [left_found[j][1] for _, j in across]), 1)
    matrix[:-1, -1] = [len(times) for times in reference] - matrix[:-1, :-1].sum(1)
    matrix[-1, :-1] = [len(times) for times in estimate] - matrix[:-1, :-1].sum(0)
    return matrix
