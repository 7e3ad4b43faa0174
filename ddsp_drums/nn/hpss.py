"""The percussive part of audio, by median filters on its spectrogram."""

import torch
from torch import Tensor, nn

from ddsp_drums._validate import require_count
from ddsp_drums.nn._audio import as_audio
from ddsp_drums.nn.stft import complex_spectrogram
from ddsp_drums.ops.median_filter import median_filter

__all__ = ["PercussiveEnhancer", "percussive"]


def percussive(audio: Tensor, *, n_fft: int = 1024, hop_length: int = 256, kernel_size: int = 31) -> Tensor:
    r"""Keep what is spread over frequency rather than over time: attacks and noise, not tones.

    $$\hat x = \operatorname{ISTFT}\left(\frac{P^2}{P^2 + H^2} \, X\right), \quad
      P = \operatorname{median}_f |X|, \quad H = \operatorname{median}_n |X|$$

    where $X$ is the STFT with a centred Hann window and zeros beyond the ends of the audio. Where both medians are
    zero the mask is one half.

    Args:
        audio: Samples, shape (..., T), T at least 1, any finite range. Audio shorter than a window is filled up
            with zeros like any other.
        n_fft: Samples in a window, at least 3.
        hop_length: Samples between windows, at most a third of `n_fft`: further apart, squared windows leave gaps.
        kernel_size: Bins and frames in a median, odd.

    Returns:
        The percussive part, shape (..., T). The gradient takes in how the mask depends on the audio.

    Raises:
        TypeError: If `audio` is not a float32 or float64 tensor.
        ValueError: If `audio` has no sample, or an option is out of its range.

    Source:
        Fitzgerald, "Harmonic/Percussive Separation using Median Filtering", DAFx 2010; mask and edges as in
        `librosa.decompose.hpss`.

    Example:
        >>> tone = torch.sin(torch.arange(16000) * 0.3)
        >>> float(percussive(tone)[4000:12000].square().mean() / tone.square().mean()) < 0.01
        True
    """
    audio = as_audio("audio", audio)
    require_percussive(n_fft, hop_length, kernel_size)
    if audio.numel() == 0:
        return audio.clone()
    spectrum = complex_spectrogram(audio.reshape(-1, audio.shape[-1]), n_fft, hop_length)  # (B, F, N)
    magnitude = spectrum.abs()  # its gradient is 0 at 0, where that of a square root is NaN
    mask = _soft_mask(
        median_filter(magnitude, kernel_size=kernel_size, dim=-2),
        median_filter(magnitude, kernel_size=kernel_size, dim=-1),
    )
    window = torch.hann_window(n_fft, dtype=audio.dtype, device=audio.device)
    return torch.istft(mask * spectrum, n_fft, hop_length, window=window, length=audio.shape[-1]).reshape(audio.shape)


def _soft_mask(wanted: Tensor, other: Tensor) -> Tensor:
    """Return wanted^2 / (wanted^2 + other^2), and 1/2 where both are zero."""
    larger = torch.maximum(wanted, other).detach()  # the mask is blind to a common factor, and so is its gradient
    silent = larger < torch.finfo(larger.dtype).tiny
    scale = larger.masked_fill(silent, 1)
    wanted, other = (wanted / scale).square(), (other / scale).square()
    return (wanted / (wanted + other).masked_fill(silent, 1)).masked_fill(silent, 0.5)


def require_percussive(n_fft: int, hop_length: int, kernel_size: int) -> None:
    """Raise unless the options of the enhancement are in range."""
    for name, value in (("n_fft", n_fft), ("hop_length", hop_length), ("kernel_size", kernel_size)):
        require_count(name, value)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")
    if hop_length > n_fft // 3:
        raise ValueError(f"hop_length must be at most n_fft // 3 = {n_fft // 3}, got {hop_length}")


class PercussiveEnhancer(nn.Module):
    """Module of :func:`ddsp_drums.percussive`, which documents the arguments.

    Example:
        >>> PercussiveEnhancer()(torch.randn(2, 1000)).shape
        torch.Size([2, 1000])
    """

    def __init__(self, *, n_fft: int = 1024, hop_length: int = 256, kernel_size: int = 31) -> None:
        super().__init__()
        require_percussive(n_fft, hop_length, kernel_size)
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.kernel_size = kernel_size

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (..., T) to its percussive part (..., T)."""
        return percussive(audio, n_fft=self.n_fft, hop_length=self.hop_length, kernel_size=self.kernel_size)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"n_fft={self.n_fft}, hop_length={self.hop_length}, kernel_size={self.kernel_size}"
