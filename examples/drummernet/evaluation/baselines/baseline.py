"""What the baselines share: from the activations of classes to hits."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from ddsp_drums.audio import read_audio
from ddsp_drums.events import pick_peaks
from ddsp_drums.kits import BY_ID
from drummernet.transcription import Event, Transcription

__all__ = ["Baseline"]


class Baseline(ABC):
    """A transcriber without anything learned. Each of the six classes is picked by itself, relative to its loudest hit.

    Args:
        threshold: How far above the mean around it a hit must rise, as a share of the loudest hit of its class in the
            recording, in [0, 1]; one for all, or one for each of the six classes.
        instruments: The K instruments whose activations are measured. Those of one class are picked together, and a
            hit is the one of them that is loudest there.
        sample_rate: Hz.
        hop_length: Samples between two frames.

    Raises:
        ValueError: If a threshold is not in [0, 1], or one for a class is missing.
    """

    def __init__(
        self,
        *,
        threshold: float | Mapping[str, float],
        instruments: tuple[str, ...],
        sample_rate: int,
        hop_length: int,
    ) -> None:
        self.instruments = instruments
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        classes = list(dict.fromkeys(BY_ID[name].six for name in instruments))
        self.threshold = dict(threshold) if isinstance(threshold, Mapping) else dict.fromkeys(classes, threshold)
        for name in classes:
            if not 0 <= self.threshold.get(name, -1) <= 1:
                raise ValueError(f"threshold must be in [0, 1] for each of {', '.join(classes)}, got {threshold}")

    @abstractmethod
    def activations(self, audio: Tensor) -> Tensor:
        """Measure each instrument in audio (T,), (K, N), zero or more; those of one class in one unit."""

    def __call__(self, audio: Tensor) -> Transcription:
        """Transcribe mono audio (T,) at the baseline's sample rate, T >= 1."""
        if audio.dim() != 1 or audio.numel() == 0:
            raise ValueError(f"audio must have shape (T,) with T >= 1, got {tuple(audio.shape)}")
        with torch.inference_mode():
            activations = self.activations(audio)
        picked = (self.pick(activations, name, threshold) for name, threshold in self.threshold.items())
        return Transcription(
            events=tuple(sorted(chain.from_iterable(picked))),
            activations=activations / activations.amax().clamp(min=1e-9),
            instruments=self.instruments,
            frame_rate_hz=self.sample_rate / self.hop_length,
            duration_s=audio.numel() / self.sample_rate,
        )

    def file(self, path: str | Path) -> Transcription:
        """Transcribe a file; raises AudioFileError where it cannot be read."""
        return self(read_audio(path, sample_rate=self.sample_rate))

    def pick(self, activations: Tensor, name: str, threshold: float) -> list[Event]:
        """Pick the hits of one of the six classes from activations (K, N)."""
        rows = [row for row, instrument in enumerate(self.instruments) if BY_ID[instrument].six == name]
        together = activations[rows].sum(0)
        frame_rate_hz = self.sample_rate / self.hop_length
        loudness = together / together.amax().clamp(min=1e-9)
        times, heights = pick_peaks(loudness, frame_rate_hz=frame_rate_hz, threshold=threshold)
        events = []
        for time, height in zip(times.tolist(), heights.tolist(), strict=True):
            frame = min(round(time * frame_rate_hz), together.numel() - 1)
            instrument = self.instruments[rows[int(activations[rows, frame].argmax())]]
            events.append(Event(time, instrument, max(1, round(127 * height)), height))
        return events
