"""Distance of two recordings in the log pseudo-CQT of their percussive parts."""

from torch import Tensor, nn

from ddsp_drums.nn._audio import require_audio
from ddsp_drums.nn.cqt import PseudoCQT, pseudo_cqt
from ddsp_drums.nn.hpss import PercussiveEnhancer, percussive

__all__ = ["OnsetCQTLoss", "onset_cqt_loss"]

_FLOOR = 1e-5  # magnitude that counts as silence
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
) -> Tensor:
    r"""Compare what two recordings have at their onsets, in the log magnitudes of every octave.

    $$\ell = 4 \sum_o \operatorname{mean} \left| \log_{10} \frac{C_o(\hat x) + 10^{-5}}{10^{-5}}
      - \log_{10} \frac{C_o(x) + 10^{-5}}{10^{-5}} \right|$$

    where $C_o$ is octave $o$ of the pseudo-CQT of the percussive part. Symmetric in its two inputs; an input that
    needs no gradient costs none.

    Args:
        estimate: Samples, shape (..., T).
        target: Samples to compare with, shaped like `estimate`.
        sample_rate: Samples a second, in Hz.
        hop_length: Samples between frames, see :func:`ddsp_drums.pseudo_cqt`.
        f_min_hz: Centre of the lowest bin, in Hz.
        n_octaves: Octaves, at least 1. All centres must be below half the sample rate.
        bins_per_octave: Bins in an octave.
        enhance: Whether to compare the percussive parts (:func:`ddsp_drums.percussive`) rather than the whole.

    Returns:
        The distance, a scalar of at least 0, with the mean taken over leading axes too. Finite, and so is its
        gradient, for any finite input, silence included.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor.
        ValueError: If the shapes differ, there is no sample, or an option is out of its range.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.3; constants of the published
        code.

    Example:
        >>> import torch
        >>> noise = torch.randn(2, 4000)
        >>> onset_cqt_loss(noise, noise, sample_rate=16000)
        tensor(0.)
        >>> bool(onset_cqt_loss(0.1 * noise, noise, sample_rate=16000) > 10)
        True
    """
    _require_pair(estimate, target)
    if enhance:
        estimate, target = percussive(estimate), percussive(target)
    ours, theirs = (
        pseudo_cqt(
            audio,
            sample_rate=sample_rate,
            hop_length=hop_length,
            f_min_hz=f_min_hz,
            n_octaves=n_octaves,
            bins_per_octave=bins_per_octave,
        )
        for audio in (estimate, target)
    )
    return _log_distance(ours, theirs, n_octaves)


class OnsetCQTLoss(nn.Module):
    """Module of :func:`ddsp_drums.onset_cqt_loss`, which documents the arguments.

    Example:
        >>> import torch
        >>> OnsetCQTLoss(sample_rate=16000)(torch.zeros(2, 4000), torch.zeros(2, 4000))
        tensor(0.)
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
    ) -> None:
        super().__init__()
        self.enhance = PercussiveEnhancer() if enhance else nn.Identity()
        self.cqt = PseudoCQT(
            sample_rate=sample_rate,
            hop_length=hop_length,
            f_min_hz=f_min_hz,
            n_octaves=n_octaves,
            bins_per_octave=bins_per_octave,
        )

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Map two recordings (..., T) to a scalar."""
        _require_pair(estimate, target)
        return _log_distance(self.cqt(self.enhance(estimate)), self.cqt(self.enhance(target)), self.cqt.n_octaves)


def _require_pair(estimate: Tensor, target: Tensor) -> None:
    require_audio("estimate", estimate)
    require_audio("target", target)
    if estimate.shape != target.shape:
        raise ValueError(
            f"estimate and target must have the same shape (..., T), "
            f"got {tuple(estimate.shape)} and {tuple(target.shape)}"
        )


def _log_distance(ours: Tensor, theirs: Tensor, n_octaves: int) -> Tensor:
    difference = (ours + _FLOOR).log10() - (theirs + _FLOOR).log10()
    return _WEIGHT * n_octaves * difference.abs().mean()  # octaves are equally large: n means of one, or one of all
