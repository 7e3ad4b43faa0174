"""The constants of the pseudo-CQT, in float64."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_DISCARDED = 0.01  # share of each filter's summed magnitude that may be dropped with its smallest bins


class Octave(NamedTuple):
    """One octave as a strided convolution onto the FFT bins its filters use, and the filters on those bins."""

    dft: NDArray[np.float64]  # (2 * bins, hop, blocks): cosines, then sines
    filters: NDArray[np.float64]  # (bins_per_octave, bins)
    lead: int  # blocks of the convolution before the one that starts at the centre of a frame


@lru_cache(maxsize=32)
def design_octaves(
    sample_rate: float, hop_length: int, f_min_hz: float, n_octaves: int, bins_per_octave: int, window_ratio: float
) -> tuple[Octave, ...]:
    """Design each octave on its own, as its FFT is as short as its lowest filter allows."""
    octaves = []
    for octave in range(n_octaves):
        centres_hz = f_min_hz * 2.0 ** (octave + np.arange(bins_per_octave) / bins_per_octave)
        filters, n_fft = _wavelet_spectra(sample_rate, hop_length, centres_hz)
        used = np.flatnonzero(filters.any(axis=0))
        dft, lead = _windowed_dft(n_fft, used, hop_length, window_ratio)
        octaves.append(Octave(dft, filters[:, used] / math.sqrt(n_fft), lead))
    return tuple(octaves)


def _wavelet_spectra(
    sample_rate: float, hop_length: int, centres_hz: NDArray[np.float64]
) -> tuple[NDArray[np.float64], int]:
    """Return the magnitude spectra (bins_per_octave, n_fft / 2 + 1) of constant-Q Hann wavelets, and n_fft."""
    step = 2.0 ** (2 / len(centres_hz))  # between the neighbours on either side of a bin
    lengths = (step + 1) / (step - 1) * sample_rate / centres_hz
    n_fft = 2 ** max(math.ceil(math.log2(lengths.max())), 1 + math.ceil(math.log2(hop_length)))
    spectra = np.empty((len(centres_hz), n_fft // 2 + 1))
    for row, length, centre_hz in zip(spectra, lengths, centres_hz, strict=True):
        time = np.arange(math.floor(-length / 2), math.floor(length / 2))
        window = _hann(len(time))
        wavelet = window / window.sum() * np.exp(2j * np.pi * centre_hz / sample_rate * time)
        row[:] = np.abs(np.fft.fft(wavelet, n_fft)[: n_fft // 2 + 1]) * length / n_fft
        ascending = np.sort(row)
        kept = np.cumsum(ascending / ascending.sum()) >= _DISCARDED
        row[row < ascending[kept.argmax()]] = 0
    return spectra, n_fft


def _windowed_dft(
    n_fft: int, bins: NDArray[np.int64], hop_length: int, window_ratio: float
) -> tuple[NDArray[np.float64], int]:
    """Return the taps of a DFT under a short centred window, cut into blocks of `hop_length`."""
    taps = max(round(window_ratio * n_fft), 2)
    first = (n_fft - taps) // 2 - n_fft // 2  # relative to the centre of the frame
    lead = -(first // hop_length)
    before = lead * hop_length + first
    blocks = -(-(before + taps) // hop_length)

    time = first + np.arange(taps)
    angle = 2 * np.pi / n_fft * (bins[:, None] * time % n_fft)
    dft = np.zeros((2, len(bins), blocks * hop_length))
    dft[..., before : before + taps] = _hann(taps) * np.stack([np.cos(angle), np.sin(angle)])
    return dft.reshape(-1, blocks, hop_length).transpose(0, 2, 1).copy(), lead


def _hann(size: int) -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi / size * np.arange(size))
