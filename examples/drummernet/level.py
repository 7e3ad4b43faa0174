"""Bring recordings to one level."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["scale_level"]

_BLOCK_S = 0.02
_LOUD_QUANTILE = 0.95
_LOUD_LEVEL = 0.1
_SILENCE = 1e-3  # -60 dB of full scale: the gain grows no further below it, so that faint noise stays faint


def scale_level(audio: Tensor, *, sample_rate: int, level: str) -> Tensor:
    """Scale audio by its loudness or its peak, and take an offset out of it.

    Args:
        audio: Audio (..., T), T >= 1.
        sample_rate: Hz.
        level: `"loudness"` gives the loud parts (the 95th percentile of the level of blocks of 20 ms) a root mean
            square of 0.1, which a lone accent cannot change; `"peak"` gives the largest sample a magnitude of one.

    Returns:
        Audio (..., T). Silence stays silence.

    Raises:
        ValueError: If `level` is none of the two.
    """
    audio = audio - audio.mean(-1, keepdim=True)  # an offset is no sound
    peak = audio.abs().amax(-1, keepdim=True)
    if level == "peak":
        return audio / peak.clamp(min=_SILENCE)
    if level != "loudness":
        raise ValueError(f"level must be 'loudness' or 'peak', got {level!r}")
    block = round(_BLOCK_S * sample_rate)
    blocks = F.pad(audio, (0, -audio.shape[-1] % block)).unflatten(-1, (-1, block))
    loud = blocks.square().mean(-1).sqrt().quantile(_LOUD_QUANTILE, dim=-1, keepdim=True)
    loud = torch.where(loud > 1e-2 * peak, loud, 0.2 * peak)  # hits so rare that most of it is silence
    return audio * (_LOUD_LEVEL / loud.clamp(min=_SILENCE))
