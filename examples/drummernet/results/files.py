"""Transcribe files into files: what is asked for, where it goes, and what came of it."""

import glob
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drummernet.hearing.thresholds import Thresholds

if TYPE_CHECKING:
    from ddsp_drums.events import TempoMap
    from ddsp_drums.kits import Kit
    from drummernet.hearing.transcriber import Transcriber
    from drummernet.transcription import Transcription

__all__ = ["FAILURES", "FORMATS", "Outcome", "Request", "Source", "find_recordings", "find_sources", "reason_of"]

FORMATS = {
    "mid": ".mid",
    "csv": ".csv",
    "json": ".json",
    "jams": ".jams",
    "png": ".png",
    "wav": ".ab.wav",
    "stems": ".stems",
}
"""Each kind of result, and what its name ends in."""

FAILURES = (ValueError, OSError, MemoryError, RuntimeError)
"""What may be wrong with one recording of many; the last is PyTorch's for want of memory."""

STANDARD_INPUT = "-"
_LONG_S = 600.0  # of which so much is held that giving it back is worth its time
_SOUND_RATE = 44_100  # Hz, of what is played


@dataclass(frozen=True)
class Source:
    """A recording, and where its results go, without what their names end in."""

    path: str
    target: Path


@dataclass(frozen=True)
class Outcome:
    """What came of a recording.

    Attributes:
        file: The recording.
        status: `"done"`, `"skipped"` or `"failed"`.
        outputs: Files that were written.
        hits: Number of hits, 0 where none were sought.
        duration_s: Seconds of the recording.
        bpm: Its tempo, where it was estimated.
        error: Why it failed, one line.
    """

    file: str
    status: str
    outputs: tuple[str, ...] = ()
    hits: int = 0
    duration_s: float = 0.0
    bpm: float | None = None
    error: str | None = None


def find_sources(inputs: Iterable[str], out: Path | None) -> tuple[list[Source], list[Outcome]]:
    """Find recordings, and where the results of each go.

    Args:
        inputs: Files, folders, patterns such as `songs/**/*.wav`, or `-` for standard input. What folders and patterns
            hold of results is left out.
        out: Folder for results, in which those of a folder or pattern are laid out as it is; by default each lies
            beside its recording, that of standard input in the current folder.

    Returns:
        The recordings, each once, and a failed outcome for each input that holds none, and for each recording whose
        results would have the names of another's.
    """
    from ddsp_drums.audio import AudioFileError

    sources: dict[Path, Source] = {}
    failed: list[Outcome] = []
    for text in inputs:
        path = Path(text)
        if text == STANDARD_INPUT:
            found, root = [Path("stdin")], Path()
        elif path.is_dir():
            root = path
            try:
                found = find_recordings(path)
            except AudioFileError as error:
                failed.append(Outcome(text, "failed", error=str(error)))
                continue
        elif glob.has_magic(text) and not _exists(path):
            root = Path(*_before_magic(path))
            files = (each for each in map(Path, glob.glob(text, recursive=True)) if each.is_file())
            found = sorted(each for each in files if not _is_result(each.relative_to(root)))
            if not found:
                failed.append(Outcome(text, "failed", error=f"{text}: no file fits this pattern"))
        else:
            found, root = [path], path.parent
        for each in found:
            target = (out / each.relative_to(root) if out else each).with_name(each.stem)
            source = Source(STANDARD_INPUT if text == STANDARD_INPUT else str(each), target)
            other = sources.setdefault(target, source)
            if other.path != source.path:
                reason = f"{source.path}: its results would have the names of those of {other.path}; rename one of them"
                failed.append(Outcome(source.path, "failed", error=reason))
    return list(sources.values()), failed


@dataclass(frozen=True)
class Request:
    """What is asked for, the same for every recording. It can be sent to another process.

    Attributes:
        formats: Of `FORMATS`.
        weights: The network.
        refined: See :class:`drummernet.hearing.transcriber.Transcriber`.
        threshold: See there.
        device: See there.
        batch_size: See there.
        classes: 3, 6, or 11 for all that the network has.
        tempo: `"auto"` for what is estimated, `"none"` for 120 from the beginning, or about how many beats a minute.
        beats_per_bar: Beats in a bar, 4 or 3.
        strength: How far hits of MIDI files are moved to sixteenths.
        swing: See :func:`ddsp_drums.events.quantise`.
        kit: What hits are played on; the synthesised one by default.
        overwrite: Whether results that are there are made again.
    """

    formats: tuple[str, ...]
    weights: Path
    refined: bool
    threshold: Thresholds | None
    device: str
    batch_size: int
    classes: int
    tempo: str | float
    beats_per_bar: int
    strength: float
    swing: float
    kit: Path | None
    overwrite: bool

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what was loaded: each process loads its own."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def transcriber(self) -> "Transcriber":
        """The network, loaded."""
        from drummernet.hearing.transcriber import Transcriber

        return Transcriber(
            self.weights,
            threshold=self.threshold,
            refined=self.refined,
            device=self.device,
            batch_size=self.batch_size,
        )

    @cached_property
    def sounds(self) -> "Kit | None":
        """The kit, loaded; None where nothing is to be played."""
        from ddsp_drums.kits import load_kit, procedural_kit
        from drummernet.render import MAX_HIT_S

        if not {"wav", "stems"} & set(self.formats):
            return None
        if self.kit:
            known = self.transcriber.config.model.taxonomy
            return load_kit(self.kit, sample_rate=_SOUND_RATE, max_duration_s=MAX_HIT_S, taxonomy=known)
        return procedural_kit(sample_rate=_SOUND_RATE)

    def run(self, source: Source) -> Outcome:
        """Transcribe one recording; whatever is wrong with it is told in the outcome."""
        from ddsp_drums.audio import AudioFileError

        outputs = [source.target.with_name(source.target.name + FORMATS[name]) for name in self.formats]
        piped = source.path == STANDARD_INPUT  # which may be another recording each time
        if not piped and not self.overwrite and all(_exists(path) for path in outputs):
            return Outcome(source.path, "skipped", tuple(map(str, outputs)))
        try:
            if not piped:
                return self._write(Path(source.path), source, outputs)
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "stdin"
                with copy.open("wb") as file:
                    shutil.copyfileobj(sys.stdin.buffer, file)
                try:
                    return self._write(copy, source, outputs)
                except AudioFileError as error:  # nobody knows the copy
                    raise AudioFileError(str(error).replace(str(copy), "standard input")) from error
        except FAILURES as error:
            reason = reason_of(error)
            where = "" if piped or source.path in reason else f"{source.path}: "
            return Outcome(source.path, "failed", error=where + reason)

    def _write(self, path: Path, source: Source, outputs: list[Path]) -> Outcome:
        from drummernet.allocator import give_memory_back
        from drummernet.results.class_sets import reduce_classes

        heard = self.transcriber.file(path, activations=False)
        if self.classes in (3, 6):
            heard = reduce_classes(heard, self.classes)
        tempo = self._tempo(heard)
        if heard.duration_s > _LONG_S:
            give_memory_back()  # what hearing it and finding its tempo needed
        source.target.parent.mkdir(parents=True, exist_ok=True)
        for name, output in zip(self.formats, outputs, strict=True):
            self._write_one(name, output, path, heard, tempo, title=source.target.name)
        bpm = tempo.bpm if tempo else None
        return Outcome(source.path, "done", tuple(map(str, outputs)), len(heard.events), heard.duration_s, bpm)

    def _tempo(self, heard: "Transcription") -> "TempoMap | None":
        from ddsp_drums.events import estimate_tempo

        if self.tempo == "none":
            return None
        bpm = None if self.tempo == "auto" else float(self.tempo)
        return estimate_tempo(heard.events, bpm=bpm, beats_per_bar=self.beats_per_bar)

    def _write_one(
        self, name: str, output: Path, path: Path, heard: "Transcription", tempo: "TempoMap | None", *, title: str
    ) -> None:
        from ddsp_drums.audio import stream_audio
        from ddsp_drums.events import write_jams, write_json
        from drummernet.results.plot import plot_transcription
        from drummernet.results.resynthesis import write_side_by_side, write_stems

        about: dict[str, Any] = {"duration_s": heard.duration_s, "taxonomy": heard.taxonomy}
        if name == "mid":
            heard.to_midi(output, tempo=tempo, strength=self.strength, swing=self.swing)
        elif name == "csv":
            heard.to_csv(output)
        elif name == "json":
            write_json(output, heard.events, tempo=tempo, **about)
        elif name == "jams":
            write_jams(output, heard.events, title=title, tempo=tempo, **about)
        elif name == "png":
            rate = 16_000
            plot_transcription(output, stream_audio(path, sample_rate=rate), heard, sample_rate=rate, title=title)
        elif self.sounds:
            read = partial(stream_audio, path, sample_rate=_SOUND_RATE)
            write = write_stems if name == "stems" else write_side_by_side
            write(output, read, heard, self.sounds)


def find_recordings(folder: Path) -> list[Path]:
    """List the audio files in a folder but for the results that lie among them; AudioFileError if there is none."""
    from ddsp_drums.audio import AudioFileError, find_audio

    found = [path for path in find_audio(folder) if not _is_result(path.relative_to(folder))]
    if not found:
        raise AudioFileError(f"{folder}: no audio file in it but results of this command")
    return found


def reason_of(failure: BaseException) -> str:
    """Tell in one line why a recording could not be transcribed."""
    if isinstance(failure, MemoryError):
        return "needs more memory than there is; try a shorter piece"
    return (str(failure) or type(failure).__name__).splitlines()[0]


def _is_result(path: Path) -> bool:
    return path.name.endswith(FORMATS["wav"]) or any(part.endswith(FORMATS["stems"]) for part in path.parts[:-1])


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def _before_magic(path: Path) -> list[str]:
    """Tell the parts of a pattern that come before the first wildcard, but for its last part."""
    parts: list[str] = []
    for part in path.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return parts
