"""Template synthesis: ours by backend, torchaudio, and convolutions."""

from functools import partial

from benchmarks.operation import Goal, Operation, Provider, Sweep
from benchmarks.operations.missing import without
from benchmarks.operations.template_synthesis import cost, ways
from benchmarks.operations.template_synthesis.case import Case, make_inputs, reference

__all__ = ["OPERATION"]

_sparse = partial(ways.ours, backend="sparse")
_auto = partial(ways.ours, backend="auto")
_sparse_missing = without({"cpu": "numba", "cuda": "triton"})

POLYPHASE = Provider("polyphase", partial(ways.ours, backend="polyphase"), cost.polyphase, ours=True)
SPARSE = Provider(
    "sparse",
    partial(_sparse, gradient="support"),
    cost.sparse,
    ours=True,
    on_support=True,
    missing=_sparse_missing,
)
SPARSE_DENSE = Provider(
    "sparse, dense gradient",
    _sparse,
    partial(cost.sparse, dense_gradient=True),
    ours=True,
    forward=False,  # there the kind of gradient makes no difference
    missing=_sparse_missing,
)
AUTO = Provider(
    "auto",
    partial(_auto, gradient="support"),
    cost.chosen,
    ours=True,
    on_support=True,
    backends=(POLYPHASE.name, SPARSE.name),
)
AUTO_DENSE = Provider(
    "auto, dense gradient",
    _auto,
    partial(cost.chosen, dense_gradient=True),
    ours=True,
    forward=False,
    backends=(POLYPHASE.name, SPARSE_DENSE.name),
)
TORCHAUDIO = Provider(
    "torchaudio fftconvolve",
    ways.by_torchaudio,
    cost.torchaudio,
    limit=2.2e9,
    missing=without({"cpu": "torchaudio", "cuda": "torchaudio"}),
)
TRANSPOSED = Provider("conv_transpose1d", ways.by_transposed_convolution, cost.transposed, limit=1e10)
CONVOLUTION = Provider("zeros and conv1d", ways.by_convolution, cost.convolution, limit=3e9)

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
