"""The pseudo-CQT: only the bins that its filters use, and a zero-padded STFT an octave."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from benchmarks.operation import Goal, Operation, Provider, Sweep
from ddsp_drums import pseudo_cqt
from ddsp_drums.nn._cqt_kernels import wavelet_spectra

SAMPLE_RATE = 16000
_F_MIN_HZ = 32.703


@dataclass(frozen=True)
class Case:
    """Sizes of a batch of audio at 16 kHz; eight octaves of twelve bins."""

    batch: int = 4
    samples: int = 32000
    hop_length: int = 64


def make_inputs(case: Case) -> tuple[Tensor]:
    """Draw noise."""
    generator = torch.Generator().manual_seed(0)
    return (0.1 * torch.randn(case.batch, case.samples, generator=generator),)


def ours(case: Case, audio: Tensor) -> Tensor:
    """Call the toolkit."""
    return pseudo_cqt(audio, sample_rate=SAMPLE_RATE, hop_length=case.hop_length)


@lru_cache(maxsize=4)
def _filters(hop_length: int) -> list[Tensor]:
    """Return for each octave its filters (12, n_fft // 2 + 1), in float64."""
    filters = []
    for octave in range(8):
        centres_hz = _F_MIN_HZ * 2.0 ** (octave + np.arange(12) / 12)
        spectra, n_fft = wavelet_spectra(SAMPLE_RATE, hop_length, centres_hz)
        filters.append(torch.from_numpy(spectra) / n_fft**0.5)
    return filters


def by_stfts(case: Case, audio: Tensor) -> Tensor:
    """Take an STFT an octave, its short window padded with zeros, and filter its magnitudes."""
    octaves = []
    for filters in _filters(case.hop_length):
        n_fft = 2 * (filters.shape[-1] - 1)
        window = torch.hann_window(n_fft // 4, dtype=audio.dtype, device=audio.device)
        spectrum = torch.stft(
            audio, n_fft, case.hop_length, n_fft // 4, window, pad_mode="constant", return_complex=True
        )
        octaves.append(filters.to(audio) @ spectrum.abs())
    return torch.cat(octaves, dim=-2)


def operations(case: Case, backward: bool) -> float:
    """Estimate the FFTs of the textbook way."""
    frames = case.batch * (1 + case.samples // case.hop_length)
    return (3.0 if backward else 1.0) * frames * sum(2.0**order * order for order in range(7, 15))


OURS = Provider("only what is used", ours, operations, limit=1e12, ours=True)
STFTS = Provider("zero-padded STFTs", by_stfts, operations, limit=8e9)

_BASE = Case()

OPERATION = Operation(
    name="pseudo_cqt",
    title="Pseudo-CQT",
    inputs=make_inputs,
    reference=by_stfts,
    tolerance=1e-4,
    providers=(OURS, STFTS),
    sweeps=(
        Sweep("Batch", _BASE, "batch", "items B", (1, 4, 8, 32)),
        Sweep("Samples", _BASE, "samples", "samples T", (4000, 16000, 32000, 128000)),
        Sweep("Hop", _BASE, "hop_length", "samples in a hop", (32, 64, 100, 256)),
    ),
    goals=(
        Goal("two seconds, B=4", _BASE, OURS.name, STFTS.name, 40),
        Goal("two seconds, B=4", _BASE, OURS.name, STFTS.name, 20, "cuda"),
    ),
    tiny=Case(1, 500, 64),
)
