"""Performances made up at random, as notes and as what the synthesizer and the network understand."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ddsp_drums.events import Note
from ddsp_drums.functional import damped_synthesis
from mallets.bars import HOP_LENGTH, PITCHES, SAMPLE_RATE, Bars

__all__ = ["RESOLUTION", "Rendered", "loudness", "perform", "random_performance"]

RESOLUTION = 4
_RANGE_DB = 30.0  # level between velocity 0 and 127


class Rendered(NamedTuple):
    """A performance as sound, and what is to be read from it.

    Attributes:
        audio: Audio (T,), peak at 1.
        played: Where notes begin, (K, N): 1, and a half beside it.
        velocity: How hard, (K, N) in [0, 1], where `played` is not zero.
        held: Whether a note is neither damped nor over, (K, N).
    """

    audio: Tensor
    played: Tensor
    velocity: Tensor
    held: Tensor


def random_performance(rng: np.random.Generator, *, duration_s: float) -> list[Note]:
    """Make up one to three voices, each with a pace, an articulation and a walk over the bars; chords among them."""
    notes = []
    for _ in range(rng.integers(1, 4)):
        gap_s, articulation = 10 ** rng.uniform(-0.9, -0.1), 10 ** rng.uniform(-0.5, 0.6)
        pitch, now_s = rng.integers(len(PITCHES)), rng.uniform(0, 0.5)
        while now_s < duration_s:
            for add in {0, *rng.integers(-12, 13, rng.choice([0, 0, 0, 1, 2, 3]))}:
                where = (pitch + add) % len(PITCHES)
                length_s = max(0.06, gap_s * articulation * rng.lognormal(0, 0.3))
                notes.append(Note(now_s, length_s, PITCHES[where], int(rng.integers(25, 128))))
            pitch = (pitch + round(rng.normal(0, 4))) % len(PITCHES)
            now_s += gap_s * rng.choice([0.5, 1, 1, 1, 2])
    return sorted(notes)


def loudness(velocity: Tensor) -> Tensor:
    """Amplitude of a velocity in [0, 1]."""
    return 10 ** (_RANGE_DB / 20 * (velocity - 1))


def perform(notes: Iterable[Note], bars: Bars, *, frames: int) -> Rendered:
    """Play notes on bars: a key that is no longer held is damped, if the instrument has a damper.

    Args:
        notes: What to play.
        bars: The instrument.
        frames: N; what begins later is not played.
    """
    struck, played, down, held = torch.zeros(4, len(PITCHES), frames)
    velocity = torch.zeros_like(struck)
    frame_s = HOP_LENGTH / SAMPLE_RATE
    for note in notes:
        row, first = note.pitch - PITCHES[0], round(note.onset_s / frame_s)
        if first >= frames:
            continue
        over_s = min(note.duration_s, float(bars.ring_s[row])) if bars.damper_db else float(bars.ring_s[row])
        struck[row, first] = 1
        down[row, first:] = 0
        down[row, first : round(note.end_s / frame_s) + 1] = 1
        held[row, first:] = 0
        held[row, first : round((note.onset_s + over_s) / frame_s) + 1] = 1
        beside = slice(max(first - 1, 0), first + 2)
        played[row, beside] = played[row, beside].clamp(min=0.5)
        played[row, first] = 1
        velocity[row, beside] = note.velocity / 127
    levels = loudness(velocity) * struck
    damping_db = bars.damper_db * (1 - down)
    audio = damped_synthesis(levels, damping_db, bars.templates, hop_length=HOP_LENGTH, resolution=RESOLUTION)
    return Rendered(audio / audio.abs().max().clamp(min=1e-6), played, velocity, held)
