"""From a recording to notes with pitch and duration."""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums.events import Note, pick_peaks
from mallets.bars import HOP_LENGTH, PITCHES, SAMPLE_RATE
from mallets.model import MalletNet

__all__ = ["notes_of", "transcribe"]

_FRAME_RATE_HZ = SAMPLE_RATE / HOP_LENGTH
_CHUNK, _AROUND = 2048, 64  # frames heard at a time, and more of them on both sides than the network looks at
_THRESHOLD = 0.4
_HELD = 0.7


def transcribe(model: MalletNet, audio: Tensor) -> list[Note]:
    """Transcribe a recording of any length.

    Args:
        model: A trained network, in evaluation mode.
        audio: Audio (T,) at `SAMPLE_RATE`, of any level.

    Returns:
        Notes in order of time. Where a recording is silent there are none.
    """
    audio = audio / audio.abs().max().clamp(min=1e-4)
    frames = 1 + audio.numel() // HOP_LENGTH
    around = F.pad(audio, (_AROUND * HOP_LENGTH, (_AROUND + _CHUNK) * HOP_LENGTH))
    onset, velocity, held = torch.zeros(3, len(PITCHES), frames)
    with torch.inference_mode():
        for first in range(0, frames, _CHUNK):
            heard = around[first * HOP_LENGTH :][: (_CHUNK + 2 * _AROUND) * HOP_LENGTH]
            here = slice(first, first + _CHUNK)
            for whole, part in zip((onset, velocity, held), model(heard[None]), strict=True):
                whole[:, here] = part[0, :, _AROUND:][:, : whole[:, here].shape[1]]
    return notes_of(onset.sigmoid(), velocity, held.sigmoid())


def notes_of(onset: Tensor, velocity: Tensor, held: Tensor) -> list[Note]:
    """Make notes of probabilities and velocities (K, N).

    A note begins at a peak and lasts until it is no longer surely held, or its pitch begins again.
    """
    notes = []
    for row, pitch in enumerate(PITCHES):
        times, _ = pick_peaks(onset[row], frame_rate_hz=_FRAME_RATE_HZ, threshold=_THRESHOLD)
        for onset_s, limit_s in itertools.pairwise([*times.tolist(), onset.shape[1] / _FRAME_RATE_HZ]):
            frame = round(onset_s * _FRAME_RATE_HZ)
            over = (held[row, frame + 1 :] < _HELD).nonzero()
            end_s = min(limit_s, (frame + 1 + int(over[0])) / _FRAME_RATE_HZ if len(over) else limit_s)
            hard = max(1, round(127 * float(velocity[row, frame])))
            notes.append(Note(onset_s, max(end_s - onset_s, 1 / _FRAME_RATE_HZ), pitch, hard))
    return sorted(notes)
