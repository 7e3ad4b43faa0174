"""The network as an ONNX file, for programs without PyTorch."""

import copy
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._atomic import write_whole
from ddsp_drums.nn import LogMel
from drummernet.config import Config
from drummernet.encoder import MelEncoder
from drummernet.model import DrummerNet

__all__ = ["export_onnx"]


def export_onnx(model: DrummerNet, config: Config, path: str | Path) -> Path:
    """Write a network as ONNX: audio in, probabilities and velocities out.

    The file has one input, `audio` (B, T), float32 at the config's sample rate and scaled as `level.py` does it, of any
    B and any T >= 1; and two outputs, `probability` and `velocity` (B, K, N) in [0, 1], N = 1 + T // hop_length. Its
    metadata hold `sample_rate`, `hop_length` and `instruments`. The spectrogram is a convolution, which every runtime
    has.

    Args:
        model: The network, with the encoder `"mel"` and velocity.
        config: Its config.
        path: The file, written whole or not at all.

    Returns:
        The path.

    Raises:
        ImportError: If onnx and onnxscript are not installed.
        ValueError: If the network has another encoder or no velocity.
    """
    if not isinstance(model.encoder, MelEncoder) or not config.model.velocity:
        raise ValueError("only networks with the encoder 'mel' and velocity are exported")
    try:
        import onnxscript  # noqa: F401  (torch.onnx needs it)
    except ImportError as error:
        raise ImportError("exporting needs onnx: pip install 'ddsp_drums[onnx]'") from error
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)  # torchvision is not ours
    audio = torch.zeros(2, 3 * config.model.sample_rate)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        program: Any = torch.onnx.export(
            _Exported(model),
            (audio,),
            input_names=["audio"],
            output_names=["probability", "velocity"],
            dynamic_shapes={"audio": {0: torch.export.Dim("B"), 1: torch.export.Dim("T")}},
            dynamo=True,
            verbose=False,
        )
    properties = {
        "sample_rate": str(config.model.sample_rate),
        "hop_length": str(config.model.hop_length),
        "instruments": ",".join(config.model.instruments),
    }
    program.model.metadata_props.update(properties)
    write_whole(path, program.model_proto.SerializeToString())
    return Path(path)


class _Exported(nn.Module):
    def __init__(self, model: DrummerNet) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval()
        encoder: Any = self.model.encoder
        encoder.bands = _ConvolutionalLogMel(encoder.bands)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        prediction = self.model(audio)
        return self.model.probabilities(prediction), prediction.velocity


class _ConvolutionalLogMel(nn.Module):
    """What `LogMel` returns, with the Fourier transform of every frame as a convolution."""

    def __init__(self, bands: LogMel) -> None:
        super().__init__()
        self.bands = bands
        n_fft = bands.n_fft
        window = torch.hann_window(n_fft, dtype=torch.float64)
        angles = 2 * torch.pi / n_fft * torch.arange(n_fft // 2 + 1)[:, None] * torch.arange(n_fft).double()
        kernels = torch.cat([angles.cos(), angles.sin()]) * window * (2 / window.sum())
        self.register_buffer("kernels", kernels[:, None].float())

    def forward(self, audio: Tensor) -> Tensor:
        half = self.bands.n_fft // 2
        kernels, filters = self.get_buffer("kernels"), self.bands.get_buffer("filters")
        spectrum = F.conv1d(F.pad(audio[:, None], (half, half)), kernels, stride=self.bands.hop_length)
        real, imaginary = spectrum.split(half + 1, dim=1)
        magnitudes = (real.square() + imaginary.square()).sqrt()
        return ((filters @ magnitudes + self.bands.floor) / self.bands.floor).log10()
