"""Where three bands of frequencies grow louder: kick, snare and hi-hat."""

from collections.abc import Mapping

from torch import Tensor

from ddsp_drums import spectral_flux
from drummernet.evaluation.baselines.baseline import Baseline

__all__ = ["FluxBaseline"]

# Where each is alone, or nearly: the kick's fundamental, the snare's drum, and what only metal reaches.
_BANDS_HZ = {"KD": (30.0, 120.0), "SD": (150.0, 1000.0), "CHH": (8000.0, 22050.0)}


class FluxBaseline(Baseline):
    """Spectral flux in a low, a middle and a high band, of audio that is scaled to a peak of one.

    Args:
        threshold: As for :class:`Baseline`; the classes are KD, SD and HH.

    Example:
        >>> import torch
        >>> audio = torch.zeros(44100)
        >>> audio[22050:] = torch.sin(torch.arange(22050) * 0.01)  # 70 Hz from half a second on
        >>> hits = FluxBaseline()(audio).hits
        >>> [round(hit.onset_s, 2) for hit in hits if hit.instrument == "KD" and hit.velocity > 99]
        [0.5]
    """

    def __init__(self, *, threshold: float | Mapping[str, float] = 0.15) -> None:
        super().__init__(threshold=threshold, instruments=tuple(_BANDS_HZ), sample_rate=44100, hop_length=441)

    def activations(self, audio: Tensor) -> Tensor:
        """Measure how much each band grows, (3, N)."""
        audio = audio / audio.abs().amax().clamp(min=1e-9)
        bands_hz = list(_BANDS_HZ.values())
        return spectral_flux(audio, sample_rate=self.sample_rate, bands_hz=bands_hz, hop_length=self.hop_length)
