"""Distance of two recordings in the log pseudo-CQT of their percussive parts."""

from collections.abc import Sequence

from torch import Tensor

from ddsp_drums._validate import require_count, require_number
from ddsp_drums.losses.spectral import (
    SpectralLoss,
    compress,
    distance,
    normalised_weights,
    require_alike,
    require_distance,
    require_weights,
    with_trace,
)
from ddsp_drums.nn._audio import as_audio
from ddsp_drums.nn.cqt import PseudoCQT, pseudo_cqt
from ddsp_drums.nn.hpss import percussive

__all__ = ["OnsetCQTLoss", "onset_cqt_loss"]

_WEIGHT = 4.0  # of the published training code


def onset_cqt_loss(
    estimate: Tensor,
    target: Tensor,
    *,
    sample_rate: float,
    hop_length: int = 64,
    f_min_hz: float = 32.703,
    n_octaves: int = 8,
    bins_per_octave: int = 12,
    enhance: bool = True,
    compression: str = "log",
    norm: int = 1,
    octave_weights: Sequence[float] | None = None,
    tilt_db: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Compare what two recordings have at their onsets, in the magnitudes of every octave.

    $$\ell = 4 \sum_o w_o \operatorname{mean} \left| \log_{10} \frac{C_o(\hat x) + 10^{-5}}{10^{-5}}
      - \log_{10} \frac{C_o(x) + 10^{-5}}{10^{-5}} \right|^p$$

    where $C_o$ is octave $o$ of the pseudo-CQT of the percussive part. Symmetric in its two inputs; an input that
    needs no gradient costs none, and :meth:`OnsetCQTLoss.features` of a target can be kept.

    Args:
        estimate: Samples, shape (..., T).
        target: Samples to compare with, shaped like `estimate`.
        sample_rate: Samples a second, in Hz.
        hop_length: Samples between frames, see :func:`ddsp_drums.pseudo_cqt`.
        f_min_hz: Centre of the lowest bin, in Hz.
        n_octaves: Octaves, at least 1. All centres must be below half the sample rate.
        bins_per_octave: Bins in an octave.
        enhance: Whether to compare the percussive parts (:func:`ddsp_drums.percussive`) rather than the whole.
        compression: "log" as above; "power" for differences of the cube root; or "none".
        norm: p, 1 or 2.
        octave_weights: w, one positive number an octave from the lowest up; scaled to a mean of one. None: all one.
        tilt_db: How much more each octave weighs than the one below, in dB from -100 to 100. Above 0, quiet treble
            counts for more.
        reduction: "mean" or "sum" over leading axes, or "none" to keep them.

    Returns:
        The distance, a scalar of at least 0, or (...) without reduction. Finite, and so is its gradient, for any
        input that does not overflow; where the estimate is silent, its gradient is towards the target.

    Raises:
        TypeError: If the inputs are not float32 or float64 tensors of one dtype, or an option is not of its type.
        ValueError: If the shapes or devices differ, there is no sample, or an option is out of its range.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.3; constants of the published
        code. Weights, tilt, norm and power are ours.

    Example:
        >>> import torch
        >>> noise = torch.randn(2, 4000)
        >>> onset_cqt_loss(noise, noise, sample_rate=16000)
        tensor(0.)
        >>> bool(onset_cqt_loss(0.1 * noise, noise, sample_rate=16000) > 10)
        True
    """
    estimate, target = as_audio("estimate", estimate), as_audio("target", target)
    require_alike(estimate, target, "(..., T)")
    require_distance(compression, norm, reduction)
    weights = normalised_weights(_by_band(octave_weights, tilt_db, n_octaves, bins_per_octave))

    def features(audio: Tensor) -> Tensor:
        magnitudes = pseudo_cqt(
            percussive(audio) if enhance else audio,
            sample_rate=sample_rate,
            hop_length=hop_length,
            f_min_hz=f_min_hz,
            n_octaves=n_octaves,
            bins_per_octave=bins_per_octave,
        )
        return compress(magnitudes, compression)

    scale = _WEIGHT * n_octaves  # octaves are equally large: the sum of their means is n_octaves means over all
    return distance(features(with_trace(estimate, target)), features(target), norm, weights, scale, reduction)


class OnsetCQTLoss(SpectralLoss):
    """Module of :func:`ddsp_drums.onset_cqt_loss`, which documents the arguments.

    Example:
        >>> import torch
        >>> loss = OnsetCQTLoss(sample_rate=16000)
        >>> loss(torch.zeros(2, 4000), torch.zeros(2, 4000))
        tensor(0.)
        >>> known = loss.features(torch.randn(2, 4000))  # of a target, computed once
        >>> loss.compare(loss.features(torch.zeros(2, 4000)), known).shape
        torch.Size([])
    """

    def __init__(
        self,
        sample_rate: float,
        *,
        hop_length: int = 64,
        f_min_hz: float = 32.703,
        n_octaves: int = 8,
        bins_per_octave: int = 12,
        enhance: bool = True,
        compression: str = "log",
        norm: int = 1,
        octave_weights: Sequence[float] | None = None,
        tilt_db: float = 0.0,
        reduction: str = "mean",
    ) -> None:
        super().__init__(
            PseudoCQT(
                sample_rate=sample_rate,
                hop_length=hop_length,
                f_min_hz=f_min_hz,
                n_octaves=n_octaves,
                bins_per_octave=bins_per_octave,
            ),
            enhance=enhance,
            compression=compression,
            norm=norm,
            weights=_by_band(octave_weights, tilt_db, n_octaves, bins_per_octave),
            scale=_WEIGHT * n_octaves,
            reduction=reduction,
        )


def _by_band(
    octave_weights: Sequence[float] | None, tilt_db: float, n_octaves: int, bins_per_octave: int
) -> list[float]:
    """Return the weight of each band, from those of octaves and the tilt between them."""
    require_count("n_octaves", n_octaves)
    require_count("bins_per_octave", bins_per_octave)
    require_number("tilt_db", tilt_db)
    if not abs(tilt_db) <= 100:
        raise ValueError(f"tilt_db must be from -100 to 100, got {tilt_db}")
    weights = require_weights("octave_weights", [1.0] * n_octaves if octave_weights is None else octave_weights)
    if len(weights) != n_octaves:
        raise ValueError(f"octave_weights must be one an octave, {n_octaves}, got {len(weights)}")
    return [
        weight * 10 ** (tilt_db * octave / 20) for octave, weight in enumerate(weights) for _ in range(bins_per_octave)
    ]
