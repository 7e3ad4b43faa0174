"""What is heard beside the signal."""

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._validate import require_count, require_float, require_positive
from ddsp_drums.audio.degradations._parameters import decibels, per_item, require_audio

__all__ = ["add_noise", "bleed", "coloured_noise", "crackle"]

_SILENCE = 1e-9


def add_noise(audio: Tensor, noise: Tensor, *, snr_db: float | Tensor) -> Tensor:
    r"""Add noise, or any other sound, at a ratio of the energies.

    $$y = x + n \, \frac{\lVert x \rVert_2}{\lVert n \rVert_2} \, 10^{-\mathrm{snr} / 20}$$

    Args:
        audio: Shape (..., T).
        noise: What is added, shape (T,) or (..., T); its level does not matter.
        snr_db: Energy of the audio against that of the noise; a number or one an item.

    Returns:
        Audio (..., T). To silence nothing is added.

    Raises:
        TypeError: If an input is not a floating-point tensor.
        ValueError: If the lengths differ, or `snr_db` is not finite or does not fit the leading axes.

    Example:
        >>> add_noise(torch.tensor([0.0, 3.0, 4.0, 0.0]), torch.tensor([1.0, 0.0, 0.0, 0.0]), snr_db=20.0)
        tensor([0.5000, 3.0000, 4.0000, 0.0000])
    """
    require_audio(audio)
    require_float("noise", noise, "(..., T)")
    if noise.shape[-1] != audio.shape[-1]:
        raise ValueError(f"noise must have the {audio.shape[-1]} samples of audio, got {tuple(noise.shape)}")
    level = audio.norm(dim=-1, keepdim=True) * decibels(-per_item("snr_db", snr_db, audio))
    return audio + noise * (level / noise.norm(dim=-1, keepdim=True).clamp(min=_SILENCE))


def coloured_noise(n_samples: int, *, rng: np.random.Generator, slope_db: float = -3.0) -> Tensor:
    """Make noise whose spectrum falls or rises by so many decibels an octave.

    Args:
        n_samples: T.
        rng: Source of the noise.
        slope_db: 0 is white noise, -3 pink, -6 brown.

    Returns:
        Noise (T,), float32, with a root mean square of 1.

    Raises:
        TypeError: If `n_samples` is not an int.
        ValueError: If `n_samples` is below 1.

    Source:
        Timmer and Koenig, "On generating power law noise", Astronomy and Astrophysics 300, 1995.

    Example:
        >>> noise = coloured_noise(4096, rng=np.random.default_rng(0))
        >>> power = torch.fft.rfft(noise).abs().square()
        >>> round(float(10 * (power[1024:].mean() / power[512:1024].mean()).log10()))
        -3
    """
    require_count("n_samples", n_samples)
    spectrum = np.fft.rfft(rng.standard_normal(n_samples, dtype=np.float32))
    spectrum *= np.maximum(np.arange(spectrum.size), 1) ** (slope_db / (20 * np.log10(2.0)))
    noise = torch.from_numpy(np.fft.irfft(spectrum, n_samples).astype(np.float32))
    return noise / noise.square().mean().sqrt().clamp(min=_SILENCE)


def crackle(n_samples: int, *, sample_rate: int, rng: np.random.Generator, rate_hz: float = 20.0) -> Tensor:
    """Make the crackle of an old record: short clicks at random times, few of them loud.

    Each click rings for a fraction of a millisecond; levels are log-normal with a deviation of 8 dB.

    Args:
        n_samples: T.
        sample_rate: Hz.
        rng: Source of the clicks.
        rate_hz: Clicks a second, on average.

    Returns:
        Noise (T,), float32, with a root mean square of 1, and at least one click.

    Raises:
        TypeError: If `n_samples` is not an int.
        ValueError: If `n_samples` is below 1, or `sample_rate` or `rate_hz` is not positive.

    Example:
        >>> noise = crackle(16000, sample_rate=16000, rng=np.random.default_rng(0))
        >>> bool(noise.abs().max() > 10 * noise.abs().mean())
        True
    """
    require_count("n_samples", n_samples)
    require_positive("sample_rate", sample_rate)
    require_positive("rate_hz", rate_hz)
    clicks = np.zeros(n_samples, dtype=np.float32)
    where = rng.integers(n_samples, size=max(1, rng.poisson(rate_hz * n_samples / sample_rate)))
    clicks[where] = rng.choice([-1.0, 1.0], where.size) * 10 ** (rng.normal(0, 8, where.size) / 20)
    time_s = np.arange(round(0.002 * sample_rate) + 1) / sample_rate
    ring = np.exp(-time_s / 2e-4) * np.cos(2 * np.pi * rng.uniform(1000, 5000) * time_s)
    noise = torch.from_numpy(np.convolve(clicks, ring.astype(np.float32))[:n_samples])
    return noise / noise.square().mean().sqrt().clamp(min=_SILENCE)


def bleed(
    tracks: Tensor, *, sample_rate: int, gain_db: float | Tensor = -20.0, delay_s: float | Tensor = 0.003
) -> Tensor:
    r"""Let every microphone hear the other instruments too, weaker and later.

    $$y_c = x_c + \sum_{j \ne c} g_j \, x_j(t - d_j)$$

    Args:
        tracks: One instrument a track, shape (..., C, T).
        sample_rate: Hz.
        gain_db: How strong a track is in the microphones of the others; a number or one a track, (C,) or (..., C).
        delay_s: How much later it gets there, 0 or more: 3 ms for each metre; a number or one a track; rounded to
            samples.

    Returns:
        Tracks (..., C, T).

    Raises:
        TypeError: If `tracks` is not a floating-point tensor.
        ValueError: If there is no axis C, or a parameter is out of range or does not fit the leading axes.

    Example:
        >>> tracks = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
        >>> bleed(tracks, sample_rate=1000, gain_db=-20.0, delay_s=0.001)
        tensor([[1.0000, 0.0000, 0.0000],
                [0.0000, 0.1000, 0.0000]])
    """
    require_float("tracks", tracks, "(..., C, T)", min_dims=2)
    require_positive("sample_rate", sample_rate)
    gain = decibels(per_item("gain_db", gain_db, tracks))
    delay = (per_item("delay_s", delay_s, tracks) * sample_rate).round()
    if bool((delay < 0).any()):
        raise ValueError(f"delay_s must be at least 0, got {delay_s}")
    source = torch.arange(tracks.shape[-1], device=tracks.device) - delay.long()
    source = source.expand(tracks.shape)
    late = gain * tracks.gather(-1, source.clamp(min=0)) * (source >= 0)
    return tracks + late.sum(-2, keepdim=True) - late
