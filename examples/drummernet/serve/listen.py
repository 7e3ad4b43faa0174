"""What the page needs to know of a recording: all hits that some threshold finds, and what the sound looks like."""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums.audio import stream_audio
from ddsp_drums.events import find_peaks
from drummernet.config import Config
from drummernet.hearing.hear import Heard, hear
from drummernet.hearing.picking import instrument_groups
from drummernet.hearing.transcriber import Transcriber
from drummernet.level import LevelMeter

__all__ = ["LEAST_THRESHOLD", "find_candidates", "listen"]

LEAST_THRESHOLD = 0.02
_OUTLINE_HZ = 200  # lowest and highest samples a second, for the picture


def listen(transcriber: Transcriber, path: Path, *, max_duration_s: float) -> dict[str, Any]:
    """Hear a recording, and tell what the page picks its hits from.

    Args:
        transcriber: The network; its thresholds are those that the page begins with.
        path: The recording.
        max_duration_s: What is longer is refused.

    Returns:
        What becomes JSON: `duration_s`, `rms` of the recording, `outline` with its lowest and highest samples in
        percent of the loudest, `instruments`, `thresholds`, `wait_frames`, and `candidates`, see
        :func:`find_candidates`.

    Raises:
        AudioFileError: If the recording cannot be read.
        ValueError: If it is too long.
    """
    config = transcriber.config
    sample_rate = config.model.sample_rate
    meter = LevelMeter(sample_rate=sample_rate, level=config.model.level)
    pieces: list[Tensor] = []
    for piece in stream_audio(path, sample_rate=sample_rate):
        pieces.append(piece)
        meter.push(piece)
        if sum(each.numel() for each in pieces) > max_duration_s * sample_rate:
            raise ValueError(f"longer than {max_duration_s / 60:g} minutes; cut it, or use `drummernet transcribe`")
    heard = hear(transcriber.model, config, pieces, meter.measured(), refined=transcriber.refined)
    whole = Heard(*(torch.cat(parts, -1) for parts in zip(*heard, strict=True)))
    audio = torch.cat(pieces)
    return {
        "duration_s": audio.numel() / sample_rate,
        "rms": float(audio.square().mean().sqrt()),
        "outline": _outline(audio, sample_rate // _OUTLINE_HZ),
        "instruments": config.model.instruments,
        "thresholds": transcriber.threshold,
        "wait_frames": config.picking.wait_s * config.model.sample_rate / config.model.hop_length,
        "candidates": find_candidates(whole, config),
    }


def find_candidates(heard: Heard, config: Config) -> list[list[tuple[int, float, str, int, float, float]]]:
    """Find all hits that some threshold of at least `LEAST_THRESHOLD` finds.

    Args:
        heard: What the network heard.
        config: Tells the instruments, the frame rate and the windows of peak picking.

    Returns:
        For each group of instruments that are found together, hits in order of time: frame, onset in seconds,
        instrument, velocity, confidence, and the highest threshold that finds it where no other is near.
    """
    names = config.model.instruments
    frame_rate_hz = config.model.sample_rate / config.model.hop_length
    probability, last = heard.probability.T.tolist(), heard.probability.shape[-1] - 1
    found = []
    for row, group in enumerate(instrument_groups(names)):
        peaks = find_peaks(
            heard.together[row],
            frame_rate_hz=frame_rate_hz,
            max_window_s=config.picking.max_window_s,
            mean_window_s=config.picking.mean_window_s,
        )
        velocity = heard.velocity[row].tolist()
        candidates = []
        for frame, time_s, height, rise in zip(*(column.tolist() for column in peaks), strict=True):
            if rise < LEAST_THRESHOLD:
                continue
            near = min(round(time_s * frame_rate_hz), last)  # all as EventPicker has it
            likeliest = max(group, key=lambda name: probability[near][names.index(name)])
            candidates.append((frame, time_s, likeliest, min(max(round(127 * velocity[near]), 1), 127), height, rise))
        found.append(candidates)
    return found


def _outline(audio: Tensor, step: int) -> list[list[int]]:
    blocks = F.pad(audio, (0, -audio.numel() % step)).unflatten(0, (-1, step))
    scale = 100 / max(float(audio.abs().max()), 1e-9)
    return [(scale * each).round().int().tolist() for each in blocks.aminmax(dim=1)]
