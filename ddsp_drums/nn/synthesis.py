"""Template synthesis as a module."""

from torch import Tensor

from ddsp_drums.nn._player import TemplatePlayer
from ddsp_drums.ops.template_synthesis import template_synthesis

__all__ = ["TemplateSynthesizer"]


class TemplateSynthesizer(TemplatePlayer):
    """Module of :func:`ddsp_drums.template_synthesis` that owns its templates.

    Args:
        templates: One sound an instrument, shape (K, L) or (..., K, L). They are saved with the module.
        hop_length: Samples in a frame, at least 1.
        trainable: Whether the templates are a parameter, so that the sounds are learned too.
        gradient: "dense" or "support", as in :func:`ddsp_drums.template_synthesis`.
        backend: "auto", "polyphase" or "sparse", likewise.

    Example:
        >>> import torch
        >>> synthesizer = TemplateSynthesizer(torch.randn(11, 16000), hop_length=16)
        >>> synthesizer(torch.rand(2, 11, 100)).shape
        torch.Size([2, 1600])
        >>> synthesizer(torch.rand(2, 11, 100), stems=True).shape
        torch.Size([2, 11, 1600])
    """

    def forward(self, activations: Tensor, *, stems: bool = False) -> Tensor:
        """Map activations (..., K, N) to audio (..., N * hop_length), or (..., K, N * hop_length) with `stems`."""
        return template_synthesis(
            activations,
            self.templates,
            hop_length=self.hop_length,
            gradient=self.gradient,
            backend=self.backend,
            stems=stems,
        )
