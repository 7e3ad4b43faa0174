"""The check that every layer with audio at its input makes."""

import torch
from torch import Tensor

from ddsp_drums._autocast import under_autocast
from ddsp_drums._validate import require_float


def as_audio(name: str, audio: Tensor, shape: str = "(..., T)") -> Tensor:
    """Return the audio, half precision as float32 under autocast; raise unless float32 or float64 with a sample."""
    require_float(name, audio, shape)
    audio = under_autocast(audio)
    if audio.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name} must be float32 or float64 of shape {shape}, got {audio.dtype}")
    if audio.shape[-1] == 0:
        raise ValueError(f"{name} must have shape {shape} with T >= 1, got {tuple(audio.shape)}")
    return audio
