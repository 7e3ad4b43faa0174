"""Distance of two recordings in the compressed magnitudes of any transform."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ddsp_drums._validate import require_float, require_one_of, require_positive
from ddsp_drums.nn._audio import as_audio
from ddsp_drums.nn.hpss import PercussiveEnhancer

__all__ = ["SpectralLoss"]

COMPRESSIONS = ("log", "power", "none")
REDUCTIONS = ("mean", "sum", "none")
_FLOOR = 1e-5  # magnitude that counts as silence
_EXPONENT = 1 / 3  # of loudness, Stevens 1957
_TRACE = 1e-18  # far below what any result can show, far above the smallest float32


class SpectralLoss(nn.Module):
    r"""Compare what two recordings have in the magnitudes of a transform.

    $$\ell = s \cdot \operatorname{mean}_{f,n} w_f \left| c(S(\hat x))_{f,n} - c(S(x))_{f,n} \right|^p$$

    where $S$ is `transform`, of the percussive part if `enhance`; and $c$ compresses: $\log_{10}(1 + S / 10^{-5})$,
    or $(S + 10^{-5})^{1/3}$, or not at all. Where the estimate is exactly silent, it is heard as the
    target at -360 dB: magnitudes have no gradient at zero, and so they get one towards the target.

    Args:
        transform: Maps audio (..., T) to magnitudes (..., F, N), such as :class:`ddsp_drums.PseudoCQT`,
            :class:`ddsp_drums.CQT`, :class:`ddsp_drums.Spectrogram`, or, with compression "none",
            :class:`ddsp_drums.LogMel`.
        enhance: Whether to compare the percussive parts (:func:`ddsp_drums.percussive`) rather than the whole.
        compression: "log", "power" or "none".
        norm: p, 1 or 2.
        weights: w, one positive number a band, F of them; scaled to a mean of one. None: all one.
        scale: s, greater than 0.
        reduction: "mean" or "sum" over leading axes, or "none" to keep them.

    Raises:
        TypeError: When called with what are not float32 or float64 tensors of one dtype (half precision only under
            autocast).
        ValueError: If an option is out of its range; when called, if the shapes or devices differ, or there is no
            sample.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.3 and its ablation.

    Example:
        >>> from ddsp_drums import LogMel, Spectrogram
        >>> hit = torch.randn(2, 4000) * torch.linspace(1, 0, 4000)
        >>> loss = SpectralLoss(Spectrogram(), norm=2)
        >>> loss(hit, hit)
        tensor(0.)
        >>> known = loss.features(hit).detach()  # computed once, compared with often
        >>> bool(loss.compare(loss.features(0.5 * hit, hit), known) > 0)
        True
        >>> SpectralLoss(LogMel(sample_rate=16000, n_mels=128), compression="none", reduction="none")(hit, hit)
        tensor([0., 0.])
    """

    weights: Tensor

    def __init__(
        self,
        transform: nn.Module,
        *,
        enhance: bool = True,
        compression: str = "log",
        norm: int = 1,
        weights: Sequence[float] | None = None,
        scale: float = 1.0,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        require_distance(compression, norm, reduction)
        require_positive("scale", scale)
        self.enhance = PercussiveEnhancer() if enhance else nn.Identity()
        self.transform = transform
        self.compression = compression
        self.norm = norm
        self.scale = scale
        self.reduction = reduction
        checked = None if weights is None else require_weights("weights", weights)
        self.register_buffer("weights", normalised_weights(checked), persistent=False)

    def features(self, audio: Tensor, trace: Tensor | None = None) -> Tensor:
        """Map audio (..., T) to the compressed magnitudes (..., F, N) that are compared.

        `trace`, shaped like the audio, is what its silence is heard as: give an estimate its target.
        """
        audio = as_audio("audio", audio)
        if trace is not None:
            trace = as_audio("trace", trace)
            if trace.shape != audio.shape:
                raise ValueError(f"trace must be shaped like audio {tuple(audio.shape)}, got {tuple(trace.shape)}")
            audio = with_trace(audio, trace)
        return compress(self.transform(self.enhance(audio)), self.compression)

    def compare(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Map two sets of features (..., F, N) to the loss."""
        require_alike(estimate, target, "(..., F, N)")
        return distance(estimate, target, self.norm, self.weights, self.scale, self.reduction)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Map two recordings (..., T) to the loss: a scalar, or (...) without reduction."""
        estimate, target = as_audio("estimate", estimate), as_audio("target", target)
        require_alike(estimate, target, "(..., T)")
        return self.compare(self.features(estimate, target), self.features(target))


def require_distance(compression: str, norm: int, reduction: str) -> None:
    """Raise unless the options of a distance are among those there are."""
    require_one_of("compression", compression, COMPRESSIONS)
    require_one_of("reduction", reduction, REDUCTIONS)
    if norm not in (1, 2):
        raise ValueError(f"norm must be 1 or 2, got {norm}")


def require_alike(estimate: Tensor, target: Tensor, shape: str) -> None:
    """Raise unless both are floating-point tensors of one shape and dtype, on one device."""
    require_float("estimate", estimate, shape)
    require_float("target", target, shape)
    if estimate.shape != target.shape:
        raise ValueError(
            f"estimate and target must have the same shape {shape}, "
            f"got {tuple(estimate.shape)} and {tuple(target.shape)}"
        )
    if estimate.dtype != target.dtype:
        raise TypeError(f"estimate and target must have one dtype, got {estimate.dtype} and {target.dtype}")
    if estimate.device != target.device:
        raise ValueError(f"estimate and target must be on one device, got {estimate.device} and {target.device}")


def require_weights(name: str, weights: Sequence[float]) -> list[float]:
    """Return the weights as numbers; raise unless there are any and each is positive and finite."""
    try:
        numbers = [float(weight) for weight in weights]
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a sequence of numbers, got {weights!r}") from None
    if len(numbers) == 0 or not all(math.isfinite(number) and number > 0 for number in numbers):
        raise ValueError(f"{name} must be positive numbers, got {numbers}")
    return numbers


def normalised_weights(weights: Sequence[float] | None) -> Tensor:
    """Return the weights scaled to a mean of one, shape (F, 1); a single one if there are none."""
    values = torch.tensor([1.0] if weights is None else weights, dtype=torch.get_default_dtype())
    return (values / values.mean()).unsqueeze(-1)


def with_trace(estimate: Tensor, target: Tensor) -> Tensor:
    """Add so little of the target that only silence changes: its magnitudes get a phase, and with it a gradient."""
    return estimate + _TRACE * target.detach()


def compress(magnitudes: Tensor, compression: str) -> Tensor:
    """Bring magnitudes to a scale on which differences sound alike."""
    if compression == "log":
        return (magnitudes + _FLOOR).log10() - math.log10(_FLOOR)
    return (magnitudes + _FLOOR).pow(_EXPONENT) if compression == "power" else magnitudes


def distance(estimate: Tensor, target: Tensor, norm: int, weights: Tensor, scale: float, reduction: str) -> Tensor:
    """Compare features (..., F, N): their weighted mean difference, for each item or over all."""
    difference = estimate - target
    if weights.shape[0] not in (1, difference.shape[-2]):
        raise ValueError(f"weights must be one a band, {difference.shape[-2]}, got {weights.shape[0]}")
    errors = difference.abs() if norm == 1 else difference.square()
    each = scale * (weights.to(errors) * errors).mean((-2, -1))
    if reduction == "none":
        return each
    return each.mean() if reduction == "mean" else each.sum()
