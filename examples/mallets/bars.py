"""Instruments made of struck bars, drawn at random by formula."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ddsp_drums.nn import DecayingPartials, FilteredNoise, StrikeEnvelope

__all__ = ["HOP_LENGTH", "PITCHES", "SAMPLE_RATE", "Bars", "random_bars"]

SAMPLE_RATE = 16_000
HOP_LENGTH = 256
PITCHES = range(53, 90)  # F3 to F6, a vibraphone's three octaves
_N_SAMPLES = 3 * SAMPLE_RATE
_UNHEARD_DB = 35.0  # below its beginning a note counts as over
_MODES = [(1, 4, 10, 16), (1, 3, 6, 10), (1, 2.76, 5.4, 8.93), (1, 2, 3, 4)]  # undercut bars, a plain one, a string
_partials = DecayingPartials(sample_rate=SAMPLE_RATE, n_samples=_N_SAMPLES)
_envelope = StrikeEnvelope(sample_rate=SAMPLE_RATE, n_samples=_N_SAMPLES)


class Bars(NamedTuple):
    """An instrument.

    Attributes:
        templates: One undamped note a pitch, (K, L), peaks at 1.
        ring_s: Seconds until each is too soft to hear, (K,).
        damper_db: What a damper takes from a note in each frame; 0 where there is none.
    """

    templates: Tensor
    ring_s: Tensor
    damper_db: float


def random_bars(rng: np.random.Generator) -> Bars:
    """Draw an instrument: tuning of the modes, how loud and long each is, the mallet's click, tremolo, damper.

    Source:
        Fletcher and Rossing, "The Physics of Musical Instruments", 1998, chapter 19: modes of tuned bars.
    """
    octave = torch.tensor([(pitch - 69) / 12 for pitch in PITCHES])[:, None]  # (K, 1), from A4
    modes = np.array(_MODES[rng.integers(len(_MODES))]) * np.exp(rng.normal(0, 0.02, 4))
    ratio = torch.tensor([1.0, *(modes[1:] / modes[0])])
    frequency_hz = 440 * 2 ** (octave + rng.normal(0, 0.07) / 12) * ratio.float()  # (K, P)
    decay_s = 10 ** rng.uniform(-0.9, 0.3) * 2 ** (-octave * rng.uniform(0, 1)) * ratio ** -rng.uniform(0.3, 1.5)
    gain_db = torch.tensor([0.0, *rng.uniform(-45, -6, 3)]) + octave * torch.tensor([0.0, *rng.uniform(-8, 0, 3)])
    partials = _partials(frequency_hz, decay_s.float(), _gain(gain_db), torch.zeros(1))
    band_hz = torch.tensor([10 ** rng.uniform(1.7, 2.7), 10 ** rng.uniform(2.7, 3.8), -3.0])
    click = FilteredNoise(sample_rate=SAMPLE_RATE, n_samples=_N_SAMPLES, seed=int(rng.integers(1 << 30)))(*band_hz)
    strike = torch.tensor([0.0, 10 ** rng.uniform(-4, -2.7), 10 ** rng.uniform(-2.7, -1.8)])
    click = click * _envelope(*strike) * _gain(torch.tensor(rng.uniform(-45, -12)))
    templates = partials + click
    if rng.random() < 0.3:
        turn = 2 * np.pi * rng.uniform(3, 8) / SAMPLE_RATE * torch.arange(_N_SAMPLES)
        templates = templates * (1 - rng.uniform(0, 0.3) * (1 - turn.cos()))
    ring_s = decay_s[:, 0] * _UNHEARD_DB * np.log(10) / 20
    damper_db = 0.0 if rng.random() < 0.2 else 60 * HOP_LENGTH / SAMPLE_RATE / 10 ** rng.uniform(-1.3, 0)
    return Bars((templates / templates.abs().amax(-1, keepdim=True)).float(), ring_s.float(), damper_db)


def _gain(gain_db: Tensor) -> Tensor:
    return torch.pow(10.0, gain_db.float() / 20)
