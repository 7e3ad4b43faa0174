"""Gain, and gain that depends on the level."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums._validate import require_positive
from ddsp_drums.audio.degradations._parameters import decibels, per_item, require_audio

__all__ = ["amplify", "compress", "saturate"]

_BLOCK_S = 0.005
_FLOOR = 1e-4  # -80 dB of full scale: nothing below it counts as a level


def amplify(audio: Tensor, *, gain_db: float | Tensor) -> Tensor:
    """Make audio louder or softer.

    Args:
        audio: Shape (..., T).
        gain_db: A number or one an item.

    Returns:
        Audio (..., T).

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If `gain_db` is not finite or does not fit the leading axes.

    Example:
        >>> amplify(torch.tensor([[0.1], [0.1]]), gain_db=torch.tensor([20.0, -20.0]))
        tensor([[1.0000],
                [0.0100]])
    """
    require_audio(audio)
    return audio * decibels(per_item("gain_db", gain_db, audio))


def compress(
    audio: Tensor,
    *,
    sample_rate: int,
    threshold_db: float | Tensor = -20.0,
    ratio: float | Tensor = 4.0,
    release_s: float | Tensor = 0.1,
) -> Tensor:
    r"""Lower what exceeds a threshold, and let go slowly.

    The level $l$ of a block of 5 ms is its peak $p$, or what has been released of an earlier one, and is brought to

    $$l_n = \max(p_n, \, l_{n-1} \, e^{-5\,\mathrm{ms} / \mathrm{release}}), \qquad
      g_n = \min(1, \, (l_n / \mathrm{threshold})^{1 / \mathrm{ratio} - 1}),$$

    linear between the middles of the blocks.

    Args:
        audio: Shape (..., T); full scale is 1.
        sample_rate: Hz.
        threshold_db: Level above which gain is lowered, against full scale; a number or one an item.
        ratio: Decibels in for a decibel out above the threshold, greater than 1; a number or one an item.
        release_s: Time in which the level held falls to 1/e, greater than 0; a number or one an item.

    Returns:
        Audio (..., T), nowhere louder than before.

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If a parameter is out of range or does not fit the leading axes.

    Source:
        Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", JAES 60(6), 2012: a feed-forward
        peak detector with a hard knee.

    Example:
        >>> compress(torch.full((16000,), 1.0), sample_rate=16000, threshold_db=-20.0, ratio=2.0)[8000]
        tensor(0.3162)
    """
    require_audio(audio)
    require_positive("sample_rate", sample_rate)
    threshold = decibels(per_item("threshold_db", threshold_db, audio))
    exponent = 1 / per_item("ratio", ratio, audio, above=1) - 1
    block = max(1, round(_BLOCK_S * sample_rate))
    fall = block / (sample_rate * per_item("release_s", release_s, audio, above=0))  # nepers a block
    size = audio.shape[-1]
    blocks = F.pad(audio, (0, -size % block)).unflatten(-1, (-1, block))
    peak = blocks.abs().amax(-1).clamp(min=_FLOOR).log()
    # A maximum that falls along a line is a plain running maximum of what is tilted by the same line.
    tilt = fall * torch.arange(peak.shape[-1], dtype=audio.dtype, device=audio.device)
    level = (peak + tilt).cummax(-1).values - tilt
    gain = (exponent * (level - threshold.log())).clamp(max=0).exp()
    return audio * _between_middles(gain, block)[..., :size]


def saturate(audio: Tensor, *, drive_db: float | Tensor) -> Tensor:
    r"""Bend what is loud, as an overdriven amplifier or tape does; full scale stays full scale.

    $$y = \tanh(g x) / \tanh(g)$$

    Args:
        audio: Shape (..., T); full scale is 1.
        drive_db: The gain g; a number or one an item.

    Returns:
        Audio (..., T).

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If `drive_db` is not finite or does not fit the leading axes.

    Source:
        Zoelzer (editor), "DAFX: Digital Audio Effects", 2011, chapter 4.

    Example:
        >>> saturate(torch.tensor([-1.0, 0.0, 0.1, 1.0]), drive_db=20.0)
        tensor([-1.0000,  0.0000,  0.7616,  1.0000])
    """
    require_audio(audio)
    drive = decibels(per_item("drive_db", drive_db, audio))
    return torch.tanh(drive * audio) / torch.tanh(drive)


def _between_middles(values: Tensor, block: int) -> Tensor:
    """Draw straight lines between the middles of blocks (..., N), level at both ends: (..., N * block)."""
    rows = values.reshape(1, math.prod(values.shape[:-1]), -1)
    lines = F.interpolate(rows, scale_factor=float(block), mode="linear", align_corners=False)
    return lines.reshape(*values.shape[:-1], -1)
