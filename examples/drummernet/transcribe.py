"""From audio to hits."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import spectrogram
from ddsp_drums._validate import require_count
from ddsp_drums.audio import read_audio
from ddsp_drums.events import pick_peaks
from drummernet.config import Config
from drummernet.level import scale_level
from drummernet.model import DrummerNet
from drummernet.refine import refine
from drummernet.thresholds import Thresholds, resolve_thresholds
from drummernet.transcription import Event, Transcription
from drummernet.weights import SHIPPED, load_weights

__all__ = ["Transcriber", "transcribe_audio"]

_REFINING_FFT = 512
_ALIGNMENT = 64  # chunks begin where windows of the gate and pooling steps of the U-net begin
# Instruments that one pair of hands plays in one place: found together, then told apart.
_TOGETHER = (("CHH", "OHH", "PHH"), ("HT", "MT", "FT"))


class Transcriber:
    """A network that is loaded once and transcribes any number of recordings.

    Args:
        weights: A file of weights; the shipped network by default.
        threshold: Overrides the config's, for all instruments or for some (`thresholds.py`); lower finds softer hits,
            and more false ones.
        refined: Whether to hear each recording again with the sounds that it is made of (`refine.py`).
        device: Where the network runs.
        batch_size: Chunks of a recording that the network hears at a time.

    Raises:
        WeightsError: If the weights cannot be used.
        ValueError: If a threshold or the batch size is out of its range.
    """

    def __init__(
        self,
        weights: str | Path = SHIPPED,
        *,
        threshold: Thresholds | None = None,
        refined: bool = False,
        device: str | torch.device = "cpu",
        batch_size: int = 1,
    ) -> None:
        require_count("batch_size", batch_size)
        self.model, self.config = load_weights(weights)
        self.model.to(device)
        names, default = self.config.model.instruments, self.config.picking.threshold
        self.threshold = resolve_thresholds({} if threshold is None else threshold, names, default=default)
        self.refined = refined
        self.device = torch.device(device)
        self.batch_size = batch_size

    def __call__(self, audio: Tensor) -> Transcription:
        """Transcribe mono audio (T,) at the network's sample rate, T >= 1."""
        return transcribe_audio(
            self.model,
            self.config,
            audio.to(self.device),
            threshold=self.threshold,
            refined=self.refined,
            batch_size=self.batch_size,
        )

    def file(self, path: str | Path) -> Transcription:
        """Transcribe a file; raises AudioFileError where it cannot be read."""
        return self(read_audio(path, sample_rate=self.config.model.sample_rate))


@torch.inference_mode()
def transcribe_audio(
    model: DrummerNet,
    config: Config,
    audio: Tensor,
    *,
    threshold: Thresholds,
    refined: bool = False,
    batch_size: int = 1,
) -> Transcription:
    """Transcribe mono audio (T,) with a given network; raises ValueError where there is no sample."""
    if audio.dim() != 1 or audio.numel() == 0:
        raise ValueError(f"audio must have shape (T,) with T >= 1, got {tuple(audio.shape)}")
    levels = resolve_thresholds(threshold, config.model.instruments, default=config.picking.threshold)
    probability, velocity = _frames(model, config, audio, batch_size)
    frame_rate_hz = config.model.sample_rate / config.model.hop_length
    if not config.model.velocity:  # the activation itself is the only measure of how hard a hit is
        probability = probability / probability.amax(-1, keepdim=True).clamp(min=1e-6)
        velocity = probability
    row = {name: number for number, name in enumerate(config.model.instruments)}
    groups = [tuple(name for name in group if name in row) for group in _TOGETHER]
    groups += [(name,) for name in row if not any(name in group for group in _TOGETHER)]
    groups = [group for group in groups if group]
    any_of = torch.stack([1 - (1 - probability[[row[name] for name in group]]).prod(0) for group in groups])
    if refined:
        magnitudes = spectrogram(audio, n_fft=_REFINING_FFT, hop_length=config.model.hop_length)
        any_of = refine(any_of, magnitudes, frame_rate_hz=frame_rate_hz)
    probability, velocity, any_of = probability.cpu(), velocity.cpu(), any_of.cpu()
    events = []
    for group, activation in zip(groups, any_of, strict=True):
        rows = [row[name] for name in group]
        for level in {levels[name] for name in group}:
            times, heights = pick_peaks(
                activation,
                frame_rate_hz=frame_rate_hz,
                threshold=level,
                max_window_s=config.picking.max_window_s,
                mean_window_s=config.picking.mean_window_s,
                wait_s=config.picking.wait_s,
            )
            for time, height in zip(times.tolist(), heights.tolist(), strict=True):
                frame = min(round(time * frame_rate_hz), activation.numel() - 1)
                which = int(probability[rows, frame].argmax())
                strength = round(127 * float(velocity[rows[which], frame]))
                if levels[group[which]] == level:
                    events.append(Event(time, group[which], min(max(strength, 1), 127), height))
    return Transcription(
        events=tuple(sorted(events)),
        activations=probability,
        instruments=config.model.instruments,
        frame_rate_hz=frame_rate_hz,
        duration_s=audio.numel() / config.model.sample_rate,
    )


def _frames(
    model: DrummerNet, config: Config, audio: Tensor, batch_size: int, chunk: int = 4096
) -> tuple[Tensor, Tensor]:
    """Run the network chunk by chunk, each with the surroundings that it needs."""
    hop = config.model.hop_length
    audio = scale_level(audio, sample_rate=config.model.sample_rate, level=config.model.level)
    n_frames = 1 + audio.numel() // hop
    chunk = min(chunk, -(-n_frames // _ALIGNMENT) * _ALIGNMENT)
    before, length, skipped = model.surroundings(chunk)
    padded = F.pad(audio, (before, length))
    probabilities: list[Tensor] = []
    velocities: list[Tensor] = []
    firsts = range(0, n_frames, chunk)
    for number in range(0, len(firsts), batch_size):
        together = [padded[first * hop : first * hop + length] for first in firsts[number : number + batch_size]]
        prediction = model(torch.stack(together))
        probability = model.probabilities(prediction)[..., skipped : skipped + chunk]
        velocity = prediction.velocity
        probabilities.extend(probability)
        velocities.extend(probability if velocity is None else velocity[..., skipped : skipped + chunk])
    return torch.cat(probabilities, -1)[:, :n_frames], torch.cat(velocities, -1)[:, :n_frames]
