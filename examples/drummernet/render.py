"""A MIDI file as audio, played on any kit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from ddsp_drums.audio import write_audio
from ddsp_drums.events import Hit, read_midi
from ddsp_drums.kits import TAXONOMY, Kit, Taxonomy, render

__all__ = ["MAX_HIT_S", "Played", "drum_notes", "play", "read_notes", "write_normalised"]

MAX_HIT_S = 6.0
"""Seconds after which a one-shot is cut: what a crash rings."""

_PEAK = 10 ** (-1 / 20)  # -1 dB of full scale


@dataclass(frozen=True)
class Played:
    """What was played, and what could not be.

    Attributes:
        audio: Audio (T,), at the kit's own level.
        hits: Number of hits played.
        left_out: Number of hits that were not, of each class that the kit lacks and each note without a class.
    """

    audio: Tensor
    hits: int
    left_out: Mapping[str, int]


def drum_notes(taxonomy: Taxonomy = TAXONOMY) -> dict[int, str]:
    """Tell the class of each MIDI note: General MIDI's, and where it has none, those of electronic kits."""
    return {**taxonomy.groove_notes, **taxonomy.gm_notes}


def read_notes(path: str | Path, *, taxonomy: Taxonomy = TAXONOMY) -> list[Hit]:
    """Read every drum note of a MIDI file; one that has no class is called `note 56` and so on.

    Args:
        path: A Standard MIDI File.
        taxonomy: Tells the class of each note, see :func:`drum_notes`.

    Returns:
        Hits in order of time, at least one.

    Raises:
        ValueError: If the file is no MIDI file, or has no note.
    """
    known = drum_notes(taxonomy)
    hits = read_midi(path, notes={note: known.get(note, f"note {note}") for note in range(128)})
    if not hits:
        raise ValueError(f"{path}: has no note to play")
    return hits


def play(hits: Sequence[Hit], kit: Kit, *, rng: np.random.Generator | None = None) -> Played:
    """Play hits on a kit, as far as it has the sounds.

    Args:
        hits: What to play.
        kit: The sounds.
        rng: Draws drums and alternates, see :func:`ddsp_drums.kits.render`; without it the first drum of each class
            plays.

    Returns:
        The audio, which ends when the last sound has rung, and what was left out.

    Raises:
        ValueError: If the kit can play none of the hits.
    """
    left_out = Counter(hit.instrument for hit in hits if hit.instrument not in kit.classes)
    playable = [hit for hit in hits if hit.instrument in kit.classes]
    if not playable:
        wants = ", ".join(sorted(left_out)) or "nothing"
        raise ValueError(f"kit {kit.name} has {', '.join(kit.classes)}, but what is to be played is {wants}")
    rings_s = {
        name: max(len(shot) for drum in kit.drums[name] for shot in drum.hits) / kit.sample_rate for name in kit.classes
    }
    end_s = max(hit.onset_s + rings_s[hit.instrument] for hit in playable)
    audio = render(playable, kit, duration_s=end_s, rng=rng)
    return Played(audio, len(playable), dict(sorted(left_out.items())))


def write_normalised(path: str | Path, audio: Tensor, *, sample_rate: int) -> None:
    """Write audio (T,) with its peak at -1 dB of full scale, so that nothing is clipped.

    Args:
        path: The file, see :func:`ddsp_drums.audio.write_audio`.
        audio: Audio (T,), any level.
        sample_rate: Hz.
    """
    write_audio(path, audio * (_PEAK / max(float(audio.abs().max()), 1e-9)), sample_rate=sample_rate)
