"""From activations to hits, and from hits to files."""

from ddsp_drums.events.files import read_midi, write_csv, write_midi
from ddsp_drums.events.note import Hit
from ddsp_drums.events.peaks import PeakPicker, pick_peaks

__all__ = ["Hit", "PeakPicker", "pick_peaks", "read_midi", "write_csv", "write_midi"]
