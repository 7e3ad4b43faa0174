"""Pseudo-constant-Q transform: a short FFT an octave, seen through constant-Q filters."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._validate import require_positive
from ddsp_drums.nn._audio import require_audio
from ddsp_drums.nn._cqt_kernels import design_octaves

__all__ = ["PseudoCQT", "pseudo_cqt"]


def pseudo_cqt(
    audio: Tensor,
    *,
    sample_rate: float,
    hop_length: int = 64,
    f_min_hz: float = 32.703,
    n_octaves: int = 8,
    bins_per_octave: int = 12,
    window_ratio: float = 0.25,
) -> Tensor:
    r"""Measure magnitudes in bins a fixed fraction of an octave apart, from one STFT an octave.

    $$C_{f,n} = \frac{1}{\sqrt{M_o}} \sum_m |W_{f,m}| \left| \sum_t w_t \, x_{n \cdot \mathrm{hop} + t} \,
      e^{-2 \pi i m t / M_o} \right|$$

    where $W_f$ is the spectrum of a complex Hann wavelet of constant Q at `f_min_hz` * 2^(f / `bins_per_octave`),
    without the small bins that hold a hundredth of it; $M_o$ the smallest power of two that holds the longest
    wavelet of the octave, at least two hops; and $w$ a Hann window of `window_ratio` * $M_o$ samples. Frames are
    centred, with zeros beyond the ends. Only the FFT bins that some filter uses are computed, exactly.

    Args:
        audio: Samples, shape (..., T), T at least 1.
        sample_rate: Samples a second, in Hz.
        hop_length: Samples between frames, at least 1.
        f_min_hz: Centre of the lowest bin, in Hz; C1 by default.
        n_octaves: Octaves, at least 1. All centres must be below half the sample rate.
        bins_per_octave: Bins in an octave, at least 1.
        window_ratio: Length of the window as a part of the FFT length, in (0, 1]. Less than 1 trades frequency
            resolution for time resolution; 1 is librosa's transform.

    Returns:
        Magnitudes, shape (..., F, N) with F = n_octaves * bins_per_octave and N = 1 + T // hop_length. Their
        gradient at silence is zero.

    Raises:
        TypeError: If `audio` is not a float32 or float64 tensor.
        ValueError: If `audio` has no sample, or an option is out of its range.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.3, for the short window;
        `librosa.pseudo_cqt`, an octave at a time, for the transform.

    Example:
        >>> a4 = torch.sin(2 * torch.pi * 440 / 16000 * torch.arange(16000))
        >>> magnitudes = pseudo_cqt(a4, sample_rate=16000)
        >>> magnitudes.shape
        torch.Size([96, 251])
        >>> magnitudes[:, 100].argmax()  # 45 semitones above C1
        tensor(45)
    """
    require_audio("audio", audio)
    octaves = _design(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave, window_ratio)
    return _transform(audio, hop_length, [(dft.to(audio), filters.to(audio), lead) for dft, filters, lead in octaves])


class PseudoCQT(nn.Module):
    """Module of :func:`ddsp_drums.pseudo_cqt`, which documents the arguments.

    Its constants are buffers of the default dtype that are not saved.

    Example:
        >>> PseudoCQT(sample_rate=16000)(torch.randn(2, 1000)).shape
        torch.Size([2, 96, 16])
    """

    def __init__(
        self,
        *,
        sample_rate: float,
        hop_length: int = 64,
        f_min_hz: float = 32.703,
        n_octaves: int = 8,
        bins_per_octave: int = 12,
        window_ratio: float = 0.25,
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self.f_min_hz = f_min_hz
        self.n_octaves = n_octaves
        self.bins_per_octave = bins_per_octave
        self.window_ratio = window_ratio
        self._leads = []
        octaves = _design(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave, window_ratio)
        dtype = torch.get_default_dtype()
        for octave, (dft, filters, lead) in enumerate(octaves):
            self.register_buffer(f"dft_{octave}", dft.to(dtype, copy=True), persistent=False)
            self.register_buffer(f"filters_{octave}", filters.to(dtype, copy=True), persistent=False)
            self._leads.append(lead)

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (..., T) to magnitudes (..., F, 1 + T // hop_length)."""
        require_audio("audio", audio)
        octaves = [
            (self.get_buffer(f"dft_{octave}").to(audio), self.get_buffer(f"filters_{octave}").to(audio), lead)
            for octave, lead in enumerate(self._leads)
        ]
        return _transform(audio, self.hop_length, octaves)

    def extra_repr(self) -> str:
        """Show the options."""
        return (
            f"sample_rate={self.sample_rate}, hop_length={self.hop_length}, f_min_hz={self.f_min_hz}, "
            f"n_octaves={self.n_octaves}, bins_per_octave={self.bins_per_octave}, window_ratio={self.window_ratio}"
        )


def _design(
    sample_rate: float, hop_length: int, f_min_hz: float, n_octaves: int, bins_per_octave: int, window_ratio: float
) -> list[tuple[Tensor, Tensor, int]]:
    """Check the options and return the constants of each octave as tensors."""
    for name, value in (
        ("sample_rate", sample_rate),
        ("hop_length", hop_length),
        ("f_min_hz", f_min_hz),
        ("n_octaves", n_octaves),
        ("bins_per_octave", bins_per_octave),
    ):
        require_positive(name, value)
    if not 0 < window_ratio <= 1:
        raise ValueError(f"window_ratio must be in (0, 1], got {window_ratio}")
    highest_hz = f_min_hz * 2 ** (n_octaves - 1 / bins_per_octave)
    if highest_hz >= sample_rate / 2:
        raise ValueError(
            f"all bins must lie below the Nyquist frequency of {sample_rate / 2:g} Hz, but f_min_hz={f_min_hz:g} "
            f"and n_octaves={n_octaves} put the highest at {highest_hz:g} Hz: lower one of them"
        )
    octaves = design_octaves(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave, window_ratio)
    return [(torch.from_numpy(dft), torch.from_numpy(filters), lead) for dft, filters, lead in octaves]


# What torch.compiler.assume_constant_result does, which would import Triton.
_design._dynamo_marked_constant = True  # type: ignore[attr-defined]


def _transform(audio: Tensor, hop_length: int, octaves: Iterable[tuple[Tensor, Tensor, int]]) -> Tensor:
    """Convolve blocks of one hop with the DFT of each octave, and mix the magnitudes by its filters."""
    octaves = list(octaves)
    frames = 1 + audio.shape[-1] // hop_length
    before = max(lead for _, _, lead in octaves)
    after = max(dft.shape[-1] - lead for dft, _, lead in octaves) - 1
    flat = audio.reshape(-1, audio.shape[-1])
    padded = F.pad(flat, (before * hop_length, (frames + after) * hop_length - flat.shape[-1]))
    blocks = padded.unflatten(-1, (-1, hop_length)).mT  # (B, hop, before + N + after)
    magnitudes = []
    for dft, filters, lead in octaves:
        start = before - lead
        with torch.autocast(audio.device.type, enabled=False):  # half precision would leave no quiet detail
            parts = F.conv1d(blocks[..., start : start + frames + dft.shape[-1] - 1], dft).unflatten(1, (2, -1))
            spectrum = torch.complex(parts[:, 0], parts[:, 1])  # (B, bins, N)
            magnitudes.append(filters @ spectrum.abs())  # the gradient of abs is 0 at 0, that of a root is NaN
    return torch.cat(magnitudes, dim=-2).reshape(*audio.shape[:-1], -1, frames)
