"""Hear a recording again, with the sounds that it is made of."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import nmfd
from ddsp_drums.events import pick_peaks

__all__ = ["Refined", "refine"]

_WEIGHTS = 0.84, 0.36  # of the network and of the sounds: 7 to 3, at a level where the network's threshold fits
_ITERATIONS = 10
_LEAST = 3  # sure hits from which a sound can be learned


class Refined(NamedTuple):
    """What a recording's own sounds tell of it.

    Attributes:
        probabilities: Of K classes in N frames, (K, N) in [0, 1].
        velocities: How hard, (K, N) in [0, 1].
    """

    probabilities: Tensor
    velocities: Tensor


def refine(
    probabilities: Tensor,
    velocities: Tensor,
    magnitudes: Tensor,
    *,
    frame_rate_hz: float,
    confident: float = 0.5,
    duration_s: float = 0.128,
) -> Refined:
    r"""Learn the sound of each class from its sure hits in this recording, and explain all of it by these.

    $$p'_k = \min(1, \; 0.84 \, p_k + 0.36 \, \min(1, a_k)), \quad
      v'_k = \min\Big(1, \sqrt{a_k} \operatorname{median}_{n \text{ sure}} v_{k,n}\Big), \quad
      a_k = \frac{H_k}{\operatorname{median}_{n \text{ sure}} H_{k,n}}$$

    where $H$ are the activations of factor deconvolution with the sounds learned (`ddsp_drums.nmfd`), the largest of
    three frames. The sounds are learned together, so that what always plays with something else is not learned as part
    of it. The root is the usual law from velocity to amplitude.

    Args:
        probabilities: What a network heard, (K, N) in [0, 1].
        velocities: How hard it heard each, (K, N) in [0, 1]: the sounds tell only how hits compare.
        magnitudes: Spectrogram of the recording with the same frames, (F, N).
        frame_rate_hz: Frames a second.
        confident: Height above the mean around it from which a peak is a sure hit.
        duration_s: Length of a sound in seconds.

    Returns:
        Both anew. A class with fewer than three sure hits keeps its own.

    Raises:
        ValueError: If the shapes do not fit.

    Source:
        Dittmar and Mueller, "Reverse Engineering the Amen Break", IEEE/ACM TASLP 2016, with a network's detections for
        the score. Dannenberg, "The Interpretation of MIDI Velocity", ICMC 2006, for the root.

    Example:
        >>> [each.shape for each in refine(torch.rand(3, 50), torch.rand(3, 50), torch.rand(65, 50), frame_rate_hz=125)]
        [torch.Size([3, 50]), torch.Size([3, 50])]
    """
    if probabilities.dim() != 2 or magnitudes.dim() != 2 or probabilities.shape[1] != magnitudes.shape[1]:
        shapes = f"{tuple(probabilities.shape)} and {tuple(magnitudes.shape)}"
        raise ValueError(f"probabilities (K, N) and magnitudes (F, N) must have the same N, got {shapes}")
    sure = torch.stack([_sure(row, frame_rate_hz, confident) for row in probabilities])  # (K, N)
    rows = (sure.sum(-1) >= _LEAST).nonzero()[:, 0]
    if not rows.numel():
        return Refined(probabilities, velocities)
    sure = sure[rows]
    begin = _mean_sounds(magnitudes, sure, max(1, round(duration_s * frame_rate_hz)))
    _, sounds = nmfd(magnitudes, begin, n_iterations=_ITERATIONS, adaptation=0.0, start=sure.to(magnitudes))
    heard, _ = nmfd(magnitudes, sounds, n_iterations=_ITERATIONS, adaptation=None)
    amplitudes = F.max_pool1d(heard, 3, 1, 1)
    amplitudes = amplitudes / _median(amplitudes, sure).clamp(min=torch.finfo(heard.dtype).tiny)
    own, its = _WEIGHTS
    refined = Refined(probabilities.clone(), velocities.clone())
    refined.probabilities[rows] = (own * probabilities[rows] + its * amplitudes.clamp(max=1)).clamp(max=1)
    refined.velocities[rows] = (amplitudes.sqrt() * _median(velocities[rows], sure)).clamp(max=1)
    return refined


def _median(values: Tensor, sure: Tensor) -> Tensor:
    """Median of each row at its sure hits, (K, 1)."""
    return torch.stack([row[where].median() for row, where in zip(values, sure, strict=True)])[:, None]


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
