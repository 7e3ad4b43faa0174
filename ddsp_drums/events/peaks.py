"""Pick onsets from activations."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums._validate import require_float, require_positive

__all__ = ["pick_peaks"]


def pick_peaks(
    activation: Tensor,
    *,
    frame_rate_hz: float,
    threshold: float,
    max_window_s: float = 0.05,
    mean_window_s: float = 0.1,
    wait_s: float = 0.05,
) -> tuple[Tensor, Tensor]:
    r"""Find the frames that stand out from their surroundings.

    Frame n is a peak if $y_n$ is the maximum of the window around it, $y_n \ge \bar{y}_n + \text{threshold}$ with
    $\bar{y}_n$ the mean of a second window, and the peak before it lies at least `wait_s` earlier. Its time is that
    of the vertex of the parabola through the frame and its neighbours.

    Args:
        activation: One instrument's activation (N,), zero or more.
        frame_rate_hz: Frames per second.
        threshold: How far a peak must rise above the mean, in the unit of `activation`.
        max_window_s: Length of the window of the maximum, centred on the frame.
        mean_window_s: Length of the window of the mean, centred on the frame; at the ends it is cut.
        wait_s: Shortest time between two peaks; the earlier one stays.

    Returns:
        Onset times (P,) in seconds, float64, ascending, and the activation there (P,).

    Raises:
        TypeError: If `activation` is not a floating-point tensor.
        ValueError: If `activation` is not one-dimensional or `frame_rate_hz` is not positive.

    Source:
        Boeck, Krebs and Schedl, "Evaluating the Online Capabilities of Onset Detection Methods", ISMIR 2012,
        section 2.3, with windows that reach both ways.

    Example:
        >>> times, heights = pick_peaks(torch.tensor([0, 0.1, 0.8, 0.1, 0.0]), frame_rate_hz=100, threshold=0.3)
        >>> times, heights
        (tensor([0.0200], dtype=torch.float64), tensor([0.8000]))
    """
    require_float("activation", activation, "(N,)")
    require_positive("frame_rate_hz", frame_rate_hz)
    if activation.dim() != 1:
        raise ValueError(f"activation must have shape (N,), got {tuple(activation.shape)}")
    if activation.numel() == 0:
        return activation.new_zeros(0, dtype=torch.float64), activation
    y = activation[None]
    reach_max = round(max_window_s * frame_rate_hz / 2)
    reach_mean = round(mean_window_s * frame_rate_hz / 2)
    maximum = F.max_pool1d(y, 2 * reach_max + 1, 1, reach_max)[0]
    mean = F.avg_pool1d(y, 2 * reach_mean + 1, 1, reach_mean, count_include_pad=False)[0]
    candidates = ((activation == maximum) & (activation >= mean + threshold) & (activation > 0)).nonzero()[:, 0]

    wait = wait_s * frame_rate_hz
    kept: list[int] = []
    for frame in candidates.tolist():
        if not kept or frame - kept[-1] >= wait:
            kept.append(frame)
    frames = torch.tensor(kept, dtype=torch.long, device=activation.device)
    padded = F.pad(activation.double(), (1, 1))
    before, here, after = padded[frames], padded[frames + 1], padded[frames + 2]
    curvature = (2 * here - before - after).clamp(min=1e-12)
    offset = ((after - before) / (2 * curvature)).clamp(-0.5, 0.5)
    return ((frames + offset) / frame_rate_hz).clamp(min=0), activation[frames]
