"""DrummerNet: drum transcription learned without annotation, assembled from the layers of `ddsp_drums`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drummernet.api import transcribe

__all__ = ["transcribe"]


def __getattr__(name: str) -> Any:
    """Load what is heavy when it is asked for, so that the command's help need not wait."""
    if name == "transcribe":
        from drummernet.api import transcribe

        return transcribe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
