"""Template synthesis and its gradient by FFTs at the frame rate, block by block (overlap-save)."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

_IN_FLIGHT = 1 << 20  # complex numbers in flight: what stays in a cache is not paged in again for every group of items


class Blocks(NamedTuple):
    """How time is cut: `number` blocks of `frames` outputs that hear `history` frames back, in FFTs of `length`."""

    number: int
    frames: int
    history: int
    length: int


def plan_blocks(frames: int, template_frames: int) -> Blocks:
    """Take FFTs of some six templates, at least 1024 frames, or one if little more holds everything."""
    target = max(1024, 1 << (6 * template_frames - 1).bit_length()) - template_frames
    number = 1 if frames <= 1.5 * target else -(-frames // target)
    size = -(-frames // number)
    return Blocks(number, size, template_frames - 1, fast_fft_length(size + template_frames - 1))


def synthesize(activations: Tensor, templates: Tensor, hop_length: int, stems: bool) -> Tensor:
    """Map activations (B, K, N) and templates (B or 1, K, L) to audio (B, N * hop), or (B, K, N * hop) with `stems`."""
    batch, instruments, frames = activations.shape
    phases = _phases(templates, frames, hop_length)  # (G, K, P, M)
    blocks = plan_blocks(frames, phases.shape[-1])
    audio = activations.new_empty(batch, *([instruments] if stems else []), frames, hop_length)
    for items, cut, response in _groups(batch, phases, blocks, stems):
        activity = torch.fft.rfft(_with_history(activations[items], blocks, cut), blocks.length)  # (b, c, K, F)
        spectrum = _play(activity, response, stems)  # (b, c, P, F) or (b, c, K, P, F)
        heard = torch.fft.irfft(spectrum, blocks.length)[..., blocks.history : blocks.history + blocks.frames]
        heard = heard.movedim(1, -3).movedim(-1, -2).flatten(-3, -2)  # (b, [K,] c * S, P)
        begin = cut.start * blocks.frames
        audio[items, ..., begin : begin + heard.shape[-2], :] = heard[..., : frames - begin, :]
    return audio.flatten(-2)


def correlate(
    cotangent: Tensor,
    activations: Tensor,
    templates: Tensor,
    hop_length: int,
    for_activations: bool,
    for_templates: bool,
) -> tuple[Tensor | None, Tensor | None]:
    """Map the gradient with respect to the audio to those with respect to the activations and to the templates."""
    batch, _, frames = activations.shape
    stems = cotangent.dim() == 3
    phases = _phases(templates, frames, hop_length)
    blocks = plan_blocks(frames, phases.shape[-1])
    to_activations = activations.new_zeros(activations.shape) if for_activations else None
    to_templates = templates.new_empty(templates.shape) if for_templates else None
    shared, total = templates.shape[0] == 1, None
    for items, cut, response in _groups(batch, phases, blocks, stems):
        heard = _between(cotangent[items].unflatten(-1, (frames, hop_length)).mT, blocks, cut)  # (b, [K,] P, c * S)
        heard = heard.unflatten(-1, (-1, blocks.frames)).movedim(-2, 1)
        spectrum = torch.fft.rfft(heard, blocks.length)  # (b, c, [K,] P, F)
        if to_activations is not None:
            lagged = torch.fft.irfft(_listen(spectrum, response), blocks.length)  # (b, c, K, F)
            _add_lags(to_activations[items], lagged, blocks, cut)
        if to_templates is not None:
            activity = torch.fft.rfft(_with_history(activations[items], blocks, cut), blocks.length)
            product = _compare(spectrum, activity, shared)
            total = product if total is None else total.add_(product)
            if cut.stop == blocks.number and (items.stop == batch or not shared):
                lags = _lags(total, blocks, phases.shape[-1], templates.shape[-1])
                to_templates[slice(None) if shared else items], total = lags, None
    return to_activations, to_templates


def fast_fft_length(minimum: int) -> int:
    """Return the smallest multiple of 16 that is at least `minimum` and has no prime factor beyond 5.

    FFTs of other lengths without larger factors take up to twice as long, and odd ones five times.
    """
    sixteenths = -(-int(minimum) // 16)
    while True:
        rest = sixteenths
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return 16 * sixteenths
        sixteenths += 1


def _phases(templates: Tensor, frames: int, hop_length: int) -> Tensor:
    """Deal the samples of (G, K, L) that fit the audio out to (G, K, hop, M), the last frame filled up with zeros."""
    heard = templates[..., : frames * hop_length]
    return F.pad(heard, (0, -heard.shape[-1] % hop_length)).unflatten(-1, (-1, hop_length)).mT


def _groups(batch: int, phases: Tensor, blocks: Blocks, stems: bool) -> Iterator[tuple[slice, slice, Tensor]]:
    """Walk over groups of items, and of their blocks, that fit a cache, with the spectra of their templates.

    These are (b, K, P, F) or (1, K, P, F), or, where a matrix product takes them, one matrix (K, P) a frequency.
    """
    own, instruments, hop_length, _ = phases.shape
    bins = blocks.length // 2 + 1
    per_block = bins * (instruments + hop_length * (instruments if stems else 1))
    per_item = blocks.number * per_block + (bins * instruments * hop_length if own > 1 else 0)
    step, at_once = (max(1, _IN_FLIGHT // size) for size in (per_item, per_block))
    shared = torch.fft.rfft(phases, blocks.length) if own == 1 else None
    if shared is not None and not stems:
        shared = _by_frequency(shared)
    for start in range(0, batch, step):
        items = slice(start, min(start + step, batch))
        response = torch.fft.rfft(phases[items], blocks.length) if shared is None else shared
        for first in range(0, blocks.number, at_once):
            yield items, slice(first, min(first + at_once, blocks.number)), response


def _between(x: Tensor, blocks: Blocks, cut: slice, history: int = 0) -> Tensor:
    """Take the frames of some blocks of (..., N), and so many before them, with zeros beyond its ends."""
    begin, end = cut.start * blocks.frames - history, cut.stop * blocks.frames
    return F.pad(x[..., max(0, begin) : end], (max(0, -begin), max(0, end - x.shape[-1])))


def _with_history(activations: Tensor, blocks: Blocks, cut: slice) -> Tensor:
    """Take some blocks of (b, K, N), each with the frames before it: (b, c, K, history + S)."""
    heard = _between(activations, blocks, cut, blocks.history)
    return heard.unfold(-1, blocks.history + blocks.frames, blocks.frames).movedim(-2, 1)


def _add_lags(total: Tensor, lagged: Tensor, blocks: Blocks, cut: slice) -> None:
    """Add (b, c, K, F) of lags -history to S - 1, the negative ones wrapped, to (b, K, N) where their blocks are."""
    for block, lags in enumerate(lagged.unbind(1), cut.start):
        begin = block * blocks.frames
        after, before = total[..., begin : begin + blocks.frames], total[..., max(0, begin - blocks.history) : begin]
        after += lags[..., : after.shape[-1]]
        before += lags[..., lags.shape[-1] - before.shape[-1] :]


def _play(activity: Tensor, response: Tensor, stems: bool) -> Tensor:
    """Multiply (b, C, K, F) with the templates of `_groups`, summed over K unless `stems`."""
    if response.dim() == 3:
        return _back(_by_frequency(activity) @ response, activity.shape[:2])
    product = activity.unsqueeze(-2) * response.unsqueeze(1)
    return product if stems else product.sum(-3)


def _listen(spectrum: Tensor, response: Tensor) -> Tensor:
    """Multiply (b, C, [K,] P, F) with the conjugate of the templates of `_groups`, summed over P: (b, C, K, F)."""
    mirrored = spectrum.conj_physical()  # smaller than the response; a lazy conjugate is lost in a compiled graph
    if response.dim() == 3:
        return _back(_by_frequency(mirrored) @ response.mT, spectrum.shape[:2]).conj_physical()
    each = mirrored if spectrum.dim() == 5 else mirrored.unsqueeze(2)
    return (each * response.unsqueeze(1)).sum(-2).conj_physical()


def _compare(spectrum: Tensor, activity: Tensor, shared: bool) -> Tensor:
    """Multiply (b, C, [K,] P, F) with the conjugate of (b, C, K, F), summed over blocks: (b, K, P, F), or (1, ...)."""
    mirrored = activity.conj_physical()
    if spectrum.dim() == 5:
        product = (spectrum * mirrored.unsqueeze(-2)).sum(1)
    elif shared:
        return _back(_by_frequency(mirrored).mT @ _by_frequency(spectrum), (1, -1))
    else:
        product = (spectrum.unsqueeze(2) * mirrored.unsqueeze(-2)).sum(1)
    return product.sum(0, keepdim=True) if shared else product


def _lags(product: Tensor, blocks: Blocks, template_frames: int, length: int) -> Tensor:
    """Turn spectra (G, K, P, F) into the gradient (G, K, L) of templates that have so many frames in the audio."""
    lagged = torch.fft.irfft(product, blocks.length).roll(blocks.history, -1)[..., :template_frames]
    lags = lagged.mT.flatten(-2)  # (G, K, M * P)
    return F.pad(lags, (0, length - lags.shape[-1]))


def _by_frequency(x: Tensor) -> Tensor:
    """Turn (b, C, R, F) into one matrix (b * C, R) a frequency, which a matrix product takes contiguous."""
    return x.flatten(0, 1).permute(2, 0, 1).contiguous()


def _back(x: Tensor, leading: tuple[int, ...]) -> Tensor:
    """Turn matrices (F, b * C, R) into (b, C, R, F)."""
    return x.permute(1, 2, 0).unflatten(0, leading)
