"""Measure one row: agreement first, then memory and time."""

import gc
import time
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor

from benchmarks.measure import Turns, error, peak_memory, quartiles, seconds
from benchmarks.operation import Case, Operation, Provider
from benchmarks.row import Row

_SECONDS = 0.6  # a row, divided by the time of a round
_FEWEST, _MOST = 3, 30  # rounds
_FEWEST_IN_TURNS, _MOST_IN_TURNS = 9, 100
_QUICK, _SLOW = 0.5, 6.0  # seconds a round in turns: thirty and more are made of quick ones, the fewest of slow ones


Compute = Callable[[], tuple[Tensor, ...]]  # the output, and the gradients with a backward pass


class DisagreementError(AssertionError):
    """A provider computes something else than the reference."""


def measure_row(row: Row, benchmark: Any, device: torch.device) -> dict[str, Any]:
    """Check that the row's providers agree with the reference, time them in turns, and return what was found."""
    others = [other for other in row.against if other.why_not(row.case, row.backward, device.type) is None or row.goal]
    checked = {provider.name: check(row, provider, device) for provider in (row.provider, *others)}
    fresh = {provider.name: _fresh(row, provider, device) for provider in (row.provider, *others)}
    turns = Turns(row.provider.name, fresh, device)
    round_s = sum(found.pop("first_s") for found in checked.values())
    benchmark.pedantic(turns.target, setup=turns.setup, rounds=_rounds(round_s, bool(others)), warmup_rounds=1)
    against = {other.name: {**_compared(turns, other.name), **checked[other.name]} for other in others}
    return {**row.describe(), **checked[row.provider.name], "against": against}


def _rounds(round_s: float, in_turns: bool) -> int:
    """A ratio near one needs more rounds than a large one: the same code on both sides, nine times each, gave 1.15."""
    if in_turns and round_s < _QUICK:
        return min(max(_MOST, int(_SECONDS / round_s)), _MOST_IN_TURNS)
    fewest = _FEWEST_IN_TURNS if in_turns and round_s < _SLOW else _FEWEST
    return min(max(fewest, int(_SECONDS / round_s)), _MOST)


def _compared(turns: Turns, other: str) -> dict[str, float]:
    low, ratio, high = quartiles(turns.ratios(other))
    return {"ratio": ratio, "low": low, "high": high, "median_s": turns.median(other)}


def check(row: Row, provider: Provider, device: torch.device) -> dict[str, Any]:
    """Run a provider once and compare it with the reference, gradients included.

    Raises:
        DisagreementError: If an error exceeds the operation's tolerance.
    """
    compile_provider(row.operation, provider, device)
    inputs, cotangent, expected = _expected(row.operation, row.case, device)
    run = _fresh(row, provider, device)()
    start = time.perf_counter()
    found, peak = peak_memory(run, device)
    first_s = time.perf_counter() - start
    wanted = list(expected if row.backward else expected[:1])
    if row.backward and provider.on_support:
        wanted[1] = wanted[1] * (inputs[0] != 0)
    errors = [error(actual, reference) for actual, reference in zip(found, wanted, strict=True)]
    if not max(errors) <= row.operation.tolerance:  # NaN is no agreement
        raise DisagreementError(f"{provider.name} differs from the reference by {max(errors):.1e} of its largest value")
    moved = [*inputs, found[0], *([cotangent, *found[1:]] if row.backward else [])]
    facts = {
        "peak_bytes": peak,
        "error": errors[0],
        "gradient_error": max(errors[1:]) if row.backward else None,
        "nonzero": float((found[0] != 0).double().mean()),
        "bytes": sum(tensor.numel() * tensor.element_size() for tensor in moved),
    }
    del found, moved
    return {**facts, "first_s": first_s if first_s > 1 else seconds(run, device)}


@cache
def compile_provider(operation: Operation, provider: Provider, device: torch.device) -> None:
    """Run a provider once where it costs nothing, so that compilers are neither timed nor weighed."""
    inputs = [x.to(device) for x in operation.inputs(operation.tiny)]
    output = provider.run(operation.tiny, *(x.clone().requires_grad_() for x in inputs))
    output.sum().backward()
    gc.freeze()  # to look through all that was imported again for each measurement would take longer than most rows


@lru_cache(maxsize=1)
def _expected(
    operation: Operation, case: Case, device: torch.device
) -> tuple[tuple[Tensor, ...], Tensor, tuple[Tensor, ...]]:
    """Return a case's inputs and cotangent in float32, and the output and gradients they must give in float64."""
    inputs = tuple(x.to(device) for x in operation.inputs(case))
    exact = [x.double().requires_grad_() for x in inputs]
    output = operation.reference(case, *exact)
    generator = torch.Generator().manual_seed(1)
    cotangent = torch.randn(output.shape, generator=generator).to(device)
    gradients = torch.autograd.grad(output, exact, cotangent.double())
    return inputs, cotangent, (output.detach(), *gradients)


def _fresh(row: Row, provider: Provider, device: torch.device) -> Callable[[], Compute]:
    """Return what makes copies of the inputs and a call on them, so that nothing is cached that would not be in use."""
    inputs, cotangent, _ = _expected(row.operation, row.case, device)

    def fresh() -> Compute:
        leaves = [x.clone().requires_grad_(row.backward) for x in inputs]

        def run() -> tuple[Tensor, ...]:
            output = provider.run(row.case, *leaves)
            if not row.backward:
                return (output,)
            return output.detach(), *torch.autograd.grad(output, leaves, cotangent)

        return run

    return fresh
