"""DrummerNet: drum transcription learned without annotation, assembled from the layers of `ddsp_drums`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drummernet.api import transcribe
    from drummernet.hearing.stream import Stream
    from drummernet.hearing.transcriber import Transcriber

__all__ = ["Stream", "Transcriber", "transcribe"]

_MODULES = {
    "Stream": "drummernet.hearing.stream",
    "Transcriber": "drummernet.hearing.transcriber",
    "transcribe": "drummernet.api",
}


def __getattr__(name: str) -> Any:
    """Load what is heavy when it is asked for, so that the command's help need not wait."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
