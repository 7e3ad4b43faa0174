"""One hit of one instrument."""

from typing import NamedTuple

__all__ = ["Hit"]


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
