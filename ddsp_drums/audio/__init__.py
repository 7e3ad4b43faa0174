"""Audio files as tensors and back."""

from ddsp_drums.audio.files import (
    AUDIO_SUFFIXES,
    AudioFileError,
    audio_writer,
    find_audio,
    read_audio,
    stream_audio,
    write_audio,
)
from ddsp_drums.audio.segments import read_segment

__all__ = [
    "AUDIO_SUFFIXES",
    "AudioFileError",
    "audio_writer",
    "find_audio",
    "read_audio",
    "read_segment",
    "stream_audio",
    "write_audio",
]
