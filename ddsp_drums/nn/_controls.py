"""What the layers that make sound from numbers share: options, checks of their inputs, time, the end of the band."""

import torch
from torch import Tensor, nn

from ddsp_drums._autocast import under_autocast
from ddsp_drums._validate import require_count, require_float, require_positive

SHORTEST_S = 1e-6  # below any sample: times that would be divided by zero
_ROLL_OFF = 0.9  # of the Nyquist frequency: where what is too high begins to fade


class SoundSource(nn.Module):
    """A layer whose options are what audio to make."""

    def __init__(self, *, sample_rate: float, n_samples: int) -> None:
        super().__init__()
        require_output(sample_rate, n_samples)
        self.sample_rate = sample_rate
        self.n_samples = n_samples

    def extra_repr(self) -> str:
        """Show the options."""
        return f"sample_rate={self.sample_rate}, n_samples={self.n_samples}"


def require_output(sample_rate: float, n_samples: int) -> None:
    """Raise unless the options say what audio to make."""
    require_positive("sample_rate", sample_rate)
    require_count("n_samples", n_samples)


def as_controls(shape: str, **controls: Tensor) -> list[Tensor]:
    """Return the controls in one shape, half precision as float32 under autocast; raise unless they fit each other."""
    least = 1 if shape.endswith("P)") else 0
    for name, control in controls.items():
        require_float(name, control, shape, min_dims=least)
    tensors = [under_autocast(control) for control in controls.values()]
    names = ", ".join(controls)
    if len({tensor.dtype for tensor in tensors}) > 1 or tensors[0].dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{names} must all be float32 or all float64, got {[str(tensor.dtype) for tensor in tensors]}")
    if len({tensor.device for tensor in tensors}) > 1:
        raise ValueError(f"{names} must be on one device, got {[str(tensor.device) for tensor in tensors]}")
    try:
        return list(torch.broadcast_tensors(*tensors))
    except RuntimeError:
        shapes = [tuple(tensor.shape) for tensor in tensors]
        raise ValueError(f"{names} must have shapes {shape} that broadcast, got {shapes}") from None


def seconds(like: Tensor, sample_rate: float, n_samples: int) -> Tensor:
    """Return the time of each sample (T,), in float64: its product with a frequency keeps the phase."""
    return torch.arange(n_samples, dtype=torch.float64, device=like.device) / sample_rate


def audible(frequency_hz: Tensor, sample_rate: float) -> Tensor:
    """Return 1 up to nine tenths of the Nyquist frequency, falling smoothly to 0 at it."""
    nyquist = sample_rate / 2
    x = ((nyquist - frequency_hz) / ((1 - _ROLL_OFF) * nyquist)).clamp(0, 1)
    return x * x * (3 - 2 * x)


def turn(cycles: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the angle of a float64 count of cycles, whole cycles taken away before precision is."""
    return (2 * torch.pi * (cycles - cycles.detach().floor())).to(dtype)
