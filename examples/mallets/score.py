"""How well notes were found: onsets alone, and with their ends."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ddsp_drums.events import Note

__all__ = ["Score", "score"]


class Score(NamedTuple):
    """F-measures in [0, 1] over all notes.

    Attributes:
        onset: A note counts as found if one of its pitch begins within 50 ms.
        offset: ... and ends within 50 ms, or within a fifth of its duration if that is more.
        overlap: How much of each pair found by its onset sounds in both, of what sounds in either, on average.
    """

    onset: float
    offset: float
    overlap: float


def score(reference: Sequence[Note], estimate: Sequence[Note]) -> Score:
    """Compare notes by mir_eval.

    Source:
        Bay, Ehmann and Downie, "Evaluation of Multiple-F0 Estimation and Tracking Systems", ISMIR 2009, by mir_eval.

    Example:
        >>> score([Note(0.0, 1.0, 60, 90), Note(1.0, 1.0, 62, 90)], [Note(0.01, 0.5, 60, 90)])
        Score(onset=0.6666666666666666, offset=0.0, overlap=0.5)
    """
    from mir_eval.transcription import precision_recall_f1_overlap

    if not reference or not estimate:
        same = float(not reference and not estimate)
        return Score(same, same, same)
    true, found = _arrays(reference), _arrays(estimate)
    _, _, onset, overlap = precision_recall_f1_overlap(*true, *found, onset_tolerance=0.05, offset_ratio=None)
    _, _, offset, _ = precision_recall_f1_overlap(*true, *found, onset_tolerance=0.05, offset_ratio=0.2)
    return Score(float(onset), float(offset), round(float(overlap), 4))


def _arrays(notes: Iterable[Note]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intervals (P, 2) in seconds and frequencies (P,) in Hz."""
    rows = [(note.onset_s, note.end_s, 440 * 2 ** ((note.pitch - 69) / 12)) for note in notes]
    table = np.array(rows)
    return table[:, :2], table[:, 2]
