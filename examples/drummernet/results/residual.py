"""What is left of a recording without its drums."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ddsp_drums import nmfd
from drummernet.pieces import Reader, cut
from drummernet.transcription import Transcription

__all__ = ["residual"]

_FFT, _HOP = 1024, 256  # at 44.1 kHz 23 and 6 ms
_GAIN = 1.5  # of a periodic Hann window, squared, summed over four hops
_SOUND_S = 0.2  # of a drum that is learned
_MOST_HITS = 200  # from which one is learned, spread over the recording
_BLOCK = 1 << 11  # frames that are explained together: 12 s


@torch.inference_mode()
def residual(read: Reader, transcription: Transcription, *, sample_rate: int) -> Iterator[Tensor]:
    r"""Take out of a recording what its own drum sounds explain, in the same memory for any length.

    $$r = \operatorname{ISTFT}\Big(X \, \frac{\max(0, \, |X| - \Lambda)}{|X|}\Big), \quad
      \Lambda_{f,n} = \sum_{k,p} W_{k,f,p} \, H_{k,n-p}$$

    The sound $W_k$ of each instrument is the mean of what follows its hits in this recording, and $H_k$, which is zero
    but at these hits, how strong each of them is (`ddsp_drums.nmfd`). So what is left is what differs from hit to hit,
    what was not heard, and all that is no drum, at the recording's own level.

    Args:
        read: Reads the recording, three times.
        transcription: What was heard in it.
        sample_rate: Of the recording, in Hz.

    Yields:
        Audio (n,), together as long as the recording.

    Source:
        Dittmar and Mueller, "Reverse Engineering the Amen Break", IEEE/ACM TASLP 2016, for sounds learned where a score
        has notes, and soft masks.
    """
    hits = _hit_frames(transcription, sample_rate)
    if not hits:
        yield from read()
        return
    n_samples = sum(piece.numel() for piece in read())
    n_frames = -(-(n_samples + _FFT) // _HOP) - 1  # as many as have samples of it
    firsts = range(0, n_frames, _BLOCK)
    length = round(_SOUND_S * sample_rate / _HOP)
    sounds = _mean_sounds(read, hits, firsts, length)
    spans = [(max(0, first - length), min(first + _BLOCK, n_frames)) for first in firsts]  # with what rings into each
    ringing = torch.zeros(_FFT - _HOP)
    begin = _HOP - _FFT  # sample of the next frame
    for first, (earliest, end), spectrum in zip(firsts, spans, _spectra(read, spans), strict=True):
        magnitudes = spectrum.abs()
        begins = _begins(hits, earliest, end)
        strengths, templates = nmfd(magnitudes, sounds, n_iterations=15, adaptation=0.5, start=begins)
        explained = _play(strengths, templates)
        kept = (magnitudes - explained).clamp(min=0) / magnitudes.clamp(min=1e-9)
        audio = _overlapped((spectrum * kept)[:, first - earliest :])
        audio[: ringing.numel()] += ringing
        ringing = audio[(end - first) * _HOP :].clone()
        last = min(begin + (end - first) * _HOP, n_samples)
        yield audio[max(0, -begin) : last - begin]
        begin = last


def _hit_frames(transcription: Transcription, sample_rate: int) -> list[NDArray[np.int64]]:
    """Tell for each instrument that was heard the frames in whose middle its hits begin, ascending."""
    frames: dict[str, set[int]] = {}
    for event in transcription.events:
        frames.setdefault(event.instrument, set()).add(1 + round(event.onset_s * sample_rate / _HOP))
    return [np.array(sorted(each)) for each in frames.values()]


def _spectra(read: Reader, spans: list[tuple[int, int]]) -> Iterator[Tensor]:
    """Yield spectra (F, n) of spans of frames. The first of all frames ends with the first hop of the recording."""
    window = torch.hann_window(_FFT)
    samples = [(begin * _HOP + _HOP - _FFT, end * _HOP) for begin, end in spans]
    for audio in cut(read(), samples):
        yield torch.stft(audio, _FFT, _HOP, window=window, center=False, return_complex=True)


def _overlapped(spectrum: Tensor) -> Tensor:
    """Return what spectra (F, n) are of, from the first sample of the first to the last of the last."""
    frames = torch.fft.irfft(spectrum, dim=0) * torch.hann_window(_FFT)[:, None] / _GAIN  # (T, n)
    length = (frames.shape[1] - 1) * _HOP + _FFT
    return F.fold(frames, (1, length), (1, _FFT), stride=(1, _HOP))[0, 0]


def _mean_sounds(read: Reader, hits: list[NDArray[np.int64]], firsts: range, length: int) -> Tensor:
    """Average what follows the hits of each instrument, (K, F, P)."""
    chosen = [each[:: -(-len(each) // _MOST_HITS)] for each in hits]
    sums = torch.zeros(len(hits), _FFT // 2 + 1, length)
    spans = [(first, first + _BLOCK + length) for first in firsts]
    for first, spectrum in zip(firsts, _spectra(read, spans), strict=True):
        magnitudes = spectrum.abs()
        for row, frames in enumerate(chosen):
            for frame in (_within(frames, first, first + _BLOCK) - first).tolist():
                sums[row] += magnitudes[:, frame : frame + length]
    return sums / torch.tensor([len(each) for each in chosen])[:, None, None]


def _begins(hits: list[NDArray[np.int64]], begin: int, end: int) -> Tensor:
    """Return 1 where a hit may begin, which is in its frame and in those beside it, (K, end - begin)."""
    begins = torch.zeros(len(hits), end - begin + 2)
    for row, frames in enumerate(hits):
        near = torch.from_numpy(_within(frames, begin - 1, end + 1) - begin + 1)
        for beside in (-1, 0, 1):
            begins[row, (near + beside).clamp(0, end - begin + 1)] = 1
    return begins[:, 1:-1]


def _within(frames: NDArray[np.int64], begin: int, end: int) -> NDArray[np.int64]:
    return frames[slice(*np.searchsorted(frames, [begin, end]))]


def _play(strengths: Tensor, templates: Tensor) -> Tensor:
    """Sum templates (K, F, P) begun with strengths (K, N), (F, N)."""
    length = templates.shape[-1]
    shifted = F.pad(strengths, (length - 1, 0)).unfold(-1, length, 1).flip(-1)  # (K, N, P)
    return torch.einsum("kfp,knp->fn", templates, shifted)
