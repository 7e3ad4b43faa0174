"""Recordings and their transcriptions played, as sound that stands in a page."""

import base64
import io
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import soundfile
import torch
from torch import Tensor

from ddsp_drums.audio import read_audio
from ddsp_drums.kits import Kit, render
from drummernet.evaluation.datasets import Track
from drummernet.evaluation.evaluate import TrackResult

__all__ = ["EXCERPT_S", "SAMPLE_RATE", "Sound", "embed_sounds"]

SAMPLE_RATE = 32_000
"""Hz: up to 16 kHz, which is what a hi-hat needs."""

EXCERPT_S = 30.0
"""Seconds of each recording that are embedded."""

_LEVEL = 0.1  # root mean square, unless a peak would be clipped
_COMPRESSION = 0.4  # of MP3 with a variable rate, about 65 kbit/s for drums


class Sound(NamedTuple):
    """A recording and its transcription played, as data URIs.

    Attributes:
        original: The recording, mono.
        resynthesis: What was found in it, played on a kit. Both have one level.
        duration_s: Seconds of both.
    """

    original: str
    resynthesis: str
    duration_s: float


def embed_sounds(results: Iterable[TrackResult], kit: Kit, *, max_bytes: int) -> dict[Track, Sound]:
    """Embed the beginnings of recordings and of what was found in them, until there is no more room.

    Data sets take turns, so that each is heard.

    Args:
        results: The tracks.
        kit: The sounds, at `SAMPLE_RATE`.
        max_bytes: Of all data URIs together.

    Returns:
        Sounds of as many tracks as there is room for.

    Raises:
        AudioFileError: If a recording cannot be read.
        KitError: If an instrument was found that the kit has not.
    """
    turns: Counter[str] = Counter()
    queue = []
    for result in results:
        queue.append((turns[result.track.dataset], result))
        turns[result.track.dataset] += 1
    sounds: dict[Track, Sound] = {}
    for _, result in sorted(queue, key=lambda turn: turn[0]):
        sound = _sound(result, kit)
        max_bytes -= len(sound.original) + len(sound.resynthesis)
        if max_bytes < 0:
            break
        sounds[result.track] = sound
    return sounds


def _sound(result: TrackResult, kit: Kit) -> Sound:
    original = read_audio(result.track.audio, sample_rate=SAMPLE_RATE, max_duration_s=EXCERPT_S)
    duration_s = original.numel() / SAMPLE_RATE
    played = render(result.estimate, kit, duration_s=duration_s)
    both = torch.stack([original, played])
    both = both / both.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-9)
    both = both * min(_LEVEL, 0.99 / max(float(both.abs().max()), 1e-9))
    return Sound(_data_uri(both[0]), _data_uri(both[1]), duration_s)


def _data_uri(audio: Tensor) -> str:
    buffer = io.BytesIO()
    soundfile.write(
        buffer, audio.numpy(), SAMPLE_RATE, format="MP3", compression_level=_COMPRESSION, bitrate_mode="VARIABLE"
    )
    return f"data:audio/mpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
