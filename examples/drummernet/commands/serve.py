"""The `drummernet serve` command."""

from pathlib import Path
from typing import Annotated

import typer

from drummernet.commands.terminal import say

__all__ = ["serve"]


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at. Any other than the default lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 for any that is free.")] = 8321,
    weights: Annotated[Path | None, typer.Option(help="Trained network. Default: the one in the package.")] = None,
) -> None:
    """Serve a page: drop or record drums, see and hear their hits, move thresholds, take MIDI and CSV.

    It is for this machine alone, unless --host says otherwise, sends nothing anywhere, and keeps nothing. Ctrl-C ends
    it.
    """
    import socket

    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise ImportError("the page needs starlette and uvicorn: pip install 'ddsp_drums[serve]'") from error
    from drummernet.serve import create_app
    from drummernet.weights import SHIPPED, load_weights

    load_weights(weights or SHIPPED)  # what is wrong with them is told at once
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        app = create_app(weights=weights or SHIPPED, host=host)
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        say(f"{address} (Ctrl-C ends it)")
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])
