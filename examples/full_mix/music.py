"""Accompaniment made from nothing: chords over a bass, held, plucked, sung or distorted."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ddsp_drums import decaying_partials

__all__ = ["FOREIGN", "LEARNED", "accompany"]

_CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 5, 7))  # semitones above the root
_ROOTS = (0, 2, 4, 5, 7, 9)  # degrees of a major scale
_RELEASE_S = 0.03
_Voice = Callable[[float, int, int, np.random.Generator], Tensor]


def accompany(
    rng: np.random.Generator, *, duration_s: float, sample_rate: int, players: Sequence[str] | None = None
) -> Tensor:
    """Make up music without drums: four chords, one a bar, that two to four players repeat.

    Args:
        rng: Source of every choice.
        duration_s: Seconds.
        sample_rate: Hz.
        players: Who may play, of `LEARNED` and `FOREIGN`; the learned ones by default.

    Returns:
        Audio (T,), T = `duration_s` times `sample_rate`, rounded, with a root mean square of 1.

    Example:
        >>> accompany(np.random.default_rng(0), duration_s=0.5, sample_rate=16000).shape
        torch.Size([8000])
    """
    names = LEARNED if players is None else tuple(players)
    audio = torch.zeros(round(duration_s * sample_rate))
    beat_s = 60 / rng.uniform(65, 160)
    key = 36 + rng.integers(12)
    chords = [(int(rng.choice(_ROOTS)), _CHORDS[rng.integers(len(_CHORDS))]) for _ in range(4)]
    chosen = rng.choice(names, size=rng.integers(2, len(names) + 1), replace=False)
    for name in chosen:
        voice, octave, per_beat, together = _PLAYERS[name]
        steps = round(4 * per_beat)
        pattern = rng.random(steps) < rng.uniform(0.4, 1)
        pattern[0] = True
        gain, late_s = 10 ** (rng.uniform(-9, 3) / 20), rng.normal(0, 0.01)
        for bar in range(int(duration_s / (4 * beat_s)) + 1):
            root, chord = chords[bar % 4]
            for step in np.flatnonzero(pattern):
                start = round(((4 * bar + step / per_beat) * beat_s + abs(late_s)) * sample_rate)
                length = min(round(beat_s / per_beat * rng.uniform(0.7, 1.1) * sample_rate), len(audio) - start)
                if length < _RELEASE_S * sample_rate:
                    continue
                tones = chord if together else [rng.choice(chord)] if octave else chord[:1]
                for tone in tones:
                    hz = 440 * 2 ** ((key + root + tone + 12 * octave - 69) / 12)
                    note = voice(hz, length, sample_rate, rng)
                    fade = round(_RELEASE_S * sample_rate)
                    note[-fade:] *= torch.linspace(1, 0, fade)
                    audio[start : start + length] += gain / len(tones) ** 0.5 * note
    return audio / audio.square().mean().sqrt().clamp(min=1e-6)


def _harmonics(hz: float, n_samples: int, sample_rate: int, *, decay_s: float, tilt: float, damping: float) -> Tensor:
    """Play harmonics, weaker by their number to the power `tilt`, and shorter by it to the power `damping`."""
    number = torch.arange(1.0, 1 + min(20, int(0.45 * sample_rate / hz)))
    phase = number.square()  # spreads the energy over a period
    options = {"sample_rate": sample_rate, "n_samples": n_samples}
    return decaying_partials(number * hz, decay_s / number**damping, number**-tilt, phase, **options)


def _bass(hz: float, n_samples: int, sample_rate: int, rng: np.random.Generator) -> Tensor:
    note = _harmonics(hz, n_samples, sample_rate, decay_s=1.5, tilt=rng.uniform(1, 2), damping=0.7)
    return note * _attack(0.005, n_samples, sample_rate)


def _pad(hz: float, n_samples: int, sample_rate: int, rng: np.random.Generator) -> Tensor:
    tuned = (hz * 2 ** (cents / 1200) for cents in rng.normal(0, 6, 2))
    notes = [
        _harmonics(each, n_samples, sample_rate, decay_s=20, tilt=rng.uniform(0.8, 2), damping=0) for each in tuned
    ]
    return (notes[0] + notes[1]) * _attack(rng.uniform(0.01, 0.2), n_samples, sample_rate)


def _pluck(hz: float, n_samples: int, sample_rate: int, rng: np.random.Generator) -> Tensor:
    tilt, decay_s = rng.uniform(0.5, 1.5), rng.uniform(0.2, 1.5)
    return 1.5 * _harmonics(hz, n_samples, sample_rate, decay_s=decay_s, tilt=tilt, damping=1)


def _voice(hz: float, n_samples: int, sample_rate: int, rng: np.random.Generator) -> Tensor:
    time_s = torch.arange(n_samples) / sample_rate
    vibrato = 1 + 0.012 * torch.sin(2 * torch.pi * rng.uniform(4.5, 6.5) * time_s)
    turns = torch.cumsum(hz * vibrato / sample_rate, 0)
    number = torch.arange(1.0, 1 + min(30, int(0.45 * sample_rate / hz)))[:, None]
    formants = torch.tensor([[[rng.uniform(300, 800)]], [[rng.uniform(900, 2200)]], [[2900.0]]])
    level = (0.1 + (-((number * hz - formants) / 200).square()).exp().sum(0)) / number**0.5
    breath = 0.02 * torch.from_numpy(rng.standard_normal(n_samples, dtype=np.float32))
    return ((level * torch.sin(2 * torch.pi * number * turns)).sum(0) + breath) * _attack(0.06, n_samples, sample_rate)


def _guitar(hz: float, n_samples: int, sample_rate: int, rng: np.random.Generator) -> Tensor:
    strings = [
        _harmonics(each, n_samples, sample_rate, decay_s=3, tilt=1, damping=0.7) for each in (hz, 1.498 * hz, 2 * hz)
    ]
    return torch.tanh(rng.uniform(3, 15) * (strings[0] + strings[1] + strings[2]))


def _attack(attack_s: float, n_samples: int, sample_rate: int) -> Tensor:
    return -torch.expm1(-torch.arange(n_samples) / (attack_s * sample_rate))


# Sound, octave above the key, notes a beat, and whether all tones of the chord sound together.
_PLAYERS: dict[str, tuple[_Voice, int, float, bool]] = {
    "bass": (_bass, 0, 2, False),
    "pad": (_pad, 1, 0.25, True),
    "pluck": (_pluck, 2, 2, False),
    "strum": (_pluck, 1, 1, True),
    "low guitar": (_guitar, 0, 1, False),
    "voice": (_voice, 1, 1, False),
    "guitar": (_guitar, 1, 2, False),
}

LEARNED = ("bass", "pad", "pluck", "strum")
"""Who plays while the network learns."""

FOREIGN = ("low guitar", "voice", "guitar")
"""Who plays while it is scored: sounds that it never heard."""
