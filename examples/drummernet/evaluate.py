"""Score transcriptions against annotated recordings."""

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ddsp_drums.audio import find_audio
from ddsp_drums.events import Hit
from ddsp_drums.kits import INSTRUMENTS, MDB_SUBCLASSES, SIX, THREE
from ddsp_drums.metrics import OnsetCounts, count_onsets, mean_f1, sum_f1
from drummernet.transcribe import Transcription

__all__ = ["PROTOCOL", "AnnotationError", "Track", "evaluate", "find_tracks", "read_annotation", "score_rows"]

PROTOCOL = """\
Onsets within 50 ms of the reference match, one to one (mir_eval).
mean: the F1 of each track, averaged over the tracks whose reference has the class, then over KD, SD and HH.
sum:  the F1 of all hits, false alarms and misses of KD, SD and HH in all tracks together."""

_EARLY_S = 0.05  # annotations that were shifted to the audio may begin a little before it
_SIX_OF = {instrument.id: instrument.six for instrument in INSTRUMENTS}
_LABELS = {label: _SIX_OF[name] for label, name in MDB_SUBCLASSES.items()} | _SIX_OF | {name: name for name in SIX}


class AnnotationError(ValueError):
    """An annotation that cannot be read. The message is one line: the file, the line, the reason."""


@dataclass(frozen=True)
class Track:
    """A recording and its annotation.

    Attributes:
        audio: The recording.
        annotation: The text file.
        group: The data set: the folder below the one searched that holds both, or the one searched.
    """

    audio: Path
    annotation: Path
    group: str


def find_tracks(folder: str | Path) -> list[Track]:
    """Pair recordings with annotations of the same name.

    The annotation is a text file whose name is the recording's, apart from an ending such as `_Drum` or `_class`: of
    several the one nearest in the tree, and classes rather than subclasses.

    Args:
        folder: Searched with its subfolders.

    Returns:
        The pairs in order of the paths.

    Raises:
        AnnotationError: If no recording has an annotation, or one has several.
    """
    folder = Path(folder)
    texts = sorted(folder.rglob("*.txt"))
    tracks = []
    for audio in find_audio(folder):
        same = [path for path in texts if _name(path) == _name(audio)]
        if not same:
            continue
        shared = {path: Path(os.path.commonpath([audio, path])) for path in same}
        nearest = max(len(parent.parts) for parent in shared.values())
        same = [path for path in same if len(shared[path].parts) == nearest]
        same = [path for path in same if "subclass" not in path.name] or same
        if len(same) > 1:
            raise AnnotationError(f"{audio}: has several annotations: {', '.join(map(str, same))}")
        below = shared[same[0]].relative_to(folder).parts
        tracks.append(Track(audio, same[0], below[0] if below else folder.resolve().name))
    if not tracks:
        raise AnnotationError(f"{folder}: no recording has an annotation (a .txt file of its name)")
    return tracks


def read_annotation(path: str | Path) -> dict[str, list[float]]:
    """Read lines of an onset in seconds and a class, separated by blanks, tabs or commas.

    Args:
        path: The file. Classes are the six of MDB Drums, its subclasses, or the toolkit's instruments.

    Returns:
        Onsets of each of the six classes.

    Raises:
        AnnotationError: If a line cannot be read.
    """
    onsets: dict[str, list[float]] = {name: [] for name in SIX}
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise AnnotationError(f"{path}: is not text in UTF-8") from error
    for number, line in enumerate(lines, 1):
        fields = re.split(r"[\s,;]+", line.strip())
        if fields == [""]:
            continue
        try:
            onset_s, label = float(fields[0]), _LABELS[fields[1]]
            if not -_EARLY_S <= onset_s < math.inf:
                raise ValueError("an onset lies in the recording")
            onsets[label].append(onset_s)
        except (ValueError, KeyError, IndexError) as error:
            raise AnnotationError(
                f"{path}, line {number}: wants an onset in seconds and a class, got {line!r}"
            ) from error
    return onsets


def score_hits(hits: Iterable[Hit], reference: Mapping[str, Sequence[float]]) -> dict[str, OnsetCounts]:
    """Count the matches of each of the six classes."""
    found: dict[str, list[float]] = {name: [] for name in SIX}
    for hit in hits:
        found[_SIX_OF[hit.instrument]].append(hit.onset_s)
    return {name: count_onsets(reference[name], found[name]) for name in SIX}


def evaluate(
    tracks: Sequence[Track], transcribe: Callable[[Path], Transcription]
) -> dict[Track, dict[str, OnsetCounts]]:
    """Transcribe each track and score it.

    Args:
        tracks: Recordings with annotations.
        transcribe: From a file to a transcription.

    Returns:
        Counts of each of the six classes for each track.
    """
    return {track: score_hits(transcribe(track.audio).hits, read_annotation(track.annotation)) for track in tracks}


def score_rows(scores: Mapping[Track, Mapping[str, OnsetCounts]]) -> list[tuple[str, list[float]]]:
    """Summarise as rows of KD, SD, HH, mean, sum, and the mean over all six classes: tracks, then sets, then all.

    Args:
        scores: Counts of each class for each track.

    Returns:
        Name and values of each row; NaN where the reference has none of a class.
    """
    groups: dict[str, list[Track]] = {}
    for track in scores:
        groups.setdefault(track.group, []).append(track)
    rows = [(track.audio.stem, [track]) for track in scores]
    rows += [(f"{name} ({len(members)})", members) for name, members in groups.items()]
    if len(groups) > 1:
        rows.append((f"all ({len(scores)})", list(scores)))
    return [(name, _summary([scores[track] for track in members])) for name, members in rows]


def _summary(tracks: Sequence[Mapping[str, OnsetCounts]]) -> list[float]:
    mean, by_class = mean_f1(tracks, THREE)
    return [*by_class.values(), mean, sum_f1(tracks, THREE), mean_f1(tracks, SIX)[0]]


def _name(path: Path) -> str:
    return re.sub(r"_(Drum|MIX|class|subclass)$", "", path.stem)
