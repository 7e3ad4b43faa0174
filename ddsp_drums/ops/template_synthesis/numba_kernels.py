"""Template synthesis and its gradient on the CPU by adding a template at each nonzero activation."""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._compilers import in_threads
from ddsp_drums._numba import compiled

_TILE = 1 << 12  # samples of audio that stay in a cache while all that sounds in them is added
_STRETCH = 1 << 14  # samples of a template that stay there while all its hits are looked at

_FRAMES = 64  # looked at together for activations that are not zero
_compiled = partial(compiled, reorder_sums=True)


def synthesize(activations: Tensor, templates: Tensor, hop_length: int, stems: bool) -> Tensor:
    """Map activations (B, K, N) and templates (B or 1, K, L) to audio (B, N * hop), or (B, K, N * hop) with `stems`."""
    batch, instruments, frames = activations.shape
    y, sounds = _array(activations), _array(templates)
    audio = np.zeros((batch, instruments if stems else 1, frames * hop_length), y.dtype)
    tiles = -(-audio.shape[-1] // _TILE)
    in_threads(_add_tiles, batch * tiles, y, *_compact(y), sounds, hop_length, audio)
    played = torch.from_numpy(audio)
    return played if stems else played.squeeze(1)


def correlate(
    cotangent: Tensor,
    activations: Tensor,
    templates: Tensor,
    hop_length: int,
    for_activations: bool,
    for_templates: bool,
) -> tuple[Tensor | None, Tensor | None]:
    """Map the gradient with respect to the audio to those with respect to nonzero activations and to the templates."""
    y, sounds = _array(activations), _array(templates)
    heard = _array(cotangent if cotangent.dim() == 3 else cotangent.unsqueeze(1))
    to_activations = np.zeros_like(y if for_activations else y[:0])
    to_templates = np.zeros_like(sounds if for_templates else sounds[:0])
    in_threads(
        _correlate_instruments, y.shape[1], y, *_compact(y), sounds, hop_length, heard, to_activations, to_templates
    )
    return (
        torch.from_numpy(to_activations) if for_activations else None,
        torch.from_numpy(to_templates) if for_templates else None,
    )


def count_nonzero(activations: Tensor) -> int:
    """Count the activations (B, K, N) that are not zero, several times as fast as PyTorch does."""
    y = _array(activations)
    return sum(_count(item.reshape(-1)) for item in y)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


@_compiled
def _compact(y):
    """List the frames that are not zero: those of row r = b * K + k are `frames[start[r] : start[r + 1]]`."""
    batch, instruments, size = y.shape
    start = np.zeros(batch * instruments + 1, np.int64)
    for row in range(batch * instruments):
        start[row + 1] = start[row] + _count(y[row // instruments, row % instruments])
    frames = np.empty(start[-1], np.int64)
    for row in range(batch * instruments):
        i = start[row]
        for begin in range(0, size, _FRAMES):
            if i == start[row + 1]:
                break
            block = y[row // instruments, row % instruments, begin : begin + _FRAMES]
            if _count(block):  # most are empty, and to count is quicker than to look at each
                for n in range(block.size):
                    if block[n] != 0:
                        frames[i] = begin + n
                        i += 1
    return start, frames


@_compiled
def _count(values):
    count = np.int32(0)
    for n in range(values.size):
        count = np.int32(count + np.int32(values[n] != 0))
    return count


@_compiled
def _add_tiles(first, last, y, start, frames, sounds, hop_length, audio):
    """Add to tiles `first` to `last` of the audio, counted through all items, every sound that rings in them."""
    instruments, length, samples = y.shape[1], sounds.shape[2], audio.shape[2]
    tiles = -(-samples // _TILE)
    for tile in range(first, last):
        b = tile // tiles
        begin = tile % tiles * _TILE
        end = min(begin + _TILE, samples)
        for k in range(instruments):
            sound = sounds[min(b, sounds.shape[0] - 1), k]
            track = audio[b, min(k, audio.shape[1] - 1)]
            row = b * instruments + k
            for i in range(start[row], start[row + 1]):
                onset = frames[i] * hop_length
                low, high = max(begin, onset), min(end, onset + length)
                if low < high:
                    _add(track[low:high], y[b, k, frames[i]], sound[low - onset : high - onset])
                elif onset >= end:
                    break


@_compiled
def _correlate_instruments(first, last, y, start, frames, sounds, hop_length, heard, to_activations, to_templates):
    """Compare what is heard at each onset of instruments `first` to `last` with the sound, and add it to its own."""
    batch, instruments, length, samples = y.shape[0], y.shape[1], sounds.shape[2], heard.shape[2]
    for k in range(first, last):
        for begin in range(0, length, _STRETCH):
            for b in range(batch):
                track = heard[b, min(k, heard.shape[1] - 1)]
                own = min(b, sounds.shape[0] - 1)
                row = b * instruments + k
                for i in range(start[row], start[row + 1]):
                    n = frames[i]
                    size = min(length, begin + _STRETCH, samples - n * hop_length) - begin
                    if size <= 0:
                        break
                    here = track[n * hop_length + begin : n * hop_length + begin + size]
                    if not to_templates.size:
                        to_activations[b, k, n] += _dot(here, sounds[own, k, begin : begin + size])
                    elif not to_activations.size:
                        _add(to_templates[own, k, begin : begin + size], y[b, k, n], here)
                    else:
                        to_activations[b, k, n] += _dot_and_add(
                            here,
                            sounds[own, k, begin : begin + size],
                            y[b, k, n],
                            to_templates[own, k, begin : begin + size],
                        )


@_compiled
def _add(total, factor, x):
    for j in range(x.shape[0]):
        total[j] += factor * x[j]


@_compiled
def _dot(x, y):
    total = x[0] * 0
    for j in range(x.shape[0]):
        total += x[j] * y[j]
    return total


@_compiled
def _dot_and_add(x, y, factor, total):
    """Do both in one loop, which reads `x` once."""
    product = x[0] * 0
    for j in range(x.shape[0]):
        product += x[j] * y[j]
        total[j] += factor * x[j]
    return product
