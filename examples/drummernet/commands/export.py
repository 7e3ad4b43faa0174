"""The `drummernet export` command."""

from pathlib import Path
from typing import Annotated

import typer

from drummernet.commands.terminal import say

__all__ = ["export"]


def export(
    out: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="File to write.")],
    weights: Annotated[Path | None, typer.Option(help="Trained network. Default: the one in the package.")] = None,
) -> None:
    """Write the network as ONNX, for programs without PyTorch: audio in, probabilities and velocities out."""
    from drummernet.hearing.export import export_onnx
    from drummernet.weights import SHIPPED, load_weights

    if not out.parent.is_dir() or out.is_dir():
        raise ValueError(f"{out}: must be a file in an existing folder")
    export_onnx(*load_weights(weights or SHIPPED), out)
    say(f"wrote {out}")
