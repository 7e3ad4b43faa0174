"""Read annotations: text, tables, MIDI, and the XML of IDMT-SMT-Drums and Sonic Visualiser."""

import codecs
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from ddsp_drums._xml import read_xml
from ddsp_drums.events import read_midi
from ddsp_drums.events.files import CSV_HEADER
from drummernet.evaluation.datasets.labels import NOTE_LABELS, find_label, parent_class
from drummernet.evaluation.datasets.track import Note

__all__ = ["AnnotationError", "read_annotation"]

_EDGE_S = 0.05  # annotations that were shifted to the audio may begin or end a little outside
_SAME_S = 0.001  # notes of a class that lie closer are one hit that was written twice
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")


class AnnotationError(ValueError):
    """An annotation that cannot be read. The message is one line: the file, the line, the reason."""


def read_annotation(
    path: str | Path, *, duration_s: float = math.inf, labels: Mapping[str, str] | None = None
) -> list[Note]:
    """Read the notes of a file.

    Text (`.txt`, `.csv`) has a note in each line: onset in seconds, class, and optionally MIDI note and velocity,
    separated by tabs, semicolons, blanks or commas, in UTF-8 or UTF-16; decimals have a point or a comma. Classes are
    the six of MDB Drums, its subclasses, the labels of ENST-Drums and the toolkit's instruments. Of `.mid` channel 10
    is read, or every channel where that is empty. `.xml` is of IDMT-SMT-Drums. `.svl` is a layer of Sonic Visualiser
    with the instants of the class that the name ends in, as in `RealDrum01_00#KD.svl`.

    Args:
        path: The file.
        duration_s: Length of the recording in seconds; a note may begin 50 ms after it, or before zero.
        labels: What labels mean that only its data set uses so, as in `Track.labels`; MIDI notes have none.

    Returns:
        Notes in order of time. Of notes of one class (of six) within a millisecond the hardest is kept.

    Raises:
        AnnotationError: If the file, or a note in it, cannot be read or lies outside the recording.
    """
    path = Path(path)
    readers = {".txt": _text, ".csv": _text, ".mid": _midi, ".midi": _midi, ".xml": _idmt, ".svl": _layer}
    if path.suffix.lower() not in readers:
        raise AnnotationError(f"{path}: an annotation is one of {', '.join(readers)}")
    notes = []
    try:
        for place, note in readers[path.suffix.lower()](path, labels or {}):
            if not -_EDGE_S <= note.onset_s < math.inf:
                raise AnnotationError(f"{path}, {place}: an onset at {note.onset_s} s")
            if note.onset_s > duration_s + _EDGE_S:
                raise AnnotationError(
                    f"{path}, {place}: an onset at {note.onset_s:.3f} s, but the recording ends at {duration_s:.3f} s"
                )
            notes.append(note)
    except OSError as error:
        raise AnnotationError(f"{path}: {error.strerror}") from error
    return _without_doubles(notes)


def _without_doubles(notes: list[Note]) -> list[Note]:
    kept: dict[str, list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.onset_s):
        same = kept.setdefault(parent_class(note.label), [])
        if same and note.onset_s - same[-1].onset_s < _SAME_S:
            same[-1] = max(same[-1], note, key=lambda note: note.velocity or 0)
        else:
            same.append(note)
    return sorted(itertools.chain.from_iterable(kept.values()), key=lambda note: (note.onset_s, note.label))


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    return float(text.replace(",", "."))


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # as some editors of Windows save
    try:
        return content.decode("utf-16" if utf_16 else "utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        number = 1 + error.object[: error.start].count(b"\n")
        raise AnnotationError(f"{path}, line {number}: is not text in UTF-8; save it as such") from error


def _text(path: Path, labels: Mapping[str, str]) -> Iterator[tuple[str, Note]]:
    for number, line in enumerate(_lines(path), 1):
        line = line.strip()
        separator = next((mark for mark in (r"\s*[\t;]\s*", r",?\s+,?\s*") if re.search(mark, line)), ",")
        fields = re.split(separator, line)
        if fields == [""] or (number == 1 and tuple(fields) == CSV_HEADER):
            continue
        try:
            if len(fields) not in (2, 4):
                raise ValueError(f"{len(fields)} columns, not 2 or 4")
            if len(fields) == 4 and _number(fields[3]) not in range(1, 128):
                raise ValueError(f"velocity {fields[3]} is not 1 to 127")
            velocity = int(_number(fields[3])) if len(fields) == 4 else None
            note = Note(_number(fields[0]), find_label(fields[1], labels), velocity)
        except ValueError as error:
            raise AnnotationError(
                f"{path}, line {number}: {error}; a line has an onset in seconds and a class, perhaps a MIDI note and "
                f"a velocity, got {line!r}"
            ) from error
        yield f"line {number}", note


def _midi(path: Path, labels: Mapping[str, str]) -> Iterator[tuple[str, Note]]:
    every_note = {note: NOTE_LABELS.get(note, f"{note}") for note in range(128)}
    try:
        hits = read_midi(path, notes=every_note)
    except ValueError as error:
        raise AnnotationError(str(error)) from error
    for number, (onset_s, label, velocity) in enumerate(hits, 1):
        if label.isdecimal():
            raise AnnotationError(f"{path}, note {number} at {onset_s:.3f} s: MIDI note {label} is no drum")
        yield f"note {number}", Note(onset_s, label, velocity)


def _parse(path: Path) -> Element:
    try:
        return read_xml(path)
    except ValueError as error:
        raise AnnotationError(str(error)) from error


def _idmt(path: Path, labels: Mapping[str, str]) -> Iterator[tuple[str, Note]]:
    for number, event in enumerate(_parse(path).iter("event"), 1):
        onset, label = event.findtext("onsetSec", "").strip(), event.findtext("instrument", "").strip()
        try:
            note = Note(_number(onset), find_label(label, labels))
        except ValueError as error:
            raise AnnotationError(f"{path}, event {number}: {error}; an event has onsetSec and instrument") from error
        yield f"event {number}", note


def _layer(path: Path, labels: Mapping[str, str]) -> Iterator[tuple[str, Note]]:
    name = path.stem.rpartition("#")[2]
    try:
        label = find_label(name, labels)
    except ValueError as error:
        raise AnnotationError(f"{path}: {error}; the name of a layer ends in # and its class") from error
    root = _parse(path)
    model = root.find(".//model")
    try:
        sample_rate = _number("" if model is None else model.get("sampleRate", ""))
        if not sample_rate > 0:
            raise ValueError(f"a sampleRate of {sample_rate}")
    except ValueError as error:
        raise AnnotationError(f"{path}: {error}; a layer has a model with a sampleRate") from error
    for number, point in enumerate(root.iter("point"), 1):
        try:
            note = Note(_number(point.get("frame", "")) / sample_rate, label)
        except ValueError as error:
            raise AnnotationError(f"{path}, point {number}: {error}; a point has a frame") from error
        yield f"point {number}", note
