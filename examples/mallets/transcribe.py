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
_AGAIN = 0.8  # of a pitch that has been held all the while
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

    A note begins at a peak, and ends where it is held before rather than after, but not after its pitch begins again.
    """
    notes = []
    for row, pitch in enumerate(PITCHES):
        for first, limit in itertools.pairwise([*_beginnings(onset[row], held[row]), onset.shape[1]]):
            more = F.pad((held[row, first + 1 : limit] - _HELD).cumsum(0), (1, 0))
            hard = max(1, round(127 * float(velocity[row, first])))
            notes.append(Note(first / _FRAME_RATE_HZ, (1 + int(more.argmax())) / _FRAME_RATE_HZ, pitch, hard))
    return sorted(notes)


def _beginnings(onset: Tensor, held: Tensor) -> list[int]:
    """Pick the frames where notes of a pitch (N,) begin; what rings on begins again only if that is sure.

    Another note whose harmonics are also its own looks much like a beginning, and cannot be one that was damped before.
    """
    kept: list[int] = []
    for onset_s in pick_peaks(onset, frame_rate_hz=_FRAME_RATE_HZ, threshold=_THRESHOLD)[0].tolist():
        frame = round(onset_s * _FRAME_RATE_HZ)
        rings_on = bool(kept) and bool((held[kept[-1] + 1 : frame] > 0.5).all())
        if onset[frame] > (_AGAIN if rings_on else 0):
            kept.append(frame)
    return kept
