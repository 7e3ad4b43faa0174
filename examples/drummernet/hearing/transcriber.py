"""From audio to events."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from ddsp_drums._validate import require_count, require_float
from ddsp_drums.audio import stream_audio
from ddsp_drums.events import Events
from drummernet.allocator import keep_freed_memory
from drummernet.config import Config
from drummernet.hearing.hear import Heard, hear
from drummernet.hearing.picking import EventPicker
from drummernet.hearing.thresholds import Thresholds, resolve_thresholds
from drummernet.level import Level, LevelMeter
from drummernet.model import DrummerNet
from drummernet.transcription import Event, Transcription
from drummernet.weights import SHIPPED, load_weights

__all__ = ["Transcriber"]

_KEPT = 1 << 23  # samples of a file that stay in memory; of a longer one none, and it is read twice


class Transcriber:
    """A network that is loaded once and transcribes any number of recordings.

    In the whole process freed memory is kept from then on, see `allocator.py`: otherwise up to a sixth of the time
    goes into asking the system for it again and again.

    Args:
        weights: A file of weights, or a network with its config, which is moved to the device and put into evaluation
            mode; the shipped network by default.
        threshold: Overrides the config's, for all instruments or for some (`thresholds.py`); lower finds softer hits,
            and more false ones.
        refined: Whether to hear each recording again with the sounds that it is made of (`refine.py`): better, above
            all the velocities, for some 40 % more time.
        device: Where the network runs.
        batch_size: Chunks of a recording that the network hears at a time.

    Raises:
        WeightsError: If the weights cannot be used.
        ValueError: If a threshold or the batch size is out of its range, or there is no such device.

    Example:
        >>> from drummernet.demo import demo_hits
        >>> from ddsp_drums.kits import procedural_kit, render
        >>> transcriber = Transcriber()
        >>> kit = procedural_kit(sample_rate=transcriber.config.model.sample_rate)
        >>> len(transcriber(render(demo_hits(), kit, duration_s=11.0)).events) > 50
        True
    """

    def __init__(
        self,
        weights: str | Path | tuple[DrummerNet, Config] = SHIPPED,
        *,
        threshold: Thresholds | None = None,
        refined: bool = True,
        device: str | torch.device = "cpu",
        batch_size: int = 1,
    ) -> None:
        require_count("batch_size", batch_size)
        keep_freed_memory(largest_bytes=12 << 20, total_bytes=64 << 20)  # what a chunk needs, not what a section does
        self.model, self.config = weights if isinstance(weights, tuple) else load_weights(weights)
        try:
            self.device = torch.device(device)
            self.model.to(self.device).eval()
        except (RuntimeError, AssertionError) as error:  # torch has both for a device that is not there
            raise ValueError(f"device {device}: {str(error).splitlines()[0]}") from error
        asked, model = {} if threshold is None else threshold, self.config.model
        defaults = self.config.picking.thresholds(model.instruments)
        self.threshold = resolve_thresholds(asked, defaults, taxonomy=model.taxonomy)
        self.refined = refined
        self.batch_size = batch_size

    def __call__(self, audio: Tensor) -> Transcription:
        """Transcribe mono audio (T,) at the network's sample rate, T >= 1, nominally in [-1, 1].

        Raises TypeError if it is not a floating-point tensor, ValueError if it has another shape, or NaN or infinite
        samples.
        """
        require_float("audio", audio, "(T,)")
        if audio.dim() != 1 or audio.numel() == 0:
            raise ValueError(f"audio must have shape (T,) with T >= 1, got {tuple(audio.shape)}")
        if not audio.isfinite().all():
            raise ValueError("audio must be finite, got NaN or infinite samples")
        pieces = [audio.detach().float()]
        return self._transcribe(pieces, self._measure(pieces))

    def file(self, path: str | Path, *, activations: bool = True) -> Transcription:
        """Transcribe a file.

        Args:
            path: Any that `soundfile` reads.
            activations: Whether to keep them, 11 MB an hour; else they have no frames.

        Raises:
            AudioFileError: If the file cannot be read.
        """
        return self._transcribe(*self._read(path), activations=activations)

    def events(self, path: str | Path) -> Iterator[Event]:
        """Yield the events of a file in order of time, in the same memory for any length.

        The file is read before the first event, to measure its level; beyond four minutes it is then read again.
        Raises AudioFileError where it cannot be read.
        """
        picker = EventPicker(self.config, self.threshold)
        for heard in self._hear(*self._read(path)):
            yield from picker.push(*heard)
        yield from picker.finish()

    def _read(self, path: str | Path) -> tuple[Iterable[Tensor], Level]:
        """Read a file once to measure it, and tell its pieces, which are kept if they are few."""
        sample_rate = self.config.model.sample_rate
        kept: list[Tensor] = []
        n_samples = 0

        def keep() -> Iterator[Tensor]:
            nonlocal n_samples
            for piece in stream_audio(path, sample_rate=sample_rate):
                n_samples += piece.numel()
                if n_samples <= _KEPT:
                    kept.append(piece)
                else:
                    kept.clear()
                yield piece

        level = self._measure(keep())
        return kept or stream_audio(path, sample_rate=sample_rate), level

    def _measure(self, pieces: Iterable[Tensor]) -> Level:
        meter = LevelMeter(sample_rate=self.config.model.sample_rate, level=self.config.model.level)
        for piece in pieces:
            meter.push(piece)
        return meter.measured()

    def _hear(self, pieces: Iterable[Tensor], level: Level) -> Iterator[Heard]:
        return hear(
            self.model,
            self.config,
            pieces,
            level,
            refined=self.refined,
            batch_size=self.batch_size,
            device=self.device,
        )

    def _transcribe(self, pieces: Iterable[Tensor], level: Level, *, activations: bool = True) -> Transcription:
        picker = EventPicker(self.config, self.threshold)
        events = Events()
        instruments = self.config.model.instruments
        n_frames = 1 + level.n_samples // self.config.model.hop_length if activations else 0
        kept = torch.empty(len(instruments), n_frames, dtype=torch.float16)
        begin = 0
        for heard in self._hear(pieces, level):
            events.extend(picker.push(*heard))
            end = begin + heard.probability.shape[-1]
            if activations:
                kept[:, begin:end] = heard.probability
            begin = end
        events.extend(picker.finish())
        return Transcription(
            events=events,
            activations=kept,
            instruments=instruments,
            frame_rate_hz=picker.frame_rate_hz,
            duration_s=level.n_samples / self.config.model.sample_rate,
            taxonomy=self.config.model.taxonomy,
        )
