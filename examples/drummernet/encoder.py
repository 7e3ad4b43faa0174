"""A small convolutional net on log-mel bands: from audio to features at the frame rate."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums.nn import LogMel

__all__ = ["FLOOR", "WINDOW_S", "MelEncoder"]

_BANDS = 80
WINDOW_S = 0.064
FLOOR = 1e-3  # magnitude whose logarithm is zero


class MelEncoder(nn.Module):
    """Log-mel bands and their rise, two convolutions over time and frequency, then residual blocks over time.

    Args:
        sample_rate: Hz.
        hop_length: Samples between frames.
        channels: Features C.
        dilations: One residual block each, with this dilation in frames.
    """

    def __init__(self, *, sample_rate: int, hop_length: int, channels: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.bands = LogMel(
            sample_rate=sample_rate,
            n_fft=round(WINDOW_S * sample_rate),
            hop_length=hop_length,
            n_mels=_BANDS,
            floor=FLOOR,
        )
        self.local = nn.Sequential(
            nn.Conv2d(2, 16, 3, stride=(2, 1), padding=1),
            nn.BatchNorm2d(16),
            nn.ELU(inplace=True),
            nn.Conv2d(16, 24, 3, stride=(2, 1), padding=1),
            nn.BatchNorm2d(24),
            nn.ELU(inplace=True),
        )
        self.mix = nn.Conv1d(24 * (_BANDS // 4), channels, 1)
        self.blocks = nn.ModuleList(_Residual(channels, dilation) for dilation in dilations)
        # Frames that one depends on, on either side: half a window, the rise, two convolutions, and the blocks.
        self.context = -(-self.bands.n_fft // 2 // hop_length) + 1 + 2 + sum(dilations)

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio (B, T) to features (B, C, N), N = 1 + T // hop_length."""
        return self.features(self.bands(audio))

    def features(self, bands: Tensor) -> Tensor:
        """Map log-mel bands (B, F, N) to features (B, C, N)."""
        rise = F.pad(bands, (1, 0)).diff().clamp(min=0)
        local = self.local(torch.stack([bands, rise], -1).movedim(-1, 1))  # channels last in memory: faster
        weight = self.mix.weight.unflatten(1, local.shape[1:3])  # `mix` over channels and bands as they lie
        features = F.conv2d(local, weight, self.mix.bias).squeeze(2).contiguous()
        for block in self.blocks:
            features = block(features)
        return features


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)
        self.over_time = nn.Conv1d(channels, channels // 2, 3, padding=dilation, dilation=dilation)
        self.widen = nn.Conv1d(channels // 2, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        inner = self.over_time(F.elu(self.norm(features), inplace=True))
        return features + self.widen(F.elu(inner, inplace=True))
