"""Template synthesis and its gradient on the CPU by adding a template at each nonzero activation."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._compilers import in_threads
from ddsp_drums._numba import compiled

_TILE = 1 << 15  # samples of audio that stay in a cache while all that sounds in them is added
_STRETCH = 1 << 14  # samples of a template that stay there while all its hits are looked at

_FRAMES = 64  # looked at together for activations that are not zero
_compiled = partial(compiled, reorder_sums=True)


class Events(NamedTuple):
    """The activations that are not zero: of row r = b * K + k in the frames `frames[start[r] : start[r + 1]]`."""

    start: np.ndarray
    frames: np.ndarray


def list_events(activations: Tensor, most: int) -> Events | None:
    """List the nonzero activations of (B, K, N), or give up, with None, where there are more than `most`."""
    start, frames = _list_events(_array(activations), most)
    return Events(start, frames) if start.size else None


def synthesize(
    activations: Tensor, templates: Tensor, hop_length: int, stems: bool, events: Events | None = None
) -> Tensor:
    """Map activations (B, K, N) and templates (B or 1, K, L) to audio (B, N * hop), or (B, K, N * hop) with `stems`."""
    batch, instruments, frames = activations.shape
    y, sounds = _array(activations), _array(templates)
    start, struck = events or _list_events(y, y.size)
    audio = np.zeros((batch, instruments if stems else 1, frames * hop_length), y.dtype)
    tiles = -(-audio.shape[-1] // _TILE)
    in_threads(_add_tiles, batch * tiles, y, start, struck, sounds, hop_length, audio)
    played = torch.from_numpy(audio)
    return played if stems else played.squeeze(1)


def correlate(
    cotangent: Tensor,
    activations: Tensor,
    templates: Tensor,
    hop_length: int,
    for_activations: bool,
    for_templates: bool,
    events: Events | None = None,
) -> tuple[Tensor | None, Tensor | None]:
    """Map the gradient with respect to the audio to those with respect to nonzero activations and to the templates."""
    y, sounds = _array(activations), _array(templates)
    start, struck = events or _list_events(y, y.size)
    heard = _array(cotangent if cotangent.dim() == 3 else cotangent.unsqueeze(1))
    to_activations = np.zeros_like(y)
    to_templates = np.zeros_like(sounds if for_templates else sounds[:0])
    in_threads(
        _correlate_instruments, y.shape[1], y, start, struck, sounds, hop_length, heard, to_activations, to_templates
    )
    return (
        torch.from_numpy(to_activations) if for_activations else None,
        torch.from_numpy(to_templates) if for_templates else None,
    )


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


@_compiled
def _list_events(y, most):
    """List the nonzero activations, read once; where there are more than `most`, `start` is empty."""
    batch, instruments, size = y.shape
    start = np.zeros(batch * instruments + 1, np.int64)
    frames = np.empty(most, np.int64)  # of which no more memory is taken than is written
    i = 0
    for row in range(batch * instruments):
        values = y[row // instruments, row % instruments]
        left = _count(values)
        if i + left > most:
            return start[:0], frames[:0]
        for begin in range(0, size, _FRAMES):
            if not left:
                break
            block = values[begin : begin + _FRAMES]
            if _count(block):  # most are empty, and to count is quicker than to look at each
                for n in range(block.size):
                    if block[n] != 0:
                        frames[i] = begin + n
                        i += 1
                        left -= 1
        start[row + 1] = i
    return start, frames[:i]


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
            i, stop = start[b * instruments + k], start[b * instruments + k + 1]
            while i < stop and frames[i] * hop_length < end:
                onset, factor = frames[i] * hop_length, y[b, k, frames[i]]
                low, high = max(begin, onset), min(end, onset + length)
                i += 1
                if low < high and i < stop and frames[i] * hop_length < high:  # what two add is written once
                    later, its_factor = frames[i] * hop_length, y[b, k, frames[i]]
                    both, its_high = max(begin, later), min(end, later + length)
                    i += 1
                    _add(track[low:both], factor, sound[low - onset :])
                    _add_two(track[both:high], factor, sound[both - onset :], its_factor, sound[both - later :])
                    _add(track[high:its_high], its_factor, sound[high - later :])
                elif low < high:
                    _add(track[low:high], factor, sound[low - onset :])


@_compiled
def _correlate_instruments(first, last, y, start, frames, sounds, hop_length, heard, to_activations, to_templates):
    """Compare what is heard at each onset of instruments `first` to `last` with the sound, and add it to its own."""
    batch, instruments, length, samples = y.shape[0], y.shape[1], sounds.shape[2], heard.shape[2]
    for k in range(first, last):
        for begin in range(0, length, _STRETCH):
            end = min(begin + _STRETCH, length)
            for b in range(batch):
                own = min(b, sounds.shape[0] - 1)
                sound, track = sounds[own, k, begin:end], heard[b, min(k, heard.shape[1] - 1)]
                total = to_templates[own, k, begin:end] if to_templates.size else sound[:0]
                stop = start[b * instruments + k + 1]
                for i in range(start[b * instruments + k], stop, 2):  # what two need is read once
                    n = frames[i]
                    size = min(end, samples - n * hop_length) - begin
                    if size <= 0:
                        break
                    here, both = track[n * hop_length + begin :], 0
                    if i + 1 < stop:
                        later = frames[i + 1]
                        both = max(0, min(end, samples - later * hop_length) - begin)  # at most `size`
                    if both:
                        there = track[later * hop_length + begin :]
                        of_here, of_there = _compare_two(
                            sound[:both], here, y[b, k, n], there, y[b, k, later], total[:both]
                        )
                        to_activations[b, k, n] += of_here
                        to_activations[b, k, later] += of_there
                    to_activations[b, k, n] += _compare(sound[both:size], here[both:], y[b, k, n], total[both:size])


@_compiled
def _add(total, factor, x):
    for j in range(total.size):
        total[j] += factor * x[j]


@_compiled
def _add_two(total, factor, x, its_factor, its_x):
    for j in range(total.size):
        total[j] += factor * x[j] + its_factor * its_x[j]


@_compiled
def _compare(sound, x, factor, total):
    """Return the product with a sound, and add to the sound's own gradient if that is wanted."""
    product = sound.dtype.type(0)
    if total.size:
        for j in range(sound.size):
            product += sound[j] * x[j]
            total[j] += factor * x[j]
    else:
        for j in range(sound.size):
            product += sound[j] * x[j]
    return product


@_compiled
def _compare_two(sound, x, factor, its_x, its_factor, total):
    product = sound.dtype.type(0)
    its_product = product
    if total.size:
        for j in range(sound.size):
            product += sound[j] * x[j]
            its_product += sound[j] * its_x[j]
            total[j] += factor * x[j] + its_factor * its_x[j]
    else:
        for j in range(sound.size):
            product += sound[j] * x[j]
            its_product += sound[j] * its_x[j]
    return product, its_product
