"""How much louder each band of frequencies becomes from frame to frame."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._validate import require_count, require_positive
from ddsp_drums.nn._audio import as_audio
from ddsp_drums.nn.stft import complex_spectrogram

__all__ = ["SpectralFlux", "spectral_flux"]


def spectral_flux(
    audio: Tensor,
    *,
    sample_rate: int,
    bands_hz: Sequence[tuple[float, float]],
    n_fft: int = 2048,
    hop_length: int = 441,
    floor: float = 1.0,
) -> Tensor:
    r"""Measure in bands how much the magnitudes grow from one frame to the next.

    $$y_{b,n} = \operatorname*{mean}_{f \in b} \max(0, \, L_{f,n} - L_{f,n-1}), \quad
      L_{f,n} = \log_{10}\Big(1 + \frac{\lvert X_{f,n} \rvert}{\epsilon}\Big)$$

    where $X$ is the STFT of a Hann window of length `n_fft`, divided by half of the window's sum, so that a full-scale
    sine has magnitude one; $\epsilon$ is `floor`; silence stands before the first frame.

    Args:
        audio: Samples (..., T), T >= 1; zeros stand beyond its ends.
        sample_rate: Hz.
        bands_hz: Lower and upper edge of each of the B bands; the lower one belongs to it. Bands may overlap.
        n_fft: Window length in samples.
        hop_length: Samples between frames; frame n is centred on sample n * `hop_length`.
        floor: Magnitude, greater than 0, up to which a growth counts by its size rather than by its ratio.

    Returns:
        Onset functions (..., B, N), zero or more, N = 1 + T // `hop_length`; for odd `n_fft`
        N = 1 + (T - 1) // `hop_length`.

    Raises:
        TypeError: If `audio` is not a float32 or float64 tensor, or a count is not an int.
        ValueError: If `audio` has no sample, an option is out of its range, or a band holds no bin of the FFT.

    Source:
        Boeck, Krebs and Schedl, "Evaluating the Online Capabilities of Onset Detection Methods", ISMIR 2012,
        section 2.2, where all bins are one band.

    Example:
        >>> audio = torch.zeros(44100)
        >>> audio[22050:] = torch.sin(torch.arange(22050) * 0.1)  # 700 Hz from half a second on
        >>> flux = spectral_flux(audio, sample_rate=44100, bands_hz=[(500.0, 1000.0), (5000.0, 9000.0)])
        >>> flux.shape, int(flux[0].argmax()), bool(flux[0].max() > 9 * flux[1].max())
        (torch.Size([2, 101]), 50, True)
    """
    audio = as_audio("audio", audio)
    bands = _bands(sample_rate, bands_hz, n_fft, hop_length, floor)
    window = torch.hann_window(n_fft, dtype=audio.dtype, device=audio.device)
    spectrum = complex_spectrogram(audio, n_fft, hop_length)
    logarithm = (1 + spectrum.abs() * (2 / (window.sum() * floor))).log10()
    growth = (logarithm - F.pad(logarithm, (1, 0))[..., :-1]).clamp(min=0)  # (..., F, N)
    return torch.stack([growth[..., first:last, :].mean(-2) for first, last in bands], dim=-2)


def _bands(
    sample_rate: int, bands_hz: Sequence[tuple[float, float]], n_fft: int, hop_length: int, floor: float
) -> list[tuple[int, int]]:
    """Check the options and return the first and last-but-one bin of each band."""
    require_positive("sample_rate", sample_rate)
    require_count("n_fft", n_fft)
    require_count("hop_length", hop_length)
    require_positive("floor", floor)
    if not bands_hz:
        raise ValueError("bands_hz must hold at least one band")
    bands = []
    for low_hz, high_hz in bands_hz:
        inside = [f for f in range(n_fft // 2 + 1) if low_hz <= f * sample_rate / n_fft < high_hz]
        if not inside:
            raise ValueError(
                f"bands_hz must hold a bin each, got {low_hz:g} to {high_hz:g} Hz, "
                f"where bins are {sample_rate / n_fft:g} Hz apart up to {sample_rate / 2:g}"
            )
        bands.append((inside[0], inside[-1] + 1))
    return bands


class SpectralFlux(nn.Module):
    """Module of :func:`ddsp_drums.spectral_flux`, which documents the arguments.

    Example:
        >>> SpectralFlux(sample_rate=44100, bands_hz=[(20.0, 150.0)])(torch.zeros(2, 44100)).shape
        torch.Size([2, 1, 101])
    """

    def __init__(
        self,
        *,
        sample_rate: int,
        bands_hz: Sequence[tuple[float, float]],
        n_fft: int = 2048,
        hop_length: int = 441,
        floor: float = 1.0,
    ) -> None:
        super().__init__()
        _bands(sample_rate, bands_hz, n_fft, hop_length, floor)
        self.sample_rate = sample_rate
        self.bands_hz = tuple(bands_hz)
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.floor = floor

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (..., T) to onset functions (..., B, N)."""
        return spectral_flux(
            audio,
            sample_rate=self.sample_rate,
            bands_hz=self.bands_hz,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            floor=self.floor,
        )

    def extra_repr(self) -> str:
        """Show the options."""
        return (
            f"sample_rate={self.sample_rate}, bands_hz={self.bands_hz}, n_fft={self.n_fft}, "
            f"hop_length={self.hop_length}, floor={self.floor}"
        )
