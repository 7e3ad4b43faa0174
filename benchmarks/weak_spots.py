"""Measure where the shipped network is weak: the last lines of its card.

python -m benchmarks.weak_spots --kits KITS --midi GROOVE --annotated RECORDINGS, where KITS holds `muldjord` and
`frankensnare`, and GROOVE is the Groove MIDI Dataset, of which nothing in the splits `validation` and `test` was
trained on. Without one of them what needs it is left out. With --fast the network is measured alone.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import torch
import typer
from drummernet import Transcriber
from drummernet.demo import demo_hits, write_demo_loop
from drummernet.evaluation.datasets import find_tracks
from drummernet.evaluation.evaluate import evaluate
from drummernet.evaluation.scores import summarise
from drummernet.render import drum_notes
from drummernet.weights import SHIPPED
from torch import Tensor

from ddsp_drums.audio import read_audio
from ddsp_drums.audio.degradations import (
    add_noise,
    coloured_noise,
    compress,
    convolve,
    crackle,
    equalise,
    mp3,
    resample,
    room_response,
)
from ddsp_drums.events import Hit, read_midi
from ddsp_drums.kits import BY_ID, Kit, load_kit, render
from ddsp_drums.metrics import OnsetCounts, count_onsets

CLASSES = ("KD", "SD", "HH")
SECONDS, PERFORMANCES = 20.0, 20


def count(reference: Iterable[Hit], estimate: Iterable[Hit]) -> dict[str, OnsetCounts]:
    """Count kicks, snares and hi-hats within 50 ms."""

    def onsets(hits: Iterable[Hit]) -> dict[str, list[float]]:
        found = defaultdict(list)
        for hit in sorted(hits):
            found[BY_ID[hit.instrument].six].append(hit.onset_s)
        return found

    there, found = onsets(reference), onsets(estimate)
    return {name: count_onsets(there[name], found[name]) for name in CLASSES}


def performances(groove: Path) -> Iterator[list[Hit]]:
    """Yield the first seconds of the longer performances that nothing was trained on."""
    with (groove / "info.csv").open() as table:
        for row in csv.DictReader(table):
            path = groove / row["midi_filename"]
            if row["split"] != "train" and float(row["duration"]) > 25 and path.exists():
                hits = read_midi(path, notes=drum_notes())
                if len(hits) > 50:
                    yield [hit for hit in hits if hit.onset_s < SECONDS]


def played_on(kit: Kit, groove: Path) -> Iterator[tuple[list[Hit], Tensor]]:
    """Yield what a kit can play of these performances, and how it sounds."""
    for seed, hits in enumerate(islice(performances(groove), PERFORMANCES)):
        played = [hit for hit in hits if hit.instrument in kit.classes]
        yield played, render(played, kit, duration_s=SECONDS, rng=np.random.default_rng(seed))


def alterations(rate: int) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return what may have become of a recording."""
    octaves = torch.arange(-5.0, 6.0)  # from 640 Hz
    room = room_response(sample_rate=rate, rng=np.random.default_rng(0), reverberation_s=0.8, wet_db=0.0)
    noise = coloured_noise(60 * rate, rng=np.random.default_rng(0))
    limits = {
        f"nothing above {limit} Hz": partial(resample, sample_rate=rate, to_hz=2 * limit)
        for limit in (11_000, 8_000, 5_000)
    }
    slopes = {
        f"{slope:+d} dB an octave": partial(equalise, gain_db=slope * octaves, sample_rate=rate)
        for slope in (-3, -2, -1, 1, 2, 3)
    }
    return {
        **limits,
        **slopes,
        "a room as loud as the drums": partial(convolve, response=room),
        "compressed 8 to 1": lambda x: compress(x / x.abs().max(), sample_rate=rate, threshold_db=-30.0, ratio=8.0),
        "pink noise 20 dB below": lambda x: add_noise(x, noise.repeat(-(-len(x) // len(noise)))[: len(x)], snr_db=20.0),
        "MP3 of 48 kbit/s": partial(mp3, sample_rate=rate, bitrate_kbps=48.0),
    }


def main(
    kits: Annotated[Path | None, typer.Option()] = None,
    midi: Annotated[Path | None, typer.Option()] = None,
    annotated: Annotated[Path | None, typer.Option()] = None,
    weights: Path = SHIPPED,
    fast: Annotated[bool, typer.Option("--fast")] = False,
) -> None:
    """Print how it does on noise, the demo's loop, sticks and brushes, without cymbals, and on altered recordings."""
    torch.set_num_threads(1)
    transcriber = Transcriber(weights, refined=not fast)
    rate = transcriber.config.model.sample_rate
    for slope_db in (0, -3, -6, -9):
        noise = coloured_noise(60 * rate, rng=np.random.default_rng(0), slope_db=slope_db)
        print(f"noise of {slope_db} dB an octave: {len(transcriber(noise).events)} hits a minute")
    clicks = crackle(60 * rate, sample_rate=rate, rng=np.random.default_rng(0), rate_hz=20.0)
    print(f"crackle of 20 clicks a second: {len(transcriber(clicks).events)} hits a minute")
    with TemporaryDirectory() as folder:
        write_demo_loop(Path(folder, "loop.flac"))
        print("the demo's loop:", count(demo_hits(), transcriber.file(Path(folder, "loop.flac")).hits))
    if kits and midi:
        sticks = load_kit(kits / "muldjord", sample_rate=rate)
        snares = load_kit(kits / "frankensnare", sample_rate=rate).drums["SD"]
        brushed = tuple(drum for drum in snares if "brush" in drum.name)
        for name, kit in {"sticks": sticks, "brushes": Kit("brushes", rate, {**sticks.drums, "SD": brushed})}.items():
            total = np.zeros(3, dtype=int)
            for played, audio in played_on(kit, midi):
                total += count(played, transcriber(audio).hits)["SD"]
            print(f"snares by {name}: F1 {OnsetCounts(*total).f1:.2f}, {total[2] / (total[0] + total[2]):.0%} missed")
        without_cymbals = Kit("without cymbals", rate, {name: sticks.drums[name] for name in ("KD", "SD")})
        found = [count(played, transcriber(audio).hits)["HH"] for played, audio in played_on(without_cymbals, midi)]
        a_minute = sum(each.false_alarms for each in found) / (len(found) * SECONDS / 60)
        print(f"kick and snare alone: {a_minute:.0f} hi-hats a minute")
    tracks = find_tracks(annotated) if annotated else []
    for name, alter in alterations(rate).items() if tracks else ():

        def hear(path: Path, alter: Callable[[Tensor], Tensor] = alter) -> list[Hit]:
            return transcriber(alter(read_audio(path, sample_rate=rate))).hits

        scores = summarise(evaluate(tracks, hear, system=name)).headline
        print(f"{name}: mean {scores.mean.value:.3f}, sum {scores.sum.value:.3f}")


if __name__ == "__main__":
    typer.run(main)
