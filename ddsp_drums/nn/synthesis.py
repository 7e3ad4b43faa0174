"""Template synthesis as a module."""

from torch import Tensor, nn

from ddsp_drums._validate import require_count, require_float, require_one_of
from ddsp_drums.ops.template_synthesis import BACKENDS, GRADIENTS, template_synthesis

__all__ = ["TemplateSynthesizer"]


class TemplateSynthesizer(nn.Module):
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

    templates: Tensor

    def __init__(
        self,
        templates: Tensor,
        *,
        hop_length: int = 1,
        trainable: bool = False,
        gradient: str = "dense",
        backend: str = "auto",
    ) -> None:
        super().__init__()
        require_float("templates", templates, "(K, L) or (..., K, L)", min_dims=2)
        require_count("hop_length", hop_length)
        require_one_of("gradient", gradient, GRADIENTS)
        require_one_of("backend", backend, BACKENDS)
        self.hop_length = hop_length
        self.gradient = gradient
        self.backend = backend
        if trainable:
            self.templates = nn.Parameter(templates.detach().clone())
        else:
            self.register_buffer("templates", templates.detach().clone())

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

    def extra_repr(self) -> str:
        """Show the options."""
        trainable = isinstance(self.templates, nn.Parameter)
        return (
            f"templates={tuple(self.templates.shape)}, hop_length={self.hop_length}, trainable={trainable}, "
            f"gradient={self.gradient!r}, backend={self.backend!r}"
        )
