"""The waveform U-net of DrummerNet."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._validate import require_float, require_positive

__all__ = ["UNetEncoder"]


class UNetEncoder(nn.Module):
    r"""Turn audio into features at a lower rate by a one-dimensional U-net without padding.

    A convolution; `depth` times convolution and max-pooling by 2; a convolution at the bottom; `up_depth` times
    convolution, linear interpolation by 2 and concatenation with the centre of the encoder's map of that rate; a
    convolution. An ELU follows every convolution, and only the last has a bias. As nothing is padded, the features
    cover only the centre of the audio: :meth:`trim` cuts it to that part.

    Args:
        in_channels: Channels of the audio, at least 1.
        channels: Channels of every convolution but the last, at least 1.
        out_channels: Features, at least 1.
        depth: Poolings, at least 1.
        up_depth: Interpolations, from 0 to `depth`.
        kernel_size: Taps of every convolution, odd.

    Raises:
        ValueError: If an option is out of its range.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.1, with the constants of the
        published code: 195,250 parameters. There audio is padded with zeros up to a multiple of 2^depth; here it
        is trimmed down to one, so that no frame sees zeros that were not recorded.

    Example:
        >>> encoder = UNetEncoder()
        >>> encoder(torch.zeros(2, 32768)).shape
        torch.Size([2, 100, 1538])
        >>> encoder.trim(torch.zeros(2, 32768)).shape  # 1538 * 16
        torch.Size([2, 24608])
    """

    def __init__(
        self,
        *,
        in_channels: int = 1,
        channels: int = 50,
        out_channels: int = 100,
        depth: int = 10,
        up_depth: int = 6,
        kernel_size: int = 3,
    ) -> None:
        super().__init__()
        for name, value in (
            ("in_channels", in_channels),
            ("channels", channels),
            ("out_channels", out_channels),
            ("depth", depth),
        ):
            require_positive(name, value)
        if not 0 <= up_depth <= depth:
            raise ValueError(f"up_depth must be from 0 to depth={depth}, got {up_depth}")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd and at least 1, got {kernel_size}")
        self.in_channels = in_channels
        self.depth = depth
        self.up_depth = up_depth
        self.kernel_size = kernel_size
        wide = 2 * channels  # after a concatenation
        self.first = nn.Conv1d(in_channels, channels, kernel_size, bias=False)
        self.down = nn.ModuleList(nn.Conv1d(channels, channels, kernel_size, bias=False) for _ in range(depth))
        self.bottom = nn.Conv1d(channels, channels, kernel_size, bias=False)
        self.up = nn.ModuleList(
            nn.Conv1d(wide if step else channels, channels, kernel_size, bias=False) for step in range(up_depth)
        )
        self.last = nn.Conv1d(wide if up_depth else channels, out_channels, kernel_size)

    @property
    def hop_length(self) -> int:
        """Samples in a frame: 2^(depth - up_depth)."""
        return 2 ** (self.depth - self.up_depth)

    def output_length(self, n_samples: int) -> int:
        """Return the frames that `n_samples` samples give: 0 if they are too few for any."""
        lost = self.kernel_size - 1
        return max(2**self.up_depth * (n_samples // 2**self.depth - 4 * lost) + lost, 0)

    def input_length(self, n_frames: int) -> int:
        """Return the fewest samples, a multiple of 2^depth, that give at least `n_frames` frames."""
        require_positive("n_frames", n_frames)
        lost = self.kernel_size - 1
        return 2**self.depth * (4 * lost - (lost - n_frames) // 2**self.up_depth)

    def trim(self, audio: Tensor) -> Tensor:
        """Cut audio (..., T) to the centre samples (..., N * hop_length) that its N frames stand for."""
        covered = self._frames(audio) * self.hop_length
        return _centre(audio, covered)

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio to features (..., out_channels, N).

        Args:
            audio: Samples, shape (..., T) if `in_channels` is 1, otherwise (..., in_channels, T).

        Returns:
            Features of N = output_length(T) frames, at the rate of the audio over `hop_length`.

        Raises:
            TypeError: If `audio` is not a floating-point tensor.
            ValueError: If `audio` has other channels, or is too short for a single frame.
        """
        shape = "(..., T)" if self.in_channels == 1 else f"(..., {self.in_channels}, T)"
        require_float("audio", audio, shape, min_dims=min(self.in_channels, 2))
        if self.in_channels > 1 and audio.shape[-2] != self.in_channels:
            raise ValueError(f"audio must have shape {shape}, got {tuple(audio.shape)}")
        self._frames(audio)
        if self.in_channels == 1:
            audio = audio.unsqueeze(-2)
        leading = audio.shape[:-2]
        x = audio.reshape(-1, *audio.shape[-2:])
        x = _centre(x, x.shape[-1] // 2**self.depth * 2**self.depth)  # pooling drops nothing, so the centre stays

        x = F.elu(self.first(x))
        maps = []
        for conv in self.down:
            maps.append(x)
            x = F.max_pool1d(F.elu(conv(x)), 2)
        x = F.elu(self.bottom(x))
        for conv in self.up:
            x = F.interpolate(F.elu(conv(x)), scale_factor=2.0, mode="linear", align_corners=False)
            x = torch.cat([x, _centre(maps.pop(), x.shape[-1])], dim=1)
        features = F.elu(self.last(x))
        return features.reshape(*leading, *features.shape[-2:])

    def _frames(self, audio: Tensor) -> int:
        frames = self.output_length(audio.shape[-1])
        if frames == 0:
            raise ValueError(
                f"audio must have at least T = {self.input_length(1)} samples for one frame, "
                f"got T = {audio.shape[-1]} in shape {tuple(audio.shape)}"
            )
        return frames


def _centre(x: Tensor, length: int) -> Tensor:
    return x.narrow(-1, (x.shape[-1] - length) // 2, length)
