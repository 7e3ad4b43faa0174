"""The waveform U-net of DrummerNet."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._validate import require_float, require_positive

__all__ = ["UNetEncoder"]


class UNetEncoder(nn.Module):
    r"""Turn audio, or a spectrogram, into features at a lower rate by a U-net without padding.

    A convolution; `depth` times convolution and max-pooling by 2; a convolution at the bottom; `up_depth` times
    convolution, linear interpolation by 2 and concatenation with the centre of the encoder's map of that rate; a
    convolution. An ELU follows every convolution, and only the last has a bias. As nothing is padded, the features
    cover only the centre of the audio: :meth:`trim` cuts it to that part. With `dims` 2 all of this is done along both
    axes of a spectrogram (or of any picture), where interpolation is bilinear.

    Args:
        in_channels: Channels of the audio, at least 1.
        channels: Channels of every convolution but the last, at least 1.
        out_channels: Features, at least 1.
        depth: Poolings, at least 1.
        up_depth: Interpolations, from 0 to `depth`.
        kernel_size: Taps of every convolution along each axis, odd.
        dims: Axes of the input, 1 or 2.

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
        >>> UNetEncoder(dims=2, depth=2, up_depth=2)(torch.zeros(2, 80, 126)).shape  # log-mel bands (2, F, N)
        torch.Size([2, 100, 50, 94])
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
        dims: int = 1,
    ) -> None:
        super().__init__()
        if dims not in _CONVOLUTIONS:
            raise ValueError(f"dims must be 1 or 2, got {dims!r}")
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
        self.dims = dims
        convolution = _CONVOLUTIONS[dims]
        wide = 2 * channels  # after a concatenation
        self.first = convolution(in_channels, channels, kernel_size, bias=False)
        self.down = nn.ModuleList(convolution(channels, channels, kernel_size, bias=False) for _ in range(depth))
        self.bottom = convolution(channels, channels, kernel_size, bias=False)
        self.up = nn.ModuleList(
            convolution(wide if step else channels, channels, kernel_size, bias=False) for step in range(up_depth)
        )
        self.last = convolution(wide if up_depth else channels, out_channels, kernel_size)

    @property
    def hop_length(self) -> int:
        """Samples in a frame, along each axis: 2^(depth - up_depth)."""
        return 2 ** (self.depth - self.up_depth)

    def output_length(self, n_samples: int) -> int:
        """Return the frames that `n_samples` samples of an axis give: 0 if they are too few for any."""
        lost = self.kernel_size - 1
        return max(2**self.up_depth * (n_samples // 2**self.depth - 4 * lost) + lost, 0)

    def input_length(self, n_frames: int) -> int:
        """Return the fewest samples, a multiple of 2^depth, that give at least `n_frames` frames."""
        require_positive("n_frames", n_frames)
        lost = self.kernel_size - 1
        return 2**self.depth * (4 * lost - (lost - n_frames) // 2**self.up_depth)

    def trim(self, audio: Tensor) -> Tensor:
        """Cut audio (..., T) to the centre (..., N * hop_length) that its N frames stand for, a spectrogram alike."""
        return _centre(audio, [frames * self.hop_length for frames in self._frames(audio)])

    def forward(self, audio: Tensor) -> Tensor:
        """Map audio to features (..., out_channels, N), or a spectrogram to (..., out_channels, N, N').

        Args:
            audio: Samples, shape (..., T), or with `dims` 2 a spectrogram (..., F, T); these axes come after one of
                `in_channels` if that is more than 1.

        Returns:
            Features of N = output_length(T) frames along each axis, at its rate over `hop_length`.

        Raises:
            TypeError: If `audio` is not a floating-point tensor.
            ValueError: If `audio` has other channels, or is too short for a single frame.
        """
        channels = self.in_channels > 1
        shape = f"(..., {f'{self.in_channels}, ' if channels else ''}{'F, T' if self.dims == 2 else 'T'})"
        require_float("audio", audio, shape, min_dims=self.dims + channels)
        if channels and audio.shape[-self.dims - 1] != self.in_channels:
            raise ValueError(f"audio must have shape {shape}, got {tuple(audio.shape)}")
        self._frames(audio)
        if not channels:
            audio = audio.unsqueeze(-self.dims - 1)
        leading = audio.shape[: -self.dims - 1]
        x = audio.reshape(-1, *audio.shape[-self.dims - 1 :])
        # Pooling drops nothing, so that the centre stays.
        x = _centre(x, [length // 2**self.depth * 2**self.depth for length in x.shape[2:]])

        pool, mode = (F.max_pool2d, "bilinear") if self.dims == 2 else (F.max_pool1d, "linear")
        x = F.elu(self.first(x))
        maps = []
        for conv in self.down:
            maps.append(x)
            x = pool(F.elu(conv(x)), 2)
        x = F.elu(self.bottom(x))
        for conv in self.up:
            x = F.interpolate(F.elu(conv(x)), scale_factor=2.0, mode=mode, align_corners=False)
            x = torch.cat([x, _centre(maps.pop(), x.shape[2:])], dim=1)
        features = F.elu(self.last(x))
        return features.reshape(*leading, *features.shape[1:])

    def _frames(self, audio: Tensor) -> list[int]:
        """Frames along each axis, at least one."""
        frames = [self.output_length(length) for length in audio.shape[-self.dims :]]
        if 0 in frames:
            wanted = "T" if self.dims == 1 else "F and T"
            got = " x ".join(map(str, audio.shape[-self.dims :]))
            raise ValueError(
                f"audio must have at least {wanted} = {self.input_length(1)} samples for one frame, "
                f"got {wanted} = {got} in shape {tuple(audio.shape)}"
            )
        return frames


_CONVOLUTIONS: dict[int, type[nn.Conv1d] | type[nn.Conv2d]] = {1: nn.Conv1d, 2: nn.Conv2d}


def _centre(x: Tensor, lengths: Sequence[int]) -> Tensor:
    """Cut the last axes to their centres of these lengths."""
    for axis, length in enumerate(lengths, -len(lengths)):
        x = x.narrow(axis, (x.shape[axis] - length) // 2, length)
    return x
