"""How well matched notes agree in time and velocity."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ddsp_drums._validate import require_positive

__all__ = ["VelocityAgreement", "compare_velocities", "offset_histogram"]


class VelocityAgreement(NamedTuple):
    """How well velocities agree.

    Attributes:
        n_pairs: Notes compared.
        bias: Mean of estimate less reference; positive is too loud.
        error: Mean of the absolute difference.
        correlation: Pearson's, in [-1, 1]: whether accents are where they were, whatever the level.

    Example:
        >>> compare_velocities([20, 60, 100], [40, 80, 120]).bias
        20.0
    """

    n_pairs: int
    bias: float
    error: float
    correlation: float


def compare_velocities(reference: ArrayLike, estimate: ArrayLike) -> VelocityAgreement:
    """Compare the velocities of matched notes.

    Args:
        reference: Velocities (P,) of the notes that were played.
        estimate: Velocities (P,) of the notes that were matched with them.

    Returns:
        Bias, error and correlation in the unit of the velocities. NaN where there is no pair, and for the correlation
        where there are fewer than three or one side is all the same.

    Raises:
        ValueError: If the two are not of one length.

    Example:
        >>> compare_velocities([20, 60, 100], [40, 80, 120])
        VelocityAgreement(n_pairs=3, bias=20.0, error=20.0, correlation=1.0)
    """
    true, found = np.asarray(reference, dtype=float), np.asarray(estimate, dtype=float)
    if true.shape != found.shape or true.ndim != 1:
        raise ValueError(f"reference and estimate must have one shape (P,), got {true.shape} and {found.shape}")
    if not true.size:
        return VelocityAgreement(0, *3 * (float("nan"),))
    difference = found - true
    a, b = true - true.mean(), found - found.mean()
    scale = np.sqrt(np.square(a).sum() * np.square(b).sum())
    correlation = float(np.clip(a @ b / scale, -1, 1)) if true.size > 2 and scale > 0 else float("nan")
    return VelocityAgreement(true.size, float(difference.mean()), float(np.abs(difference).mean()), correlation)


def offset_histogram(
    offsets_s: ArrayLike, *, window_s: float = 0.05, bin_s: float = 0.005
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count how far matched onsets lie from where they should be.

    Args:
        offsets_s: Estimate less reference of each pair (P,), in seconds; positive is late.
        window_s: The largest offset that was matched.
        bin_s: Width of a bin; one is centred on zero.

    Returns:
        Counts (B,) and centres of the bins (B,) in seconds, B = 2 ceil(window_s / bin_s) + 1.

    Raises:
        ValueError: If an offset lies outside the bins, or `window_s` or `bin_s` is not positive.

    Example:
        >>> counts, centres = offset_histogram([-0.004, 0.001, 0.002], window_s=0.01)
        >>> counts, centres
        (array([0, 1, 2, 0, 0]), array([-0.01 , -0.005,  0.   ,  0.005,  0.01 ]))
    """
    require_positive("window_s", window_s)
    require_positive("bin_s", bin_s)
    reach = int(np.ceil(window_s / bin_s - 1e-9))
    bins = np.floor(np.asarray(offsets_s, dtype=float) / bin_s + 0.5).astype(int) + reach
    if bins.size and not (bins.min() >= 0 and bins.max() <= 2 * reach):
        raise ValueError(f"offsets_s must lie within window_s, {window_s}, got up to {np.abs(offsets_s).max()}")
    counts = np.bincount(bins, minlength=2 * reach + 1).astype(np.int64)
    return counts, np.linspace(-reach * bin_s, reach * bin_s, 2 * reach + 1)
