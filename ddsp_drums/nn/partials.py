"""A sum of sines that each decay."""

import torch
from torch import Tensor

from ddsp_drums.nn._controls import SHORTEST_S, SoundSource, as_controls, audible, require_output, turn

__all__ = ["DecayingPartials", "decaying_partials"]


def decaying_partials(
    frequency_hz: Tensor, decay_s: Tensor, gain: Tensor, phase_rad: Tensor, *, sample_rate: float, n_samples: int
) -> Tensor:
    r"""Sum sines that start together and decay, each at its own rate: a struck bar, head, shell, string or plate.

    $$x_t = \sum_p g_p \, e^{-t / (\tau_p r)} \sin(2 \pi f_p t / r + \phi_p)$$

    at the sample rate $r$. Partials fade out smoothly between .9 of the Nyquist frequency and it.

    Args:
        frequency_hz: $f$, one a partial, shape (..., P), at least 0. All four inputs broadcast.
        decay_s: $\tau$, seconds to 1/e, shape (..., P), above 0 (below a microsecond it counts as one).
        gain: $g$, linear amplitude at the start, shape (..., P).
        phase_rad: $\phi$, shape (..., P).
        sample_rate: Rate of the result in Hz.
        n_samples: T.

    Returns:
        Audio (..., T), differentiable in all inputs. Phases are exact to single precision at any length.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor, or their dtypes differ.
        ValueError: If the shapes do not broadcast, or an option is not positive.

    Source:
        Engel et al., "DDSP", ICLR 2020, section 3, with exponential decay: the modes of Fletcher and Rossing, "The
        Physics of Musical Instruments", 1998, chapter 18.

    Example:
        >>> one, two = torch.tensor([1000.0]), torch.tensor([2.0])
        >>> decaying_partials(one, two, two, 0 * one, sample_rate=4000, n_samples=5).round(decimals=2) + 0
        tensor([ 0.,  2.,  0., -2.,  0.])
    """
    require_output(sample_rate, n_samples)
    frequency_hz, decay_s, gain, phase_rad = as_controls(
        "(..., P)", frequency_hz=frequency_hz, decay_s=decay_s, gain=gain, phase_rad=phase_rad
    )
    # At t = coarse + fine, sine and decay are products: a sum over partials is a product of two small matrices.
    block = max(1, round(n_samples**0.5))
    fine = torch.arange(block, dtype=torch.float64, device=gain.device) / sample_rate
    coarse = torch.arange(-(-n_samples // block), dtype=torch.float64, device=gain.device) * block / sample_rate
    gain = gain * audible(frequency_hz, sample_rate)
    rate, frequency = -1 / decay_s.clamp(min=SHORTEST_S)[..., None], frequency_hz.double()[..., None]
    begin = turn(frequency * coarse, gain.dtype) + phase_rad[..., None]  # (..., P, T / block)
    within = turn(frequency * fine, gain.dtype)  # (..., P, block)
    level = gain[..., None] * torch.exp(rate * coarse.to(rate))
    decay = torch.exp(rate * fine.to(rate))
    starts = torch.cat([level * begin.sin(), level * begin.cos()], dim=-2)
    turns = torch.cat([decay * within.cos(), decay * within.sin()], dim=-2)
    with torch.autocast(gain.device.type, enabled=False):  # half precision would be heard as noise
        audio = starts.mT @ turns  # (..., T / block, block)
    return audio.flatten(-2)[..., :n_samples]


class DecayingPartials(SoundSource):
    """Module of :func:`ddsp_drums.decaying_partials`, which documents the arguments.

    Example:
        >>> controls = torch.rand(4, 2, 12)  # frequency, decay, gain and phase of twelve partials, two items
        >>> DecayingPartials(sample_rate=16000, n_samples=4000)(*controls).shape
        torch.Size([2, 4000])
    """

    def forward(self, frequency_hz: Tensor, decay_s: Tensor, gain: Tensor, phase_rad: Tensor) -> Tensor:
        """Map controls (..., P) to audio (..., n_samples)."""
        return decaying_partials(
            frequency_hz, decay_s, gain, phase_rad, sample_rate=self.sample_rate, n_samples=self.n_samples
        )
