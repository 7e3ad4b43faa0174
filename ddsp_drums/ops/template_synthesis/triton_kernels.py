"""Template synthesis and its gradient on the GPU by adding a template at each nonzero activation.

The nonzeros are listed on the device, by row r = b * K + k and without telling the host how many they are, so that a
call never synchronises and can be captured in a CUDA graph. Every output is summed by one program in a fixed order.
"""

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

_SAMPLES = 512  # of audio or of a template, a program
_PROGRAMS = 4096  # that share the nonzeros of all rows when activations get their gradient


def synthesize(activations: Tensor, templates: Tensor, hop_length: int, stems: bool) -> Tensor:
    """Map activations (B, K, N) and templates (B or 1, K, L) to audio (B, N * hop), or (B, K, N * hop) with `stems`."""
    y, sounds = activations.contiguous(), templates.contiguous()
    batch, instruments, frames = y.shape
    audio = y.new_empty(batch, *([instruments] if stems else []), frames * hop_length)
    tiles = triton.cdiv(audio.shape[-1], _SAMPLES)
    grid = (audio.numel() // audio.shape[-1] * tiles,)
    _synthesize[grid](
        y, *_compact(y), sounds, audio, instruments, frames, sounds.shape[2], hop_length, tiles,
        SHARED=sounds.shape[0] == 1, STEMS=stems, SAMPLES=_SAMPLES,
    )  # fmt: skip
    return audio


def correlate(
    cotangent: Tensor,
    activations: Tensor,
    templates: Tensor,
    hop_length: int,
    for_activations: bool,
    for_templates: bool,
) -> tuple[Tensor | None, Tensor | None]:
    """Map the gradient with respect to the audio to those with respect to nonzero activations and to the templates."""
    heard, y, sounds = cotangent.contiguous(), activations.contiguous(), templates.contiguous()
    batch, instruments, frames = y.shape
    length, shared = sounds.shape[2], sounds.shape[0] == 1
    start, listed = _compact(y)
    options = {"SHARED": shared, "STEMS": heard.dim() == 3, "SAMPLES": _SAMPLES}
    to_activations = to_templates = None
    if for_activations:
        to_activations = torch.zeros_like(y)
        rows = batch * instruments
        splits = triton.cdiv(_PROGRAMS, rows)
        _correlate_activations[(rows * splits,)](
            heard, start, listed, sounds, to_activations, instruments, frames, length, hop_length, splits, **options
        )
    if for_templates:
        parts = min(batch, 32) if shared else batch
        partial = y.new_empty(parts, instruments, length)
        tiles = triton.cdiv(length, _SAMPLES)
        _correlate_templates[(parts * instruments * tiles,)](
            heard, y, start, listed, partial, batch, instruments, frames, length, hop_length, tiles, parts, **options
        )
        to_templates = partial.sum(0, keepdim=True) if shared else partial
    return to_activations, to_templates


def _compact(y: Tensor) -> tuple[Tensor, Tensor]:
    """List the nonzero frames of each row: `start` (B, K, N + 1) counts those before a frame, `listed` (B, K, N)."""
    start = F.pad((y != 0).cumsum(-1, dtype=torch.int32), (1, 0))
    listed = torch.empty_like(y, dtype=torch.int32)
    frames = y.shape[-1]
    tiles = triton.cdiv(frames, 1024)
    _list_nonzeros[(y.numel() // frames * tiles,)](start, listed, frames, tiles, FRAMES=1024)
    return start, listed


@triton.jit
def _list_nonzeros(start, listed, frames, tiles, FRAMES: tl.constexpr):
    program = tl.program_id(0)
    row = (program // tiles).to(tl.int64)
    n = program % tiles * FRAMES + tl.arange(0, FRAMES)
    inside = n < frames
    before = tl.load(start + row * (frames + 1) + n, inside, other=0)
    after = tl.load(start + row * (frames + 1) + n + 1, inside, other=0)
    tl.store(listed + row * frames + before, n, inside & (after > before))


@triton.jit
def _synthesize(
    y, start, listed, sounds, audio, instruments, frames, length, hop_length, tiles,
    SHARED: tl.constexpr, STEMS: tl.constexpr, SAMPLES: tl.constexpr,
):  # fmt: skip
    program = tl.program_id(0)
    track = (program // tiles).to(tl.int64)
    begin = program % tiles * SAMPLES
    t = begin + tl.arange(0, SAMPLES)
    samples = frames * hop_length
    size = tl.minimum(SAMPLES, samples - begin)  # of the tile; its last samples may lie beyond 2**31
    first = tl.maximum(begin - length + hop_length, 0) // hop_length  # the first frame whose sound reaches the tile
    last = (begin + size - 1) // hop_length + 1
    if STEMS:
        item, k = track // instruments, track % instruments
        end = k + 1
    else:
        item, k = track, track * 0
        end = k + instruments
    total = tl.zeros([SAMPLES], audio.dtype.element_ty)
    while k < end:
        row = item * instruments + k
        sound = sounds + (k if SHARED else row) * length
        i = tl.load(start + row * (frames + 1) + first)
        stop = tl.load(start + row * (frames + 1) + last)
        while i < stop:
            n = tl.load(listed + row * frames + i)
            j = t - n * hop_length
            total += tl.load(y + row * frames + n) * tl.load(sound + j, (j >= 0) & (j < length), other=0.0)
            i += 1
        k += 1
    tl.store(audio + track * samples + t, total, tl.arange(0, SAMPLES) < size)


@triton.jit
def _correlate_activations(
    heard, start, listed, sounds, gradient, instruments, frames, length, hop_length, splits,
    SHARED: tl.constexpr, STEMS: tl.constexpr, SAMPLES: tl.constexpr,
):  # fmt: skip
    program = tl.program_id(0)
    row = (program // splits).to(tl.int64)
    k = row % instruments
    samples = frames * hop_length
    sound = sounds + (k if SHARED else row) * length
    track = heard + (row if STEMS else row // instruments) * samples
    i = program % splits
    stop = tl.load(start + row * (frames + 1) + frames)
    while i < stop:
        n = tl.load(listed + row * frames + i)
        size = tl.minimum(length, samples - n * hop_length)
        total = tl.zeros([SAMPLES], gradient.dtype.element_ty)
        j = tl.arange(0, SAMPLES)
        begin = 0
        while begin < size:
            inside = begin + j < size
            total += tl.load(track + n * hop_length + begin + j, inside, other=0.0) * tl.load(
                sound + begin + j, inside, other=0.0
            )
            begin += SAMPLES
        tl.store(gradient + row * frames + n, tl.sum(total))
        i += splits


@triton.jit
def _correlate_templates(
    heard, y, start, listed, gradient, batch, instruments, frames, length, hop_length, tiles, parts,
    SHARED: tl.constexpr, STEMS: tl.constexpr, SAMPLES: tl.constexpr,
):  # fmt: skip
    program = tl.program_id(0)
    out = (program // tiles).to(tl.int64)  # part * instruments + k
    k = out % instruments
    j = program % tiles * SAMPLES + tl.arange(0, SAMPLES)
    samples = frames * hop_length
    total = tl.zeros([SAMPLES], gradient.dtype.element_ty)
    item = out // instruments
    while item < batch:
        row = item * instruments + k
        track = heard + (row if STEMS else item) * samples
        i = tl.load(start + row * (frames + 1))
        stop = tl.load(start + row * (frames + 1) + frames)
        while i < stop:
            n = tl.load(listed + row * frames + i)
            t = n * hop_length + j
            total += tl.load(y + row * frames + n) * tl.load(track + t, (t < samples) & (j < length), other=0.0)
            i += 1
        item += parts
    tl.store(gradient + out * length + j, total, j < length)
