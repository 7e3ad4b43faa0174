"""Noise between two frequencies."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums._random import normal, require_seed
from ddsp_drums.nn._controls import SoundSource, as_controls, require_output

__all__ = ["FilteredNoise", "filtered_noise"]

_TILTED_HZ = 1000.0
_LOWEST_HZ = 1e-3


def filtered_noise(
    low_hz: Tensor, high_hz: Tensor, tilt_db: Tensor, *, sample_rate: float, n_samples: int, seed: int = 0
) -> Tensor:
    r"""Make Gaussian noise between two edges.

    Its power density is that of white noise with $1 / f_1$ a hertz, through second-order Butterworth magnitudes,

    $$S(f) = \frac{1}{f_1} \, \frac{10^{b \log_2(f / 1000) / 10}}{(1 + (f_0 / f)^4) (1 + (f / f_1)^4)}$$

    so that its level is near 1 (RMS) where $f_0 \ll f_1$ and $b = 0$. The noise is drawn frequency by frequency from
    the lowest up: at another sample rate and the same duration, a seed gives the same noise, with more or less of the
    top. It repeats after T samples, and has no offset.

    Args:
        low_hz: $f_0$, lower edge, shape (...), above 0 (below a millihertz it counts as one). All inputs broadcast.
        high_hz: $f_1$, upper edge, shape (...), likewise; it may be beyond the Nyquist frequency.
        tilt_db: $b$, dB an octave, shape (...); -3 makes white noise pink.
        sample_rate: Rate of the result in Hz.
        n_samples: T.
        seed: Which noise, at least 0. All items get the same.

    Returns:
        Audio (..., T), differentiable in all inputs.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor, or their dtypes differ.
        ValueError: If the shapes do not broadcast, an option is not positive, or `seed` is negative.

    Source:
        Engel et al., "DDSP", ICLR 2020, section 3: noise shaped by a filter in the frequency domain.

    Example:
        >>> low_hz, high_hz = torch.tensor([20.0, 200.0]), torch.tensor(2000.0)
        >>> noise = filtered_noise(low_hz, high_hz, 0 * low_hz, sample_rate=16000, n_samples=16000)
        >>> noise.shape, noise.square().mean(-1).sqrt().round(decimals=1)
        (torch.Size([2, 16000]), tensor([1., 1.]))
    """
    require_output(sample_rate, n_samples)
    require_seed(seed)
    low_hz, high_hz, tilt_db = as_controls("(...)", low_hz=low_hz, high_hz=high_hz, tilt_db=tilt_db)
    if n_samples < 3 or low_hz.numel() == 0:  # no frequency between none and half the rate, or no item
        return 0 * (low_hz + high_hz + tilt_db)[..., None].expand(*low_hz.shape, n_samples)
    drawn = normal((n_samples - 1) // 2, seed, low_hz)  # (F, 2)
    step_hz = sample_rate / n_samples
    octave = torch.log2(torch.arange(1, len(drawn) + 1, dtype=torch.float64, device=drawn.device) * step_hz)
    octave = octave.to(drawn)
    low, high = (edge.clamp(min=_LOWEST_HZ).log2()[..., None] for edge in (low_hz, high_hz))
    # 1 / (1 + r^4) is a sigmoid of log r, which neither overflows nor loses its gradient
    edges = F.logsigmoid((octave - low) * 4 * math.log(2)) + F.logsigmoid((high - octave) * 4 * math.log(2))
    tilt = tilt_db[..., None] * (octave - math.log2(_TILTED_HZ)) * (math.log(10) / 10)
    magnitude = torch.exp((edges + tilt - high * math.log(2)) / 2) * (step_hz**0.5 / 2)
    spectrum = torch.view_as_complex((magnitude[..., None] * drawn).contiguous())
    spectrum = F.pad(spectrum, (1, n_samples // 2 - len(drawn)))
    return torch.fft.irfft(spectrum, n=n_samples, norm="forward")


class FilteredNoise(SoundSource):
    """Module of :func:`ddsp_drums.filtered_noise`, which documents the arguments.

    Example:
        >>> noise = FilteredNoise(sample_rate=16000, n_samples=4000, seed=3)
        >>> noise(torch.tensor([500.0, 1000.0]), torch.tensor(5000.0), torch.tensor(-3.0)).shape
        torch.Size([2, 4000])
    """

    def __init__(self, *, sample_rate: float, n_samples: int, seed: int = 0) -> None:
        super().__init__(sample_rate=sample_rate, n_samples=n_samples)
        require_seed(seed)
        self.seed = seed

    def forward(self, low_hz: Tensor, high_hz: Tensor, tilt_db: Tensor) -> Tensor:
        """Map controls (...) to audio (..., n_samples)."""
        return filtered_noise(
            low_hz, high_hz, tilt_db, sample_rate=self.sample_rate, n_samples=self.n_samples, seed=self.seed
        )

    def extra_repr(self) -> str:
        """Show the options."""
        return f"{super().extra_repr()}, seed={self.seed}"
