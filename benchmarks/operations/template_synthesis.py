"""Template synthesis: ours by backend, and what one would write with torchaudio or a convolution."""

import math
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from benchmarks.operation import Goal, Operation, Provider, Sweep
from benchmarks.operations.missing import without
from ddsp_drums import template_synthesis
from ddsp_drums.ops.template_synthesis.reference import synthesis_by_zero_insertion


@dataclass(frozen=True)
class Case:
    """Sizes; `kits` is "shared" for templates (K, L), or "item" for a kit an item, (B, K, L)."""

    batch: int = 8
    instruments: int = 11
    frames: int = 2000
    length: int = 16000
    hop: int = 16
    nonzeros: int = 100
    kits: str = "shared"


def make_inputs(case: Case) -> tuple[Tensor, Tensor]:
    """Draw activations of which as many as asked for are not zero in each item, and templates of noise."""
    generator = torch.Generator().manual_seed(0)
    everywhere = torch.rand(case.batch, case.instruments * case.frames, generator=generator)
    nonzeros = min(case.nonzeros, everywhere.shape[1])
    loudest, where = everywhere.topk(nonzeros)
    activations = torch.zeros_like(everywhere).scatter(1, where, loudest)
    kits = (case.batch,) if case.kits == "item" else ()
    templates = torch.randn(*kits, case.instruments, case.length, generator=generator)
    return activations.view(case.batch, case.instruments, case.frames), templates


def reference(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Follow the specification, item by item, which bounds the memory, and with FFTs of a power of two."""
    samples = case.frames * case.hop
    full = 1 << (samples + case.length - 2).bit_length()
    padded = _per_item(F.pad(templates, (0, full - samples + 1 - case.length))).expand(case.batch, -1, -1)

    def play(item: Tensor, kit: Tensor) -> Tensor:
        return synthesis_by_zero_insertion(item, kit, case.hop, stems=False)

    items = zip(activations, padded, strict=True)
    return torch.stack([checkpoint(play, item, kit, use_reentrant=False) for item, kit in items])


def ours(case: Case, activations: Tensor, templates: Tensor, *, backend: str, gradient: str = "dense") -> Tensor:
    """Call the toolkit."""
    return template_synthesis(activations, templates, hop_length=case.hop, backend=backend, gradient=gradient)


def by_torchaudio(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Insert zeros, convolve each channel, cut, and sum."""
    from torchaudio.functional import fftconvolve

    impulses = _insert_zeros(activations, case.hop)
    return fftconvolve(impulses, _per_item(templates))[..., : impulses.shape[-1]].sum(-2)


def by_transposed_convolution(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Let a convolution's transpose insert the zeros; the items are groups if each has its own kit."""
    samples = case.frames * case.hop
    if case.kits == "item":
        weights, groups = templates.reshape(-1, 1, case.length), case.batch
        return F.conv_transpose1d(activations.flatten(0, 1), weights, stride=case.hop, groups=groups)[:, :samples]
    return F.conv_transpose1d(activations, templates.unsqueeze(1), stride=case.hop)[:, 0, :samples]


def by_convolution(case: Case, activations: Tensor, templates: Tensor) -> Tensor:
    """Insert zeros and convolve directly with the reversed templates."""
    impulses = F.pad(_insert_zeros(activations, case.hop), (case.length - 1, 0))
    weights = _per_item(templates.flip(-1))
    if case.kits == "item":
        return F.conv1d(impulses.flatten(0, 1), weights, groups=case.batch)
    return F.conv1d(impulses, weights)[:, 0]


def _insert_zeros(activations: Tensor, hop: int) -> Tensor:
    return F.pad(activations.unsqueeze(-1), (0, hop - 1)).flatten(-2)


def _per_item(templates: Tensor) -> Tensor:
    return templates if templates.dim() == 3 else templates.unsqueeze(0)


def _fft(points: float) -> float:
    return 1.25 * points * math.log2(points)  # multiply-adds of a real one


def _passes(backward: bool) -> int:
    return 3 if backward else 1  # the gradient of each input costs as much as the output


def polyphase_operations(case: Case, backward: bool) -> float:
    """Estimate as of one block."""
    points = case.frames + case.length / case.hop
    kits = case.batch if case.kits == "item" else 1
    ffts = case.batch * case.instruments + (kits * case.instruments + case.batch) * case.hop
    mixed = 2 * points * case.batch * case.instruments * case.hop
    return _passes(backward) * (ffts * _fft(points) + mixed)


def sparse_operations(case: Case, backward: bool, *, dense_gradient: bool = False) -> float:
    """Count the samples added, without those that ring past the end."""
    samples = case.frames * case.hop
    ringing = case.length * (1 - case.length / (2 * samples)) if case.length < samples else samples / 2
    added = case.batch * min(case.nonzeros, case.instruments * case.frames) * ringing
    if backward and dense_gradient:
        return 2 * added + polyphase_operations(case, False)
    return _passes(backward) * added


def chosen_operations(case: Case, backward: bool, *, dense_gradient: bool = False) -> float:
    """Take the smaller estimate."""
    sparse = sparse_operations(case, backward, dense_gradient=dense_gradient)
    return min(polyphase_operations(case, backward), sparse)


def torchaudio_operations(case: Case, backward: bool) -> float:
    """Count the FFTs as if their length were a good one."""
    full = case.frames * case.hop + case.length - 1
    kits = case.batch if case.kits == "item" else 1
    return _passes(backward) * case.instruments * (2 * case.batch + kits) * _fft(full)


def transposed_operations(case: Case, backward: bool) -> float:
    """Count a template for each activation, zero or not."""
    return _passes(backward) * float(case.batch * case.instruments * case.frames * case.length)


def convolution_operations(case: Case, backward: bool) -> float:
    """Count a template for each sample of each instrument."""
    return case.hop * transposed_operations(case, backward)


_sparse = partial(ours, backend="sparse")
_auto = partial(ours, backend="auto")
_sparse_missing = without({"cpu": "numba", "cuda": "triton"})

POLYPHASE = Provider("polyphase", partial(ours, backend="polyphase"), polyphase_operations, ours=True)
SPARSE = Provider(
    "sparse",
    partial(_sparse, gradient="support"),
    sparse_operations,
    ours=True,
    on_support=True,
    missing=_sparse_missing,
)
SPARSE_DENSE = Provider(
    "sparse, dense gradient",
    _sparse,
    partial(sparse_operations, dense_gradient=True),
    ours=True,
    forward=False,  # there the kind of gradient makes no difference
    missing=_sparse_missing,
)
AUTO = Provider(
    "auto",
    partial(_auto, gradient="support"),
    chosen_operations,
    ours=True,
    on_support=True,
    backends=(POLYPHASE.name, SPARSE.name),
)
AUTO_DENSE = Provider(
    "auto, dense gradient",
    _auto,
    partial(chosen_operations, dense_gradient=True),
    ours=True,
    forward=False,
    backends=(POLYPHASE.name, SPARSE_DENSE.name),
)
TORCHAUDIO = Provider(
    "torchaudio fftconvolve",
    by_torchaudio,
    torchaudio_operations,
    limit=2.5e9,
    missing=without({"cpu": "torchaudio", "cuda": "torchaudio"}),
)
TRANSPOSED = Provider("conv_transpose1d", by_transposed_convolution, transposed_operations, limit=1e10)
CONVOLUTION = Provider("zeros and conv1d", by_convolution, convolution_operations, limit=3e9)

_SHARED, _ITEM = Case(), Case(kits="item")
_FULL, _FULL_ITEM, _LONG = Case(batch=32), Case(batch=32, kits="item"), Case(1, frames=180_000, nonzeros=1300)


def _goal(work: str, case: Case, provider: Provider, ratio: float, device: str, peak: float | None = None) -> Goal:
    return Goal(work, case, provider.name, TORCHAUDIO.name, ratio, device, peak)


OPERATION = Operation(
    name="template_synthesis",
    title="Template synthesis",
    inputs=make_inputs,
    reference=reference,
    tolerance=1e-5,
    providers=(POLYPHASE, SPARSE, SPARSE_DENSE, AUTO, AUTO_DENSE, TORCHAUDIO, TRANSPOSED, CONVOLUTION),
    sweeps=(
        Sweep("Batch", _SHARED, "batch", "items B", (1, 2, 8, 32, 128)),
        Sweep("Instruments", _SHARED, "instruments", "instruments K", (1, 3, 11, 32, 128)),
        Sweep("Frames", _SHARED, "frames", "frames N", (250, 500, 2000, 8000, 32000)),
        Sweep("Template length", _SHARED, "length", "samples L", (250, 1000, 4000, 16000, 64000)),
        Sweep("Hop", _SHARED, "hop", "samples a frame", (1, 4, 16, 64, 256)),
        Sweep("Nonzeros", _SHARED, "nonzeros", "nonzero activations an item", (10, 30, 100, 300, 1000, 3000, 22000)),
        Sweep("Batch, a kit per item", _ITEM, "batch", "items B", (2, 8, 32)),
        Sweep("Nonzeros, a kit per item", _ITEM, "nonzeros", "nonzero activations an item", (10, 100, 1000, 22000)),
    ),
    goals=(
        _goal("polyphase", _FULL, POLYPHASE, 30, "cpu"),
        _goal("sparse, 100 nonzeros an item", _FULL, SPARSE, 150, "cpu"),
        _goal("sparse, a kit per item", _FULL_ITEM, SPARSE, 150, "cpu"),
        _goal("polyphase, three minutes", _LONG, POLYPHASE, 60, "cpu", 300e6),
        _goal("sparse, three minutes, 1300 nonzeros", _LONG, SPARSE, 300, "cpu"),
        _goal("chosen backend", _FULL, AUTO, 10, "cuda"),
        _goal("chosen backend, a kit per item", _FULL_ITEM, AUTO, 10, "cuda"),
    ),
    tiny=Case(2, 3, 40, 50, 4, 7),
)
