"""What was heard in a recording."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from ddsp_drums.events import Hit

__all__ = ["Event", "Transcription"]


class Event(NamedTuple):
    """A hit, and how sure it is.

    Attributes:
        onset_s: Seconds from the beginning, zero or more.
        instrument: Identifier of the taxonomy, such as `"KD"`.
        velocity: MIDI velocity, 1 to 127.
        confidence: Height of the peak that was picked, in [0, 1]. It ranks hits; it is not the chance of being right.
    """

    onset_s: float
    instrument: str
    velocity: int
    confidence: float

    @property
    def hit(self) -> Hit:
        """The same without its confidence."""
        return Hit(*self[:3])


@dataclass(frozen=True, eq=False)
class Transcription:
    """What was heard.

    Attributes:
        events: In order of time.
        activations: Probability of each instrument, (K, N) in [0, 1].
        instruments: The K instruments.
        frame_rate_hz: Frames a second.
        duration_s: Length of the audio in seconds.
    """

    events: tuple[Event, ...]
    activations: Tensor
    instruments: tuple[str, ...]
    frame_rate_hz: float
    duration_s: float

    @property
    def hits(self) -> list[Hit]:
        """The events without their confidence."""
        return [event.hit for event in self.events]
