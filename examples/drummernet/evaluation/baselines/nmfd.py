"""Explain a recording by the sounds of drum kits, which adapt to it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ddsp_drums import nmfd, spectrogram
from ddsp_drums.kits import Kit, KitError, procedural_kit, spectral_templates
from drummernet.evaluation.baselines.baseline import Baseline

__all__ = ["NMFDBaseline"]

SAMPLE_RATE, N_FFT, HOP_LENGTH = 22050, 1024, 256
# What is written for each component, and the classes whose sounds it is made of.
_COMPONENTS = {
    "KD": ("KD",),
    "SD": ("SD",),
    "CHH": ("CHH",),
    "OHH": ("OHH",),
    "MT": ("HT", "MT", "FT"),
    "CR": ("RD", "CR"),
}
_PIECE = 15_000  # frames, about three minutes: what is longer is explained piece by piece


class NMFDBaseline(Baseline):
    """Non-negative matrix factor deconvolution with templates of 116 ms from drum kits.

    Args:
        kits: Where the templates come from, at 22,050 Hz; twelve procedural kits by default. What none of them has is
            not listened for.
        threshold: As for :class:`Baseline`; the classes are KD, SD, HH, TT and CY.
        adaptation: As for `ddsp_drums.nmfd`: None keeps the templates as they are.

    Raises:
        KitError: If no kit has any of the classes, or a kit has another sample rate.

    Example:
        >>> kit = procedural_kit(seed=99, sample_rate=22050)
        >>> audio = torch.zeros(22050)
        >>> for at, name in ((2000, "KD"), (9000, "SD"), (16000, "KD")):
        ...     audio[at : at + 4410] += kit.drums[name][0].hits[-1][:4410]
        >>> hits = NMFDBaseline([kit])(audio).hits
        >>> [(round(hit.onset_s, 1), hit.instrument) for hit in hits if hit.instrument in ("KD", "SD")]
        [(0.1, 'KD'), (0.4, 'SD'), (0.7, 'KD')]
    """

    def __init__(
        self,
        kits: Sequence[Kit] | None = None,
        *,
        threshold: float | Mapping[str, float] = 0.15,
        adaptation: float | None = 1.0,
    ) -> None:
        if kits is None:
            kits = [procedural_kit(sample_rate=SAMPLE_RATE, seed=seed) for seed in range(12)]
        for kit in kits:
            if kit.sample_rate != SAMPLE_RATE:
                raise KitError(f"kit {kit.name}: must have {SAMPLE_RATE} Hz, has {kit.sample_rate}; load it at that")
        there = {name for kit in kits for name in kit.classes}
        components = {name: group for name, group in _COMPONENTS.items() if there & set(group)}
        if not components:
            raise KitError(f"kits: none has any of {', '.join(sum(_COMPONENTS.values(), ()))}")
        super().__init__(
            threshold=threshold, instruments=tuple(components), sample_rate=SAMPLE_RATE, hop_length=HOP_LENGTH
        )
        self.adaptation = adaptation
        self.templates = spectral_templates(kits, list(components.values()), n_fft=N_FFT, hop_length=HOP_LENGTH)

    def activations(self, audio: Tensor) -> Tensor:
        """Measure what each component adds to the magnitude spectrogram, (K, N)."""
        magnitudes = spectrogram(audio, n_fft=N_FFT, hop_length=HOP_LENGTH)
        pieces = magnitudes.chunk(-(-magnitudes.shape[-1] // _PIECE), dim=-1)
        return torch.cat([nmfd(piece, self.templates, adaptation=self.adaptation)[0] for piece in pieces], -1)
