from dataclasses import replace

import pytest
import torch

from benchmarks.harness import DisagreementError, check, measure_row
from benchmarks.operation import Operation, Provider
from benchmarks.operations import OPERATIONS, gated_sparsemax, template_synthesis
from benchmarks.operations.missing import without
from benchmarks.operations.template_synthesis.case import Case, make_inputs, reference
from benchmarks.row import Row, rows
from ddsp_drums.ops.template_synthesis.reference import synthesis_by_zero_insertion

CPU = torch.device("cpu")


class Pedantic:
    """What pytest-benchmark does, with the calls counted."""

    def __init__(self):
        self.rounds = 0

    def pedantic(self, target, *, setup, rounds, warmup_rounds):
        self.rounds = rounds
        for _ in range(warmup_rounds + rounds):
            arguments, keywords = setup()
            target(*arguments, **keywords)


def tiny_cases():
    for operation in OPERATIONS:
        cases = dict.fromkeys([operation.tiny, *(case for sweep in operation.quick().sweeps for case in sweep.cases())])
        for provider in operation.providers:
            for case in cases:
                yield pytest.param(operation, provider, case, id=f"{provider.name}-{case}")


@pytest.mark.parametrize(("operation", "provider", "case"), list(tiny_cases()))
def test_a_provider_agrees_with_the_reference(operation, provider, case):
    missing = provider.missing("cpu")
    if missing:
        pytest.skip(missing)
    found = check(Row(operation, case, provider, True, ()), provider, CPU)
    assert found["error"] < operation.tolerance / 10
    assert found["gradient_error"] < operation.tolerance / 10


def test_the_reference_of_synthesis_is_the_specification():
    case = template_synthesis.OPERATION.tiny
    activations, templates = (x.double() for x in make_inputs(case))
    expected = synthesis_by_zero_insertion(activations, templates, case.hop, stems=False)
    torch.testing.assert_close(reference(case, activations, templates), expected)


@pytest.mark.parametrize("kits", ["shared", "item"])
def test_as_many_activations_as_asked_for_are_not_zero(kits):
    case = Case(3, 4, 50, 20, 4, 30, kits)
    activations, templates = make_inputs(case)
    assert (activations != 0).sum((-1, -2)).tolist() == [30, 30, 30]
    assert templates.shape == ((3, 4, 20) if kits == "item" else (4, 20))


def test_no_logit_lies_near_a_threshold():
    (logits,) = gated_sparsemax.make_inputs(gated_sparsemax.Case(2, 11, 200, 64, 0.1))
    over_instruments = gated_sparsemax._from_threshold(logits.double(), -2)
    assert over_instruments.abs().min() >= 1e-4
    assert logits.std() == pytest.approx(0.1, rel=0.05)


def wrong(operation: Operation, change) -> Provider:
    right = operation.providers[0]
    return replace(right, name="wrong", run=lambda case, *inputs: change(right.run(case, *inputs)))


@pytest.mark.parametrize(
    "change",
    [
        lambda y: y * 1.001,
        lambda y: y + float("nan"),
        lambda y: y.detach() + 1.001 * (y - y.detach()),  # right but for the gradient
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_wrong_provider_is_found_out(operation, change):
    provider = wrong(operation, change)
    with pytest.raises(DisagreementError, match="wrong differs"):
        check(Row(operation, operation.tiny, provider, True, ()), provider, CPU)


def test_a_wrong_shape_is_found_out():
    provider = wrong(OPERATIONS[0], lambda y: y[..., 1:])
    with pytest.raises(DisagreementError, match="wrong differs"):
        check(Row(OPERATIONS[0], OPERATIONS[0].tiny, provider, False, ()), provider, CPU)


def test_a_row_with_a_wrong_opponent_fails():
    operation = OPERATIONS[0]
    row = Row(operation, operation.tiny, operation.providers[0], True, (wrong(operation, lambda y: 2 * y),))
    with pytest.raises(DisagreementError):
        measure_row(row, Pedantic(), CPU)


def test_a_gradient_on_the_support_must_be_zero_elsewhere():
    operation = template_synthesis.OPERATION
    dense = replace(template_synthesis.POLYPHASE, name="dense", on_support=True)
    with pytest.raises(DisagreementError):
        check(Row(operation, operation.tiny, dense, True, ()), dense, CPU)


def test_a_row_says_what_was_measured():
    operation = OPERATIONS[1]
    ours, other = operation.providers[:2]
    benchmark = Pedantic()
    found = measure_row(Row(operation, operation.tiny, ours, True, (other,), "goal"), benchmark, CPU)
    assert benchmark.rounds >= 9
    assert found["provider"] == ours.name
    assert found["error"] <= operation.tolerance
    assert found["against"][other.name]["ratio"] > 0
    assert found["bytes"] == 4 * 4 * operation.inputs(operation.tiny)[0].numel()  # in, out, and a gradient of each


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_row_is_measured_once(operation, device):
    listed = [str(row) for row in rows(operation, device) if row.goal is None]
    assert len(set(listed)) == len(listed)
    assert sum(row.goal is not None for row in rows(operation, device)) >= 1


def test_what_is_too_slow_is_not_run():
    case = Case()
    reason = template_synthesis.CONVOLUTION.why_not(case, False, "cpu")
    assert reason == "more than 3e+09 multiply-adds"
    assert template_synthesis.CONVOLUTION.why_not(case, False, "cuda") is None


def test_what_is_not_installed_is_named():
    missing = without({"cpu": "no_such_package"})
    assert missing("cpu") == "no_such_package is not installed"
    assert missing("cuda") == "does not run on a cuda"
