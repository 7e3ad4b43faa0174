"""Sparsemax over instruments times sparsemax over time windows."""

from torch import Tensor

from ddsp_drums._autocast import under_autocast
from ddsp_drums._validate import require_count, require_float
from ddsp_drums.ops.gated_sparsemax.op import gate
from ddsp_drums.ops.gated_sparsemax.reference import gated_sparsemax_by_parts

__all__ = ["gated_sparsemax"]


def gated_sparsemax(logits: Tensor, *, window: int, alpha: float = 2.0, silent_slot: bool = False) -> Tensor:
    r"""Let few instruments play at any time, and each only a few times within a window.

    $$y_{k,n} = \operatorname{sparsemax}_k(z_{\cdot,n})_k \cdot \operatorname{sparsemax}_n(z_{k,W(n)})_n$$

    where $W(n)$ is the window of frames that holds $n$; windows do not overlap.

    Args:
        logits: Scores of K instruments in N frames, shape (..., K, N).
        window: Frames in a window, at least 1. The last window is filled up with logits of zero.
        alpha: Sparsity of both maps, see :func:`ddsp_drums.sparsemax`.
        silent_slot: Whether both maps offer one more option of logit zero that means "nothing plays". Without it
            some instrument must play somewhere in every window.

    Returns:
        Activations in [0, 1], shape (..., K, N). A NaN makes its frame NaN, and its window of its instrument. With
        `alpha` 2, half precision is computed in float32 and rounded at the end. Under autocast the result is float32.

    Raises:
        TypeError: If `logits` is not a floating-point tensor, `window` no int or `alpha` no number.
        ValueError: If `logits` has fewer than two dimensions, no instrument, no frame or 2**31 frames, or `window` or
            `alpha` is below 1.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 3.1. The silent slot is ours.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[4.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]])
        >>> gated_sparsemax(logits, window=4)
        tensor([[1., 0., 0., 0.],
                [0., 0., 0., 1.]])
    """
    require_float("logits", logits, "(..., K, N)", min_dims=2)
    require_count("window", window)
    if 0 in logits.shape[-2:]:
        raise ValueError(f"logits must have shape (..., K, N) with K, N >= 1, got {tuple(logits.shape)}")
    if logits.shape[-1] >= 2**31:
        raise ValueError(f"logits must have shape (..., K, N) with N < 2**31, got {tuple(logits.shape)}")
    logits = under_autocast(logits)
    if alpha == 2:
        return gate(logits, window, silent_slot)
    return gated_sparsemax_by_parts(logits, window, alpha, silent_slot)
