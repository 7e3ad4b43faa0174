"""The constant-Q transform by nnAudio's wavelets."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ddsp_drums._autocast import without_autocast
from ddsp_drums._tracing import constant, constant_when_traced
from ddsp_drums.nn._audio import as_audio
from ddsp_drums.nn.cqt import require_octaves

__all__ = ["CQT", "cqt"]


def cqt(
    audio: Tensor,
    *,
    sample_rate: float,
    hop_length: int = 64,
    f_min_hz: float = 32.703,
    n_octaves: int = 8,
    bins_per_octave: int = 12,
) -> Tensor:
    r"""Measure magnitudes in bins a fixed fraction of an octave apart, each by a wavelet of its own length.

    $$C_{f,n} = \sqrt{L_f} \left| \sum_t \frac{w_{f,t}}{\lVert w_f \rVert_1} \, x_{n \cdot \mathrm{hop} + t} \,
      e^{-2 \pi i f t / \mathrm{sample\_rate}} \right|$$

    where $w_f$ is a Hann window of $L_f$ = Q * `sample_rate` / f samples. Frames are centred, with zeros beyond the
    ends. :func:`ddsp_drums.pseudo_cqt` hears the time of low notes four times as sharp, and costs a fraction.

    Args:
        audio: Samples, shape (..., T), T at least 1.
        sample_rate: Samples a second, in Hz.
        hop_length: Samples between frames, at least 1.
        f_min_hz: Centre of the lowest bin, in Hz; C1 by default.
        n_octaves: Octaves, at least 1. All centres must be below half the sample rate.
        bins_per_octave: Bins in an octave, at least 1.

    Returns:
        Magnitudes, shape (..., F, N) with F = n_octaves * bins_per_octave and N = 1 + T // hop_length. Their
        gradient at silence is zero.

    Raises:
        TypeError: If `audio` is not a float32 or float64 tensor.
        ValueError: If `audio` has no sample, or an option is out of its range.

    Source:
        Brown and Puckette, "An efficient algorithm for the calculation of a constant Q transform", JASA 1992; the
        wavelets are those of nnAudio's `CQT1992v2`, in float32.

    Example:
        >>> a4 = torch.sin(2 * torch.pi * 440 / 16000 * torch.arange(16000))
        >>> magnitudes = cqt(a4, sample_rate=16000)
        >>> magnitudes.shape
        torch.Size([96, 251])
        >>> magnitudes[:, 100].argmax()  # 45 semitones above C1
        tensor(45)
    """
    audio = as_audio("audio", audio)
    return _transform(audio, hop_length, _design(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave))


class CQT(nn.Module):
    """Module of :func:`ddsp_drums.cqt`, which documents the arguments. Its wavelets are not saved.

    Example:
        >>> CQT(sample_rate=16000)(torch.randn(2, 1000)).shape
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
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self.f_min_hz = f_min_hz
        self.n_octaves = n_octaves
        self.bins_per_octave = bins_per_octave
        octaves = _design(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave)
        self._leads = [octave.lead for octave in octaves]
        for index, octave in enumerate(octaves):
            self.register_buffer(f"wavelets_{index}", octave.wavelets.clone(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (..., T) to magnitudes (..., F, 1 + T // hop_length)."""
        audio = as_audio("audio", audio)
        octaves = [_Octave(self.get_buffer(f"wavelets_{index}"), lead) for index, lead in enumerate(self._leads)]
        return _transform(audio, self.hop_length, octaves)

    def extra_repr(self) -> str:
        """Show the options."""
        return (
            f"sample_rate={self.sample_rate}, hop_length={self.hop_length}, f_min_hz={self.f_min_hz}, "
            f"n_octaves={self.n_octaves}, bins_per_octave={self.bins_per_octave}"
        )


class _Octave(NamedTuple):
    """The wavelets of one octave, cut into blocks of one hop."""

    wavelets: Tensor  # (2 * bins, hop, blocks): real parts, then imaginary ones
    lead: int  # blocks before the one that starts at the centre of a frame


@constant_when_traced
def _design(
    sample_rate: float, hop_length: int, f_min_hz: float, n_octaves: int, bins_per_octave: int
) -> list[_Octave]:
    require_octaves(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave)
    octaves = _wavelets(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave)
    return [_Octave(constant(wavelets), lead) for wavelets, lead in octaves]


@lru_cache(maxsize=8)
def _wavelets(
    sample_rate: float, hop_length: int, f_min_hz: float, n_octaves: int, bins_per_octave: int
) -> tuple[tuple[NDArray[np.float32], int], ...]:
    """Cached as numbers: a tensor that was made in inference mode could not be trained through."""
    from nnAudio.utils import create_cqt_kernels

    quality = 1 / (2 ** (1 / bins_per_octave) - 1)
    n_bins = n_octaves * bins_per_octave
    kernels, width, lengths, _ = create_cqt_kernels(quality, sample_rate, f_min_hz, n_bins, bins_per_octave)
    kernels = kernels * np.sqrt(lengths.numpy())[:, None]
    octaves = []
    for start in range(0, n_bins, bins_per_octave):
        octave = kernels[start : start + bins_per_octave]
        parts = np.concatenate([octave.real, -octave.imag])  # (2 * bins, width), centred on sample width // 2
        reach = 1 + int(np.abs(np.flatnonzero(parts.any(axis=0)) - width // 2).max())
        lead = -(-reach // hop_length)
        around = np.pad(parts, ((0, 0), (lead * hop_length, lead * hop_length)))
        around = around[:, width // 2 : width // 2 + 2 * lead * hop_length].astype(np.float32)
        octaves.append((around.reshape(len(parts), -1, hop_length).transpose(0, 2, 1).copy(), lead))
    return tuple(octaves)


def _transform(audio: Tensor, hop_length: int, octaves: list[_Octave]) -> Tensor:
    """Convolve blocks of one hop with the wavelets of each octave."""
    frames = 1 + audio.shape[-1] // hop_length
    longest = max(octave.lead for octave in octaves)
    flat = audio.reshape(-1, audio.shape[-1])
    padded = F.pad(flat, (longest * hop_length, (frames + longest) * hop_length - flat.shape[-1]))
    blocks = padded.unflatten(-1, (frames + 2 * longest, hop_length)).mT  # (B, hop, longest + N + longest)
    magnitudes = []
    for octave in octaves:
        start = longest - octave.lead
        with without_autocast(audio):
            heard = blocks[..., start : start + frames + 2 * octave.lead - 1]
            parts = F.conv1d(heard, octave.wavelets.to(audio))
            magnitudes.append(torch.complex(*parts.chunk(2, dim=1)).abs())  # gradient 0 at 0; that of a root is NaN
    together = torch.cat(magnitudes, dim=-2)
    return together.reshape(*audio.shape[:-1], *together.shape[-2:])
