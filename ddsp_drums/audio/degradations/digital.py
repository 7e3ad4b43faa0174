"""What converters and codecs leave of a signal; none of it has a useful gradient."""

import io
import math

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._validate import require_positive
from ddsp_drums.audio.degradations._parameters import per_item, require_audio
from ddsp_drums.audio.files import libraries

__all__ = ["mp3", "mu_law", "quantise", "resample"]

_MU = 255.0
# Kilobits a second of the lowest and the highest rate of MPEG 2.5, 2 and 1, and the sample rates of each.
_MP3_KBPS = {
    (8000, 11025, 12000): (8, 64),
    (16000, 22050, 24000): (8, 160),
    (32000, 44100, 48000): (32, 320),
}
_MP3_DELAY = 1105  # samples: LAME's encoder (576) and a decoder (529), where the file has no room to note them


def quantise(audio: Tensor, *, bits: float | Tensor) -> Tensor:
    r"""Round to the steps of a converter, and clip at full scale.

    $$y = \mathrm{round}(x / q) \, q, \qquad q = 2^{1 - \mathrm{bits}}$$

    Args:
        audio: Shape (..., T); full scale is 1.
        bits: Resolution, greater than 1; fractions give steps in between; a number or one an item.

    Returns:
        Audio (..., T) in [-1, 1 - q].

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If `bits` is not above 1 or does not fit the leading axes.

    Source:
        Widrow and Kollar, "Quantization Noise", 2008, chapter 1, with full scale at 1.

    Example:
        >>> quantise(torch.tensor([-2.0, 0.1, 0.2, 0.99]), bits=3)
        tensor([-1.0000,  0.0000,  0.2500,  0.7500])
    """
    require_audio(audio)
    step = 2 ** (1 - per_item("bits", bits, audio, above=1))
    return ((audio / step).round() * step).clamp(min=-1).minimum(1 - step)


def mu_law(audio: Tensor, *, bits: float | Tensor = 8.0) -> Tensor:
    r"""Round on the logarithmic scale of telephony, which keeps what is soft.

    $$c = \mathrm{sign}(x) \, \frac{\ln(1 + 255 |x|)}{\ln 256}$$

    is rounded to $2^{\mathrm{bits} - 1} - 1$ steps each side of zero and expanded again.

    Args:
        audio: Shape (..., T); clipped at full scale, which is 1.
        bits: Resolution, greater than 1.5; a number or one an item.

    Returns:
        Audio (..., T) in [-1, 1].

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If `bits` is not above 1.5 or does not fit the leading axes.

    Source:
        ITU-T G.711, whose segments this curve is the smooth form of.

    Example:
        >>> mu_law(torch.tensor([-1.0, 0.0, 0.01, 0.5])).round(decimals=2)
        tensor([-1.0000,  0.0000,  0.0100,  0.5000])
    """
    require_audio(audio)
    steps = 2 ** (per_item("bits", bits, audio, above=1.5) - 1) - 1
    compressed = torch.log1p(_MU * audio.abs().clamp(max=1)) / math.log1p(_MU)
    rounded = (compressed * steps).round() / steps
    return torch.expm1(rounded * math.log1p(_MU)) / _MU * audio.sign()


def resample(audio: Tensor, *, sample_rate: int, to_hz: float) -> Tensor:
    """Bring audio to another rate and back, as recordings are that were stored at a low one.

    Args:
        audio: Shape (..., T).
        sample_rate: Hz.
        to_hz: The rate between, in Hz.

    Returns:
        Audio (..., T), float32, with nothing above `to_hz` / 2. It is computed on the CPU and has no gradient.

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If a rate is not greater than 0.
        ImportError: If soxr is not installed.

    Source:
        The SoX resampler library, by the package soxr.

    Example:
        >>> high = torch.sin(2 * torch.pi * 3000 * torch.arange(8000) / 8000)
        >>> bool(resample(high, sample_rate=8000, to_hz=4000).abs()[1000:7000].max() < 1e-3)
        True
    """
    require_audio(audio)
    require_positive("sample_rate", sample_rate)
    require_positive("to_hz", to_hz)
    _, soxr = libraries()
    rows = []
    for row in _rows(audio):
        low = soxr.resample(row, sample_rate, to_hz)
        rows.append(_fit(soxr.resample(low, to_hz, sample_rate), row.size))
    return _like(rows, audio)


def mp3(audio: Tensor, *, sample_rate: int, bitrate_kbps: float) -> Tensor:
    """Encode and decode as MP3 (LAME, constant bit rate); the delay of both is taken out.

    Args:
        audio: Shape (..., T); what exceeds full scale, which is 1, is brought down for the codec and up again.
        sample_rate: One of MP3's: 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100 or 48000 Hz.
        bitrate_kbps: Kilobits a second of one channel: 8 to 64 up to 12 kHz, 8 to 160 up to 24 kHz, else 32 to 320;
            the codec takes the nearest rate that it has.

    Returns:
        Audio (..., T), float32. It is computed on the CPU and has no gradient.

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If `sample_rate` or `bitrate_kbps` is none of those, or `audio` has NaN or infinite samples.
        ImportError: If soundfile is not installed.

    Source:
        ISO/IEC 11172-3 and 13818-3.

    Example:
        >>> tone = torch.sin(2 * torch.pi * 440 * torch.arange(16000) / 16000)
        >>> heard = mp3(tone, sample_rate=16000, bitrate_kbps=64)
        >>> heard.shape, bool((heard - tone)[2000:14000].norm() < 0.1 * tone.norm())
        (torch.Size([16000]), True)
    """
    require_audio(audio)
    lowest, highest = require_mp3_rate(sample_rate)
    if not lowest <= bitrate_kbps <= highest:
        raise ValueError(f"bitrate_kbps must be {lowest} to {highest} at {sample_rate} Hz, got {bitrate_kbps}")
    if not audio.isfinite().all():  # LAME would end the process
        raise ValueError("audio must be finite, got NaN or infinite samples")
    soundfile, _ = libraries()
    level = min((highest - bitrate_kbps) / (highest - lowest), 0.999)  # libsndfile refuses 1
    rows = []
    for row in _rows(audio):
        peak = max(1.0, float(np.abs(row).max()))
        file = io.BytesIO()
        how = {"format": "MP3", "bitrate_mode": "CONSTANT", "compression_level": level}
        soundfile.write(file, row / peak, sample_rate, **how)
        file.seek(0)
        heard, _ = soundfile.read(file, dtype="float32")
        delay = _MP3_DELAY if heard.size > row.size else 0
        rows.append(_fit(heard[delay:], row.size) * peak)
    return _like(rows, audio)


def require_mp3_rate(sample_rate: int) -> tuple[int, int]:
    """Return the lowest and the highest bit rate that MP3 has at a sample rate; raise if it has none."""
    for rates, bounds_kbps in _MP3_KBPS.items():
        if sample_rate in rates:
            return bounds_kbps
    raise ValueError(
        f"sample_rate must be one of {', '.join(str(r) for r in sum(_MP3_KBPS, ()))} Hz, got {sample_rate}"
    )


def _rows(audio: Tensor) -> list[np.ndarray]:
    return list(audio.detach().reshape(-1, audio.shape[-1]).float().cpu().numpy())


def _fit(row: np.ndarray, size: int) -> np.ndarray:
    return np.pad(row[:size], (0, max(0, size - row.size)))


def _like(rows: list[np.ndarray], audio: Tensor) -> Tensor:
    return torch.from_numpy(np.stack(rows)).reshape(audio.shape).to(audio.device)
