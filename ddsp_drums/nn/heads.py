"""Heads that turn features into one logit an instrument and frame."""

import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._validate import require_float, require_positive

__all__ = ["ConvHead", "RecurrentHead"]


class RecurrentHead(nn.Module):
    r"""Read features over time in both directions, then over the instruments of each frame.

    $$h = \operatorname{ELU}(\operatorname{GRU}_\leftrightarrow(x)), \quad
      g = \operatorname{ELU}(\operatorname{GRU}_\rightarrow(h)), \quad
      z_{\cdot,n} = \operatorname{ELU}(\operatorname{GRU}_k(g_{\cdot,n}))$$

    The last GRU has one unit and no bias, and runs over the instrument axis, so that an instrument knows how
    strongly those before it were heard.

    Args:
        in_channels: Features a frame, at least 1.
        n_instruments: Instruments K, at least 1.

    Raises:
        ValueError: If an option is out of its range.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.1: 8,619 parameters by default.

    Example:
        >>> import torch
        >>> RecurrentHead()(torch.randn(2, 100, 50)).shape
        torch.Size([2, 11, 50])
    """

    def __init__(self, in_channels: int = 100, n_instruments: int = 11) -> None:
        super().__init__()
        require_positive("in_channels", in_channels)
        require_positive("n_instruments", n_instruments)
        self.in_channels = in_channels
        self.both_ways = nn.GRU(in_channels, n_instruments, batch_first=True, bidirectional=True)
        self.forwards = nn.GRU(2 * n_instruments, n_instruments, batch_first=True)
        self.over_instruments = nn.GRU(1, 1, batch_first=True, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (..., in_channels, N) to logits (..., K, N) in (-1, 1)."""
        flat = _flatten(features, self.in_channels)
        x = F.elu(self.both_ways(flat.mT)[0])  # (B, N, 2 K)
        x = F.elu(self.forwards(x)[0])  # (B, N, K)
        logits = F.elu(self.over_instruments(x.reshape(-1, x.shape[-1], 1))[0])  # (B * N, K, 1)
        return logits.reshape(x.shape).mT.reshape(*features.shape[:-2], -1, features.shape[-1])


class ConvHead(nn.Module):
    r"""Map features to logits by three convolutions that keep the length, with no activation between.

    Args:
        in_channels: Features a frame, at least 1.
        n_instruments: Instruments K, at least 1.
        channels: Channels between the convolutions, at least 1.
        kernel_size: Frames a convolution sees, odd.

    Raises:
        ValueError: If an option is out of its range.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 4.3, ablation CONV; widths of the
        published code, whose last convolution has no bias.

    Example:
        >>> import torch
        >>> ConvHead()(torch.randn(2, 100, 50)).shape
        torch.Size([2, 11, 50])
    """

    def __init__(
        self, in_channels: int = 100, n_instruments: int = 11, channels: int = 50, kernel_size: int = 3
    ) -> None:
        super().__init__()
        require_positive("in_channels", in_channels)
        require_positive("n_instruments", n_instruments)
        require_positive("channels", channels)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and at least 1, got {kernel_size}")
        self.in_channels = in_channels
        self.convs = nn.Sequential(
            nn.Conv1d(in_channels, channels, kernel_size, padding="same"),
            nn.Conv1d(channels, channels, kernel_size, padding="same"),
            nn.Conv1d(channels, n_instruments, kernel_size, padding="same", bias=False),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map features (..., in_channels, N) to logits (..., K, N)."""
        logits = self.convs(_flatten(features, self.in_channels))
        return logits.reshape(*features.shape[:-2], *logits.shape[-2:])


def _flatten(features: Tensor, in_channels: int) -> Tensor:
    """Check features (..., C, N) and return them as (B, C, N)."""
    shape = f"(..., {in_channels}, N)"
    require_float("features", features, shape, min_dims=2)
    if features.shape[-2] != in_channels or features.shape[-1] == 0:
        raise ValueError(f"features must have shape {shape} with N >= 1, got {tuple(features.shape)}")
    return features.reshape(-1, *features.shape[-2:])
