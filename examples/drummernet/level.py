"""Bring recordings to one level."""

from array import array
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Level", "LevelMeter", "scale_level"]

_BLOCK_S = 0.02
_LOUD_QUANTILE = 0.95
_LOUD_LEVEL = 0.1
_INAUDIBLE = 1e-4  # of the peak: blocks below it are pauses, of which a recording may have minutes
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


class Level(NamedTuple):
    """How to scale a recording.

    Attributes:
        offset: What to take away from each sample.
        gain: What to multiply it by then.
        n_samples: Length of the recording in samples.
    """

    offset: float
    gain: float
    n_samples: int


class LevelMeter:
    """Measures a recording that comes in pieces; scaled by the result it is what `scale_level` makes of the whole.

    Blocks without sound do not count here, so that minutes of silence before the first hit make nothing louder. Of each
    20 ms it keeps four numbers: an hour is 3 MB.

    Args:
        sample_rate: Hz.
        level: `"loudness"` or `"peak"`, as in `scale_level`.
        memory_s: Seconds of what came last that count; all by default.

    Raises:
        ValueError: If `level` is none of the two.
    """

    def __init__(self, *, sample_rate: int, level: str, memory_s: float | None = None) -> None:
        if level not in ("loudness", "peak"):
            raise ValueError(f"level must be 'loudness' or 'peak', got {level!r}")
        self.level = level
        self._block = round(_BLOCK_S * sample_rate)
        self._memory = None if memory_s is None else round(memory_s / _BLOCK_S)  # blocks
        self._rest = torch.zeros(0, dtype=torch.float64)
        self._blocks = array("f")  # mean, deviation, lowest and highest of each; it grows where it is
        self._n_samples = 0

    def push(self, audio: Tensor) -> None:
        """Hear the next samples (n,)."""
        self._n_samples += audio.numel()
        held = torch.cat([self._rest, audio.double()])
        whole = held.numel() - held.numel() % self._block
        self._rest = held[whole:].clone()
        if whole:
            self._blocks.frombytes(_describe(held[:whole].unflatten(0, (-1, self._block))).numpy().tobytes())
        if self._memory is not None:
            del self._blocks[: -4 * self._memory]

    def measured(self) -> Level:
        """Return the level of all that was heard, at least one sample."""
        parts = []  # blocks (n, 4), and how much of each is filled
        if self._blocks:
            parts.append((torch.frombuffer(self._blocks, dtype=torch.float32).view(-1, 4), 1.0))
        if self._rest.numel():
            parts.append((_describe(self._rest[None]), self._rest.numel() / self._block))
        total = sum(filled * float(blocks[:, 0].sum(dtype=torch.float64)) for blocks, filled in parts)
        offset = total / sum(filled * len(blocks) for blocks, filled in parts)
        low = min(float(blocks[:, 2].min()) for blocks, _ in parts)
        high = max(float(blocks[:, 3].max()) for blocks, _ in parts)
        peak = max(high - offset, offset - low)
        if self.level == "peak":
            return Level(offset, 1 / max(peak, _SILENCE), self._n_samples)
        levels = torch.cat([(blocks[:, 0] - offset).hypot_(blocks[:, 1]).mul_(filled**0.5) for blocks, filled in parts])
        levels = levels[torch.cat([blocks[:, 1] > _INAUDIBLE * peak for blocks, _ in parts])]  # an offset is no sound
        loud = float(np.quantile(levels.numpy(), _LOUD_QUANTILE, overwrite_input=True)) if levels.numel() else 0.0
        loud = loud if loud > 1e-2 * peak else 0.2 * peak
        return Level(offset, _LOUD_LEVEL / max(loud, _SILENCE), self._n_samples)


def _describe(blocks: Tensor) -> Tensor:
    """Mean, standard deviation, lowest and highest sample of blocks (n, B) in double precision: (n, 4) in single."""
    deviation, mean = torch.std_mean(blocks, -1, correction=0)
    return torch.stack([mean, deviation, blocks.amin(-1), blocks.amax(-1)], -1).float()
