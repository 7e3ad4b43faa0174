"""Pseudo-constant-Q transform: a short FFT an octave, seen through constant-Q filters."""

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._autocast import without_autocast
from ddsp_drums._tracing import constant, constant_when_traced
from ddsp_drums._validate import require_count, require_number, require_positive
from ddsp_drums.nn._audio import as_audio
from ddsp_drums.nn._cqt_kernels import design_octaves

__all__ = ["PseudoCQT", "pseudo_cqt"]

_LONGEST_HOP = 1 << 13  # samples: the highest octave's DFT has up to as many bins and taps
_LARGEST = 1 << 26  # numbers in the wavelets of an octave


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
        hop_length: Samples between frames, from 1 to 8192.
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
    audio = as_audio("audio", audio)
    octaves = _design(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave, window_ratio)
    return _transform(audio, hop_length, octaves)


class PseudoCQT(nn.Module):
    """Module of :func:`ddsp_drums.pseudo_cqt`, which documents the arguments.

    Its constants are buffers of the default dtype that are not saved, so that `double()` leaves them as exact as that.

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
        octaves = _design(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave, window_ratio)
        self._windows = [(octave.lead, octave.blocks) for octave in octaves]
        for index, octave in enumerate(octaves):
            for name in ("dft", "filters", "turns"):
                constant = getattr(octave, name).to(torch.get_default_dtype(), copy=True)
                self.register_buffer(f"{name}_{index}", constant, persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (..., T) to magnitudes (..., F, 1 + T // hop_length)."""
        audio = as_audio("audio", audio)
        octaves = []
        for index, window in enumerate(self._windows):
            dft, filters, turns = (self.get_buffer(f"{name}_{index}") for name in ("dft", "filters", "turns"))
            octaves.append(_Octave(dft, filters, *window, turns))
        return _transform(audio, self.hop_length, octaves)

    def extra_repr(self) -> str:
        """Show the options."""
        return (
            f"sample_rate={self.sample_rate}, hop_length={self.hop_length}, f_min_hz={self.f_min_hz}, "
            f"n_octaves={self.n_octaves}, bins_per_octave={self.bins_per_octave}, window_ratio={self.window_ratio}"
        )


class _Octave(NamedTuple):
    """The constants of one octave, as :class:`ddsp_drums.nn._cqt_kernels.Octave` describes them."""

    dft: Tensor
    filters: Tensor
    lead: int
    blocks: int
    turns: Tensor


@constant_when_traced
def _design(
    sample_rate: float, hop_length: int, f_min_hz: float, n_octaves: int, bins_per_octave: int, window_ratio: float
) -> list[_Octave]:
    """Check the options and return the constants of each octave as tensors."""
    require_octaves(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave)
    require_number("window_ratio", window_ratio)
    if hop_length > _LONGEST_HOP:
        raise ValueError(f"hop_length must be at most {_LONGEST_HOP}, got {hop_length}")
    if not 0 < window_ratio <= 1:
        raise ValueError(f"window_ratio must be in (0, 1], got {window_ratio}")
    octaves = design_octaves(sample_rate, hop_length, f_min_hz, n_octaves, bins_per_octave, window_ratio)
    return [
        _Octave(constant(dft), constant(filters), lead, blocks, constant(turns))
        for dft, filters, lead, blocks, turns in octaves
    ]


def require_octaves(sample_rate: float, hop_length: int, f_min_hz: float, n_octaves: int, bins_per_octave: int) -> None:
    """Raise unless all bins of all octaves lie below the Nyquist frequency, and all else is in range."""
    require_positive("sample_rate", sample_rate)
    require_positive("f_min_hz", f_min_hz)
    for name, value in (("hop_length", hop_length), ("n_octaves", n_octaves), ("bins_per_octave", bins_per_octave)):
        require_count(name, value)
    longest = sample_rate / f_min_hz / math.expm1(math.log(2) / bins_per_octave)  # wavelet, in samples
    if longest * bins_per_octave > _LARGEST:
        raise ValueError(
            f"f_min_hz={f_min_hz:g} and bins_per_octave={bins_per_octave} make wavelets of {longest:.0f} samples, too "
            f"many for this transform: raise the one or lower the other"
        )
    highest = n_octaves - 1 / bins_per_octave  # octaves above the lowest bin
    if highest >= math.log2(sample_rate / 2 / f_min_hz):
        raise ValueError(
            f"all bins must lie below the Nyquist frequency of {sample_rate / 2:g} Hz, but f_min_hz={f_min_hz:g} "
            f"and n_octaves={n_octaves} put the highest {highest:g} octaves above {f_min_hz:g} Hz: lower one of them"
        )


def _transform(audio: Tensor, hop_length: int, octaves: list[_Octave]) -> Tensor:
    """Transform a window around each frame by the DFT of each octave, and mix the magnitudes by its filters."""
    frames = 1 + audio.shape[-1] // hop_length
    before = max(octave.lead for octave in octaves)
    after = max(octave.blocks * octave.dft.shape[-1] - octave.lead for octave in octaves)
    flat = audio.reshape(-1, audio.shape[-1])
    padded = F.pad(flat, (before, (frames - 1) * hop_length + after - flat.shape[-1]))
    magnitudes = []
    for octave in octaves:
        samples = octave.dft.shape[-1]
        heard = padded[:, before - octave.lead :].unfold(-1, samples, hop_length)  # (B, N or more, samples)
        heard = heard[:, : frames + octave.blocks - 1]
        with without_autocast(audio):
            parts = octave.dft.to(audio) @ heard.mT  # (B, 2 * bins, N or more)
            spectrum = torch.complex(*parts.chunk(2, dim=1))
            if octave.blocks > 1:
                spectrum = _slide(spectrum, octave.turns.to(audio), octave.blocks)
            magnitudes.append(octave.filters.to(audio) @ spectrum.abs())  # gradient 0 at 0; that of a root is NaN
    together = torch.cat(magnitudes, dim=-2)
    return together.reshape(*audio.shape[:-1], *together.shape[-2:])


def _slide(spectrum: Tensor, turns: Tensor, blocks: int) -> Tensor:
    """Turn spectra of single blocks (B, bins, N + blocks - 1) into those under a Hann window of `blocks` of them."""
    period = turns.shape[-1]
    phase = torch.complex(*turns).repeat(1, -(-spectrum.shape[-1] // period))[:, : spectrum.shape[-1]]
    total = _moving_sum if torch.compiler.is_compiling() else _MovingSum.apply  # tracing a Function warns
    spectrum = total(spectrum * phase, blocks)
    spectrum = spectrum * phase[:, : spectrum.shape[-1]].conj()  # seen from the start of each window
    step = period // blocks
    return 0.5 * spectrum[:, step:-step] - 0.25 * (spectrum[:, : -2 * step] + spectrum[:, 2 * step :])


def _moving_sum(x: Tensor, size: int) -> Tensor:
    """Sum a power of two of neighbours."""
    span = 1
    while span < size:  # sums of 2, 4, 8: a difference of cumulative sums would lose what is quiet
        x = x[..., :-span] + x[..., span:]
        span *= 2
    return x


class _MovingSum(torch.autograd.Function):
    """The same; its own adjoint but for the ends, which autograd would pay for twice."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, size: int) -> Tensor:
        return _moving_sum(x, size)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, int], output: Tensor) -> None:
        ctx.size = inputs[1]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _MovingSum.apply(F.pad(gradient, (ctx.size - 1, ctx.size - 1)), ctx.size), None
