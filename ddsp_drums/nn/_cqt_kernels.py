"""The constants of the pseudo-CQT, in float64."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_DISCARDED = 0.01  # share of each filter's summed magnitude that may be dropped with its smallest bins


class Octave(NamedTuple):
    """One octave: a DFT onto the FFT bins its filters use, every hop, and the filters on those bins.

    The DFT is either that of a whole window; or that of one hop, `blocks` of which are turned to one phase and summed,
    whereafter the Hann shape of the window follows from three neighbouring bins.
    """

    dft: NDArray[np.float64]  # (2 * bins, samples): cosines, then minus sines
    filters: NDArray[np.float64]  # (bins_per_octave, bins)
    lead: int  # samples of a window before the centre of its frame
    blocks: int  # in a window
    turns: NDArray[np.float64]  # (2, bins, period): the phase in which each bin starts each block; period 0: none


@lru_cache(maxsize=32)
def design_octaves(
    sample_rate: float, hop_length: int, f_min_hz: float, n_octaves: int, bins_per_octave: int, window_ratio: float
) -> tuple[Octave, ...]:
    """Design each octave on its own, as its FFT is as short as its lowest filter allows."""
    octaves = []
    for octave in range(n_octaves):
        centres_hz = f_min_hz * 2.0 ** (octave + np.arange(bins_per_octave) / bins_per_octave)
        filters, n_fft = wavelet_spectra(sample_rate, hop_length, centres_hz)
        filters /= math.sqrt(n_fft)
        used = np.flatnonzero(filters.any(axis=0))
        taps = max(round(window_ratio * n_fft), 2)
        blocks, rest = divmod(taps, hop_length)
        if rest == 0 and n_fft % taps == 0 and blocks >= 4 and blocks.bit_count() == 1:
            neighbour = n_fft // taps  # the bin one period a window away
            bins = np.arange(used[0] - neighbour, used[-1] + neighbour + 1)
            dft, turns = _dft(n_fft, bins, np.arange(hop_length)), _dft(n_fft, bins, np.arange(0, n_fft, hop_length))
            octaves.append(
                Octave(dft, filters[:, used[0] : used[-1] + 1], taps // 2, blocks, turns.reshape(2, len(bins), -1))
            )
        else:
            lead = n_fft // 2 - (n_fft - taps) // 2
            dft = _hann(taps) * _dft(n_fft, used, np.arange(taps) - lead)
            octaves.append(Octave(dft, filters[:, used], lead, 1, np.empty((2, len(used), 0))))
    return tuple(octaves)


def wavelet_spectra(
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


def _dft(n_fft: int, bins: NDArray[np.int64], time: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return cosines, then minus sines, of each bin at each sample, shape (2 * bins, samples)."""
    angle = 2 * np.pi / n_fft * (bins[:, None] * time % n_fft)
    return np.concatenate([np.cos(angle), -np.sin(angle)])


def _hann(size: int) -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi / size * np.arange(size))
