"""The `drummernet demo` command."""

from pathlib import Path
from typing import Annotated

import typer

from drummernet.commands.terminal import RESULTS, say

__all__ = ["demo"]


def demo(
    audio: Annotated[Path | None, typer.Argument(help="A recording. Default: a loop that the project plays.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo"),
) -> None:
    """Transcribe a loop, print its hits, and write MIDI, CSV and a picture."""
    from ddsp_drums.audio import read_audio
    from drummernet.api import transcribe
    from drummernet.demo import write_demo_loop

    out.mkdir(parents=True, exist_ok=True)
    if audio is None:
        audio = out / "loop.flac"
        write_demo_loop(audio)
    target = out / audio.stem
    heard = transcribe(audio)
    heard.to_midi(f"{target}.mid", tempo=heard.tempo)
    heard.to_csv(f"{target}.csv")
    heard.plot(f"{target}.png", read_audio(audio, sample_rate=16_000), title=audio.name)
    RESULTS.print(heard.table(audio.name))
    say(f"wrote {target}.mid, {target}.csv and {target}.png")
