"""From activations to hits, from hits to beats and to files."""

from ddsp_drums.events.beats import estimate_tempo
from ddsp_drums.events.files import hits_as_json, write_csv, write_jams, write_json
from ddsp_drums.events.midi import read_midi, read_notes, write_midi
from ddsp_drums.events.note import Event, Events, Hit, Note
from ddsp_drums.events.peaks import PeakPicker, Peaks, find_peaks, pick_peaks
from ddsp_drums.events.quantise import quantise
from ddsp_drums.events.tempo import TempoMap

__all__ = [
    "Event",
    "Events",
    "Hit",
    "Note",
    "PeakPicker",
    "Peaks",
    "TempoMap",
    "estimate_tempo",
    "find_peaks",
    "hits_as_json",
    "pick_peaks",
    "quantise",
    "read_midi",
    "read_notes",
    "write_csv",
    "write_jams",
    "write_json",
    "write_midi",
]
