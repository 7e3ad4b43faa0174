"""What the first page shows: a recording, and what the shipped network hears in it. Made anew by each build."""

from pathlib import Path
from tempfile import TemporaryDirectory

from drummernet import transcribe
from drummernet.demo import demo_hits, write_demo_loop
from drummernet.evaluation.datasets import find_tracks
from drummernet.evaluation.evaluate import evaluate
from drummernet.evaluation.report import write_html

from ddsp_drums.audio import read_audio, write_audio
from ddsp_drums.events import write_midi
from ddsp_drums.kits import procedural_kit

SAMPLE_RATE = 44_100


def make_demo(folder: Path) -> None:
    """Write the recording, what was heard in it as sound, picture, table and MIDI, and how right that is."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        recording = Path(scratch, "loop.flac")
        write_demo_loop(recording)
        write_midi(recording.with_suffix(".mid"), demo_hits())
        heard = transcribe(recording)
        audio = read_audio(recording, sample_rate=SAMPLE_RATE)
        write_html(folder / "report.html", [evaluate(find_tracks(scratch), lambda _: heard.hits, system="drummernet")])
    heard.to_midi(folder / "loop.mid", tempo=heard.tempo)
    heard.to_csv(folder / "loop.csv")
    heard.plot(folder / "loop.png", audio, title="The recording, and the hits found in it")
    played = heard.audio(procedural_kit(sample_rate=SAMPLE_RATE, preset="808"))[: audio.numel()]
    write_audio(folder / "loop.mp3", audio, sample_rate=SAMPLE_RATE)
    write_audio(folder / "heard.mp3", played * (audio.norm() / played.norm()), sample_rate=SAMPLE_RATE)
