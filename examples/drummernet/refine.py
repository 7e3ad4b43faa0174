"""Hear a recording again, with the sounds that it is made of."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import nmfd
from ddsp_drums.events import pick_peaks

__all__ = ["refine"]

_WEIGHTS = 0.84, 0.36  # of the network and of the sounds: 7 to 3, at a level where the network's threshold fits
_LEAST = 3  # sure hits from which a sound can be learned


def refine(
    probabilities: Tensor,
    magnitudes: Tensor,
    *,
    frame_rate_hz: float,
    confident: float = 0.5,
    duration_s: float = 0.128,
) -> Tensor:
    r"""Learn the sound of each class from its sure hits in this recording, explain all of it by these, and average.

    $$p'_k = \min(1, \; 0.84 \, p_k + 0.36 \, a_k), \quad
      a_k = \min\left(1, \frac{H_k}{\operatorname{median}_{n \text{ sure}} H_{k,n}}\right)$$

    where $H$ are the activations of factor deconvolution with the sounds learned (`ddsp_drums.nmfd`). They are learned
    together, so that what always plays with something else is not learned as part of it.

    Args:
        probabilities: What a network heard, (K, N) in [0, 1].
        magnitudes: Spectrogram of the recording with the same frames, (F, N).
        frame_rate_hz: Frames a second.
        confident: Height above the mean around it from which a peak is a sure hit.
        duration_s: Length of a sound in seconds.

    Returns:
        Probabilities (K, N) in [0, 1]. A class with fewer than three sure hits keeps its own.

    Raises:
        ValueError: If the shapes do not fit.

    Source:
        Dittmar and Mueller, "Reverse Engineering the Amen Break", IEEE/ACM TASLP 2016, with a network's detections for
        the score.

    Example:
        >>> refine(torch.rand(3, 50), torch.rand(65, 50), frame_rate_hz=125).shape
        torch.Size([3, 50])
    """
    if probabilities.dim() != 2 or magnitudes.dim() != 2 or probabilities.shape[1] != magnitudes.shape[1]:
        shapes = f"{tuple(probabilities.shape)} and {tuple(magnitudes.shape)}"
        raise ValueError(f"probabilities (K, N) and magnitudes (F, N) must have the same N, got {shapes}")
    sure = torch.stack([_sure(row, frame_rate_hz, confident) for row in probabilities])  # (K, N)
    rows = (sure.sum(-1) >= _LEAST).nonzero()[:, 0]
    if not rows.numel():
        return probabilities
    begin = _mean_sounds(magnitudes, sure[rows], max(1, round(duration_s * frame_rate_hz)))
    _, sounds = nmfd(magnitudes, begin, n_iterations=10, adaptation=0.0, start=sure[rows].to(magnitudes))
    heard, _ = nmfd(magnitudes, sounds, n_iterations=10, adaptation=None)
    nearby = F.max_pool1d(heard, 3, 1, 1)
    refined = probabilities.clone()
    for row, one, near in zip(rows.tolist(), heard, nearby, strict=True):
        typical = near[sure[row]].median().clamp(min=torch.finfo(one.dtype).tiny)
        own, its = _WEIGHTS
        refined[row] = (own * probabilities[row] + its * (one / typical).clamp(max=1)).clamp(max=1)
    return refined


def _sure(probability: Tensor, frame_rate_hz: float, confident: float) -> Tensor:
    """Tell which frames (N,) are those of sure hits."""
    times, _ = pick_peaks(probability, frame_rate_hz=frame_rate_hz, threshold=confident, mean_window_s=0.2)
    frames = (times * frame_rate_hz).round().long().clamp(max=probability.numel() - 1)
    sure = torch.zeros_like(probability, dtype=torch.bool)
    sure[frames] = True
    return sure


def _mean_sounds(magnitudes: Tensor, begins: Tensor, n_frames: int) -> Tensor:
    """Average what follows the frames where each of K sounds begins, (K, F, P)."""
    ahead = F.pad(magnitudes, (0, n_frames - 1)).unfold(-1, n_frames, 1)  # (F, N, P)
    return torch.stack([ahead[:, row].mean(1) for row in begins])
