"""One hit of one instrument, as it was played and as it was heard."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from ddsp_drums.kits import Taxonomy

__all__ = ["Event", "Hit"]


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


def checked(hits: Iterable[Hit | Event], taxonomy: Taxonomy) -> list[Hit]:
    """Sort hits, and raise ValueError where one cannot be written."""
    ordered = sorted(Hit(*hit[:3]) for hit in hits)
    for hit in ordered:
        known = hit.instrument in taxonomy.by_id
        if not known or not 0 <= hit.onset_s < math.inf or not 1 <= hit.velocity <= 127:
            raise ValueError(f"a hit must have onset_s >= 0, a known instrument and a velocity 1 to 127, got {hit}")
    return ordered
