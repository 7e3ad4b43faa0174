"""Confidence intervals of scores over tracks."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ddsp_drums._validate import require_count

__all__ = ["Interval", "bootstrap"]

_CELLS = 1 << 22  # weights drawn at a time


class Interval(NamedTuple):
    """A score, and where it would lie with other tracks of the same kind.

    Attributes:
        value: The score of the tracks at hand.
        low: Lower end of the interval.
        high: Upper end of the interval.

    Example:
        >>> interval = Interval(0.9, 0.87, 0.92)
        >>> f"{interval.value} [{interval.low} {interval.high}]"
        '0.9 [0.87 0.92]'
    """

    value: float
    low: float
    high: float


def bootstrap(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    n_tracks: int,
    *,
    level: float = 0.95,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> list[Interval]:
    """Estimate percentile intervals of scores by drawing the tracks again, with replacement.

    Args:
        statistic: From weights (B, N), how often each track was drawn, to S scores (B, S). Every row sums to N.
        n_tracks: N.
        level: Share of the resamples that lies in the interval, in (0, 1).
        n_resamples: How often N tracks are drawn.
        seed: The same seed gives the same interval.

    Returns:
        Each of the S scores with all weights 1, and its interval. Resamples without a score (NaN) are left out; with a
        single track, or where no resample has a score, the ends are NaN.

    Raises:
        TypeError: If a number is not an int.
        ValueError: If a number is below 1 or `level` is not in (0, 1).

    Source:
        Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.

    Example:
        >>> scores = np.array([0.5, 0.75, 1.0])
        >>> bootstrap(lambda weights: weights @ scores[:, None] / 3, 3)
        [Interval(value=0.75, low=0.5, high=1.0)]
    """
    require_count("n_tracks", n_tracks)
    require_count("n_resamples", n_resamples)
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    values = statistic(np.ones((1, n_tracks)))[0].tolist()
    rng = np.random.default_rng(seed)
    rows = max(1, _CELLS // n_tracks)
    even = np.full(n_tracks, 1 / n_tracks)
    drawn = [
        statistic(rng.multinomial(n_tracks, even, size=min(rows, n_resamples - first)).astype(float))
        for first in range(0, n_resamples if n_tracks > 1 else 0, rows)
    ]
    columns = np.concatenate(drawn).T if drawn else np.full((len(values), 1), np.nan)
    ends = [(1 - level) / 2, (1 + level) / 2]
    known = [column[~np.isnan(column)] for column in columns]
    quantiles = [np.quantile(column, ends).tolist() if column.size else 2 * [float("nan")] for column in known]
    return [Interval(value, low, high) for value, (low, high) in zip(values, quantiles, strict=True)]
