"""The onset-enhanced loss: ours with and without compilers, and put together from textbook parts."""

from dataclasses import dataclass
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from benchmarks.operation import Goal, Operation, Provider, Sweep
from benchmarks.operations import median_filter, pseudo_cqt
from ddsp_drums import onset_cqt_loss


@dataclass(frozen=True)
class Case:
    """Sizes of a batch of audio at 16 kHz."""

    batch: int = 4
    samples: int = 32000


def make_inputs(case: Case) -> tuple[Tensor]:
    """Draw an estimate: noise that comes and goes, four items and these again.

    The gradient jumps where two magnitudes are equal, at a median or between estimate and target. These four items are
    far enough from it that float32 and float64 are on the same side; of more, one is not.
    """
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn(min(case.batch, 4), case.samples, generator=generator)
    items = noise * torch.linspace(0, 20, case.samples).sin().square()
    return (items.repeat(-(-case.batch // 4), 1)[: case.batch],)


def target_of(estimate: Tensor) -> Tensor:
    """Make the target from the estimate: it needs no gradient, as a recording does not."""
    return 2 * estimate.detach().flip(-1)


def ours(case: Case, estimate: Tensor) -> Tensor:
    """Call the toolkit, which compiles its median where it can."""
    return onset_cqt_loss(estimate, target_of(estimate), sample_rate=pseudo_cqt.SAMPLE_RATE)


def plain(case: Case, estimate: Tensor) -> Tensor:
    """Call the toolkit as where neither numba nor Triton is installed."""
    with patch("ddsp_drums.nn.hpss.median_filter", median_filter.in_plain_pytorch):
        return ours(case, estimate)


def textbook(case: Case, estimate: Tensor) -> Tensor:
    """Enhance by unfolded medians, transform by zero-padded STFTs, compare the logarithms."""
    cqt = pseudo_cqt.Case(case.batch, case.samples)
    logs = [(pseudo_cqt.by_stfts(cqt, _percussive(audio)) + 1e-5).log10() for audio in (estimate, target_of(estimate))]
    return 4 * 8 * (logs[0] - logs[1]).abs().mean()


def _percussive(audio: Tensor) -> Tensor:
    window = torch.hann_window(1024, dtype=audio.dtype, device=audio.device)
    spectrum = torch.stft(audio, 1024, 256, window=window, pad_mode="constant", return_complex=True)
    magnitude = spectrum.abs()
    over_frequency = median_filter.unfolded_median(magnitude.mT, 31).mT.square()
    over_time = median_filter.unfolded_median(magnitude, 31).square()
    mask = over_frequency / (over_frequency + over_time + torch.finfo(audio.dtype).tiny)
    return torch.istft(mask * spectrum, 1024, 256, window=window, length=audio.shape[-1])


def reference(case: Case, estimates: Tensor) -> Tensor:
    """Follow the textbook item by item, which needs an item's memory, and take the mean."""
    one = Case(1, case.samples)
    parts = [checkpoint(textbook, one, estimate[None], use_reentrant=False) for estimate in estimates]
    return torch.stack(parts).mean()


def operations(case: Case, backward: bool) -> float:
    """Estimate the FFTs of the textbook way, which are most of it."""
    return 2 * pseudo_cqt.operations(pseudo_cqt.Case(case.batch, case.samples), backward)


OURS = Provider("ours, compiled median", ours, operations, limit=1e12, ours=True)
PLAIN = Provider("ours in plain PyTorch", plain, operations, limit=1e12, ours=True)
TEXTBOOK = Provider("textbook parts", textbook, operations, limit=1.5e10)

_BASE = Case()

OPERATION = Operation(
    name="onset_cqt_loss",
    title="Onset-enhanced CQT loss",
    inputs=make_inputs,
    reference=reference,
    tolerance=1e-4,
    providers=(OURS, PLAIN, TEXTBOOK),
    sweeps=(
        Sweep("Batch", _BASE, "batch", "items B", (1, 2, 4, 8)),
        Sweep("Samples", _BASE, "samples", "samples T", (4000, 16000, 32000, 64000)),
    ),
    goals=(
        Goal("plain PyTorch, two seconds, B=4", _BASE, PLAIN.name, TEXTBOOK.name, 20),
        Goal("compiled, two seconds, B=4", _BASE, OURS.name, TEXTBOOK.name, 35),
        Goal("compiled, two seconds, B=32", Case(32), OURS.name, PLAIN.name, 1, peak_bytes=2e9),
        Goal("two seconds, B=4", _BASE, OURS.name, TEXTBOOK.name, 20, "cuda"),
    ),
    tiny=Case(1, 3000),
)
