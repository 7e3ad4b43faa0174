"""Drums made from nothing: a differentiable synthesiser, the ranges of its settings, and kits drawn from them."""

from ddsp_drums.kits.procedural.kit import procedural_kit
from ddsp_drums.kits.procedural.synth import DrumVoice, drum_voice
from ddsp_drums.kits.procedural.voices import PRESETS, VOICES, Voice

__all__ = ["PRESETS", "VOICES", "DrumVoice", "Voice", "drum_voice", "procedural_kit"]
