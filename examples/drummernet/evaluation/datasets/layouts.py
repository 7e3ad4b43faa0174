"""Find recordings and their annotations in a folder, whatever its layout."""

import csv
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ddsp_drums.audio import AUDIO_SUFFIXES, find_audio
from drummernet.evaluation.datasets.annotations import AnnotationError
from drummernet.evaluation.datasets.track import Track

__all__ = ["find_tracks", "find_unannotated"]

_PLAIN = {".txt", ".csv", ".mid", ".midi"}


def find_tracks(folder: str | Path, *, split: str | None = None) -> list[Track]:
    """Find annotated recordings.

    Each folder below is looked at: is it a data set as it was published, namely

    - IDMT-SMT-Drums, 1 or 2: the mixes (`audio/*#MIX.wav`) with `annotation_xml`, or else `annotation_svl`;
    - MDB Drums: `audio/drum_only` with the six classes (`annotations/class`), or else the subclasses;
    - ENST-Drums: a drummer's `audio/wet_mix`, or else `dry_mix`, with `annotation`; its splits are the kinds of take:
      `hits`, `phrase`, `solo`, `minus-one`;
    - the Groove MIDI Dataset or E-GMD: a table of files with `audio_filename`, `midi_filename` and `split`.

    All other recordings are paired with the `.txt`, `.csv` or `.mid` of the same name, apart from an ending such as
    `_Drum` or `_class`; of several the one nearest in the tree, and classes rather than subclasses.

    Args:
        folder: Searched with its subfolders.
        split: Take only this split of the data sets; all by default.

    Returns:
        The tracks in order of the paths. Recordings without annotation are left out (`find_unannotated`).

    Raises:
        AudioFileError: If there is no recording.
        AnnotationError: If no recording has an annotation, one has several, or none is of the split.
    """
    tracks, _ = _find(Path(folder))
    if not tracks:
        raise AnnotationError(f"{folder}: no recording has an annotation ({', '.join(sorted(_PLAIN))} of its name)")
    if split is not None:
        splits = sorted({track.split for track in tracks if track.split})
        tracks = [track for track in tracks if track.split == split]
        if not tracks:
            raise AnnotationError(
                f"{folder}: no track is of the split {split!r}; there are: {', '.join(splits) or 'none'}"
            )
    return sorted(tracks, key=lambda track: track.audio)


def find_unannotated(folder: str | Path) -> list[Path]:
    """Find recordings that nothing says the hits of: what `find_tracks` leaves out, but for the parts of data sets."""
    return _find(Path(folder))[1]


def _find(folder: Path) -> tuple[list[Track], list[Path]]:
    """Find the tracks, and the recordings that are of no data set and have no annotation."""
    audio = find_audio(folder)
    tracks: list[Track] = []
    claimed: list[Path] = []
    for root in [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]:
        if not any(root.is_relative_to(other) for other in claimed):
            found = next(filter(None, (layout(root) for layout in _LAYOUTS)), [])
            tracks += found
            claimed += [root] if found else []
    rest = [path for path in audio if not any(path.is_relative_to(root) for root in claimed)]
    plain = _plain(folder, rest)
    annotated = {track.audio for track in plain}
    return tracks + plain, [path for path in rest if path not in annotated]


def _idmt(root: Path) -> list[Track]:
    xml, layers = root / "annotation_xml", root / "annotation_svl"
    if not (xml.is_dir() or layers.is_dir()):
        return []
    tracks = []
    for audio in _audio_in(root / "audio"):
        take, _, part = audio.stem.partition("#")
        if part == "MIX":
            one = _existing([xml / f"{audio.stem}.xml"])
            annotations = one or _existing(layers / f"{take}#{name}.svl" for name in ("KD", "SD", "HH"))
            tracks += [Track(audio, annotations, _dataset(root))] if annotations else []
    return tracks


def _mdb(root: Path) -> list[Track]:
    kinds = [kind for kind in ("class", "subclass") if (root / "annotations" / kind).is_dir()]
    tracks = []
    for audio in _audio_in(root / "audio" / "drum_only") if kinds else []:
        files = _existing(root / "annotations" / kind / f"{_name(audio)}_{kind}.txt" for kind in kinds)
        tracks += [Track(audio, files[:1], _dataset(root))] if files else []
    return tracks


def _enst(root: Path) -> list[Track]:
    mixes = [root / "audio" / name for name in ("wet_mix", "dry_mix") if (root / "audio" / name).is_dir()]
    if not mixes or not (root / "annotation").is_dir():
        return []
    tracks = []
    for audio in _audio_in(mixes[0]):
        kind = re.match(r"\d+_([a-z-]+)", audio.stem)
        annotations = _existing([root / "annotation" / f"{audio.stem}.txt"])
        dataset, split = _dataset(root.resolve().parent), kind[1] if kind else None
        tracks += [Track(audio, annotations, dataset, split)] if annotations else []
    return tracks


def _groove(root: Path) -> list[Track]:
    for path in sorted(root.glob("*.csv")):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            table = csv.DictReader(file)
            if {"audio_filename", "midi_filename", "split"} <= set(table.fieldnames or ()):
                return [
                    Track(root / row["audio_filename"], (root / row["midi_filename"],), _dataset(root), row["split"])
                    for row in table
                    if row["audio_filename"] and (root / row["audio_filename"]).is_file()
                ]
    return []


def _plain(folder: Path, recordings: Iterable[Path]) -> list[Track]:
    by_name: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _PLAIN and not path.name.startswith("."):
            by_name.setdefault(_name(path), []).append(path)
    tracks = []
    for audio in recordings:
        shared = {path: Path(os.path.commonpath([audio, path])) for path in by_name.get(_name(audio), [])}
        if not shared:
            continue
        nearest = max(len(parent.parts) for parent in shared.values())
        same = [path for path, parent in shared.items() if len(parent.parts) == nearest]
        same = [path for path in same if "subclass" not in path.name] or same
        if len(same) > 1:
            raise AnnotationError(f"{audio}: has several annotations: {', '.join(map(str, same))}")
        below = shared[same[0]].relative_to(folder).parts
        tracks.append(Track(audio, (same[0],), below[0] if below else _dataset(folder)))
    return tracks


_LAYOUTS: tuple[Callable[[Path], list[Track]], ...] = (_idmt, _mdb, _enst, _groove)


def _audio_in(folder: Path) -> list[Path]:
    files = folder.iterdir() if folder.is_dir() else ()
    return [path for path in files if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")]


def _existing(files: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(path for path in files if path.is_file())


def _dataset(root: Path) -> str:
    return root.resolve().name


def _name(path: Path) -> str:
    return re.sub(r"_(Drum|MIX|class|subclass)$", "", path.stem)
