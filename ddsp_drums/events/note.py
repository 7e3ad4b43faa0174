"""One hit of one instrument, as it was played and as it was heard; and one note, which has a pitch and an end."""

import itertools
import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar, overload

from ddsp_drums.kits import Taxonomy

__all__ = ["Event", "Events", "Hit", "Note"]


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


class Events(Sequence[Event]):
    """Events in order of time, in 18 bytes each where a tuple of them takes 150: a day of drums has half a million.

    It is read like a tuple, and compared with any sequence; events are made as they are asked for. `list` makes what
    JSON can hold.

    Args:
        events: What it begins with.

    Raises:
        ValueError: If one comes before the one before it.

    Example:
        >>> events = Events([Event(0.5, "KD", 100, 0.9)])
        >>> events.extend([Event(1.0, "SD", 90, 0.8)])
        >>> len(events), events[-1].instrument, events == (Event(0.5, "KD", 100, 0.9), Event(1.0, "SD", 90, 0.8))
        (2, 'SD', True)
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._names: list[str] = []
        self._onsets_s, self._confidences = array("d"), array("d")
        self._instruments, self._velocities = array("B"), array("B")
        self.extend(events)

    def extend(self, events: Iterable[Event]) -> None:
        """Add events, all or none.

        Raises:
            ValueError: If one comes before the one before it.
        """
        last = self[-1] if self else None
        onsets_s, confidences, instruments, velocities = array("d"), array("d"), array("B"), array("B")
        for event in events:
            if (last and not last <= event) or math.isnan(event.onset_s):
                raise ValueError(f"events must be in order of time, got {event} after {last}")
            last = event
            if event.instrument not in self._names:
                self._names.append(event.instrument)
            onsets_s.append(event.onset_s)
            confidences.append(event.confidence)
            instruments.append(self._names.index(event.instrument))
            velocities.append(event.velocity)
        self._onsets_s += onsets_s
        self._confidences += confidences
        self._instruments += instruments
        self._velocities += velocities

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        if isinstance(index, slice):
            return tuple(map(self.__getitem__, range(len(self))[index]))
        name = self._names[self._instruments[index]]
        return Event(self._onsets_s[index], name, self._velocities[index], self._confidences[index])

    def __iter__(self) -> Iterator[Event]:
        names = map(self._names.__getitem__, self._instruments)
        return map(Event, self._onsets_s, names, self._velocities, self._confidences)

    def __len__(self) -> int:
        return len(self._onsets_s)

    def __copy__(self) -> "Events":
        return Events(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return len(self) == len(other) and all(own == its for own, its in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"Events({list(self)})"


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


Struck = TypeVar("Struck", Hit, Event, Hit | Event)


def in_order(hits: Iterable[Struck]) -> Sequence[Struck]:
    """Sort hits, unless they are a sequence that is in order: hours need not stand in memory twice."""
    if isinstance(hits, Sequence) and all(before <= after for before, after in itertools.pairwise(hits)):
        return hits
    return sorted(hits)


def checked(hits: Iterable[Struck], taxonomy: Taxonomy) -> Sequence[Struck]:
    """Sort hits, and raise ValueError where one cannot be written."""
    ordered = in_order(hits)
    for hit in ordered:
        check(hit, taxonomy)
    return ordered


def check(hit: Hit | Event, taxonomy: Taxonomy) -> None:
    """Raise ValueError if a hit cannot be written."""
    onset_s, instrument, velocity, *_ = hit
    if instrument not in taxonomy.by_id or not 0 <= onset_s < math.inf or not 1 <= velocity <= 127:
        raise ValueError(f"a hit must have onset_s >= 0, a known instrument and a velocity 1 to 127, got {hit}")


def check_note(note: Note) -> None:
    """Raise ValueError if a note cannot be written."""
    within = 0 <= note.onset_s < math.inf and 0 < note.duration_s < math.inf
    if not within or not 0 <= note.pitch <= 127 or not 1 <= note.velocity <= 127:
        raise ValueError(
            f"a note must have onset_s >= 0, duration_s > 0, a pitch 0 to 127 and a velocity 1 to 127, got {note}"
        )
