"""What the layers that play sounds of their own share."""

from torch import Tensor, nn

from ddsp_drums._validate import require_count, require_float, require_one_of
from ddsp_drums.ops.template_synthesis import BACKENDS, GRADIENTS


class TemplatePlayer(nn.Module):
    """A layer that owns templates, and how they are played at activations."""

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

    def extra_repr(self) -> str:
        """Show the options."""
        trainable = isinstance(self.templates, nn.Parameter)
        return (
            f"templates={tuple(self.templates.shape)}, hop_length={self.hop_length}, trainable={trainable}, "
            f"gradient={self.gradient!r}, backend={self.backend!r}"
        )
