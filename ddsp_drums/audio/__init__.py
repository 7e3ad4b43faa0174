"""Audio files as tensors and back."""

from ddsp_drums.audio.files import AUDIO_SUFFIXES, AudioFileError, find_audio, read_audio, stream_audio, write_audio

__all__ = ["AUDIO_SUFFIXES", "AudioFileError", "find_audio", "read_audio", "stream_audio", "write_audio"]
