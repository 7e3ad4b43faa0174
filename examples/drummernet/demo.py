"""A loop of the project's own: four bars played on the procedural kit."""

from pathlib import Path

import numpy as np

from ddsp_drums.audio import write_audio
from ddsp_drums.events import Hit
from ddsp_drums.kits import procedural_kit, render

__all__ = ["demo_hits", "write_demo_loop"]

_BPM = 104
_STEPS = 16  # a bar, in sixteenths; upper case is loud, lower case soft
_GROOVE = {
    "CHH": "x.x.x.x.x.x.x.x.",
    "KD": "X......X..X.....",
    "SD": "....X..s.s..X..s",
}
_LAST_BAR = {
    "CHH": "x.x.x.x.........",
    "OHH": "......x.........",
    "KD": "X......X........",
    "SD": "....X...Xx......",
    "HT": "..........Xx....",
    "MT": "............Xx..",
    "FT": "..............XX",
}
_VELOCITY = {"X": 118, "x": 84, "s": 40}


def demo_hits() -> list[Hit]:
    """Return what the loop plays: three bars of a groove, a fill, and a crash."""
    rng = np.random.default_rng(7)
    step_s = 60 / _BPM / 4
    hits = [Hit(4 * _STEPS * step_s, "CR", 115), Hit(4 * _STEPS * step_s, "KD", 118)]
    for bar, pattern in enumerate([_GROOVE, _GROOVE, _GROOVE, _LAST_BAR]):
        for name, steps in pattern.items():
            for step, mark in enumerate(steps):
                if mark in _VELOCITY:
                    onset_s = (bar * _STEPS + step) * step_s + rng.normal(0, 0.003)
                    hits.append(Hit(max(onset_s, 0.0), name, int(_VELOCITY[mark] + rng.integers(-6, 7))))
    return sorted(hits)


def write_demo_loop(path: str | Path) -> None:
    """Render the loop to a file.

    Args:
        path: The file, as for `write_audio`.
    """
    kit = procedural_kit(sample_rate=44100)
    audio = render(demo_hits(), kit, duration_s=11.0)
    write_audio(path, 0.9 * audio / audio.abs().max(), sample_rate=kit.sample_rate)
