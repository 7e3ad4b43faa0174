"""DrummerNet, an assembly of the toolkit's layers."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ddsp_drums.nn import ConvHead, GatedSparsemax, RecurrentHead, UNetEncoder
from drummernet.config import ModelConfig
from drummernet.encoder import MelEncoder

__all__ = ["DrummerNet", "Prediction"]

_RANGE_DB = 30.0  # level between velocity 0 and 1


class Prediction(NamedTuple):
    """What the network says of a batch.

    Attributes:
        logits: Whether an instrument is hit, (B, K, N).
        velocity: How hard, (B, K, N) in [0, 1]; None where the network does not tell.
    """

    logits: Tensor
    velocity: Tensor | None


class DrummerNet(nn.Module):
    """Audio to logits and velocities of K instruments, and from these to activations that a synthesizer can play.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.

    Example:
        >>> from drummernet.config import CONFIGS
        >>> model = DrummerNet(CONFIGS["paper"].model)
        >>> model(torch.randn(1, 32768)).logits.shape
        torch.Size([1, 11, 1538])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        n_instruments = len(config.instruments)
        self.encoder: MelEncoder | UNetEncoder
        if config.encoder == "unet":
            self.encoder = UNetEncoder()
            features = self.encoder.last.out_channels
        elif config.encoder == "mel":
            self.encoder = MelEncoder(
                sample_rate=config.sample_rate,
                hop_length=config.hop_length,
                channels=config.channels,
                dilations=config.dilations,
            )
            features = config.channels
        else:
            raise ValueError(f"encoder must be 'unet' or 'mel', got {config.encoder!r}")
        heads = {"recurrent": RecurrentHead, "conv": ConvHead, "linear": _LinearHead}
        if config.head not in heads:
            raise ValueError(f"head must be one of {', '.join(heads)}, got {config.head!r}")
        outputs = n_instruments * (2 if config.velocity else 1)
        self.head = heads[config.head](features, outputs)
        self.gate = GatedSparsemax(window=config.window, alpha=config.alpha, silent_slot=config.silent_slot)

    def forward(self, audio: Tensor) -> Prediction:
        """Map audio (B, T), scaled as the config says, to logits and velocities of N frames."""
        return self.read(self.encoder(audio))

    def read(self, features: Tensor) -> Prediction:
        """Map features (B, C, N) of the encoder to logits and velocities."""
        output = self.head(features)
        if not self.config.velocity:
            return Prediction(output, None)
        logits, velocity = output.chunk(2, dim=-2)
        return Prediction(logits, velocity.sigmoid())

    def activations(self, prediction: Prediction) -> Tensor:
        """Return what the synthesizer plays, (B, K, N): the gate, times the amplitude of its velocity."""
        gate = self.gate(prediction.logits)
        if prediction.velocity is None:
            return gate
        return gate * 10 ** (_RANGE_DB / 20 * (prediction.velocity - 1))

    def probabilities(self, prediction: Prediction) -> Tensor:
        """Return what peaks are picked from, (B, K, N) in [0, 1]."""
        return self.gate(prediction.logits) if prediction.velocity is None else prediction.logits.sigmoid()

    def heard(self, audio: Tensor) -> Tensor:
        """Return the part of audio (B, T) that the frames stand for, to compare a resynthesis with."""
        return self.encoder.trim(audio) if isinstance(self.encoder, UNetEncoder) else audio

    def surroundings(self, n_frames: int) -> tuple[int, int, int]:
        """Tell what audio `n_frames` frames need to be as in the middle of a long recording.

        Returns:
            Samples before the first frame, samples in all, and frames to skip in the result.
        """
        if isinstance(self.encoder, UNetEncoder):
            length = self.encoder.input_length(n_frames)
            covered = self.encoder.output_length(length) * self.config.hop_length
            return (length - covered) // 2, length, 0
        before = self.encoder.context * self.config.hop_length
        return before, 2 * before + n_frames * self.config.hop_length, self.encoder.context


class _LinearHead(nn.Module):
    def __init__(self, in_channels: int, n_outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(in_channels)
        self.project = nn.Conv1d(in_channels, n_outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.project(torch.nn.functional.elu(self.norm(features)))
