"""Transcribe while the music plays."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums._validate import require_float, require_positive
from ddsp_drums.audio.files import libraries
from drummernet.config import Config
from drummernet.hearing.picking import EventPicker, any_of, velocity_of_likeliest
from drummernet.hearing.thresholds import Thresholds, resolve_thresholds
from drummernet.level import LevelMeter
from drummernet.model import DrummerNet
from drummernet.transcription import Event
from drummernet.weights import SHIPPED, load_weights

__all__ = ["Stream"]

_STEP = 4  # frames at a time: fewer come sooner and cost more
_PICKING_AHEAD = 2  # frames that a peak is compared with
_MEMORY_S = 30.0  # of the level


class Stream:
    """Transcribes audio block by block, with events soon after they sound; the same ones for blocks of any size.

    The network hears nothing later than `look_ahead_s` after a frame, and the level is that of the last thirty seconds.

    Args:
        weights: A file of weights, or a network with its config, which is put into evaluation mode; the shipped network
            by default.
        sample_rate: Of the blocks, in Hz, by default the network's; another is resampled, which holds back a little
            more.
        threshold: Overrides the config's, as of `Transcriber`.
        look_ahead_s: Seconds that are heard before a frame is decided; more finds more.

    Raises:
        WeightsError: If the weights cannot be used.
        ValueError: If an option is out of its range.

    Example:
        >>> stream = Stream(sample_rate=48_000)
        >>> round(stream.latency_s, 3)
        0.088
        >>> [event for _ in range(9) for event in stream.push(torch.zeros(4_800))] + stream.finish()
        []
    """

    def __init__(
        self,
        weights: str | Path | tuple[DrummerNet, Config] = SHIPPED,
        *,
        sample_rate: int | None = None,
        threshold: Thresholds | None = None,
        look_ahead_s: float = 0.064,
    ) -> None:
        if sample_rate is not None:
            require_positive("sample_rate", sample_rate)
        self.model, self.config = weights if isinstance(weights, tuple) else load_weights(weights)
        self.model.eval()
        model, picking = self.config.model, self.config.picking
        if model.encoder != "mel" or not model.velocity:
            raise ValueError("weights must be of a network with the encoder 'mel' and velocity: others hear the whole")
        frame_s = model.hop_length / model.sample_rate
        if not look_ahead_s >= _PICKING_AHEAD * frame_s:
            raise ValueError(f"look_ahead_s must be at least {_PICKING_AHEAD * frame_s:g}, got {look_ahead_s}")
        self.latency_s = look_ahead_s + (_STEP - 1) * frame_s
        self._ahead = round((look_ahead_s - _PICKING_AHEAD * frame_s) * model.sample_rate)
        asked, defaults = {} if threshold is None else threshold, picking.thresholds(model.instruments)
        levels = resolve_thresholds(asked, defaults, taxonomy=model.taxonomy)
        self._picker = EventPicker(self.config, levels, ahead_s=_PICKING_AHEAD * frame_s)
        self._meter = LevelMeter(sample_rate=model.sample_rate, level=model.level, memory_s=_MEMORY_S)
        self._resampler = None
        if sample_rate not in (None, model.sample_rate):
            _, soxr = libraries()
            self._resampler = soxr.ResampleStream(sample_rate, model.sample_rate, 1, quality="HQ")
        self._before, _, self._skipped = self.model.surroundings(_STEP)
        self._held = torch.zeros(0)
        self._first = 0  # sample that `_held` begins with
        self._measured = 0  # samples
        self._n_frames = 0
        self._over = False

    def push(self, block: Tensor) -> list[Event]:
        """Hear the next mono samples (n,), and return the events that are now certain, in order of time.

        Raises TypeError if the block is not a floating-point tensor, ValueError if it has another shape, or NaN or
        infinite samples, and RuntimeError after `finish`.
        """
        require_float("block", block, "(n,)", min_dims=0)
        if block.dim() != 1 or not block.isfinite().all():
            raise ValueError(f"block must have shape (n,) and finite samples, got {tuple(block.shape)}")
        return self._hear(block, last=False)

    def finish(self) -> list[Event]:
        """Return the events that were still uncertain when the last block had come, once: RuntimeError from then on."""
        events = self._hear(torch.zeros(0), last=True) + self._picker.finish()
        self._over = True
        return events

    @torch.inference_mode()
    def _hear(self, block: Tensor, *, last: bool) -> list[Event]:
        if self._over:
            raise RuntimeError("the stream is over: another one begins with another Stream")
        if self._resampler is not None:
            block = torch.from_numpy(self._resampler.resample_chunk(block.float().numpy(), last=last))
        self._held = torch.cat([self._held, block.float()])
        n_samples = self._first + self._held.numel()
        hop = self.config.model.hop_length
        n_frames = 1 + n_samples // hop if last and n_samples else 0
        events: list[Event] = []
        while (end := (self._n_frames + _STEP - 1) * hop + self._ahead) <= n_samples or self._n_frames < n_frames:
            heard = self._step(end)
            new = min(_STEP, n_frames - self._n_frames) if last else _STEP
            events += self._picker.push(*(each[:, :new] for each in heard))
            self._n_frames += new
            kept = max(self._first, min(self._n_frames * hop - self._before, self._measured))
            self._held, self._first = self._held[kept - self._first :], kept
        return events

    def _step(self, end: int) -> tuple[Tensor, Tensor, Tensor]:
        """Hear the next frames with the audio before sample `end`: probability, velocity, together."""
        self._meter.push(self._held[self._measured - self._first : end - self._first])
        self._measured = min(end, self._first + self._held.numel())
        level = self._meter.measured()
        begin = self._n_frames * self.config.model.hop_length - self._before
        window = (self._held[max(0, begin - self._first) : end - self._first] - level.offset) * level.gain
        early = max(0, -begin)
        window = F.pad(window, (early, end - begin - early - window.numel()))  # zeros beyond the ends
        prediction = self.model(window[None])
        frames = slice(self._skipped, self._skipped + _STEP)
        probability = self.model.probabilities(prediction)[0, :, frames]
        names = self.config.model.instruments
        velocity = velocity_of_likeliest(probability, prediction.velocity[0, :, frames], names)
        return probability, velocity, any_of(probability, names)
