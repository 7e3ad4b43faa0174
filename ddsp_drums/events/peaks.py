"""Pick onsets from activations."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums._validate import require_float, require_positive

__all__ = ["PeakPicker", "Peaks", "find_peaks", "pick_peaks"]


class Peaks(NamedTuple):
    """Frames that stand out, in order of time.

    Attributes:
        frames: Which they are, (P,).
        times_s: Their times in seconds, (P,), float64.
        heights: The activation there, (P,).
        rises: How far it is above the mean around it, (P,).

    Example:
        >>> find_peaks(torch.tensor([0, 0.1, 0.8, 0.1, 0.0]), frame_rate_hz=100).frames
        tensor([2])
    """

    frames: Tensor
    times_s: Tensor
    heights: Tensor
    rises: Tensor


def find_peaks(
    activation: Tensor, *, frame_rate_hz: float, max_window_s: float = 0.05, mean_window_s: float = 0.1
) -> Peaks:
    """Find every frame that `pick_peaks` picks with some threshold, so that another one takes no other look.

    With a threshold, it picks those whose rise is as large, one after the other, unless the last that it picked is
    less than `wait_s` before.

    Args:
        activation: One instrument's activation (N,), zero or more.
        frame_rate_hz: Frames per second.
        max_window_s: Length of the window of the maximum, centred on the frame.
        mean_window_s: Length of the window of the mean, centred on the frame; at the ends it is cut.

    Returns:
        P peaks, however close, with rises of zero or more.

    Raises:
        TypeError: If `activation` is not a floating-point tensor.
        ValueError: If `activation` is not one-dimensional or `frame_rate_hz` is not positive.

    Source:
        As of :func:`pick_peaks`.

    Example:
        >>> find_peaks(torch.tensor([0, 0.1, 0.8, 0.1, 0.0]), frame_rate_hz=100).rises
        tensor([0.6000])
    """
    require_positive("frame_rate_hz", frame_rate_hz)
    _require_activation(activation)
    windows = [_reach(window_s, float("inf"), frame_rate_hz) for window_s in (max_window_s, mean_window_s)]
    rises = _rises(activation, *windows)
    frames = (rises >= 0).nonzero()[:, 0]
    times_s = (frames + _vertices(activation, frames)) / frame_rate_hz
    return Peaks(frames, times_s.clamp(min=0), activation[frames], rises[frames])


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
    picker = PeakPicker(
        frame_rate_hz=frame_rate_hz,
        threshold=threshold,
        max_window_s=max_window_s,
        mean_window_s=mean_window_s,
        wait_s=wait_s,
    )
    return picker.push(activation, last=True)


class PeakPicker:
    """Picks the peaks of an activation that comes in pieces, the same ones as of the whole (:func:`pick_peaks`).

    Args:
        frame_rate_hz: Frames per second.
        threshold: How far a peak must rise above the mean.
        max_window_s: Length of the window of the maximum.
        mean_window_s: Length of the window of the mean.
        wait_s: Shortest time between two peaks.
        ahead_s: The furthest that both windows reach beyond a frame, and at least one frame; by default half of their
            lengths, as `pick_peaks` has it.

    Raises:
        ValueError: If `frame_rate_hz` is not positive.

    Source:
        As of :func:`pick_peaks`.

    Example:
        >>> picker = PeakPicker(frame_rate_hz=100, threshold=0.3)
        >>> picker.push(torch.tensor([0, 0.1, 0.8, 0.1]))[0].numel()  # what follows may be higher
        0
        >>> picker.push(torch.zeros(8))
        (tensor([0.0200], dtype=torch.float64), tensor([0.8000]))
    """

    def __init__(
        self,
        *,
        frame_rate_hz: float,
        threshold: float,
        max_window_s: float = 0.05,
        mean_window_s: float = 0.1,
        wait_s: float = 0.05,
        ahead_s: float = float("inf"),
    ) -> None:
        require_positive("frame_rate_hz", frame_rate_hz)
        self.frame_rate_hz = frame_rate_hz
        self.threshold = threshold
        self._wait = wait_s * frame_rate_hz
        self._windows = [_reach(window_s, ahead_s, frame_rate_hz) for window_s in (max_window_s, mean_window_s)]
        self._before = max(1, *(before for before, _ in self._windows))
        self._held = torch.zeros(0)
        self._first = 0  # frame that `_held` begins with
        self._last = float("-inf")  # frame of the last peak
        self.ahead = max(1, *(after for _, after in self._windows))
        self.decided = 0

    def push(self, activation: Tensor, *, last: bool = False) -> tuple[Tensor, Tensor]:
        """Hear the next frames (n,), the last ones or not, and return the peaks among the frames now decided.

        Those are all but the last `ahead`, `decided` in number; with `last` they are all. Returns onset times (P,) in
        seconds from the first frame of the first piece, float64, and the activation there (P,). Raises TypeError if
        `activation` is not floating point, ValueError if it is not one-dimensional.
        """
        _require_activation(activation)
        held = torch.cat([self._held.to(activation), activation])
        n_held = self._first + held.numel()
        decided = n_held if last else max(self.decided, n_held - self.ahead)
        frames = [self._first + frame for frame in self._candidates(held)]
        frames = self._apart([frame for frame in frames if self.decided <= frame < decided])
        first = self._first
        self.decided = decided
        self._first = max(first, decided - self._before)
        self._held = held[self._first - first :]
        if not frames:
            return held.new_zeros(0, dtype=torch.float64), held[:0]
        here = torch.tensor(frames, device=held.device) - first
        times = ((here + first) + _vertices(held, here)) / self.frame_rate_hz
        return times.clamp(min=0), held[here]

    def _candidates(self, held: Tensor) -> list[int]:
        """Frames that are the maximum of one window and above the mean of the other."""
        if not (held >= max(self.threshold, 0)).any():  # as nearly always in a stream
            return []
        return (_rises(held, *self._windows) >= self.threshold).nonzero()[:, 0].tolist()

    def _apart(self, frames: list[int]) -> list[int]:
        kept = []
        for frame in frames:
            if frame - self._last >= self._wait:
                kept.append(frame)
                self._last = frame
        return kept


def _require_activation(activation: Tensor) -> None:
    require_float("activation", activation, "(N,)")
    if activation.dim() != 1:
        raise ValueError(f"activation must have shape (N,), got {tuple(activation.shape)}")


def _rises(held: Tensor, max_window: tuple[int, int], mean_window: tuple[int, int]) -> Tensor:
    """Tell how far each maximum of one window is above the mean of the other; all else is at minus infinity."""
    if not held.numel():
        return held
    maximum = F.max_pool1d(F.pad(held[None], max_window, value=-torch.inf), sum(max_window) + 1, 1)[0]
    there = torch.stack([held, torch.ones_like(held)])
    total, count = F.avg_pool1d(F.pad(there, mean_window), sum(mean_window) + 1, 1)
    return (held - total / count).masked_fill((held != maximum) | (held <= 0), -torch.inf)


def _reach(window_s: float, ahead_s: float, frame_rate_hz: float) -> tuple[int, int]:
    """Frames that a window reaches before and after its own."""
    half = round(window_s * frame_rate_hz / 2)
    return half, half if ahead_s == float("inf") else min(half, max(1, round(ahead_s * frame_rate_hz)))


def _vertices(activation: Tensor, frames: Tensor) -> Tensor:
    """Where the parabola through each frame and its neighbours has its vertex, in frames from it."""
    padded = F.pad(activation.double(), (1, 1))
    before, here, after = padded[frames], padded[frames + 1], padded[frames + 2]
    curvature = (2 * here - before - after).clamp(min=1e-12)
    return ((after - before) / (2 * curvature)).clamp(-0.5, 0.5)
