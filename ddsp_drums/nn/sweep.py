"""A sine whose frequency falls or rises to its end."""

import torch
from torch import Tensor

from ddsp_drums.nn._controls import SHORTEST_S, SoundSource, as_controls, audible, require_output, seconds, turn

__all__ = ["SweptSine", "swept_sine"]


def swept_sine(start_hz: Tensor, end_hz: Tensor, sweep_s: Tensor, *, sample_rate: float, n_samples: int) -> Tensor:
    r"""Make a sine whose frequency goes exponentially from one to another: a skin after a stroke.

    $$x_t = \sin 2 \pi \left( f_1 s + (f_0 - f_1) \, \tau \, (1 - e^{-s / \tau}) \right), \qquad s = t / r$$

    is the integral of the frequency $f_1 + (f_0 - f_1) e^{-s / \tau}$, in closed form, so that it is the same tone at
    any sample rate $r$. It fades out smoothly where that is between .9 of the Nyquist frequency and it.

    Args:
        start_hz: $f_0$, shape (...), at least 0. All three inputs broadcast.
        end_hz: $f_1$, shape (...), at least 0.
        sweep_s: $\tau$, seconds until 1/e of the way is left, shape (...), above 0 (below a microsecond it counts as
            one).
        sample_rate: Rate of the result in Hz.
        n_samples: T.

    Returns:
        Audio (..., T) of amplitude 1, differentiable in all inputs.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor, or their dtypes differ.
        ValueError: If the shapes do not broadcast, or an option is not positive.

    Source:
        Fletcher and Rossing, "The Physics of Musical Instruments", 1998, chapter 18: the pitch of a membrane falls
        with its amplitude.

    Example:
        >>> steady = torch.tensor(1000.0)
        >>> swept_sine(steady, steady, torch.tensor(0.1), sample_rate=4000, n_samples=5).round(decimals=2) + 0
        tensor([ 0.,  1.,  0., -1.,  0.])
    """
    require_output(sample_rate, n_samples)
    start_hz, end_hz, sweep_s = as_controls("(...)", start_hz=start_hz, end_hz=end_hz, sweep_s=sweep_s)
    time = seconds(start_hz, sample_rate, n_samples)
    start, end, sweep = (control.double()[..., None] for control in (start_hz, end_hz, sweep_s.clamp(min=SHORTEST_S)))
    left = torch.exp(-time / sweep)
    angle = turn(end * time + (start - end) * sweep * (1 - left), start_hz.dtype)
    frequency = end + (start - end) * left
    return angle.sin() * audible(frequency, sample_rate).to(start_hz.dtype)


class SweptSine(SoundSource):
    """Module of :func:`ddsp_drums.swept_sine`, which documents the arguments.

    Example:
        >>> sweep = SweptSine(sample_rate=16000, n_samples=4000)
        >>> sweep(torch.tensor([200.0, 300.0]), torch.tensor(50.0), torch.tensor(0.02)).shape
        torch.Size([2, 4000])
    """

    def forward(self, start_hz: Tensor, end_hz: Tensor, sweep_s: Tensor) -> Tensor:
        """Map controls (...) to audio (..., n_samples)."""
        return swept_sine(start_hz, end_hz, sweep_s, sample_rate=self.sample_rate, n_samples=self.n_samples)
