"""What was heard in a recording."""

from dataclasses import dataclass

from torch import Tensor

from ddsp_drums.events import Event, Hit

__all__ = ["Event", "Transcription"]


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
