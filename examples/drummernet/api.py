"""Transcription in one call."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ddsp_drums._validate import require_positive
from ddsp_drums.audio.files import libraries
from drummernet.config import Config
from drummernet.hearing.thresholds import Thresholds
from drummernet.hearing.transcriber import Transcriber
from drummernet.model import DrummerNet
from drummernet.transcription import Transcription
from drummernet.weights import SHIPPED, load_weights

__all__ = ["transcribe"]


def transcribe(
    audio: str | Path | Tensor | NDArray[np.floating],
    *,
    sample_rate: float | None = None,
    threshold: Thresholds | None = None,
    weights: str | Path = SHIPPED,
    refined: bool = True,
    device: str | torch.device = "cpu",
    batch_size: int = 1,
) -> Transcription:
    """Transcribe a recording of drums. The network is loaded at the first call and kept.

    Args:
        audio: A file, or samples (T,) or (C, T) of which channels are averaged, T >= 1 and C <= T, nominally in
            [-1, 1].
        sample_rate: Of samples, in Hz; a file knows its own.
        threshold: Lower finds softer hits, and more false ones: a number in [0, 1] for all instruments, or one for each
            of some instruments (`"OHH"`) and classes (`"HH"`). The network's own by default.
        weights: A file of weights; the shipped network by default.
        refined: Whether to hear the recording again with the sounds that it is made of: better, in some 40 % more time.
        device: Where the network runs.
        batch_size: Chunks of eight seconds that the network hears at a time.

    Returns:
        The events, with methods that write, print, draw and play them.

    Raises:
        TypeError: If `audio` is neither a path nor floating-point samples.
        ValueError: If a file cannot be read (the message names it), samples have another shape or are not finite, or an
            option is out of its range.

    Example:
        >>> import torch
        >>> transcribe(torch.zeros(22_050), sample_rate=22_050).events
        Events([])
    """
    transcriber = Transcriber(
        _load(weights, str(device)), threshold=threshold, refined=refined, device=device, batch_size=batch_size
    )
    if isinstance(audio, (str, Path)):
        if sample_rate is not None:
            raise ValueError(f"sample_rate must be left out for a file, which knows its own, got {sample_rate}")
        return transcriber.file(audio)
    return transcriber(_mono(audio, sample_rate, transcriber.config.model.sample_rate))


def _load(weights: str | Path, device: str) -> tuple[DrummerNet, Config]:
    path = Path(weights)
    return _kept(path, path.stat().st_mtime_ns if path.is_file() else 0, device)


@lru_cache(maxsize=4)
def _kept(weights: Path, written_ns: int, device: str) -> tuple[DrummerNet, Config]:
    return load_weights(weights)  # anew where it was trained again; for each device its own, as a network moves there


def _mono(audio: Tensor | NDArray[np.floating], sample_rate: float | None, wanted: int) -> Tensor:
    """Check samples, average channels, and resample."""
    if not isinstance(audio, (Tensor, np.ndarray)):
        raise TypeError(f"audio must be a path, a tensor or an array, got {type(audio).__name__}")
    samples = np.asarray(audio.detach().cpu() if isinstance(audio, Tensor) else audio)
    if not np.issubdtype(samples.dtype, np.floating):
        raise TypeError(f"audio must be floating point in [-1, 1], got {samples.dtype}; divide by the largest integer")
    if samples.ndim not in (1, 2) or not samples.size:
        raise ValueError(f"audio must have shape (T,) or (C, T) with T >= 1, got {samples.shape}")
    if samples.ndim == 2 and samples.shape[0] > samples.shape[1]:
        raise ValueError(f"audio must have shape (C, T), got {samples.shape}, more channels than samples; transpose it")
    if sample_rate is None:
        raise ValueError("sample_rate must be given with samples: how many of them a second has")
    require_positive("sample_rate", sample_rate)
    if not np.isfinite(samples).all():
        raise ValueError("audio must be finite, got NaN or infinite samples")
    mono = samples.mean(0, dtype=np.float32) if samples.ndim == 2 else samples.astype(np.float32)
    _, soxr = libraries()
    resampled = mono if sample_rate == wanted else soxr.resample(mono, sample_rate, wanted, quality="HQ")
    length = max(1, round(mono.size * wanted / sample_rate))
    audio = torch.from_numpy(np.ascontiguousarray(resampled[:length]))
    return torch.nn.functional.pad(audio, (0, length - audio.numel()))
