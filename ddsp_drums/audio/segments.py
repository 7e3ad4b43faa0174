"""Read a piece of an audio file, wherever in it, in the time that the piece takes."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._validate import require_positive
from ddsp_drums.audio.files import AudioFileError, libraries

__all__ = ["read_segment"]


def read_segment(path: str | Path, *, sample_rate: int, position: float, duration_s: float) -> Tensor:
    """Read a piece of a file as mono audio at `sample_rate`; what stands before and after it is not decoded.

    Args:
        path: The file.
        sample_rate: Rate of the result in Hz.
        position: Where the piece lies, in [0, 1]: 0 is the first of the file, 1 the last.
        duration_s: Seconds of the piece; where the file is shorter, silence follows it.

    Returns:
        Audio (T,), float32, T = `duration_s` times `sample_rate`, rounded.

    Raises:
        AudioFileError: If the file is missing or not audio, or the piece has no sample or one that is not finite.
        ValueError: If `position` is outside [0, 1] or `duration_s` is not greater than 0.
        ImportError: If soundfile and soxr are not installed.

    Example:
        >>> import tempfile
        >>> from ddsp_drums.audio import write_audio
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     write_audio(file.name, torch.zeros(44_100), sample_rate=44_100)
        ...     read_segment(file.name, sample_rate=16_000, position=0.5, duration_s=0.1).shape
        torch.Size([1600])
    """
    soundfile, soxr = libraries()
    require_positive("duration_s", duration_s)
    if not 0 <= position <= 1:
        raise ValueError(f"position must be in [0, 1], got {position}")
    try:
        with soundfile.SoundFile(path) as file:
            wanted = round(duration_s * file.samplerate)
            start = round(position * max(file.frames - wanted, 0))
            file.seek(start)
            samples = file.read(wanted, dtype="float32", always_2d=True).mean(1)
            rate = file.samplerate
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        reason = str(getattr(error, "error_string", error)).strip(" .")
        raise AudioFileError(f"{path}: not readable as audio ({reason}); convert it to WAV or FLAC") from error
    if not samples.size:
        raise AudioFileError(f"{path}: holds no samples at {start / rate:.1f} s; export it again")
    if not np.isfinite(samples).all():
        raise AudioFileError(f"{path}: has NaN or infinite samples; export it again with finite samples")
    audio = torch.from_numpy(soxr.resample(samples, rate, sample_rate, quality="HQ"))
    length = round(duration_s * sample_rate)
    return torch.nn.functional.pad(audio, (0, length - audio.numel()))  # cuts where it is longer
