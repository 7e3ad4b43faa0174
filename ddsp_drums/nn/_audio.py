"""The check that every layer with audio at its input makes."""

import torch
from torch import Tensor

from ddsp_drums._validate import require_float


def require_audio(name: str, audio: Tensor, shape: str = "(..., T)") -> None:
    """Raise unless `audio` is a float32 or float64 tensor with at least one sample."""
    require_float(name, audio, shape)
    if audio.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} must be float32 or float64 of shape {shape}, got {audio.dtype}")
    if audio.shape[-1] == 0:
        raise ValueError(f"{name} must have shape {shape} with T >= 1, got {tuple(audio.shape)}")
