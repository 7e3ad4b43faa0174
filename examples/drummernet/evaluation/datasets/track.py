"""A recording with its annotation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

__all__ = ["Note", "Track"]


class Note(NamedTuple):
    """A hit as it was annotated.

    Attributes:
        onset_s: Seconds from the beginning of the recording.
        label: An instrument of the toolkit, such as `"OHH"`, or one of the six classes where no more is known.
        velocity: MIDI velocity, 1 to 127; None where the data set has none.
    """

    onset_s: float
    label: str
    velocity: int | None = None


@dataclass(frozen=True)
class Track:
    """A recording and where its annotation is.

    Attributes:
        audio: The recording.
        annotations: The files that hold its notes: one, or one for each instrument.
        dataset: Name of the data set.
        split: The data set's own division that holds the track, such as `"test"`; None where it has none.
        labels: What labels mean that only this data set uses so, such as numbers: an instrument, or one of the six
            classes.
    """

    audio: Path
    annotations: tuple[Path, ...]
    dataset: str
    split: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """Name of the recording, without folder and suffix."""
        return self.audio.stem
