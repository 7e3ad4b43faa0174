"""The envelope of a struck sound."""

import torch
from torch import Tensor

from ddsp_drums.nn._controls import SHORTEST_S, SoundSource, as_controls, require_output, seconds

__all__ = ["StrikeEnvelope", "strike_envelope"]


def strike_envelope(
    delay_s: Tensor, attack_s: Tensor, decay_s: Tensor, *, sample_rate: float, n_samples: int
) -> Tensor:
    r"""Rise after a delay, and decay.

    $$e_t = (1 - e^{-s / \alpha}) \, e^{-s / \tau}, \qquad s = \max(0, t / r - d)$$

    at the sample rate $r$: zero before the delay, continuous, near one at the peak where $\alpha \ll \tau$.

    Args:
        delay_s: $d$, shape (...), any sign. All three inputs broadcast.
        attack_s: $\alpha$, seconds to 1 - 1/e of the rise, shape (...), above 0 (below a microsecond it counts as one).
        decay_s: $\tau$, seconds to 1/e, shape (...), likewise.
        sample_rate: Rate of the result in Hz.
        n_samples: T.

    Returns:
        Envelope (..., T) from 0 to 1, differentiable in all inputs.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor, or their dtypes differ.
        ValueError: If the shapes do not broadcast, or an option is not positive.

    Source:
        Fletcher and Rossing, "The Physics of Musical Instruments", 1998, chapter 1: the decay of a
        damped oscillator.

    Example:
        >>> delay, attack, decay = torch.tensor([0.25, 1e-3, 0.25])
        >>> strike_envelope(delay, attack, decay, sample_rate=8, n_samples=5).round(decimals=2)
        tensor([0.0000, 0.0000, 0.0000, 0.6100, 0.3700])
    """
    require_output(sample_rate, n_samples)
    delay_s, attack_s, decay_s = as_controls("(...)", delay_s=delay_s, attack_s=attack_s, decay_s=decay_s)
    since = (seconds(delay_s, sample_rate, n_samples).to(delay_s) - delay_s[..., None]).clamp(min=0)
    attack, decay = (time.clamp(min=SHORTEST_S)[..., None] for time in (attack_s, decay_s))
    return -torch.expm1(-since / attack) * torch.exp(-since / decay)


class StrikeEnvelope(SoundSource):
    """Module of :func:`ddsp_drums.strike_envelope`, which documents the arguments.

    Example:
        >>> envelope = StrikeEnvelope(sample_rate=16000, n_samples=4000)
        >>> envelope(torch.zeros(2), torch.tensor(1e-3), torch.tensor(0.1)).shape
        torch.Size([2, 4000])
    """

    def forward(self, delay_s: Tensor, attack_s: Tensor, decay_s: Tensor) -> Tensor:
        """Map controls (...) to envelopes (..., n_samples)."""
        return strike_envelope(delay_s, attack_s, decay_s, sample_rate=self.sample_rate, n_samples=self.n_samples)
