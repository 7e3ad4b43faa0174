"""Magnitude spectrogram."""

import torch
from torch import Tensor, nn

from ddsp_drums._validate import require_count
from ddsp_drums.nn._audio import as_audio

__all__ = ["Spectrogram", "spectrogram"]


def spectrogram(audio: Tensor, *, n_fft: int = 1024, hop_length: int = 256) -> Tensor:
    r"""Measure the magnitudes of a short-time Fourier transform.

    $$S_{f,n} = \left| \sum_t w_t \, x_{n \cdot \mathrm{hop} + t} \, e^{-2 \pi i f t / n_\mathrm{fft}} \right|$$

    where $w$ is a Hann window of `n_fft` samples. Frames are centred, with zeros beyond the ends.

    Args:
        audio: Samples, shape (..., T), T at least 1.
        n_fft: Samples in a window, at least 1.
        hop_length: Samples between frames, at least 1.

    Returns:
        Magnitudes, shape (..., F, N) with F = n_fft // 2 + 1 and N = 1 + T // hop_length; for odd `n_fft`
        N = 1 + (T - 1) // hop_length. Their gradient at silence is zero.

    Raises:
        TypeError: If `audio` is not a float32 or float64 tensor, or an option is not an int.
        ValueError: If `audio` has no sample, or an option is below 1.

    Source:
        Allen and Rabiner, "A unified approach to short-time Fourier analysis and synthesis", Proc. IEEE 1977.

    Example:
        >>> spectrogram(torch.zeros(2, 16000)).shape
        torch.Size([2, 513, 63])
    """
    audio = as_audio("audio", audio)
    require_count("n_fft", n_fft)
    require_count("hop_length", hop_length)
    return complex_spectrogram(audio, n_fft, hop_length).abs()  # its gradient at 0 is 0, that of a root is NaN


def complex_spectrogram(audio: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Return the short-time Fourier transform itself, shape (..., F, N)."""
    if audio.numel() == 0:  # for which FFTs are not defined
        frames = 1 + (audio.shape[-1] - n_fft % 2) // hop_length
        return torch.complex(*audio.new_zeros(2, *audio.shape[:-1], n_fft // 2 + 1, frames)) + 0 * audio.sum()
    window = torch.hann_window(n_fft, dtype=audio.dtype, device=audio.device)
    flat = audio.reshape(-1, audio.shape[-1])
    spectrum = torch.stft(flat, n_fft, hop_length, window=window, pad_mode="constant", return_complex=True)
    return spectrum.reshape(*audio.shape[:-1], *spectrum.shape[-2:])


class Spectrogram(nn.Module):
    """Module of :func:`ddsp_drums.spectrogram`, which documents the arguments.

    Example:
        >>> Spectrogram()(torch.zeros(2, 16000)).shape
        torch.Size([2, 513, 63])
    """

    def __init__(self, *, n_fft: int = 1024, hop_length: int = 256) -> None:
        super().__init__()
        require_count("n_fft", n_fft)
        require_count("hop_length", hop_length)
        self.n_fft = n_fft
        self.hop_length = hop_length

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (..., T) to magnitudes (..., n_fft // 2 + 1, 1 + T // hop_length)."""
        return spectrogram(audio, n_fft=self.n_fft, hop_length=self.hop_length)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"n_fft={self.n_fft}, hop_length={self.hop_length}"
