"""Pieces played by another synthesizer, for scores: FluidSynth with a General MIDI soundfont."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ddsp_drums.events import Note
from mallets.performance import random_performance

__all__ = ["DAMPED", "PROGRAMS", "FluidSynthError", "pieces", "play"]

PROGRAMS = {"vibraphone": 12, "electric piano": 5, "marimba": 13, "xylophone": 14}  # General MIDI's, counted from 1
DAMPED = ("vibraphone", "electric piano")
"""Whose notes end when they are let go; bars of wood ring until they are done, also FluidSynth's."""

_SOUNDFONTS = ("FluidR3_GM.sf2", "default-GM.sf2", "TimGM6mb.sf2")
_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/opt/homebrew/share/fluid-synth/sf2")
_SIXTEENTH_S = 0.23
_PRELUDE = (  # the five notes of each bar
    "60 64 67 72 76, 60 62 69 74 77, 59 62 67 74 77, 60 64 67 72 76, 60 64 69 76 81, 60 62 66 69 74, 59 62 67 74 79, "
    "59 60 64 67 72, 57 60 64 67 72, 50 57 62 66 72, 55 59 62 67 71, 55 58 64 67 73, 53 57 62 69 74, 53 56 62 65 71, "
    "52 55 60 67 72"
)


class FluidSynthError(RuntimeError):
    """FluidSynth or a soundfont is missing or fails; the message says what to do."""


def pieces() -> Iterator[tuple[str, list[Note]]]:
    """Yield pieces by name: fifteen bars of Bach's first prelude, a fourth higher, and two made up at random."""
    notes = []
    for bar, chord in enumerate(_PRELUDE.split(", ")):
        first, second, *others = (int(pitch) + 5 for pitch in chord.split())
        for half in (0, 8):
            begin_s = (16 * bar + half) * _SIXTEENTH_S
            for place, pitch in enumerate([first, second, *others, *others]):
                lasts = {0: 8, 1: 7}.get(place, 1)
                velocity = 100 if place == 0 else 80
                notes.append(Note(begin_s + place * _SIXTEENTH_S, lasts * _SIXTEENTH_S, pitch, velocity))
    yield "prelude", notes
    for seed in (1, 2):
        yield f"random {seed}", _playable(random_performance(np.random.default_rng((2026, seed)), duration_s=30.0))


def _playable(notes: list[Note]) -> list[Note]:
    """End each note 30 ms before its pitch begins again, as a player must, and leave out what begins too soon."""
    kept: dict[int, list[Note]] = {}
    for note in notes:
        row = kept.setdefault(note.pitch, [])
        if row and note.onset_s - row[-1].onset_s < 0.1:
            continue
        if row:
            room_s = note.onset_s - row[-1].onset_s - 0.03
            row[-1] = row[-1]._replace(duration_s=min(row[-1].duration_s, room_s))
        row.append(note)
    return sorted(note for row in kept.values() for note in row)


def play(midi: Path, audio: Path, *, soundfont: Path | None = None) -> None:
    """Play a MIDI file into a WAV file by FluidSynth, with its reverberation.

    Raises:
        FluidSynthError: If FluidSynth or a soundfont is not installed, or it fails.
    """
    command = shutil.which("fluidsynth")
    known = [Path(folder, name) for name in _SOUNDFONTS for folder in _FOLDERS]
    sounds = soundfont or next((path for path in known if path.exists()), None)
    if not command or not sounds or not sounds.exists():
        missing = sounds or "a General MIDI soundfont" if command else "fluidsynth"
        raise FluidSynthError(
            f"{missing} is not installed; on Debian: apt-get install fluidsynth fluid-soundfont-gm "
            "(or timgm6mb-soundfont, which is small), elsewhere give a .sf2 file by --soundfont"
        )
    arguments = [command, "-ni", "-q", "-g", "0.6", "-r", "44100", "-F", str(audio), str(sounds), str(midi)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode or not audio.exists():
        raise FluidSynthError(f"fluidsynth cannot play {midi} on {sounds}: {done.stderr.strip() or done.returncode}")
