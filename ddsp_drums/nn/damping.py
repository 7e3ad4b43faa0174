"""Template synthesis of sounds that end: notes with a duration."""

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums._autocast import under_autocast
from ddsp_drums._shapes import broadcast_shape
from ddsp_drums._validate import require_count, require_float
from ddsp_drums.nn._player import TemplatePlayer
from ddsp_drums.ops.template_synthesis import template_synthesis

__all__ = ["DampedSynthesizer", "damped_synthesis"]


def damped_synthesis(
    activations: Tensor,
    damping_db: Tensor,
    templates: Tensor,
    *,
    hop_length: int = 1,
    resolution: int = 1,
    gradient: str = "dense",
    backend: str = "auto",
    stems: bool = False,
) -> Tensor:
    r"""Play each instrument's template at each of its activations, and damp all of it that rings.

    $$x_t = \sum_{k} \sum_{n} a_{k,n} \, h_{k,\, t - n \cdot \mathrm{hop}} \, 10^{-(D_{k,t} - D_{k,\, n \cdot
      \mathrm{hop}}) / 20}, \qquad D_{k,\, m \cdot \mathrm{hop}} = \sum_{i < m} d_{k,i}$$

    A damper on a bar or a string: no damping lets it ring as its template does, much of it ends the note, and a note
    that begins afterwards is whole. The template is cut into pieces that fade into each other, and each is played as
    loud as is left of the note by then (:func:`ddsp_drums.template_synthesis`).

    Differentiable in all three inputs, and so in the time at which a note ends.

    Args:
        activations: How loud each of K instruments starts in each of N frames, shape (..., K, N), any range.
        damping_db: $d$, what all that rings loses in each frame, in dB, 0 or more and finite, shape (..., K, N), or
            (..., 1, N) for one damper on all. Leading axes broadcast.
        templates: One undamped sound an instrument, shape (K, L); or one set of sounds an item, shape (..., K, L).
        hop_length: Samples in a frame, at least 1.
        resolution: Frames between the points of a sound at which its gain is exact; between them it is a straight
            line. At least 1; memory is as (L / (hop_length * resolution)) times the activations'.
        gradient: "dense" or "support", as in :func:`ddsp_drums.template_synthesis`.
        backend: "auto", "polyphase" or "sparse", likewise.
        stems: Whether to return the instruments apart rather than their sum.

    Returns:
        Audio of T = N * hop_length samples, shape (..., T), or (..., K, T) with `stems`.

    Raises:
        TypeError: If an input is not a floating-point tensor, or the dtypes differ outside of autocast.
        ValueError: If the shapes do not fit, an axis is empty, a count is below 1, or an option is none of those named.
        ImportError: If the sparse backend is asked for and its compiler is not installed.

    Source:
        Ours. Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 6, name the missing duration
        as a limit of their synthesizer. Damping by a product over time is the envelope of a string with a damper,
        Fletcher and Rossing, "The Physics of Musical Instruments", 1998, chapter 12.

    Example:
        >>> struck, sound = torch.tensor([[1.0, 0.0, 0.0]]), torch.ones(1, 6)
        >>> damped_synthesis(struck, torch.tensor([[0.0, 20.0, 20.0]]), sound, hop_length=2).round(decimals=3)
        tensor([1.0000, 1.0000, 1.0000, 0.5500, 0.1000, 0.0550])
    """
    require_float("activations", activations, "(..., K, N)", min_dims=2)
    require_float("damping_db", damping_db, "(..., K, N) or (..., 1, N)", min_dims=2)
    require_float("templates", templates, "(K, L) or (..., K, L)", min_dims=2)
    require_count("hop_length", hop_length)
    require_count("resolution", resolution)
    activations, damping_db, templates = map(under_autocast, (activations, damping_db, templates))
    _require_fit(activations, damping_db, templates)
    beginnings, pieces = _cut(templates, resolution * hop_length)
    levels = _levels(activations, damping_db, pieces.shape[-2], resolution)  # (..., K, J, N)
    if not stems:  # else each instrument is an item whose pieces are the sounds
        pieces, levels = pieces.flatten(-3, -2), levels.flatten(-3, -2)
    play = partial(template_synthesis, hop_length=hop_length, gradient=gradient, backend=backend)
    return play(activations, beginnings, stems=stems) + play(levels, pieces)


def _cut(templates: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Cut templates (..., L) at J points after their first sample, `length` apart.

    Returns the fall from the first sample, (..., length), and the pieces that each rise to a point and fall to the
    next, the last one first: (..., J, 2 * length). Together they are the template.
    """
    count = -(-templates.shape[-1] // length)
    spans = F.pad(templates, (0, count * length - templates.shape[-1])).unflatten(-1, (count, length))
    spans = spans[..., torch.arange(count - 1, -1, -1, device=spans.device), :]
    ramp = torch.arange(length, dtype=templates.dtype, device=templates.device) / length
    falling = spans * (1 - ramp)
    pieces = torch.cat([spans * ramp, F.pad(falling[..., :-1, :], (0, 0, 1, 0))], dim=-1)
    return falling[..., -1, :], pieces


def _levels(activations: Tensor, damping_db: Tensor, count: int, step: int) -> Tensor:
    """Tell how loud each piece begins in each frame, (..., K, J, N): what is left of its note at its highest point."""
    frames = activations.shape[-1]
    lost = F.pad((damping_db * (math.log(10) / 20)).cumsum(-1), (1, 0))  # (..., K, N + 1)
    highest = (torch.arange(frames, device=lost.device) + step).clamp(max=frames)
    left = torch.exp(_earlier(lost[..., :-1], count, step) - lost[..., None, highest])
    return _earlier(activations, count, step) * left


def _earlier(x: Tensor, count: int, step: int) -> Tensor:
    """Look back from each frame of (..., N) by ..., 2 step, step, 0: (..., count, N), zeros before the first frame."""
    return F.pad(x, ((count - 1) * step, 0)).unfold(-1, x.shape[-1], step)


def _require_fit(activations: Tensor, damping_db: Tensor, templates: Tensor) -> None:
    tensors = {"activations": activations, "damping_db": damping_db, "templates": templates}
    got = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items())
    if len({tensor.dtype for tensor in tensors.values()}) > 1:
        raise TypeError(f"{', '.join(tensors)} must have one dtype, got {[str(x.dtype) for x in tensors.values()]}")
    if len({tensor.device for tensor in tensors.values()}) > 1:
        raise ValueError(f"{', '.join(tensors)} must be on one device, got {[str(x.device) for x in tensors.values()]}")
    if 0 in activations.shape[-2:] or templates.shape[-1] == 0:
        raise ValueError(f"activations (..., K, N) and templates (K, L) must have K, N, L >= 1, got {got}")
    if activations.shape[-2] != templates.shape[-2]:
        raise ValueError(f"activations (..., K, N) and templates (K, L) must have the same K, got {got}")
    if damping_db.shape[-1] != activations.shape[-1] or damping_db.shape[-2] not in (1, activations.shape[-2]):
        raise ValueError(f"damping_db must be (..., K, N) or (..., 1, N) as activations (..., K, N), got {got}")
    try:
        broadcast_shape(*(tensor[..., 0, 0] for tensor in tensors.values()))
    except RuntimeError:
        raise ValueError(f"the leading axes of {', '.join(tensors)} must broadcast, got {got}") from None


class DampedSynthesizer(TemplatePlayer):
    """Module of :func:`ddsp_drums.damped_synthesis` that owns its templates.

    Args:
        templates: One undamped sound an instrument, shape (K, L) or (..., K, L). They are saved with the module.
        hop_length: Samples in a frame, at least 1.
        resolution: Frames between the points of a sound at which its gain is exact.
        trainable: Whether the templates are a parameter, so that the sounds are learned too.
        gradient: "dense" or "support", as in :func:`ddsp_drums.template_synthesis`.
        backend: "auto", "polyphase" or "sparse", likewise.

    Example:
        >>> synthesizer = DampedSynthesizer(torch.randn(37, 8000), hop_length=128, resolution=4)
        >>> synthesizer(torch.rand(2, 37, 100), torch.zeros(2, 37, 100)).shape
        torch.Size([2, 12800])
    """

    def __init__(
        self,
        templates: Tensor,
        *,
        hop_length: int = 1,
        resolution: int = 1,
        trainable: bool = False,
        gradient: str = "dense",
        backend: str = "auto",
    ) -> None:
        super().__init__(templates, hop_length=hop_length, trainable=trainable, gradient=gradient, backend=backend)
        require_count("resolution", resolution)
        self.resolution = resolution

    def forward(self, activations: Tensor, damping_db: Tensor, *, stems: bool = False) -> Tensor:
        """Map activations and damping (..., K, N) to audio (..., N * hop_length), or (..., K, N * hop_length)."""
        return damped_synthesis(
            activations,
            damping_db,
            self.templates,
            hop_length=self.hop_length,
            resolution=self.resolution,
            gradient=self.gradient,
            backend=self.backend,
            stems=stems,
        )

    def extra_repr(self) -> str:
        """Show the options."""
        return f"{super().extra_repr()}, resolution={self.resolution}"
