"""Drums and music, mixed: for training without a label of the music, and for scoring."""

from pathlib import Path

import numpy as np
from drummernet.level import scale_level
from drummernet.training.data import Recordings, Rendered
from torch import Tensor
from torch.utils.data import Dataset

from ddsp_drums import percussive
from ddsp_drums.audio import write_audio
from ddsp_drums.audio.degradations import add_noise
from full_mix.music import accompany

__all__ = ["Accompanied", "separated", "write_music"]

_ALONE = 0.25  # share of the segments without music, so that drums alone are not forgotten
_DRUMS_OVER_MUSIC_DB = (-9.0, 18.0)
_WINDOW_S = 0.064
_SEPARATED = 0.5  # share of those with music of which only the percussive part is heard


def separated(audio: Tensor, *, sample_rate: int) -> Tensor:
    """Take out what sounds on, in windows of 64 ms: the percussive part of audio (..., T)."""
    n_fft = round(_WINDOW_S * sample_rate)
    return percussive(audio, n_fft=n_fft, hop_length=n_fft // 4)


class Accompanied(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Rendered segments, three in four with music under them, half of these separated; item `i` is always the same.

    Args:
        rendered: Drums whose hits are known.
        music: Music without drums, as long; nothing of it is known.
    """

    def __init__(self, rendered: Rendered, music: Recordings) -> None:
        self.rendered = rendered
        self.music = music

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        audio, played, velocity = self.rendered[index]
        rng = np.random.default_rng((self.rendered.seed, 2, index))
        if rng.random() < _ALONE:
            return audio, played, velocity
        config = self.rendered.config
        mixed = add_noise(audio, self.music[index], snr_db=rng.uniform(*_DRUMS_OVER_MUSIC_DB))
        if rng.random() < _SEPARATED:
            mixed = separated(mixed, sample_rate=config.sample_rate)
        return scale_level(mixed, sample_rate=config.sample_rate, level=config.level), played, velocity


def write_music(folder: Path, *, pieces: int, duration_s: float, sample_rate: int) -> Path:
    """Write made-up music as FLAC files, those that are not there yet; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pieces):
        path = folder / f"{number:03}.flac"
        if not path.exists():
            audio = accompany(np.random.default_rng((3, number)), duration_s=duration_s, sample_rate=sample_rate)
            write_audio(path, 0.9 * audio / audio.abs().max(), sample_rate=sample_rate)
    return folder
