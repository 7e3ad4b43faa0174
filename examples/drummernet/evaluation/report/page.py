"""Write evaluations as one HTML page that needs nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ddsp_drums._atomic import write_whole
from ddsp_drums.kits import SIX, procedural_kit
from ddsp_drums.metrics import Interval
from drummernet.evaluation.datasets import Track
from drummernet.evaluation.evaluate import Evaluation, TrackResult
from drummernet.evaluation.report.figures import draw_bars, draw_boxes, draw_interval, draw_offsets, draw_velocities
from drummernet.evaluation.report.roll import draw_roll
from drummernet.evaluation.report.sound import EXCERPT_S, SAMPLE_RATE, Sound, embed_sounds
from drummernet.evaluation.scores import PROTOCOL, STRICT_S, Headline, Summary, difference, headline, summarise

__all__ = ["write_html"]

_FOLDER = Path(__file__).parent  # of the template, the style and the script
_SCORES = ("mean", "sum", "published")


def write_html(path: str | Path, evaluations: Sequence[Evaluation], *, sound_bytes: int = 12_000_000) -> None:
    """Write a page with the scores of systems on the same tracks, and of each track a piano roll and its sound.

    The page loads nothing: drawings are inline SVG, sound is MP3 in data URIs. What is heard are the first 30 s of the
    recording, and what the first system found there, played on a procedural kit.

    Args:
        path: The HTML file, written whole or not at all.
        evaluations: One for each system, each with at least one scored track; the first in most detail.
        sound_bytes: Of all sound together; tracks beyond it have none, and the page says so. With 0 nothing is read.

    Raises:
        AudioFileError: If a recording cannot be read.
        KitError: If the first system found an instrument that is none of the toolkit's.
        ValueError: If a system has no scored track.
        OSError: If the file cannot be written.
    """
    if not evaluations or not all(one.results for one in evaluations):
        raise ValueError("evaluations must each have at least one scored track")
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    first = evaluations[0]
    kit = procedural_kit(sample_rate=SAMPLE_RATE)
    sounds = embed_sounds(first.results, kit, max_bytes=sound_bytes) if sound_bytes else {}
    results = {result.track: result for one in reversed(evaluations) for result in one.results}
    page = environment.get_template("page.html").render(
        systems=[one.system for one in evaluations],
        n_tracks=len(results),
        datasets=sorted({track.dataset for track in results}),
        minutes=sum(result.duration_s for result in results.values()) / 60,
        notes=sum(len(result.reference) for result in results.values()),
        window_ms=1000 * first.window_s,
        tables=list(_tables(evaluations)),
        differences=_differences(evaluations),
        score_names=_SCORES,
        boxes=[(name, draw_boxes(scores, label=f"F-measures of {name}")) for name, scores in _boxes(evaluations)],
        details=[_details(one, colour) for colour, one in enumerate(evaluations)],
        classes=SIX,
        tracks=_tracks(evaluations, sounds),
        n_sounds=len(sounds),
        excerpt_s=EXCERPT_S,
        sound_megabytes=sound_bytes / 1e6,
        failures=list(dict.fromkeys(reason for one in evaluations for reason in one.failures.values())),
        rules=_rules(),
        version=version("ddsp_drums"),
        css=Markup((_FOLDER / "page.css").read_text("utf-8")),
        js=Markup((_FOLDER / "page.js").read_text("utf-8")),
    )
    write_whole(path, page.encode("utf-8", "replace"))


def _tables(evaluations: Sequence[Evaluation]) -> Iterator[dict[str, Any]]:
    windows = {one.window_s for one in evaluations[:1]} | {STRICT_S}
    for window_s in sorted((each for each in windows if each <= evaluations[0].window_s), reverse=True):
        groups = _groups([one.rescored(window_s=window_s) for one in evaluations])
        scores = {
            name: [(group.system, colour, len(group.results), headline(group)) for colour, group in systems]
            for name, systems in groups.items()
        }
        values = [getattr(each[-1], column) for rows in scores.values() for each in rows for column in _SCORES]
        low = np.floor(10 * np.nanmin([number for interval in values for number in interval])) / 10
        low = float(min(low, 0.9))
        rows = {
            name: [(system, colour, n_tracks, _cells(each, colour, low=low)) for system, colour, n_tracks, each in rows]
            for name, rows in scores.items()
        }
        yield {"window_ms": 1000 * window_s, "low": low, "groups": rows}


def _differences(evaluations: Sequence[Evaluation]) -> dict[str, Any] | None:
    if len(evaluations) == 1:
        return None
    scores = [(other.system, difference(evaluations[0], other)) for other in evaluations[1:]]
    ends = [number for _, each in scores for name in _SCORES for number in getattr(each, name)]
    reach = float(max(np.ceil(10 * np.nanmax(np.abs(ends))), 1)) / 10
    return {"reach": reach, "rows": [(system, _cells(each, 0, low=-reach, high=reach)) for system, each in scores]}


def _cells(scores: Headline, colour: int, *, low: float, high: float = 1.0) -> list[tuple[Interval, Markup]]:
    intervals: list[Interval] = [getattr(scores, name) for name in _SCORES]
    return [(each, draw_interval(each, colour, low=low, high=high)) for each in intervals]


def _groups(evaluations: Sequence[Evaluation]) -> dict[str, list[tuple[int, Evaluation]]]:
    """Give all tracks, and each data set where there are several, as the systems that scored any of it."""
    of_system = [{"all tracks": one, **one.groups()} for one in evaluations]
    names = ["all tracks", *sorted({name for groups in of_system for name in groups} - {"all tracks"})]
    return {
        name: [(colour, groups[name]) for colour, groups in enumerate(of_system) if name in groups]
        for name in (names if len(names) > 2 else names[1:])
    }


def _boxes(evaluations: Sequence[Evaluation]) -> Iterator[tuple[str, dict[str, list[list[float]]]]]:
    every = [result for one in evaluations for result in one.results]
    there = [name for name in SIX if any(_has(result, name) for result in every)]
    for group, systems in _groups(evaluations).items():
        results: list[tuple[TrackResult, ...]] = [() for _ in evaluations]
        for colour, evaluation in systems:
            results[colour] = evaluation.results
        if there:
            yield (
                group,
                {name: [[one.counts[name].f1 for one in of if _has(one, name)] for of in results] for name in there},
            )


def _has(result: TrackResult, name: str) -> bool:
    """Tell whether the reference has a class."""
    return result.counts[name].hits + result.counts[name].misses > 0


def _details(evaluation: Evaluation, colour: int) -> dict[str, Any]:
    summary = summarise(evaluation)
    velocities = {}
    for name in SIX:
        sides = [result.velocities(name) for result in evaluation.results]
        there, found = (np.concatenate(side) for side in zip(*sides, strict=True))
        if there.size:
            label = f"{name}: velocities of {there.size} notes, reference to the right, estimate upwards"
            velocities[name] = draw_velocities(there, found, colour, label=label)
    totals = summary.confusion[:-1].sum(1)
    rows = [
        (name, [(count, count / max(total, 1)) for count in row])
        for name, row, total in zip(SIX, summary.confusion[:-1].tolist(), totals.tolist(), strict=True)
    ]
    timing = _timing(summary) if summary.offsets_s.size else "No pair."
    return {
        "system": evaluation.system,
        "colour": colour,
        "summary": summary,
        "rows": rows,
        "made_up": summary.confusion[-1, :-1].tolist(),
        "timing": timing,
        "offsets": draw_offsets(*summary.histogram, colour, label=timing),
        "velocities": velocities,
    }


def _timing(summary: Summary) -> str:
    low, middle, high = 1000 * np.quantile(summary.offsets_s, [0.1, 0.5, 0.9])
    side = "late" if middle >= 0 else "early"
    within = f"{low:+.1f} and {high:+.1f} ms".replace("-", "\N{MINUS SIGN}")
    return f"Median {abs(middle):.1f} ms {side}; 80 % within {within}."


def _tracks(evaluations: Sequence[Evaluation], sounds: dict[Track, Sound]) -> list[dict[str, Any]]:
    by_track = [{result.track: result for result in one.results} for one in evaluations]
    tracks = sorted({track for one in by_track for track in one}, key=lambda track: (track.dataset, track.audio))
    nan = float("nan")
    listed = []
    for track in tracks:
        found = [(colour, of_system[track]) for colour, of_system in enumerate(by_track) if track in of_system]
        scores = {colour: headline(replace(evaluations[colour], results=(result,))) for colour, result in found}
        values = {
            column: [
                getattr(scores[colour], column).value if colour in scores else nan for colour in range(len(by_track))
            ]
            for column in ("mean", "sum")
        }
        listed.append(
            {
                "track": track,
                "duration_s": found[0][1].duration_s,
                "values": values,
                "bars": {column: draw_bars(each) for column, each in values.items()},
                "rolls": [_roll(evaluations[colour].system, colour, result) for colour, result in found],
                "sound": sounds.get(track),
            }
        )
    return listed


def _roll(system: str, colour: int, result: TrackResult) -> dict[str, Any]:
    total = [sum(numbers) for numbers in zip(*result.counts.values(), strict=True)]
    return {"system": system, "colour": colour, "counts": total, "drawing": draw_roll(result)}


def _rules() -> list[tuple[str, str]]:
    """Read terms and their meaning from `PROTOCOL`."""
    rules: list[tuple[str, str]] = []
    for line in PROTOCOL.splitlines():
        term, meaning = line[:11].strip(), line[11:].strip()
        if term:
            rules.append((term, meaning))
        else:
            rules[-1] = (rules[-1][0], f"{rules[-1][1]} {meaning}")
    return rules


def _number(value: float, sign: str = "") -> str:
    """Write a score with three decimals and no zero before the point."""
    if np.isnan(value):
        return "\N{EN DASH}"
    return f"{value:{sign}.3f}".replace("0.", ".", 1).replace("-", "\N{MINUS SIGN}")
