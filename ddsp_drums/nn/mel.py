"""Log-mel spectrogram."""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ddsp_drums._autocast import without_autocast
from ddsp_drums._tracing import constant, constant_when_traced
from ddsp_drums._validate import require_count, require_number, require_positive
from ddsp_drums.nn._audio import as_audio
from ddsp_drums.nn.stft import complex_spectrogram

__all__ = ["LogMel", "log_mel"]


def log_mel(
    audio: Tensor,
    *,
    sample_rate: int,
    n_fft: int = 1024,
    hop_length: int = 128,
    n_mels: int = 80,
    f_min_hz: float = 30.0,
    floor: float = 1e-3,
) -> Tensor:
    r"""Log-magnitude spectrogram on the mel scale.

    $$M_{f,n} = \log_{10}\Big(\sum_b W_{f,b} \lvert X_{b,n} \rvert + \epsilon\Big) - \log_{10} \epsilon$$

    where $X$ is the STFT of a Hann window of length `n_fft`, divided by half of the window's sum, so that a full-scale
    sine has magnitude one; $W$ are triangles of height one; $\epsilon$ is `floor`.

    Args:
        audio: Audio (..., T), T >= 1; zeros stand beyond its ends.
        sample_rate: Hz.
        n_fft: Window length in samples.
        hop_length: Samples between frames; frame n is centred on sample n * `hop_length`.
        n_mels: Number of bands F, evenly spaced in mel (Slaney) from `f_min_hz` to `sample_rate` / 2.
        f_min_hz: Lower edge of the lowest band.
        floor: Magnitude that maps to zero.

    Returns:
        Bands (..., F, N), zero or more, N = 1 + T // `hop_length`; for odd `n_fft` N = 1 + (T - 1) // `hop_length`.

    Raises:
        TypeError: If `audio` is not a float32 or float64 tensor, or an option is not of its type.
        ValueError: If `audio` has no sample, or an option is out of its range.

    Source:
        Slaney, "Auditory Toolbox", 1998, for the scale; the filters are nnAudio's.

    Example:
        >>> log_mel(torch.zeros(2, 16000), sample_rate=16000).shape
        torch.Size([2, 80, 126])
    """
    filters = _design(sample_rate, n_fft, hop_length, n_mels, f_min_hz, floor)
    return _transform(audio, filters, n_fft, hop_length, floor)


class LogMel(nn.Module):
    """Module of :func:`ddsp_drums.log_mel`, which documents the arguments.

    Example:
        >>> LogMel(sample_rate=16000)(torch.zeros(2, 16000)).shape
        torch.Size([2, 80, 126])
    """

    def __init__(
        self,
        *,
        sample_rate: int,
        n_fft: int = 1024,
        hop_length: int = 128,
        n_mels: int = 80,
        f_min_hz: float = 30.0,
        floor: float = 1e-3,
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.f_min_hz = f_min_hz
        self.floor = floor
        filters = _design(sample_rate, n_fft, hop_length, n_mels, f_min_hz, floor)
        self.register_buffer("filters", filters.clone(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (..., T) to bands (..., F, N)."""
        return _transform(audio, self.get_buffer("filters"), self.n_fft, self.hop_length, self.floor)

    def extra_repr(self) -> str:
        """Show the options."""
        return (
            f"sample_rate={self.sample_rate}, n_fft={self.n_fft}, hop_length={self.hop_length}, n_mels={self.n_mels}, "
            f"f_min_hz={self.f_min_hz}, floor={self.floor}"
        )


def _transform(audio: Tensor, filters: Tensor, n_fft: int, hop_length: int, floor: float) -> Tensor:
    audio = as_audio("audio", audio)
    window = torch.hann_window(n_fft, dtype=audio.dtype, device=audio.device)
    spectrum = complex_spectrogram(audio, n_fft, hop_length)
    with without_autocast(audio):
        magnitudes = spectrum.abs() if torch.is_grad_enabled() else _magnitudes(spectrum)
        bands = (filters.to(audio) * (2 / window.sum() / floor)) @ magnitudes  # (..., F, N)
        logarithm = (bands + 1).log10()
    return logarithm


def _magnitudes(spectrum: Tensor) -> Tensor:
    """Return what `abs` does, in a fourth of the time: it overwrites the spectrum, and has no gradient."""
    parts = torch.view_as_real(spectrum)
    parts *= parts
    return (parts[..., 0] + parts[..., 1]).sqrt_()


@constant_when_traced
def _design(sample_rate: int, n_fft: int, hop_length: int, n_mels: int, f_min_hz: float, floor: float) -> Tensor:
    """Check the options and return the filters (F, n_fft / 2 + 1)."""
    for name, count in (("n_fft", n_fft), ("hop_length", hop_length), ("n_mels", n_mels)):
        require_count(name, count)
    require_positive("sample_rate", sample_rate)
    require_positive("floor", floor)
    require_number("f_min_hz", f_min_hz)
    if not 0 <= f_min_hz < sample_rate / 2:
        raise ValueError(f"f_min_hz must be from 0 to below the Nyquist frequency {sample_rate / 2:g}, got {f_min_hz}")
    return constant(_filters(sample_rate, n_fft, n_mels, f_min_hz))


@lru_cache(maxsize=8)
def _filters(sample_rate: int, n_fft: int, n_mels: int, f_min_hz: float) -> NDArray[np.float32]:
    """Cached as numbers: a tensor that was made in inference mode could not be trained through."""
    from nnAudio.librosa_functions import get_mel

    filters: NDArray[np.float32] = get_mel(sample_rate, n_fft, n_mels=n_mels, fmin=f_min_hz, norm=None)
    return filters
