"""Rooms, equalisers and band limits: products in the frequency domain."""

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._validate import require_float, require_positive
from ddsp_drums.audio.degradations._parameters import decibels, per_item, require_audio

__all__ = ["convolve", "equalise", "high_cut", "low_cut", "room_response"]

_LOWEST_HZ = 20.0
_SETTLE_S = 0.1  # what a filter rings, kept from wrapping around
_DB_PER_OCTAVE = 20 * np.log10(2.0)  # of a gain that is proportional to the frequency


def convolve(audio: Tensor, response: Tensor) -> Tensor:
    r"""Hear audio through an impulse response.

    $$y_t = \sum_{s=0}^{L-1} h_s \, x_{t-s}$$

    Args:
        audio: Shape (..., T).
        response: Impulse response, shape (L,) or (..., L) with leading axes that broadcast with those of `audio`.

    Returns:
        Audio (..., T); what would ring past the end is cut off.

    Raises:
        TypeError: If an input is not a floating-point tensor.
        ValueError: If T or L is 0.

    Source:
        Oppenheim and Schafer, "Discrete-Time Signal Processing", 2010, section 8.7.

    Example:
        >>> convolve(torch.tensor([2.0, 1.0, 4.0]), torch.tensor([1.0, 0.5])).round(decimals=4)
        tensor([2.0000, 2.0000, 4.5000])
    """
    require_audio(audio)
    require_float("response", response, "(L,) or (..., L)")
    if response.shape[-1] == 0:
        raise ValueError(f"response must have L >= 1 samples, got {tuple(response.shape)}")
    size = _fast_length(audio.shape[-1] + response.shape[-1] - 1)
    spectrum = torch.fft.rfft(audio, size) * torch.fft.rfft(response, size)
    return torch.fft.irfft(spectrum, size)[..., : audio.shape[-1]]


def room_response(
    *,
    sample_rate: int,
    rng: np.random.Generator,
    reverberation_s: float = 0.4,
    wet_db: float = -12.0,
    gap_s: float = 0.005,
) -> Tensor:
    r"""Make up the impulse response of a room: the direct sound, a gap, and noise that dies away.

    $$h_0 = 1, \qquad h_t \propto \varepsilon_t \, 10^{-3 t / (T_{60} \cdot \mathrm{rate})}$$

    Args:
        sample_rate: Hz.
        rng: Source of the noise.
        reverberation_s: T60, the time in which the tail falls by 60 dB; it is also its length.
        wet_db: Energy of the tail against that of the direct sound.
        gap_s: Silence between the direct sound and the tail.

    Returns:
        Response (L,), float32, L = max(1, `reverberation_s` * `sample_rate`, rounded). For :func:`convolve`.

    Raises:
        ValueError: If `sample_rate` or `reverberation_s` is not greater than 0, or `gap_s` is below 0.

    Source:
        Moorer, "About This Reverberation Business", Computer Music Journal 3(2), 1979: concert halls resemble
        exponentially decaying white noise.

    Example:
        >>> response = room_response(sample_rate=16000, rng=np.random.default_rng(0), wet_db=-20.0)
        >>> response.shape, float(response[0]), round(float(response[1:].square().sum()), 4)
        (torch.Size([6400]), 1.0, 0.01)
    """
    require_positive("sample_rate", sample_rate)
    require_positive("reverberation_s", reverberation_s)
    if not gap_s >= 0:
        raise ValueError(f"gap_s must be at least 0, got {gap_s}")
    length = max(1, round(reverberation_s * sample_rate))
    fall = np.float32(-3 * np.log(10) / (reverberation_s * sample_rate))
    tail = rng.standard_normal(length, dtype=np.float32) * np.exp(fall * np.arange(length, dtype=np.float32))
    tail[: max(1, round(gap_s * sample_rate))] = 0
    tail *= 10 ** (wet_db / 20) / max(float(np.linalg.norm(tail)), 1e-9)
    tail[0] = 1
    return torch.from_numpy(tail)


def equalise(audio: Tensor, gain_db: Tensor, *, sample_rate: int) -> Tensor:
    """Raise and lower frequencies by a curve that is linear in dB over octaves, without shifting phases.

    Args:
        audio: Shape (..., T).
        gain_db: Gains at 20 Hz, 40 Hz, 80 Hz and so on, shape (M,) or (..., M); beyond the ends they go on level.
        sample_rate: Hz.

    Returns:
        Audio (..., T).

    Raises:
        TypeError: If an input is not a floating-point tensor.
        ValueError: If T or M is 0, or `sample_rate` is not greater than 0.

    Source:
        Oppenheim and Schafer, "Discrete-Time Signal Processing", 2010, section 8.7, with a real product of spectra.

    Example:
        >>> tone = torch.sin(2 * torch.pi * 320 * torch.arange(8000) / 8000)
        >>> louder = equalise(tone, torch.tensor([0.0, 0.0, 0.0, 0.0, 6.0]), sample_rate=8000)
        >>> round(float(louder[2000:6000].norm() / tone[2000:6000].norm()), 1)
        2.0
    """
    require_audio(audio)
    require_float("gain_db", gain_db, "(M,) or (..., M)")
    require_positive("sample_rate", sample_rate)
    if gain_db.shape[-1] == 0:
        raise ValueError(f"gain_db must have M >= 1 gains, got {tuple(gain_db.shape)}")
    size, hz = _grid(audio, sample_rate)
    octave = (hz.clamp(min=_LOWEST_HZ) / _LOWEST_HZ).log2().clamp(max=gain_db.shape[-1] - 1)
    below = octave.floor().long()
    above = (below + 1).clamp(max=gain_db.shape[-1] - 1)
    curve = torch.lerp(gain_db.to(audio)[..., below], gain_db.to(audio)[..., above], octave - below)
    return _filter(audio, decibels(curve), size)


def high_cut(audio: Tensor, *, sample_rate: int, cutoff_hz: float | Tensor, slope_db: float | Tensor = 24.0) -> Tensor:
    """Take away what lies above a frequency, without shifting phases.

    Args:
        audio: Shape (..., T).
        sample_rate: Hz.
        cutoff_hz: Where the fall begins, greater than 0; a number or one an item.
        slope_db: Decibels an octave, greater than 0; a number or one an item.

    Returns:
        Audio (..., T).

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If a parameter is out of range or does not fit the leading axes.

    Source:
        As of :func:`equalise`.

    Example:
        >>> tone = torch.sin(2 * torch.pi * 2000 * torch.arange(8000) / 8000)
        >>> duller = high_cut(tone, sample_rate=8000, cutoff_hz=1000.0, slope_db=12.0)
        >>> round(float(duller[2000:6000].norm() / tone[2000:6000].norm()), 2)
        0.25
    """
    size, ratio, power = _edge(audio, sample_rate, cutoff_hz, slope_db)
    return _filter(audio, ratio.clamp(min=1) ** -power, size)


def low_cut(audio: Tensor, *, sample_rate: int, cutoff_hz: float | Tensor, slope_db: float | Tensor = 12.0) -> Tensor:
    """Take away what lies below a frequency, without shifting phases.

    Args:
        audio: Shape (..., T).
        sample_rate: Hz.
        cutoff_hz: Below it the fall begins, greater than 0; a number or one an item.
        slope_db: Decibels an octave, greater than 0; a number or one an item.

    Returns:
        Audio (..., T).

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If a parameter is out of range or does not fit the leading axes.

    Source:
        As of :func:`equalise`.

    Example:
        >>> tone = torch.sin(2 * torch.pi * 100 * torch.arange(8000) / 8000)
        >>> thinner = low_cut(tone, sample_rate=8000, cutoff_hz=200.0)
        >>> round(float(thinner[2000:6000].norm() / tone[2000:6000].norm()), 2)
        0.25
    """
    size, ratio, power = _edge(audio, sample_rate, cutoff_hz, slope_db)
    return _filter(audio, ratio.clamp(max=1) ** power, size)


def _edge(
    audio: Tensor, sample_rate: int, cutoff_hz: float | Tensor, slope_db: float | Tensor
) -> tuple[int, Tensor, Tensor]:
    """Return the length of the FFT, its frequencies relative to the cut, and the power of them that is the slope."""
    require_audio(audio)
    require_positive("sample_rate", sample_rate)
    cutoff = per_item("cutoff_hz", cutoff_hz, audio, above=0)
    slope = per_item("slope_db", slope_db, audio, above=0)
    size, hz = _grid(audio, sample_rate)
    return size, hz / cutoff, slope / _DB_PER_OCTAVE


def _grid(audio: Tensor, sample_rate: int) -> tuple[int, Tensor]:
    size = _fast_length(audio.shape[-1] + round(_SETTLE_S * sample_rate))
    return size, torch.fft.rfftfreq(size, 1 / sample_rate, dtype=audio.dtype, device=audio.device)


def _filter(audio: Tensor, gain: Tensor, size: int) -> Tensor:
    return torch.fft.irfft(torch.fft.rfft(audio, size) * gain, size)[..., : audio.shape[-1]]


def _fast_length(minimum: int) -> int:
    """Round up to 8 to 16 times a power of two: no prime factor above 13, and at most an eighth longer."""
    step = 1 << max(minimum.bit_length() - 4, 0)
    return -(-minimum // step) * step
