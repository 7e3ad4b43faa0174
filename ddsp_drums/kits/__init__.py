"""Drum kits as tensors, and the classes of drum sounds."""

from ddsp_drums.kits.kit import Drum, Kit, KitError, random_templates
from ddsp_drums.kits.load import load_kit
from ddsp_drums.kits.names import classify
from ddsp_drums.kits.procedural import PRESETS, VOICES, DrumVoice, Voice, drum_voice, procedural_kit
from ddsp_drums.kits.render import render, stream_render
from ddsp_drums.kits.spectra import spectral_templates
from ddsp_drums.kits.taxonomy import (
    BY_ID,
    GM_NOTES,
    GROOVE_NOTES,
    INSTRUMENTS,
    MDB_SUBCLASSES,
    PUBLISHED_11,
    SIX,
    TAXONOMY,
    THREE,
    Instrument,
    Taxonomy,
    load_taxonomy,
)

__all__ = [
    "BY_ID",
    "GM_NOTES",
    "GROOVE_NOTES",
    "INSTRUMENTS",
    "MDB_SUBCLASSES",
    "PRESETS",
    "PUBLISHED_11",
    "SIX",
    "TAXONOMY",
    "THREE",
    "VOICES",
    "Drum",
    "DrumVoice",
    "Instrument",
    "Kit",
    "KitError",
    "Taxonomy",
    "Voice",
    "classify",
    "drum_voice",
    "load_kit",
    "load_taxonomy",
    "procedural_kit",
    "random_templates",
    "render",
    "spectral_templates",
    "stream_render",
]
