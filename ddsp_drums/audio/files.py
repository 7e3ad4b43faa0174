"""Read audio of any rate and channel count as mono at the rate asked for, and write it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._atomic import beside

__all__ = [
    "AUDIO_SUFFIXES",
    "AudioFileError",
    "audio_writer",
    "find_audio",
    "read_audio",
    "stream_audio",
    "write_audio",
]

AUDIO_SUFFIXES = frozenset({".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".w64"})
_BLOCK = 1 << 18  # samples of all channels read at a time, so that an hour does not stand in memory at its own rate
_MOST_OF_WAV = (1 << 32) - (1 << 10)  # bytes of samples, with room for what else the file holds


class AudioFileError(ValueError):
    """A file that cannot be used as audio. The message is one line: the file, the reason, the remedy."""


def find_audio(folder: str | Path) -> list[Path]:
    """List the audio files in a folder and its subfolders, in a fixed order.

    Args:
        folder: An existing folder.

    Returns:
        Paths with one of `AUDIO_SUFFIXES` (any case), sorted; hidden files and folders are left out.

    Raises:
        AudioFileError: If `folder` is no folder or holds no audio file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_audio(f"{folder}/bell.flac", torch.zeros(100), sample_rate=16_000)
        ...     [path.name for path in find_audio(folder)]
        ['bell.flac']
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise AudioFileError(f"{folder}: no such folder")
    files = [path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file()]
    files = sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    if not files:
        raise AudioFileError(f"{folder}: no audio file in it (looked for {', '.join(sorted(AUDIO_SUFFIXES))})")
    return files


def read_audio(path: str | Path, *, sample_rate: int, max_duration_s: float | None = None) -> Tensor:
    """Read a file as mono audio at `sample_rate`.

    Channels are averaged. Files are read by libsndfile (WAV, FLAC, OGG, MP3, AIFF and more) and resampled by soxr
    at its high quality.

    Args:
        path: The file.
        sample_rate: Rate of the result in Hz.
        max_duration_s: Seconds to read from the beginning; everything by default.

    Returns:
        Audio (T,), float32, nominally in [-1, 1], T = duration times `sample_rate`, rounded, at least 1.

    Raises:
        AudioFileError: If the file is missing, empty, not audio, without samples, or has NaN or infinite samples.
        ImportError: If soundfile and soxr are not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     write_audio(file.name, torch.zeros(2, 44_100), sample_rate=44_100)
        ...     read_audio(file.name, sample_rate=16_000).shape
        torch.Size([16000])
    """
    return torch.cat(list(stream_audio(path, sample_rate=sample_rate, max_duration_s=max_duration_s)))


def stream_audio(path: str | Path, *, sample_rate: int, max_duration_s: float | None = None) -> Iterator[Tensor]:
    """Read a file piece by piece, in the same memory for any length; together the pieces are what `read_audio` returns.

    Args:
        path: The file.
        sample_rate: Rate of the result in Hz.
        max_duration_s: Seconds to read from the beginning; everything by default.

    Yields:
        Audio (n,), float32, n >= 1 as it comes: a minute or less.

    Raises:
        AudioFileError: As `read_audio`, when the piece is reached that cannot be used.
        ImportError: If soundfile and soxr are not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     write_audio(file.name, torch.zeros(2, 44_100), sample_rate=44_100)
        ...     sum(piece.numel() for piece in stream_audio(file.name, sample_rate=16_000))
        16000
    """
    soundfile, soxr = libraries()
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, it says no to a name that is too long
        raise AudioFileError(f"{path}: {'is a folder, not a file' if os.path.isdir(path) else 'no such file'}")
    if path.stat().st_size == 0:
        raise AudioFileError(f"{path}: empty file (0 bytes); export it again")
    n_read = n_given = 0
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            left = file.frames if max_duration_s is None else round(max_duration_s * rate)
            resampler = soxr.ResampleStream(rate, sample_rate, 1, quality="HQ")
            # The same numbers as by libsndfile's own way to floats, in half the time.
            dtype, full_scale = ("int16", 1 << 15) if file.subtype == "PCM_16" else ("float32", 1)
            # Not `file.blocks`: where a header promises more than there is, as of many an MP3, it gives garbage for it.
            while len(block := file.read(min(left, _BLOCK // file.channels + 1), dtype=dtype, always_2d=True)):
                left -= len(block)
                total = sum(channel.astype(np.float32) for channel in block.T)  # ten times as fast as over an axis
                mono = total / (full_scale * file.channels)
                n_read += mono.size
                if not np.isfinite(mono).all():
                    raise AudioFileError(f"{path}: has NaN or infinite samples; export it again with finite samples")
                piece = mono if rate == sample_rate else resampler.resample_chunk(mono)
                n_given += piece.size
                if piece.size:
                    yield torch.from_numpy(piece)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        reason = str(getattr(error, "error_string", error)).strip(" .")
        raise AudioFileError(f"{path}: not readable as audio ({reason}); convert it to WAV or FLAC") from error
    if not n_read:
        raise AudioFileError(f"{path}: holds no samples; export it again")
    length = max(1, round(n_read * sample_rate / rate))
    if n_given < length:  # what the resampler holds back, to which soxr may add a sample or lack one
        rest = torch.from_numpy(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        yield torch.nn.functional.pad(rest, (0, length - n_given - rest.numel()))


def write_audio(path: str | Path, audio: Tensor, *, sample_rate: int) -> None:
    """Write audio as a 16-bit file, whole or not at all.

    Args:
        path: The file; its suffix tells the format (`.wav`, `.flac`, `.ogg`).
        audio: Audio (T,) or (C, T) in [-1, 1]; what is louder is clipped.
        sample_rate: Rate in Hz.

    Raises:
        ValueError: If `audio` holds NaN.
        ImportError: If soundfile is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     write_audio(file.name, torch.zeros(2, 44_100), sample_rate=44_100)
        ...     read_audio(file.name, sample_rate=44_100).abs().max()
        tensor(0.)
    """
    channels = 1 if audio.dim() == 1 else len(audio)
    with audio_writer(path, sample_rate=sample_rate, channels=channels) as write:
        for block in audio.split(_BLOCK, -1):  # minutes need not stand in memory twice
            write(block)


@contextmanager
def audio_writer(path: str | Path, *, sample_rate: int, channels: int = 1) -> Iterator[Callable[[Tensor], None]]:
    """Write a 16-bit file piece by piece, whole or not at all, in the same memory for any length.

    Args:
        path: The file; its suffix tells the format (`.wav`, `.flac`, `.ogg`).
        sample_rate: Rate in Hz.
        channels: How many there are.

    Yields:
        A function that takes audio (n,), or (C, n), in [-1, 1]; what is louder is clipped. It raises ValueError if the
        audio holds NaN, or the file would have more than the 4 GB that WAV has room for.

    Raises:
        ImportError: If soundfile is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     with audio_writer(file.name, sample_rate=44_100) as write:
        ...         write(torch.zeros(100))
        ...         write(torch.ones(100))
        ...     read_audio(file.name, sample_rate=44_100).shape
        torch.Size([200])
    """
    soundfile, _ = libraries()
    path = Path(path)
    kind = path.suffix[1:].upper()
    room = _MOST_OF_WAV // (2 * channels) if kind == "WAV" else None
    with beside(path) as partial:
        partial.touch()  # what is wrong with the folder is an OSError
        with soundfile.SoundFile(partial, "w", sample_rate, channels, format=kind) as file:

            def write(piece: Tensor) -> None:
                if piece.isnan().any():
                    raise ValueError(f"audio for {path} must not hold NaN")
                if room is not None and file.tell() + piece.shape[-1] > room:
                    hours = room / sample_rate / 3600
                    raise ValueError(f"audio for {path} must not be longer than a WAV file has room for, {hours:.1f} h")
                try:
                    file.write(piece.detach().cpu().clamp(-1, 1).numpy().T)
                except (soundfile.LibsndfileError, AssertionError) as error:  # it wrote less than it was given
                    raise OSError(f"{path}: could not be written, perhaps for want of room") from error

            yield write


def libraries() -> tuple[ModuleType, ModuleType]:
    """Import soundfile and soxr, which are optional, or say how to get them."""
    try:
        import soundfile
        import soxr
    except ImportError as error:
        raise ImportError("audio files need soundfile and soxr: pip install 'ddsp_drums[drummernet]'") from error
    return soundfile, soxr
