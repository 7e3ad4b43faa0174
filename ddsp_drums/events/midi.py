"""Hits and notes to and from Standard MIDI Files."""

import heapq
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ddsp_drums._atomic import write_whole
from ddsp_drums.events.note import Event, Hit, Note, check, check_note
from ddsp_drums.events.tempo import TempoMap
from ddsp_drums.kits import GM_NOTES, TAXONOMY, Taxonomy

__all__ = ["read_midi", "read_notes", "write_midi"]

_DRUM_CHANNEL = 9  # channel 10, counted from 0
_TICKS_PER_BEAT = 960
_META, _OFF, _ON = range(3)  # the order of what is at one tick
_LENGTH_TICKS = 96  # a drum has no end; 50 ms, at 120 beats a minute, is what sequencers show well


def write_midi(
    path: str | Path,
    notes: Iterable[Hit | Event | Note],
    *,
    tempo: TempoMap | None = None,
    program: int = 1,
    taxonomy: Taxonomy = TAXONOMY,
) -> None:
    """Write hits as General MIDI drums on channel 10, and notes on channel 1: one track, 960 ticks a beat.

    Whatever the tempo, all sound at their own times, to half a tick; the tempo says where beats and bars are. Of two
    at one tick and pitch the harder one is written, and each ends where the next of its pitch begins.

    Args:
        path: The file, written whole or not at all.
        notes: Hits, notes with a pitch and a duration, or both, in any order.
        tempo: Tempos and bars; 120 beats a minute and bars of four by default.
        program: General MIDI's instrument of the notes, 1 to 128: 1 is a piano, 12 a vibraphone.
        taxonomy: Tells the note of each instrument.

    Raises:
        ValueError: If a hit has an unknown instrument, an onset below 0, or a velocity that is not 1 to 127; likewise a
            note, or one with a pitch that is not 0 to 127 or a duration that is not above 0; or `program` is none.
        ImportError: If mido is not installed.

    Source:
        General MIDI 1 sound set and percussion key map.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        ...     write_midi(file.name, [Hit(0.0, "KD", 100), Hit(0.5, "SD", 90)], tempo=TempoMap.constant(90))
        ...     [hit.instrument for hit in read_midi(file.name)]
        ['KD', 'SD']
    """
    import mido

    if program not in range(1, 129):
        raise ValueError(f"program must be a whole number from 1 to 128, got {program}")
    tempo = tempo or TempoMap.constant()

    def tick(time_s: float) -> int:
        return round(tempo.beat(time_s) * _TICKS_PER_BEAT)

    def strikes() -> Iterator[tuple[int, ...]]:
        for note in notes:
            if isinstance(note, Note):
                check_note(note)
                begin = tick(note.onset_s)
                yield 0, note.pitch, begin, note.velocity, max(begin + 1, tick(note.end_s))
            else:
                check(note, taxonomy)
                begin = tick(note.onset_s)
                known = taxonomy.by_id[note.instrument]
                yield _DRUM_CHANNEL, known.gm_note, begin, note.velocity, begin + _LENGTH_TICKS

    struck = np.fromiter(itertools.chain.from_iterable(strikes()), np.int64).reshape(-1, 5)
    pitched = (struck[:, 0] != _DRUM_CHANNEL).any()
    name = mido.MetaMessage("track_name", name="notes" if pitched else "drums")
    about = [(0, _META, name), *((at, _META, message) for at, message in _tempo_messages(tempo))]
    if pitched:
        about.append((0, _META, mido.Message("program_change", program=program - 1)))
    track = _messages_at(heapq.merge(sorted(about, key=_order), _changes(struck), key=_order))
    file = mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_BEAT, tracks=[track])
    buffer = io.BytesIO()
    file.save(file=buffer)
    write_whole(path, buffer.getvalue())


def _order(change: tuple[Any, ...]) -> tuple[int, int]:
    tick, kind, *_ = change
    return tick, kind


def _changes(struck: NDArray[np.int64]) -> Iterator[tuple[int, ...]]:
    """Tell in order where notes begin and end; rows are channel, pitch, tick, velocity and end, as hours have many."""
    struck = struck[np.lexsort(struck.T[::-1])]
    hardest = np.ones(len(struck), bool)
    hardest[:-1] = (struck[1:, :3] != struck[:-1, :3]).any(1)
    struck = struck[hardest]
    again = (struck[1:, :2] == struck[:-1, :2]).all(1)
    struck[:-1][again, 4] = np.minimum(struck[:-1, 4], struck[1:, 2])[again]
    kinds = np.repeat((_ON, _OFF), len(struck))
    for number in np.lexsort((kinds, struck[:, [2, 4]].T.ravel())):
        channel, pitch, begin, velocity, end = struck[number % len(struck)].tolist()
        yield (begin, _ON, channel, pitch, velocity) if number < len(struck) else (end, _OFF, channel, pitch)


def _messages_at(changes: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Make messages one by one, as each is written."""
    import mido

    now = 0
    for at, kind, *what in changes:
        if kind == _META:
            [message] = what
        elif kind == _ON:
            channel, pitch, velocity = what
            message = mido.Message("note_on", True, channel=channel, note=pitch, velocity=velocity)
        else:
            channel, pitch = what
            message = mido.Message("note_off", True, channel=channel, note=pitch)
        message.time = at - now
        yield message
        now = at


def _tempo_messages(tempo: TempoMap) -> list[tuple[int, Any]]:
    """Tempos and time signatures, each with its tick."""
    import mido

    bars = mido.MetaMessage("time_signature", numerator=tempo.beats_per_bar, denominator=4)
    messages = [(round(tempo.pickup / 4 * _TICKS_PER_BEAT), bars)]
    if tempo.pickup:
        messages.insert(0, (0, mido.MetaMessage("time_signature", numerator=tempo.pickup, denominator=16)))
    for beat, tempo_us in zip(tempo.beats, tempo.tempos_us, strict=True):
        messages.append((round(beat * _TICKS_PER_BEAT), mido.MetaMessage("set_tempo", tempo=tempo_us)))
    return messages


def read_midi(path: str | Path, *, notes: Mapping[int, str] = GM_NOTES) -> list[Hit]:
    """Read the drum hits of a MIDI file.

    Args:
        path: A Standard MIDI File.
        notes: Instrument of each note number; other notes are left out.

    Returns:
        Hits in order of time. Tempo changes are followed. Where channel 10, General MIDI's drums, has notes, those of
        other channels are left out.

    Raises:
        ValueError: If the file is missing or is no MIDI file; the message names it.
        ImportError: If mido is not installed.

    Source:
        Standard MIDI Files 1.0 (RP-001), MIDI Manufacturers Association, 1996, as mido reads them.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        ...     write_midi(file.name, [Hit(0.5, "KD", 100)])
        ...     read_midi(file.name)
        [Hit(onset_s=0.5, instrument='KD', velocity=100)]
    """
    struck = [(onset_s, message) for onset_s, message in _messages(path) if _strikes(message)]
    if any(message.channel == _DRUM_CHANNEL for _, message in struck):
        struck = [(onset_s, message) for onset_s, message in struck if message.channel == _DRUM_CHANNEL]
    known = [(onset_s, message) for onset_s, message in struck if message.note in notes]
    return [Hit(onset_s, notes[message.note], message.velocity) for onset_s, message in known]


def read_notes(path: str | Path) -> list[Note]:
    """Read the notes of a MIDI file, with pitch and duration.

    Args:
        path: A Standard MIDI File.

    Returns:
        Notes of all channels but General MIDI's drums, in order of time. Tempo changes are followed. A note ends where
        it is ended, where its key is struck again, or with the file; the sustain pedal is not heard.

    Raises:
        ValueError: If the file is missing or is no MIDI file; the message names it.
        ImportError: If mido is not installed.

    Source:
        As of :func:`read_midi`.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        ...     write_midi(file.name, [Note(0.5, 0.25, 69, 100)])
        ...     read_notes(file.name)
        [Note(onset_s=0.5, duration_s=0.25, pitch=69, velocity=100)]
    """
    held: dict[tuple[int, int], tuple[float, int]] = {}  # onset and velocity, by channel and pitch
    notes = []
    now = 0.0

    def end(key: tuple[int, int]) -> None:
        onset_s, velocity = held.pop(key, (now, 0))
        if now > onset_s:
            notes.append(Note(onset_s, now - onset_s, key[1], velocity))

    for now, message in _messages(path):
        if message.type in ("note_on", "note_off") and message.channel != _DRUM_CHANNEL:
            end((message.channel, message.note))
            if _strikes(message):
                held[message.channel, message.note] = now, message.velocity
    for key in list(held):
        end(key)
    return sorted(notes)


def _strikes(message: Any) -> bool:
    return message.type == "note_on" and message.velocity > 0


def _messages(path: str | Path) -> list[tuple[float, Any]]:
    """Read all that a MIDI file says, each with its time in seconds."""
    import mido

    messages, now = [], 0.0
    try:
        for message in mido.MidiFile(path, clip=True):
            now += message.time
            messages.append((now, message))
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise ValueError(f"{path}: not readable as MIDI ({str(error) or 'it ends too early'})") from error
    return messages
