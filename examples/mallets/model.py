"""From audio to onsets, velocities and ends of notes: one small network for all pitches."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums.nn import CQT, GatedSparsemax
from mallets.bars import HOP_LENGTH, PITCHES, SAMPLE_RATE

__all__ = ["MalletNet", "Prediction"]

_BINS = 2  # a semitone
_OCTAVES = 5
# Semitones from a pitch at which it sounds, or a note whose second or fourth harmonic is one of its own.
_PARTIALS = (-24, -19, -12, 0, 7, 12, 16, 19, 24, 28, 31, 40)
_QUIET = 0.01


class Prediction(NamedTuple):
    """What the network says of a batch.

    Attributes:
        onset: Whether a note begins, logits (B, K, N).
        velocity: How hard, (B, K, N) in [0, 1].
        held: Whether a note that began is neither damped nor over, logits (B, K, N).
    """

    onset: Tensor
    velocity: Tensor
    held: Tensor


class MalletNet(nn.Module):
    """A constant-Q transform, each pitch beside its partials, and convolutions that are the same for all pitches.

    Source:
        Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and Multipitch
        Estimation", ICASSP 2022: harmonic stacking.

    Example:
        >>> MalletNet()(torch.zeros(2, 16000)).onset.shape
        torch.Size([2, 37, 63])
    """

    def __init__(self, channels: int = 32, dilations: tuple[int, ...] = (1, 2, 4, 8)) -> None:
        super().__init__()
        below_hz = 440 * 2 ** ((PITCHES[0] - 69 - 0.5 / _BINS) / 12)  # the pitch is between its two bins
        self.transform = CQT(
            sample_rate=SAMPLE_RATE,
            hop_length=HOP_LENGTH,
            f_min_hz=below_hz,
            n_octaves=_OCTAVES,
            bins_per_octave=12 * _BINS,
        )
        self.first = nn.Conv2d(2 * _BINS * len(_PARTIALS), channels, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(channels),
                nn.ELU(),
                nn.Conv2d(channels, channels, 3, padding=(1, dilation), dilation=(1, dilation)),
            )
            for dilation in dilations
        )
        self.head = nn.Sequential(nn.BatchNorm2d(channels), nn.ELU(), nn.Conv2d(channels, 3, 1))
        self.gate = GatedSparsemax(window=4, silent_slot=True)

    def forward(self, audio: Tensor) -> Prediction:
        """Map audio (B, T), peak at 1, to K pitches in N = 1 + T // HOP_LENGTH frames."""
        bands = (1 + self.transform(audio) / _QUIET).log10()
        features = self.first(_beside_partials(torch.cat([bands, F.pad(bands, (1, 0)).diff()], 0)))
        for block in self.blocks:
            features = features + block(features)
        onset, velocity, held = self.head(features).unbind(1)
        return Prediction(onset, velocity.sigmoid(), held)

    def activations(self, prediction: Prediction) -> Tensor:
        """Gate each pitch by itself, because chords are no exception: (B, K, N), mostly exact zeros."""
        return self.gate(prediction.onset.unsqueeze(-2)).squeeze(-2)


def _beside_partials(bands: Tensor) -> Tensor:
    """Put each pitch's partials, of bands and of their rise (2 B, F, N), in its channels: (B, C, K, N)."""
    below, above = -min(_PARTIALS), max(_PARTIALS) + len(PITCHES) - 12 * _OCTAVES
    semitones = F.pad(bands.unflatten(-2, (-1, _BINS)), (0, 0, 0, 0, below, above))  # (2 B, S, 2, N)
    stacked = torch.cat([semitones[:, below + p : below + p + len(PITCHES)] for p in _PARTIALS], dim=2)
    return torch.cat(stacked.transpose(1, 2).chunk(2), dim=1)
