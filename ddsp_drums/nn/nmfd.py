"""Explain a spectrogram by sounds that last several frames: non-negative matrix factor deconvolution."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._autocast import under_autocast
from ddsp_drums._shapes import broadcast_shape
from ddsp_drums._validate import require_count, require_float

__all__ = ["NMFD", "nmfd"]

_QUIET = 1e-9  # of the loudest bin: far below what counts, and above what underflows


def nmfd(
    magnitudes: Tensor,
    templates: Tensor,
    *,
    n_iterations: int = 30,
    adaptation: float | None = 1.0,
    lengths: Tensor | None = None,
    start: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Find when and how strongly each of some known sounds begins, and how it sounds here.

    $$V_{f,n} \approx \Lambda_{f,n} = \sum_{k,p} W_{k,f,p} \, H_{k,n-p}$$

    Each iteration lowers the Kullback-Leibler divergence $\sum V \log(V / \Lambda) - V + \Lambda$, first in the
    templates, then in the activations, each with the $\Lambda$ of that moment:

    $$W'_{k,f,p} = W_{k,f,p} \frac{\sum_n (V / \Lambda)_{f,n} H_{k,n-p}}{\sum_n H_{k,n-p}}, \quad
      W \leftarrow (1 - \alpha_i) \, W^\text{given} + \alpha_i \, \frac{W'}{\sum_{f,p} W'}, \quad
      \alpha_i = \Big(\frac{i}{I}\Big)^{\text{adaptation}}, \quad
      H_{k,n} \leftarrow H_{k,n} \frac{\sum_{f,p} W_{k,f,p} (V / \Lambda)_{f,n+p}}{\sum_{f,p} W_{k,f,p}}$$

    so that the templates are trusted at first and fitted to the recording at last. Sums leave out what lies beyond
    the ends. Differentiable in all tensors, through all iterations.

    Args:
        magnitudes: Spectrograms $V$ (..., F, N), zero or more, F and N >= 1, any scale.
        templates: Sounds (K, F, P) or (..., K, F, P), zero or more, K and P >= 1, any scale; frame 0 is where a sound
            begins. Leading axes broadcast with those of `magnitudes`.
        n_iterations: $I$, at least 1.
        adaptation: Zero or more: 0 fits the templates freely from the first iteration on, 1 more and more, larger
            exponents later. None keeps them as given, in half of the time.
        lengths: Frames (...) of each spectrogram that count, where a batch was filled up to one length; leading axes
            as those of `magnitudes`. What follows them is not looked at, and its activations are zero.
        start: Activations to begin with (..., K, N), zero or more, any scale; ones by default. What is zero stays
            zero: so they may say where each sound can begin.

    Returns:
        Activations (..., K, N) in the unit of `magnitudes`: the sum of what a sound adds to its frames. And templates
        (..., K, F, P), each of which sums to one, or to zero if it was given so; a sound that is not heard keeps its
        own. Both are finite, for silence as well.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor, the dtypes differ, `lengths` is not a tensor of
            integers, or `n_iterations` is not an int.
        ValueError: If the shapes do not fit, an axis F, N, K or P is empty, or an option is out of its range.

    Source:
        Smaragdis, "Non-negative Matrix Factor Deconvolution", ICA 2004, for the model and the updates. Dittmar and
        Gaertner, "Real-time Transcription and Separation of Drum Recordings Based on NMF Decomposition", DAFx 2014,
        section 3.3, for the share $\alpha_i$, there with an exponent of 4. Dittmar and Mueller, "Reverse Engineering
        the Amen Break", IEEE/ACM TASLP 2016, for activations that begin where a score has notes.

    Example:
        >>> templates = torch.tensor([[[1.0, 0.5], [0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]])  # two sounds of two frames
        >>> magnitudes = torch.tensor([[2.0, 1.0, 0.0, 0.0], [0.0, 3.0, 3.0, 0.0]])
        >>> activations, _ = nmfd(magnitudes, templates)
        >>> activations.round(decimals=2)
        tensor([[3., 0., 0., 0.],
                [0., 6., 0., 0.]])
    """
    require_float("magnitudes", magnitudes, "(..., F, N)", min_dims=2)
    require_float("templates", templates, "(K, F, P) or (..., K, F, P)", min_dims=3)
    _require_options(n_iterations, adaptation)
    magnitudes, templates = under_autocast(magnitudes), under_autocast(templates)
    _require_fit(magnitudes, templates)
    if start is not None:
        start = _begin(start, magnitudes, templates)
    with torch.autocast(magnitudes.device.type, enabled=False):  # ratios need the whole precision
        return _factorise(magnitudes, templates, n_iterations, adaptation, _heard(magnitudes, lengths), start)


def _factorise(
    magnitudes: Tensor,
    templates: Tensor,
    n_iterations: int,
    adaptation: float | None,
    heard: Tensor,
    start: Tensor | None,
) -> tuple[Tensor, Tensor]:
    K, n_bins, P = templates.shape[-3:]
    N = magnitudes.shape[-1]
    magnitudes = magnitudes.where(heard, 0)  # even NaN
    scale = magnitudes.amax((-2, -1), keepdim=True)
    scale = scale.where(scale > 0, 1)
    V = magnitudes / scale  # (..., F, N)
    # A sound's frames lie side by side, the last one first, so that both sums over p are one matrix product.
    given = _normalise(templates).flip(-1).transpose(-3, -2).flatten(-2)  # (..., F, K * P)
    W = given
    leading = broadcast_shape(V[..., 0, 0], templates[..., 0, 0, 0])
    H = (V.new_ones(*leading, K, N) if start is None else start) * heard
    weight = _weight(W, heard, K)
    for i in range(1, n_iterations + 1):
        if adaptation is not None:
            shifted = _shift(H, P)  # (..., K * P, N)
            ratio = V / (W @ shifted + _QUIET)
            fitted = W * (ratio @ shifted.mT) / (shifted @ heard.mT.to(V) + _QUIET).mT
            fitted = _normalise_columns(fitted, given, K)
            share = (i / n_iterations) ** adaptation
            W = (1 - share) * given + share * fitted
            weight = _weight(W, heard, K)
        ratio = V / (W @ _shift(H, P) + _QUIET)
        H = H * _gather(W.mT @ ratio, K) / weight
    W = W.unflatten(-1, (K, P)).transpose(-3, -2).flip(-1)
    return H * scale, W.expand(*leading, K, n_bins, P)


def _weight(W: Tensor, heard: Tensor, K: int) -> Tensor:
    """Sum each sound as far as it is heard, (..., K, N): at the end of the recording it is cut off."""
    return _gather(W.sum(-2)[..., None] * heard, K) + _QUIET


def _normalise(templates: Tensor) -> Tensor:
    """Scale each template (..., K, F, P) to a sum of one."""
    total = templates.sum((-2, -1), keepdim=True)
    return templates / total.where(total > 0, 1)


def _normalise_columns(fitted: Tensor, given: Tensor, K: int) -> Tensor:
    """Scale each sound's columns in (..., F, K * P) to a sum of one; those of a sound not heard become the given."""
    total = fitted.unflatten(-1, (K, -1)).sum((-3, -1), keepdim=True)  # (..., 1, K, 1)
    scaled = fitted.unflatten(-1, (K, -1)) / total.where(total > 0, 1)
    return scaled.where(total > 0, given.unflatten(-1, (K, -1))).flatten(-2)


def _shift(H: Tensor, P: int) -> Tensor:
    """Delay activations (..., K, N) by P - 1, ..., 0 frames, (..., K * P, N)."""
    return F.pad(H, (P - 1, 0)).unfold(-1, H.shape[-1], 1).flatten(-3, -2)


def _gather(shifted: Tensor, K: int) -> Tensor:
    """Sum what :func:`_shift` has shifted, (..., K * P, N), where it came from, (..., K, N): its transpose."""
    rows = shifted.unflatten(-2, (K, -1)).unbind(-2)[::-1]  # P of (..., K, N), the p-th delayed by p frames
    total = rows[0]
    for p, row in enumerate(rows[1:], 1):  # one by one, as all at once take P times the memory
        total = total + F.pad(row[..., p:], (0, min(p, row.shape[-1])))
    return total


def _heard(magnitudes: Tensor, lengths: Tensor | None) -> Tensor:
    """Tell which frames count, (..., 1, N) or (1, N)."""
    frames = torch.arange(magnitudes.shape[-1], device=magnitudes.device)
    if lengths is None:
        return (frames >= 0)[None]
    if not isinstance(lengths, Tensor) or lengths.is_floating_point():
        raise TypeError(f"lengths must be a tensor of integers, got {getattr(lengths, 'dtype', type(lengths))}")
    if lengths.shape != magnitudes.shape[:-2]:
        raise ValueError(
            f"lengths must have the leading shape of magnitudes {tuple(magnitudes.shape)}, got {tuple(lengths.shape)}"
        )
    return frames < lengths[..., None, None].to(magnitudes.device)


def _begin(start: Tensor, magnitudes: Tensor, templates: Tensor) -> Tensor:
    """Return the activations to begin with in the leading shape of the result, or raise unless they fit."""
    require_float("start", start, "(..., K, N)", min_dims=2)
    start = under_autocast(start)
    leading = broadcast_shape(magnitudes[..., 0, 0], templates[..., 0, 0, 0])
    shape = (*leading, templates.shape[-3], magnitudes.shape[-1])
    if start.dtype != magnitudes.dtype or start.device != magnitudes.device:
        raise TypeError(f"start must be {magnitudes.dtype} on {magnitudes.device}, got {start.dtype} on {start.device}")
    fits = all(a in (1, b) for a, b in zip(start.shape[-3::-1], leading[::-1], strict=False))
    if start.shape[-2:] != shape[-2:] or start.dim() > len(shape) or not fits:
        raise ValueError(f"start must have shape {shape}, got {tuple(start.shape)}")
    return start.expand(shape)


def _require_options(n_iterations: int, adaptation: float | None) -> None:
    require_count("n_iterations", n_iterations)
    if adaptation is not None and not adaptation >= 0:
        raise ValueError(f"adaptation must be zero or more, or None, got {adaptation}")


def _require_fit(magnitudes: Tensor, templates: Tensor) -> None:
    got = f"magnitudes {tuple(magnitudes.shape)} and templates {tuple(templates.shape)}"
    if magnitudes.dtype != templates.dtype or magnitudes.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"magnitudes and templates must both be float32 or float64, got {magnitudes.dtype} and {templates.dtype}"
        )
    if magnitudes.device != templates.device:
        raise ValueError(
            f"magnitudes and templates must be on one device, got {magnitudes.device} and {templates.device}"
        )
    if 0 in magnitudes.shape[-2:] or 0 in templates.shape[-3:]:
        raise ValueError(f"magnitudes (..., F, N) and templates (K, F, P) must have F, N, K, P >= 1, got {got}")
    if magnitudes.shape[-2] != templates.shape[-2]:
        raise ValueError(f"magnitudes (..., F, N) and templates (K, F, P) must have the same F, got {got}")
    if not all(a == b or 1 in (a, b) for a, b in zip(magnitudes.shape[-3::-1], templates.shape[-4::-1], strict=False)):
        raise ValueError(f"the leading axes of magnitudes and templates must broadcast, got {got}")


class NMFD(nn.Module):
    """Module of :func:`ddsp_drums.nmfd`, which documents the arguments. It saves the templates.

    Example:
        >>> activations, templates = NMFD(torch.rand(6, 65, 10))(torch.rand(2, 65, 100))
        >>> activations.shape, templates.shape
        (torch.Size([2, 6, 100]), torch.Size([2, 6, 65, 10]))
    """

    templates: Tensor

    def __init__(self, templates: Tensor, *, n_iterations: int = 30, adaptation: float | None = 1.0) -> None:
        super().__init__()
        require_float("templates", templates, "(K, F, P) or (..., K, F, P)", min_dims=3)
        _require_options(n_iterations, adaptation)
        self.n_iterations = n_iterations
        self.adaptation = adaptation
        self.register_buffer("templates", templates.detach().clone())

    def forward(
        self, magnitudes: Tensor, *, lengths: Tensor | None = None, start: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map magnitudes (..., F, N) to activations (..., K, N) and templates (..., K, F, P)."""
        return nmfd(
            magnitudes,
            self.templates,
            n_iterations=self.n_iterations,
            adaptation=self.adaptation,
            lengths=lengths,
            start=start,
        )

    def extra_repr(self) -> str:
        """Show the options."""
        shape = tuple(self.templates.shape)
        return f"templates={shape}, n_iterations={self.n_iterations}, adaptation={self.adaptation}"
