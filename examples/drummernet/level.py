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
_MOST_BLOCKS = 1 << 20  # that are kept of a recording: nearly six hours, 8 MB
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
    """Measures a recording that comes in pieces; scaled by the result it is what `scale_level` makes of it, bar pauses.

    Blocks without sound do not count here, so that minutes of silence before the first hit make nothing louder. Of each
    20 ms it keeps two numbers, or four of what it may have to forget: an hour is 1.4 MB. Beyond six hours it keeps them
    of a random half of the blocks, then of a fourth, so that no recording takes more.

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
        self._memory = None if memory_s is None else max(1, round(memory_s / _BLOCK_S))  # blocks
        self._rest = torch.zeros(0, dtype=torch.float64)
        self._blocks = array("f")  # mean and deviation of each; it grows where it is
        self._share = 1.0  # of the blocks, chosen at random, that are among them
        self._random = torch.Generator().manual_seed(0)
        self._extremes = array("f")  # lowest and highest sample of each, or of all if none is forgotten
        self._n_samples = 0

    def push(self, audio: Tensor) -> None:
        """Hear the next samples (n,)."""
        self._n_samples += audio.numel()
        held = torch.cat([self._rest, audio.double()])
        whole = held.numel() - held.numel() % self._block
        self._rest = held[whole:].clone()
        if whole:
            blocks = held[:whole].unflatten(0, (-1, self._block))
            self._keep(_moments(blocks))
            self._extremes.frombytes(_extremes(blocks).numpy().tobytes())
        if self._memory is None:
            self._extremes = array("f", [min(self._extremes), max(self._extremes)] if self._extremes else [])
        else:
            del self._blocks[: -2 * self._memory], self._extremes[: -2 * self._memory]

    def _keep(self, moments: Tensor) -> None:
        self._blocks.frombytes(self._sample(moments, self._share).numpy().tobytes())
        while self._memory is None and len(self._blocks) > 2 * _MOST_BLOCKS:
            half = self._sample(torch.frombuffer(self._blocks, dtype=torch.float32).view(-1, 2), 0.5)
            self._blocks = array("f", half.numpy().tobytes())
            self._share /= 2

    def _sample(self, moments: Tensor, share: float) -> Tensor:
        if share == 1:
            return moments
        return moments[torch.rand(len(moments), generator=self._random) < share]

    def measured(self) -> Level:
        """Return the level of all that was heard, at least one sample."""
        parts = []  # mean and deviation of blocks (n, 2), and how much of each is filled
        extremes = list(self._extremes)
        if self._blocks:
            parts.append((torch.frombuffer(self._blocks, dtype=torch.float32).view(-1, 2), 1.0))
        if self._rest.numel():
            parts.append((_moments(self._rest[None]), self._rest.numel() / self._block))
            extremes += _extremes(self._rest[None]).flatten().tolist()
        total = sum(filled * float(blocks[:, 0].sum(dtype=torch.float64)) for blocks, filled in parts)
        offset = total / sum(filled * len(blocks) for blocks, filled in parts)
        peak = max(max(extremes) - offset, offset - min(extremes))
        if self.level == "peak":
            return Level(offset, 1 / max(peak, _SILENCE), self._n_samples)
        levels = torch.cat([_levels(blocks, offset, peak) * filled**0.5 for blocks, filled in parts])
        loud = float(np.quantile(levels.numpy(), _LOUD_QUANTILE, overwrite_input=True)) if levels.numel() else 0.0
        loud = loud if loud > 1e-2 * peak else 0.2 * peak
        return Level(offset, _LOUD_LEVEL / max(loud, _SILENCE), self._n_samples)


def _levels(blocks: Tensor, offset: float, peak: float) -> Tensor:
    """Root mean squares of those blocks (n, 2) that have a sound; an offset is none."""
    mean, deviation = blocks.unbind(-1)
    return (mean - offset).hypot_(deviation)[deviation > _INAUDIBLE * peak]


def _moments(blocks: Tensor) -> Tensor:
    """Mean and standard deviation of blocks (n, B) in double precision: (n, 2) in single."""
    mean = blocks.mean(-1, keepdim=True)
    deviation = torch.linalg.vector_norm(blocks - mean, dim=-1, keepdim=True) / blocks.shape[-1] ** 0.5
    return torch.cat([mean, deviation], -1).float()  # `torch.std_mean` takes four times as long


def _extremes(blocks: Tensor) -> Tensor:
    """Lowest and highest sample of blocks (n, B) in double precision: (n, 2) in single."""
    return torch.stack([blocks.amin(-1), blocks.amax(-1)], -1).float()
