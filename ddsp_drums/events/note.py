"""One hit of one instrument, as it was played and as it was heard; and one note, which has a pitch and an end."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from ddsp_drums.kits import Taxonomy

__all__ = ["Event", "Hit", "Note"]


class Hit(NamedTuple):
    """A hit: when, what, how hard.

    Attributes:
        onset_s: Seconds from the beginning, zero or more.
        instrument: Identifier of the taxonomy, such as `"KD"`.
        velocity: MIDI velocity, 1 to 127.

    Example:
        >>> Hit(0.5, "KD", 100).instrument
        'KD'
    """

    onset_s: float
    instrument: str
    velocity: int


class Event(NamedTuple):
    """A hit that was heard, and how sure it is.

    Attributes:
        onset_s: Seconds from the beginning, zero or more.
        instrument: Identifier of the taxonomy, such as `"KD"`.
        velocity: MIDI velocity, 1 to 127.
        confidence: Height of the peak that was picked, in [0, 1]. It ranks hits; it is not the chance of being right.

    Example:
        >>> Event(0.5, "KD", 100, 0.9).hit
        Hit(onset_s=0.5, instrument='KD', velocity=100)
    """

    onset_s: float
    instrument: str
    velocity: int
    confidence: float

    @property
    def hit(self) -> Hit:
        """The same without its confidence."""
        return Hit(*self[:3])


class Note(NamedTuple):
    """A note of an instrument with pitches: when, how long, which, how hard.

    Attributes:
        onset_s: Seconds from the beginning, zero or more.
        duration_s: Seconds until it is damped, greater than zero.
        pitch: MIDI note number, 0 to 127; 69 is A4, 440 Hz.
        velocity: MIDI velocity, 1 to 127.

    Example:
        >>> Note(0.5, 0.25, 69, 100).end_s
        0.75
    """

    onset_s: float
    duration_s: float
    pitch: int
    velocity: int

    @property
    def end_s(self) -> float:
        """When it is damped, in seconds from the beginning."""
        return self.onset_s + self.duration_s


def checked(hits: Iterable[Hit | Event], taxonomy: Taxonomy) -> list[Hit | Event]:
    """Sort hits, and raise ValueError where one cannot be written."""
    ordered = sorted(hits)
    for hit in ordered:
        onset_s, instrument, velocity, *_ = hit
        if instrument not in taxonomy.by_id or not 0 <= onset_s < math.inf or not 1 <= velocity <= 127:
            raise ValueError(f"a hit must have onset_s >= 0, a known instrument and a velocity 1 to 127, got {hit}")
    return ordered


def checked_notes(notes: Iterable[Note]) -> list[Note]:
    """Sort notes, and raise ValueError where one cannot be written."""
    ordered = sorted(notes)
    for note in ordered:
        within = 0 <= note.onset_s < math.inf and 0 < note.duration_s < math.inf
        if not within or not 0 <= note.pitch <= 127 or not 1 <= note.velocity <= 127:
            raise ValueError(
                f"a note must have onset_s >= 0, duration_s > 0, a pitch 0 to 127 and a velocity 1 to 127, got {note}"
            )
    return ordered
