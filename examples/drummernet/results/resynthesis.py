"""Hear a transcription: played on a kit, beside the recording or each instrument by itself."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._atomic import partial_path
from ddsp_drums.audio import audio_writer
from ddsp_drums.kits import Drum, Kit, stream_render
from drummernet.pieces import Reader, cut
from drummernet.results.residual import residual
from drummernet.transcription import Transcription

__all__ = ["TAIL_S", "resynthesise", "write_side_by_side", "write_stems"]

TAIL_S = 0.5
"""Seconds after the recording's end, in which the last sounds ring."""
_PIECE = 1 << 16  # samples that are written at a time


def resynthesise(transcription: Transcription, kit: Kit) -> dict[str, Tensor]:
    """Play what was heard on a kit, each instrument by itself.

    Args:
        transcription: What was heard.
        kit: The sounds; what it lacks does not play.

    Returns:
        Audio (T,) of each instrument that was heard and that the kit has, T = (length of the recording + 0.5 s) times
        the kit's sample rate; their sum is the whole. Levels are the kit's.
    """
    drums = _heard(transcription, kit)
    pieces = [stems for _, stems in _beside(lambda: [torch.zeros(1)], transcription, kit)]
    return dict(zip(drums, torch.cat(pieces, -1), strict=True))


def write_side_by_side(path: Path, read: Reader, transcription: Transcription, kit: Kit) -> None:
    """Write a recording on the left and what was heard in it, played on a kit, on the right, at one level.

    What would be louder than full scale makes both softer. Any length takes the same memory.

    Args:
        path: The file.
        read: Reads the recording at the kit's sample rate.
        transcription: What was heard in it.
        kit: The sounds; what it lacks does not play.
    """
    level = _measure(read, transcription, kit)
    scale = 1 / max(1.0, level.recording, level.gain * level.played)
    with audio_writer(path, sample_rate=kit.sample_rate, channels=2) as write:
        for recording, stems in _beside(read, transcription, kit):
            write(torch.stack([recording, level.gain * stems.sum(0)]) * scale)


def write_stems(folder: Path, read: Reader, transcription: Transcription, kit: Kit) -> None:
    """Write what was heard as a WAV file for each instrument, and `residual.wav`, all at the recording's level.

    Any length takes the same memory.

    Args:
        folder: A folder, which is made whole or not at all; an older one of the name is replaced.
        read: Reads the recording at the kit's sample rate.
        transcription: What was heard in it.
        kit: The sounds; what it lacks does not play.
    """
    level = _measure(read, transcription, kit)
    partial = partial_path(folder)
    partial.mkdir()
    try:
        unscaled = partial / "residual.f32"  # how loud the loudest of it is, its end tells
        loudest = max(1.0, level.gain * level.stem)
        with unscaled.open("wb") as file:
            for piece in residual(read, transcription, sample_rate=kit.sample_rate):
                loudest = max(loudest, _peak(piece))
                file.write(piece.numpy().tobytes())
        with ExitStack() as files:
            names = [*_heard(transcription, kit), "residual"]
            writers = [
                files.enter_context(audio_writer(partial / f"{name}.wav", sample_rate=kit.sample_rate))
                for name in names
            ]
            for left, stems in _beside(lambda: _floats(unscaled), transcription, kit):
                for write, track in zip(writers, [*(level.gain * stems), left], strict=True):
                    write(track / loudest)
        unscaled.unlink()
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class _Level(NamedTuple):
    """What gives both sides one level, and nothing more than full scale.

    Attributes:
        gain: What brings the hits played to the root mean square of the recording, without its offset; 1 where either
            is silent.
        recording: Largest magnitude of the recording.
        played: Of all hits together, as they are played.
        stem: Of any instrument, as it is played.
    """

    gain: float
    recording: float
    played: float
    stem: float


def _measure(read: Reader, transcription: Transcription, kit: Kit) -> _Level:
    n_samples = left = round(transcription.duration_s * kit.sample_rate)  # what rings after the end does not count
    sums, squares = np.zeros(2), np.zeros(2)
    peaks = np.zeros(3)
    for recording, stems in _beside(read, transcription, kit):
        played = stems.sum(0)
        sides = [side[: max(left, 0)].double() for side in (recording, played)]
        sums += [float(side.sum()) for side in sides]
        squares += [float(side.square().sum()) for side in sides]
        peaks = np.maximum(peaks, [_peak(each) for each in (recording, played, stems)])
        left -= recording.numel()
    powers = squares - sums**2 / max(n_samples, 1)  # an offset is no sound
    heard = (powers > 1e-9 * squares).all()
    gain = float(np.sqrt(powers[0] / powers[1])) if heard else 1.0
    return _Level(gain, *map(float, peaks))


def _beside(read: Reader, transcription: Transcription, kit: Kit) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pieces of the recording (n,) and of the instruments played (K, n), both until the last have rung."""
    drums = _heard(transcription, kit)
    duration_s = transcription.duration_s + TAIL_S
    n_samples = round(duration_s * kit.sample_rate)
    spans = [(first, min(first + _PIECE, n_samples)) for first in range(0, n_samples, _PIECE)]
    stems: Iterator[Tensor] = (torch.zeros(0, end - begin) for begin, end in spans)
    if drums:
        hits = (event.hit for event in transcription.events if event.instrument in drums)
        part = Kit(kit.name, kit.sample_rate, drums)
        stems = cut(stream_render(hits, part, duration_s=duration_s, stems=True), spans)
    yield from zip(cut(read(), spans), stems, strict=True)


def _heard(transcription: Transcription, kit: Kit) -> dict[str, tuple[Drum, ...]]:
    """Tell the drums of a kit that were heard."""
    heard = {event.instrument for event in transcription.events}
    return {name: kit.drums[name] for name in kit.classes if name in heard}


def _peak(audio: Tensor) -> float:
    return float(audio.abs().max()) if audio.numel() else 0.0


def _floats(path: Path) -> Iterator[Tensor]:
    with path.open("rb") as file:
        while (piece := np.fromfile(file, np.float32, _PIECE)).size:
            yield torch.from_numpy(piece)
