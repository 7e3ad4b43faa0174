"""How fast a recording of any length becomes MIDI on one thread, and in how much memory.

`python -m benchmarks.transcriber drums.wav` takes it as it is; `--hours 3` goes on with it until it is as long as that,
and compares each round with one by itself; `--fast` hears it with the network alone.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import soundfile
import torch
from drummernet import Transcriber

from ddsp_drums.events import Event
from ddsp_drums.metrics import count_onsets

_BLOCK = 1 << 20
_STEP_S = 0.04  # a round is so many of these: whole frames, and whole samples at every usual rate
_SAME_S = 0.004  # half a frame


def repeat(path: Path, longer: Path, *, n_samples: int, round_samples: int) -> None:
    """Write the beginning of a recording over and over as 16-bit WAV, until it has so many samples."""
    with (
        soundfile.SoundFile(path) as file,
        soundfile.SoundFile(longer, "w", file.samplerate, file.channels, "PCM_16") as out,
    ):
        while out.frames < n_samples:
            left = round_samples - file.tell()
            if not left or not len(block := file.read(min(_BLOCK, n_samples - out.frames, left), dtype="int16")):
                file.seek(0)
                continue
            out.write(block)


def shared_hits(events: Sequence[Event], alone: Sequence[Event], *, round_s: float, n_rounds: int) -> list[int]:
    """Compare all rounds but the first and the last with the middle one of three that were heard by themselves.

    Returns:
        The hits that both have, those of the long recording alone, and those that it lacks.
    """
    piece = _rounds(alone, round_s, 3)[1]
    counts = [
        count_onsets(piece[name], each[name], window_s=_SAME_S)
        for each in _rounds(events, round_s, n_rounds)[1:-1]
        for name in {*piece, *each}
    ]
    return [sum(column) for column in zip(*counts, strict=True)]


def _rounds(events: Sequence[Event], round_s: float, n_rounds: int) -> list[defaultdict[str, list[float]]]:
    """Sort onsets, counted from the beginning of their round, by round and instrument."""
    rounds: list[defaultdict[str, list[float]]] = [defaultdict(list) for _ in range(n_rounds)]
    for event in events:
        number = int((event.onset_s + _SAME_S) // round_s)  # what begins with a round may be found just before it
        if number < n_rounds:
            rounds[number][event.instrument].append(event.onset_s - number * round_s)
    return rounds


def main() -> None:
    """Print times real time, by the processor's clock from the file to its MIDI, and the most memory ever used.

    Of more than one round also how many hits are those of a round by itself. Refinement learns sounds of every four
    minutes anew, so that with it some differ.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transcriber", description=main.__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--hours", type=float, help="as long as that; by default as long as it is")
    parser.add_argument("--fast", action="store_true", help="the network alone")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    try:
        known = soundfile.info(asked.recording)
    except soundfile.LibsndfileError as error:
        parser.error(f"{asked.recording}: {error}")
    if not known.frames:
        parser.error(f"{asked.recording}: holds no samples")
    n_samples = round(3600 * asked.hours * known.samplerate) if asked.hours else known.frames
    step = round(_STEP_S * known.samplerate)
    n_round = known.frames if n_samples <= known.frames else max(known.frames // step * step, min(step, known.frames))
    transcriber = Transcriber(refined=not asked.fast)
    with tempfile.TemporaryDirectory() as folder:
        longer = Path(folder) / "longer.wav"
        repeat(asked.recording, longer, n_samples=n_samples, round_samples=n_round)
        began_s = time.process_time()
        heard = transcriber.file(longer, activations=False)
        heard.to_midi(Path(folder) / "longer.mid", tempo=heard.tempo)
        took_s = time.process_time() - began_s
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        n_rounds = n_samples // n_round
        if n_rounds > 2:
            repeat(asked.recording, longer, n_samples=3 * n_round, round_samples=n_round)
            alone = transcriber.file(longer).events
    megabytes = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(f"{heard.duration_s:.0f} s, {len(heard.events)} hits")
    print(f"{heard.duration_s / took_s:.0f} times real time, {megabytes:.0f} MB at most")
    if n_rounds > 2:
        round_s = n_round / known.samplerate
        same, more, fewer = shared_hits(heard.events, alone, round_s=round_s, n_rounds=n_rounds)
        print(f"{n_rounds - 2} rounds: {same} hits as in a round by itself, {more} more, {fewer} missing")


if __name__ == "__main__":
    main()
