"""Score transcriptions against annotated recordings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import soundfile

from ddsp_drums.audio import AudioFileError
from ddsp_drums.events import Hit
from ddsp_drums.kits import SIX
from ddsp_drums.metrics import OnsetCounts, match_onsets
from drummernet.evaluation.datasets import Note, Track, parent_class, read_annotation

__all__ = ["Evaluation", "TrackResult", "evaluate", "read_reference", "score"]


@dataclass(frozen=True)
class TrackResult:
    """What was there, what was found, and which of it belongs together.

    Attributes:
        track: The recording.
        duration_s: Its length in seconds.
        reference: What was there, in order of time.
        estimate: What was found, in order of time.
        window_s: How far apart a pair may be.
        pairs: Positions in `reference` and `estimate` of the notes that match: of one class among the six, one to one.
    """

    track: Track
    duration_s: float
    reference: tuple[Note, ...]
    estimate: tuple[Hit, ...]
    window_s: float
    pairs: tuple[tuple[int, int], ...]

    @cached_property
    def counts(self) -> dict[str, OnsetCounts]:
        """Hits, false alarms and misses of each of the six classes."""
        there = [parent_class(note.label) for note in self.reference]
        found = [parent_class(hit.instrument) for hit in self.estimate]
        matched = [there[i] for i, _ in self.pairs]
        hits = {name: matched.count(name) for name in SIX}
        return {
            name: OnsetCounts(hits[name], found.count(name) - hits[name], there.count(name) - hits[name])
            for name in SIX
        }

    def onsets(self) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
        """Onset times of each of the six classes, in the reference and in the estimate."""
        reference: dict[str, list[float]] = {name: [] for name in SIX}
        estimate: dict[str, list[float]] = {name: [] for name in SIX}
        for note in self.reference:
            reference[parent_class(note.label)].append(note.onset_s)
        for hit in self.estimate:
            estimate[parent_class(hit.instrument)].append(hit.onset_s)
        return reference, estimate

    def velocities(self, name: str) -> tuple[list[int], list[int]]:
        """Velocities of the matched notes of a class, where the reference has them, and of what was found there."""
        there, found = [], []
        for i, j in self.pairs:
            note = self.reference[i]
            if note.velocity is not None and parent_class(note.label) == name:
                there.append(note.velocity)
                found.append(self.estimate[j].velocity)
        return there, found


@dataclass(frozen=True)
class Evaluation:
    """One system on a set of tracks.

    Attributes:
        system: Name of what was evaluated.
        window_s: How far apart a pair may be.
        results: A result for each track that could be scored.
        failures: The reason, one line, for each track that could not.
    """

    system: str
    window_s: float
    results: tuple[TrackResult, ...]
    failures: dict[Track, str]

    def rescored(self, *, window_s: float) -> "Evaluation":
        """The same notes scored with another window."""
        results = tuple(
            score(old.track, old.duration_s, old.reference, old.estimate, window_s=window_s) for old in self.results
        )
        return replace(self, window_s=window_s, results=results)

    def groups(self) -> dict[str, "Evaluation"]:
        """Each data set by itself, in order of their names."""
        names = sorted({result.track.dataset for result in self.results})
        return {
            name: replace(self, results=tuple(result for result in self.results if result.track.dataset == name))
            for name in names
        }


def evaluate(
    tracks: Iterable[Track],
    transcribe: Callable[[Path], Iterable[Hit]],
    *,
    system: str = "drummernet",
    window_s: float = 0.05,
) -> Evaluation:
    """Transcribe each track and match what was found with what was there.

    Notes match if they are of one class among the six of MDB Drums and lie within the window, one to one and as many as
    possible (`ddsp_drums.metrics.match_onsets`).

    Args:
        tracks: Annotated recordings.
        transcribe: From an audio file to hits, in any order.
        system: Name of what is evaluated.
        window_s: How far apart a pair may be, in seconds.

    Returns:
        What came of each track. A track whose audio or annotation cannot be read (ValueError, OSError) is listed in
        `failures`, and the rest goes on.

    Raises:
        ValueError: If `transcribe` gives an instrument that there is not, or a time that is not finite.
        ImportError: If SciPy is not installed.
    """
    results, failures = [], {}
    for track in tracks:
        try:
            duration_s, reference = read_reference(track)
            hits = list(transcribe(track.audio))
        except (ValueError, OSError) as error:
            failures[track] = str(error)
        else:
            results.append(score(track, duration_s, reference, hits, window_s=window_s))
    return Evaluation(system, window_s, tuple(results), failures)


def read_reference(track: Track) -> tuple[float, list[Note]]:
    """Read the length of a recording in seconds and its notes; raises AudioFileError or AnnotationError."""
    try:
        duration_s = soundfile.info(track.audio).duration
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        reason = str(getattr(error, "error_string", error)).strip(" .")
        raise AudioFileError(f"{track.audio}: not readable as audio ({reason})") from error
    read = (read_annotation(path, duration_s=duration_s, labels=track.labels) for path in track.annotations)
    return duration_s, [note for notes in read for note in notes]


def score(
    track: Track, duration_s: float, reference: Iterable[Note], estimate: Iterable[Hit], *, window_s: float
) -> TrackResult:
    """Match what was found in one track with what was there.

    Args:
        track: The recording.
        duration_s: Its length in seconds.
        reference: What was there, in any order.
        estimate: What was found, in any order.
        window_s: How far apart a pair may be, in seconds.

    Returns:
        Both in order of time, and the pairs.
    """
    there, found = tuple(sorted(reference, key=_place)), tuple(sorted(estimate, key=_place))
    pairs: list[tuple[int, int]] = []
    for name in SIX:
        rows = [i for i, note in enumerate(there) if parent_class(note.label) == name]
        columns = [j for j, hit in enumerate(found) if parent_class(hit.instrument) == name]
        onsets = [there[i].onset_s for i in rows], [found[j].onset_s for j in columns]
        pairs += [(rows[i], columns[j]) for i, j in match_onsets(*onsets, window_s=window_s)]
    return TrackResult(track, duration_s, there, found, window_s, tuple(sorted(pairs)))


def _place(note: Note | Hit) -> tuple[float, str]:
    return note[0], note[1]
