"""How fast a recording of any length becomes MIDI on one thread, and in how much memory.

`python -m benchmarks.transcriber drums.wav` takes it as it is; `--hours 3` goes on with it until it is as long as that,
`--fast` hears it with the network alone.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import soundfile
import torch
from drummernet import Transcriber

_BLOCK = 1 << 20


def repeat(path: Path, longer: Path, *, n_samples: int) -> None:
    """Write a recording over and over as 16-bit WAV, until it has so many samples."""
    with (
        soundfile.SoundFile(path) as file,
        soundfile.SoundFile(longer, "w", file.samplerate, file.channels, "PCM_16") as out,
    ):
        while out.frames < n_samples:
            if not len(block := file.read(min(_BLOCK, n_samples - out.frames), dtype="int16")):
                file.seek(0)
            out.write(block)


def main() -> None:
    """Print times real time, by the processor's clock from the file to its MIDI, and the most memory ever used."""
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
    transcriber = Transcriber(refined=not asked.fast)
    with tempfile.TemporaryDirectory() as folder:
        longer = Path(folder) / "longer.wav"
        repeat(asked.recording, longer, n_samples=n_samples)
        began_s = time.process_time()
        heard = transcriber.file(longer)
        heard.to_midi(Path(folder) / "longer.mid", tempo=heard.tempo)
        took_s = time.process_time() - began_s
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(f"{heard.duration_s:.0f} s, {len(heard.events)} hits")
    print(f"{heard.duration_s / took_s:.0f} times real time, {megabytes:.0f} MB at most")


if __name__ == "__main__":
    main()
