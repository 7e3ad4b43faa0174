"""Hits to and from MIDI and CSV files."""

import csv
import io
import itertools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from ddsp_drums._atomic import write_whole
from ddsp_drums.events.note import Hit
from ddsp_drums.kits import GM_NOTES, INSTRUMENTS

__all__ = ["CSV_HEADER", "read_midi", "write_csv", "write_midi"]

CSV_HEADER = ("onset_s", "class", "note", "velocity")
_NOTE = {instrument.id: instrument.gm_note for instrument in INSTRUMENTS}
_DRUM_CHANNEL = 9  # channel 10, counted from 0
_TICKS_PER_SECOND = 960  # 480 ticks a beat at 120 beats a minute
_LENGTH_TICKS = 48  # a drum has no end; 50 ms is what sequencers show well


def write_midi(path: str | Path, hits: Iterable[Hit]) -> None:
    """Write hits as a General MIDI drum track (channel 10, 480 ticks a beat, 120 beats a minute).

    Args:
        path: The file, written whole or not at all.
        hits: The hits, in any order.

    Raises:
        ValueError: If a hit has an unknown instrument, an onset below 0, or a velocity that is not 1 to 127.
        ImportError: If mido is not installed.

    Source:
        General MIDI 1 percussion key map.
    """
    import mido

    hits = _checked(hits)
    struck = {(_NOTE[hit.instrument], round(hit.onset_s * _TICKS_PER_SECOND)): hit.velocity for hit in hits}
    ordered = sorted(struck)
    changes = []  # (tick, 0 off or 1 on, note, velocity): at one tick, off comes first
    for (note, tick), (next_note, next_tick) in itertools.pairwise([*ordered, (-1, 0)]):
        end = tick + _LENGTH_TICKS
        changes.append((tick, 1, note, struck[note, tick]))
        changes.append((min(end, next_tick) if next_note == note else end, 0, note, 0))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="drums"), mido.MetaMessage("set_tempo", tempo=500_000)])
    now = 0
    for tick, on, note, velocity in sorted(changes):
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, channel=_DRUM_CHANNEL, note=note, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(type=0, ticks_per_beat=480, tracks=[track])
    buffer = io.BytesIO()
    file.save(file=buffer)
    write_whole(path, buffer.getvalue())


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
    """
    import mido

    try:
        file = mido.MidiFile(path, clip=True)
        struck, now = [], 0.0
        for message in file:
            now += message.time
            if message.type == "note_on" and message.velocity:
                struck.append((now, message))
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise ValueError(f"{path}: not readable as MIDI ({error})") from error
    if any(message.channel == _DRUM_CHANNEL for _, message in struck):
        struck = [(onset_s, message) for onset_s, message in struck if message.channel == _DRUM_CHANNEL]
    known = [(onset_s, message) for onset_s, message in struck if message.note in notes]
    return [Hit(onset_s, notes[message.note], message.velocity) for onset_s, message in known]


def write_csv(path: str | Path, hits: Iterable[Hit]) -> None:
    """Write hits as a table with the header `onset_s,class,note,velocity`.

    Args:
        path: The file, written whole or not at all.
        hits: The hits; each becomes a row, in order of time, onsets to a tenth of a millisecond.

    Raises:
        ValueError: As for `write_midi`.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for onset_s, instrument, velocity in _checked(hits):
        writer.writerow((f"{onset_s:.4f}", instrument, _NOTE[instrument], velocity))
    write_whole(path, buffer.getvalue().encode())


def _checked(hits: Iterable[Hit]) -> list[Hit]:
    ordered = sorted(hits)
    for hit in ordered:
        if hit.instrument not in _NOTE or not 0 <= hit.onset_s < math.inf or not 1 <= hit.velocity <= 127:
            raise ValueError(f"a hit must have onset_s >= 0, a known instrument and a velocity 1 to 127, got {hit}")
    return ordered
