"""Hits to and from Standard MIDI Files."""

import io
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ddsp_drums._atomic import write_whole
from ddsp_drums.events.note import Event, Hit, checked
from ddsp_drums.events.tempo import TempoMap
from ddsp_drums.kits import GM_NOTES, TAXONOMY, Taxonomy

__all__ = ["read_midi", "write_midi"]

_DRUM_CHANNEL = 9  # channel 10, counted from 0
_TICKS_PER_BEAT = 960
_META, _OFF, _ON = range(3)  # the order of what is at one tick
_LENGTH_TICKS = 96  # a drum has no end; 50 ms, at 120 beats a minute, is what sequencers show well


def write_midi(
    path: str | Path, hits: Iterable[Hit | Event], *, tempo: TempoMap | None = None, taxonomy: Taxonomy = TAXONOMY
) -> None:
    """Write hits as a General MIDI drum track: one track, channel 10, 960 ticks a beat.

    Whatever the tempo, hits sound at their own times, to half a tick; the tempo says where beats and bars are. Of two
    hits of one instrument at one tick the harder one is written, and a hit ends where its instrument's next begins.

    Args:
        path: The file, written whole or not at all.
        hits: The hits, in any order.
        tempo: Tempos and bars; 120 beats a minute and bars of four by default.
        taxonomy: Tells the note of each instrument.

    Raises:
        ValueError: If a hit has an unknown instrument, an onset below 0, or a velocity that is not 1 to 127.
        ImportError: If mido is not installed.

    Source:
        General MIDI 1 percussion key map.
    """
    import mido

    tempo = tempo or TempoMap.constant()
    struck: dict[tuple[int, int], int] = {}
    for onset_s, instrument, velocity in checked(hits, taxonomy):
        place = taxonomy.by_id[instrument].gm_note, round(tempo.beat(onset_s) * _TICKS_PER_BEAT)
        struck[place] = max(velocity, struck.get(place, 0))
    ordered = sorted(struck)
    changes = [(tick, _META, message) for tick, message in _tempo_messages(tempo)]
    for (note, tick), (next_note, next_tick) in itertools.pairwise([*ordered, (-1, 0)]):
        end = tick + _LENGTH_TICKS
        end = min(end, next_tick) if next_note == note else end
        on = mido.Message("note_on", channel=_DRUM_CHANNEL, note=note, velocity=struck[note, tick])
        changes.append((tick, _ON, on))
        changes.append((end, _OFF, mido.Message("note_off", channel=_DRUM_CHANNEL, note=note)))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="drums")])
    now = 0
    for tick, _, message in sorted(changes, key=lambda change: change[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    file = mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_BEAT, tracks=[track])
    buffer = io.BytesIO()
    file.save(file=buffer)
    write_whole(path, buffer.getvalue())


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
