"""Hear a transcription: played on a kit, beside the recording, and what is left of the recording without its drums."""

import functools
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import nmfd
from ddsp_drums.audio import write_audio
from ddsp_drums.kits import Kit, render
from drummernet.transcription import Transcription

__all__ = ["TAIL_S", "match_level", "residual", "resynthesise", "side_by_side", "write_stems"]

TAIL_S = 0.5
"""Seconds after the recording's end, in which the last sounds ring."""
_FFT, _HOP = 1024, 256  # at 44.1 kHz 23 and 6 ms
_SOUND_S = 0.2  # of a drum that is learned
_MOST_HITS = 200  # from which one is learned, spread over the recording
_BLOCK = 1 << 11  # frames that are explained together: 12 s


def resynthesise(transcription: Transcription, kit: Kit) -> dict[str, Tensor]:
    """Play what was heard on a kit, each instrument by itself.

    Args:
        transcription: What was heard.
        kit: The sounds; what it lacks does not play.

    Returns:
        Audio (T,) of each instrument that was heard and that the kit has, T = (length of the recording + 0.5 s) times
        the kit's sample rate; their sum is the whole. Levels are the kit's.
    """
    heard = {event.instrument for event in transcription.events}
    drums = {name: kit.drums[name] for name in kit.classes if name in heard}
    if not drums:
        return {}
    part = Kit(kit.name, kit.sample_rate, drums)
    hits = [hit for hit in transcription.hits if hit.instrument in drums]
    stems = render(hits, part, duration_s=transcription.duration_s + TAIL_S, stems=True)
    return dict(zip(part.classes, stems, strict=True))


def match_level(audio: Tensor, reference: Tensor) -> float:
    """Tell the gain that gives audio (T,) the root mean square of a reference (T,); 1 where either is silent."""
    audio = audio[: reference.numel()]
    own, wanted = (float(torch.linalg.vector_norm(one)) / one.numel() ** 0.5 for one in (audio, reference))
    return wanted / own if own > 0 and wanted > 0 else 1.0


def side_by_side(recording: Tensor, played: Tensor) -> Tensor:
    """Put a recording (T,) on the left and what was played (P,) on the right, at one level, (2, max(T, P)).

    What would be louder than full scale makes both softer.
    """
    length = max(recording.numel(), played.numel())
    both = torch.zeros(2, length)
    both[0, : recording.numel()] = recording
    torch.mul(played, match_level(played, recording), out=both[1, : played.numel()])
    return both.div_(_loudest([both]))


def write_stems(folder: Path, recording: Tensor, transcription: Transcription, kit: Kit) -> None:
    """Write what was heard as a WAV file for each instrument, and `residual.wav`, all at the recording's level.

    Args:
        folder: A folder, which is made whole or not at all; an older one of the name is replaced.
        recording: Audio (T,) at the kit's sample rate.
        transcription: What was heard in it.
        kit: The sounds.
    """
    left = residual(recording, transcription, sample_rate=kit.sample_rate)
    tracks = resynthesise(transcription, kit)
    if tracks:
        gain = match_level(functools.reduce(torch.add, tracks.values()), recording)
        for track in tracks.values():
            track.mul_(gain)  # in place: minutes of all of them are large
    length = max((track.numel() for track in tracks.values()), default=recording.numel())
    tracks["residual"] = F.pad(left, (0, max(0, length - left.numel())))  # all begin and end together
    loudest = _loudest(tracks.values())
    beside = folder.with_name(f".{os.getpid()}.partial")
    try:
        beside.mkdir()
        for name, track in tracks.items():
            write_audio(beside / f"{name}.wav", track / loudest, sample_rate=kit.sample_rate)
        if folder.exists():
            shutil.rmtree(folder)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _loudest(tracks: Iterable[Tensor]) -> float:
    """Tell the largest magnitude, or 1 where none is larger."""
    return max(1.0, *(max(float(high), -float(low)) for low, high in map(torch.aminmax, tracks)))


@torch.inference_mode()
def residual(recording: Tensor, transcription: Transcription, *, sample_rate: int) -> Tensor:
    r"""Take out of a recording what its own drum sounds explain.

    $$r = \operatorname{ISTFT}\Big(X \, \frac{\max(0, \, |X| - \Lambda)}{|X|}\Big), \quad
      \Lambda_{f,n} = \sum_{k,p} W_{k,f,p} \, H_{k,n-p}$$

    The sound $W_k$ of each instrument is the mean of what follows its hits in this recording, and $H_k$, which is zero
    but at these hits, how strong each of them is (`ddsp_drums.nmfd`). So what is left is what differs from hit to hit,
    what was not heard, and all that is no drum, at the recording's own level.

    Args:
        recording: Audio (T,).
        transcription: What was heard in it.
        sample_rate: Of the recording, in Hz.

    Returns:
        Audio (T,).

    Source:
        Dittmar and Mueller, "Reverse Engineering the Amen Break", IEEE/ACM TASLP 2016, for sounds learned where a score
        has notes, and soft masks.
    """
    names = list(dict.fromkeys(event.instrument for event in transcription.events))
    if not names:
        return recording
    window = torch.hann_window(_FFT, device=recording.device)
    padded = F.pad(recording, (0, _FFT))
    spectrum = torch.stft(padded, _FFT, _HOP, window=window, return_complex=True)  # (F, N)
    n_frames = spectrum.shape[1]
    begins = torch.zeros(len(names), n_frames)
    for event in transcription.events:
        frame = round(event.onset_s * sample_rate / _HOP)
        begins[names.index(event.instrument), max(0, frame - 1) : frame + 2] = 1
    length = round(_SOUND_S * sample_rate / _HOP)
    magnitudes = spectrum.abs()
    sounds = torch.stack([_mean_sound(magnitudes, row, length) for row in begins])
    for first in range(0, n_frames, _BLOCK):  # each with what rings into it
        begin = max(0, first - length)
        here = magnitudes[:, begin : first + _BLOCK]
        strengths, templates = nmfd(
            here, sounds, n_iterations=15, adaptation=0.5, start=begins[:, begin : first + _BLOCK]
        )
        explained = _play(strengths, templates)
        kept = ((here - explained).clamp(min=0) / here.clamp(min=1e-9))[:, first - begin :]
        spectrum[:, first : first + _BLOCK] *= kept
    return torch.istft(spectrum, _FFT, _HOP, window=window, length=padded.numel())[: recording.numel()]


def _mean_sound(magnitudes: Tensor, begins: Tensor, length: int) -> Tensor:
    """Average what follows the hits of one instrument, (F, P)."""
    frames = begins.nonzero()[1::3, 0]
    frames = frames[:: max(1, -(-frames.numel() // _MOST_HITS))]
    ahead = F.pad(magnitudes, (0, length))
    return torch.stack([ahead[:, frame : frame + length] for frame in frames.tolist()]).mean(0)


def _play(strengths: Tensor, templates: Tensor) -> Tensor:
    """Sum templates (K, F, P) begun with strengths (K, N), (F, N)."""
    length = templates.shape[-1]
    shifted = F.pad(strengths, (length - 1, 0)).unfold(-1, length, 1).flip(-1)  # (K, N, P)
    return torch.einsum("kfp,knp->fn", templates, shifted)
