"""How well notes were found: onsets alone, and with their ends; and how well without listening for the ends."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ddsp_drums.events import Note

__all__ = ["Score", "guessed_ends", "score"]


class Score(NamedTuple):
    """F-measures in [0, 1] over all notes, and an error in seconds.

    Attributes:
        onset: A note counts as found if one of its pitch begins within 50 ms.
        offset: ... and ends within 50 ms, or within a fifth of its duration if that is more.
        error_s: By how much the durations of notes found by their onsets are wrong, in the mean; NaN if there are none.
    """

    onset: float
    offset: float
    error_s: float


def score(reference: Sequence[Note], estimate: Sequence[Note]) -> Score:
    """Compare notes by mir_eval.

    Source:
        Bay, Ehmann and Downie, "Evaluation of Multiple-F0 Estimation and Tracking Systems", ISMIR 2009, by mir_eval.

    Example:
        >>> score([Note(0.0, 1.0, 60, 90), Note(1.0, 1.0, 62, 90)], [Note(0.01, 0.5, 60, 90)])
        Score(onset=0.6666666666666666, offset=0.0, error_s=0.5)
    """
    from mir_eval.transcription import match_notes

    if not reference or not estimate:
        same = float(not reference and not estimate)
        return Score(same, same, float("nan"))
    true, found = _arrays(reference), _arrays(estimate)
    begun, ended = (match_notes(*true, *found, onset_tolerance=0.05, offset_ratio=ratio) for ratio in (None, 0.2))
    errors_s = [abs(estimate[j].duration_s - reference[i].duration_s) for i, j in begun]
    count = len(reference) + len(estimate)
    return Score(2 * len(begun) / count, 2 * len(ended) / count, float(np.mean(errors_s)) if begun else float("nan"))


def guessed_ends(reference: Sequence[Note], estimate: Sequence[Note]) -> dict[str, list[Note]]:
    """End notes without having heard it, to compare: all after the median duration of `reference`, or at the next.

    Example:
        >>> played = [Note(0.0, 0.5, 60, 90), Note(2.0, 1.0, 60, 90), Note(3.0, 0.5, 62, 90)]
        >>> {how: [note.duration_s for note in notes] for how, notes in guessed_ends(played, played).items()}
        {'all of the median duration': [0.5, 0.5, 0.5], 'until the pitch begins again': [2.0, 1.5, 0.5]}
    """
    median_s = statistics.median(note.duration_s for note in reference)
    last_s = max((note.end_s for note in reference), default=0.0)
    again = []
    for place, note in enumerate(estimate):
        later = (other.onset_s for other in estimate[place + 1 :] if other.pitch == note.pitch)
        again.append(note._replace(duration_s=max(next(later, last_s) - note.onset_s, 0.01)))
    return {
        "all of the median duration": [note._replace(duration_s=median_s) for note in estimate],
        "until the pitch begins again": again,
    }


def _arrays(notes: Iterable[Note]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intervals (P, 2) in seconds and frequencies (P,) in Hz."""
    rows = [(note.onset_s, note.end_s, 440 * 2 ** ((note.pitch - 69) / 12)) for note in notes]
    table = np.array(rows)
    return table[:, :2], table[:, 2]
