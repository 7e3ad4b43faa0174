"""Hits as CSV, JSON and JAMS files."""

import csv
import io
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ddsp_drums._atomic import write_whole
from ddsp_drums.events.note import Event, Hit, checked
from ddsp_drums.events.tempo import TempoMap
from ddsp_drums.kits import TAXONOMY, Taxonomy

__all__ = ["CSV_HEADER", "hits_as_json", "write_csv", "write_jams", "write_json"]

CSV_HEADER = ("onset_s", "class", "note", "velocity")
_JAMS_VERSION = "0.3.4"


def write_csv(path: str | Path, hits: Iterable[Hit | Event], *, taxonomy: Taxonomy = TAXONOMY) -> None:
    """Write hits as a table with the header `onset_s,class,note,velocity`.

    Args:
        path: The file, written whole or not at all.
        hits: The hits; each becomes a row, in order of time, onsets to a tenth of a millisecond.
        taxonomy: Tells the note of each instrument.

    Raises:
        ValueError: As for `write_midi`.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("r", suffix=".csv") as file:
        ...     write_csv(file.name, [Hit(0.5, "KD", 100)])
        ...     Path(file.name).read_text().splitlines()
        ['onset_s,class,note,velocity', '0.5000,KD,36,100']
    """
    buffer = io.BytesIO()
    with io.TextIOWrapper(buffer, "utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_HEADER)
        for onset_s, instrument, velocity, *_ in checked(hits, taxonomy):
            writer.writerow((f"{onset_s:.4f}", instrument, taxonomy.by_id[instrument].gm_note, velocity))
        text.flush()
        write_whole(path, buffer.getvalue())


def write_json(
    path: str | Path,
    hits: Iterable[Hit | Event],
    *,
    duration_s: float,
    tempo: TempoMap | None = None,
    taxonomy: Taxonomy = TAXONOMY,
) -> None:
    """Write hits as JSON: what `hits_as_json` returns.

    Args:
        path: The file, written whole or not at all.
        hits: The hits, in any order.
        duration_s: Length of the recording in seconds.
        tempo: Its beats, where they are known.
        taxonomy: Tells the note of each instrument.

    Raises:
        ValueError: As for `hits_as_json`.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("r", suffix=".json") as file:
        ...     write_json(file.name, [Hit(0.5, "KD", 100)], duration_s=1.0)
        ...     json.loads(Path(file.name).read_text())["duration_s"]
        1.0
    """
    content = hits_as_json(hits, duration_s=duration_s, tempo=tempo, taxonomy=taxonomy)
    write_whole(path, (json.dumps(content, allow_nan=False) + "\n").encode())


def hits_as_json(
    hits: Iterable[Hit | Event],
    *,
    duration_s: float,
    tempo: TempoMap | None = None,
    taxonomy: Taxonomy = TAXONOMY,
) -> dict[str, Any]:
    """Put hits into what JSON can hold.

    The layout, in which `null` stands for "not known"::

        {"format": "ddsp_drums hits", "version": 1, "duration_s": 12.5, "bpm": 104.0, "bars_s": [0.0, 2.308],
         "hits": [{"onset_s": 0.5, "class": "KD", "note": 36, "velocity": 100, "confidence": 0.93}]}

    Args:
        hits: The hits, in any order.
        duration_s: Length of the recording in seconds.
        tempo: Its beats, where they are known.
        taxonomy: Tells the note of each instrument.

    Returns:
        The content, hits in order of time, times to a tenth of a millisecond.

    Raises:
        ValueError: As for `write_midi`, or if `duration_s` is negative or not finite.

    Example:
        >>> hits_as_json([Hit(0.5, "KD", 100)], duration_s=1.0)["hits"]
        [{'onset_s': 0.5, 'class': 'KD', 'note': 36, 'velocity': 100, 'confidence': None}]
    """
    bars_s = _bars_s(tempo, _length(duration_s)) if tempo else []
    return {
        "format": "ddsp_drums hits",
        "version": 1,
        "duration_s": duration_s,
        "bpm": tempo.bpm if tempo else None,
        "bars_s": [round(bar, 4) for bar in bars_s] if tempo else None,
        "hits": [
            {
                "onset_s": round(hit.onset_s, 4),
                "class": hit.instrument,
                "note": taxonomy.by_id[hit.instrument].gm_note,
                "velocity": hit.velocity,
                "confidence": _confidence(hit),
            }
            for hit in checked(hits, taxonomy)
        ],
    }


def write_jams(
    path: str | Path,
    hits: Iterable[Hit | Event],
    *,
    duration_s: float,
    title: str = "",
    tempo: TempoMap | None = None,
    taxonomy: Taxonomy = TAXONOMY,
) -> None:
    """Write hits in the JSON Annotated Music Specification.

    There is an annotation `note_midi` of all hits, whose sandbox has the lists `class` and `velocity`; an annotation
    `onset` of each class, which its sandbox names; and, where the tempo is known, one `beat`, counted in each bar.

    Args:
        path: The file, written whole or not at all.
        hits: The hits, in any order.
        duration_s: Length of the recording in seconds.
        title: Name of the recording.
        tempo: Its beats, where they are known.
        taxonomy: Tells the note of each instrument.

    Raises:
        ValueError: As for `write_json`.

    Source:
        Humphrey et al., "JAMS: A JSON Annotated Music Specification for Reproducible MIR Research", ISMIR 2014,
        schema 0.3.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("r", suffix=".jams") as file:
        ...     write_jams(file.name, [Hit(0.5, "KD", 100)], duration_s=1.0)
        ...     [each["namespace"] for each in json.loads(Path(file.name).read_text())["annotations"]]
        ['note_midi', 'onset']
    """
    known = checked(hits, taxonomy)
    notes = [_observation(hit.onset_s, taxonomy.by_id[hit.instrument].gm_note, _confidence(hit)) for hit in known]
    names = [hit.instrument for hit in known]
    sandbox = {"class": names, "velocity": [hit.velocity for hit in known]}
    annotations = [_annotation("note_midi", notes, duration_s, sandbox)]
    for name in dict.fromkeys(names):
        onsets = [_observation(hit.onset_s, None, _confidence(hit)) for hit in known if hit.instrument == name]
        annotations.append(_annotation("onset", onsets, duration_s, {"class": name}))
    if tempo:
        first = tempo.pickup / 4
        beats = range(math.ceil(tempo.beat(_length(duration_s)) - first))
        counted = [_observation(tempo.time_s(first + n), 1 + n % tempo.beats_per_bar, None) for n in beats]
        annotations.append(_annotation("beat", counted, duration_s, {}))
    metadata = {"title": title, "artist": "", "release": "", "duration": _length(duration_s), "identifiers": {}}
    content = {
        "annotations": annotations,
        "file_metadata": {**metadata, "jams_version": _JAMS_VERSION},
        "sandbox": {},
    }
    write_whole(path, (json.dumps(content, allow_nan=False) + "\n").encode())


def _annotation(
    namespace: str, data: list[dict[str, Any]], duration_s: float, sandbox: dict[str, Any]
) -> dict[str, Any]:
    about = {"annotation_tools": "ddsp_drums", "curator": {"name": "", "email": ""}, "version": "", "corpus": ""}
    return {
        "namespace": namespace,
        "annotation_metadata": {**about, "annotator": {}, "annotation_rules": "", "validation": "", "data_source": ""},
        "data": data,
        "sandbox": sandbox,
        "time": 0,
        "duration": duration_s,
    }


def _observation(onset_s: float, value: int | None, confidence: float | None) -> dict[str, Any]:
    return {"time": round(onset_s, 4), "duration": 0.0, "value": value, "confidence": confidence}


def _confidence(hit: Hit | Event) -> float | None:
    return round(hit.confidence, 4) if isinstance(hit, Event) else None


def _bars_s(tempo: TempoMap, duration_s: float) -> list[float]:
    first = tempo.pickup / 4
    bars = range(math.ceil((tempo.beat(duration_s) - first) / tempo.beats_per_bar))
    return [tempo.time_s(first + bar * tempo.beats_per_bar) for bar in bars]


def _length(duration_s: float) -> float:
    if not 0 <= duration_s < math.inf:
        raise ValueError(f"duration_s must be zero or more and finite, got {duration_s}")
    return duration_s
