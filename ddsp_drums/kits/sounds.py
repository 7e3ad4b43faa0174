"""What a hit sounds like, as numbers: where it begins, its brightness, its decay, its pitch."""

import math
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Sound", "measure", "unlike"]

_BOUNDS = tomllib.loads(files(__package__).joinpath("sounds.toml").read_text("utf-8"))
ONSET = 1e-2  # -40 dB of the peak: where a hit begins
BEFORE_ONSET_S = 0.001
OFFSET_HZ = 20.0
TOP_HZ = 8000.0  # a common upper edge, so that the numbers do not depend on the sample rate


class Sound(NamedTuple):
    """Numbers of one hit, or the medians of several."""

    centroid_hz: float
    low_share: float
    decay_s: float
    pitch_hz: float


def measure(hits: Sequence[Tensor], *, sample_rate: int) -> Sound:
    r"""Measure hits, each (T,), and take the median of each number.

    With the power spectrum $P(f)$ up to 8 kHz, the centroid is $\sum f P / \sum P$, the low share the part of $P$
    below 100 Hz, and the pitch the strongest frequency from 40 to 400 Hz. The decay is the time after which 1 % of
    the energy is left.

    Args:
        hits: At least one hit (T,) that is not silent.
        sample_rate: Rate in Hz.

    Returns:
        The medians.

    Example:
        >>> tone = torch.sin(2 * torch.pi * 200 * torch.arange(8192) / 8192)
        >>> [round(number, 2) for number in measure([tone], sample_rate=8192)]
        [200.0, 0.0, 0.99, 200.0]
    """
    return Sound(*torch.tensor([_measure(hit, sample_rate) for hit in hits]).quantile(0.5, dim=0).tolist())


def _measure(hit: Tensor, sample_rate: int) -> Sound:
    hit = hit.double()
    length = _power_of_two(max(len(hit), sample_rate))  # a resolution of at least 1 Hz
    frequency = torch.fft.rfftfreq(length, 1 / sample_rate).double()
    power = torch.fft.rfft(hit, n=length).abs().square() * (frequency <= TOP_HZ)
    left = hit.square().flip(0).cumsum(0).flip(0)
    pitched = power * (frequency >= 40) * (frequency <= 400)
    return Sound(
        float((power * frequency).sum() / power.sum()),
        float(power[frequency < 100].sum() / power.sum()),
        int((left > 0.01 * left[0]).sum()) / sample_rate,
        float(frequency[pitched.argmax()]),
    )


def unlike(name: str, sound: Sound) -> str:
    """Say what forbids that a sound is one of class `name`; nothing if it can be. The bounds are in `sounds.toml`."""
    for quantity, (lowest, highest) in _BOUNDS.get(name, {}).items():
        value = getattr(sound, quantity)
        if not lowest <= value <= highest:
            bound = f"at least {lowest}" if value < lowest else f"at most {highest}"
            return f"named like {name}, but its {quantity} is {value:.4g}, where {name} has {bound}"
    return ""


def from_onset(audio: Tensor, sample_rate: int) -> Tensor:
    """Take away the silence before the first sample above -40 dB of the peak, but for one millisecond."""
    level = audio.abs()
    onset = int((level > ONSET * level.max()).nonzero()[0])
    return audio[max(0, onset - round(BEFORE_ONSET_S * sample_rate)) :]


def without_offset(audio: Tensor, sample_rate: int) -> Tensor:
    """Take away a constant offset if there is one, by a causal one-pole high-pass at 20 Hz.

    There is one where the samples do not cancel: their sum is more than a tenth of the sum of their magnitudes.
    """
    if audio.sum().abs() <= 0.1 * audio.abs().sum():
        return audio
    length = _power_of_two(len(audio) + math.ceil(sample_rate / OFFSET_HZ))  # room for its tail, which would wrap
    frequency = torch.fft.rfftfreq(length, 1 / sample_rate)
    response = frequency / (frequency - 1j * OFFSET_HZ)
    return torch.fft.irfft(torch.fft.rfft(audio, n=length) * response, n=length)[: len(audio)]


def _power_of_two(length: int) -> int:
    return 1 << (length - 1).bit_length()
