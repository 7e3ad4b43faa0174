import entmax
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import GatedSparsemax, gated_sparsemax
from tests.tolerances import assert_equal


def gate_with_entmax(logits, window):
    frames = logits.shape[-1]
    padded = torch.nn.functional.pad(logits, (0, -frames % window))
    over_time = torch.cat([entmax.sparsemax(part, dim=-1) for part in padded.split(window, dim=-1)], dim=-1)
    return entmax.sparsemax(logits, dim=-2) * over_time[..., :frames]


@pytest.mark.parametrize("frames", [1, 63, 64, 100])
@pytest.mark.parametrize("window", [1, 7, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_entmax_in_value_and_gradient(frames, window, dtype):
    logits = (3 * torch.randn(2, 5, frames, dtype=dtype)).requires_grad_()
    ours, theirs = gated_sparsemax(logits, window=window), gate_with_entmax(logits, window)
    assert_equal(ours, theirs)
    weights = torch.randn_like(ours)
    (our_grad,) = torch.autograd.grad((ours * weights).sum(), logits)
    (their_grad,) = torch.autograd.grad((theirs * weights).sum(), logits)
    assert_equal(our_grad, their_grad)


@pytest.mark.parametrize("silent_slot", [False, True])
@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_gradients_in_float64(silent_slot, alpha):
    logits = torch.randn(2, 3, 10, dtype=torch.float64, requires_grad=True)

    def gate(logits):
        return gated_sparsemax(logits, window=4, alpha=alpha, silent_slot=silent_slot)

    assert gradcheck(gate, logits)
    assert gradgradcheck(gate, logits)


def test_with_a_silent_slot_the_logits_read_as_those_of_a_sigmoid():
    logits = torch.tensor([[-1.5, 0.0, 1.5]])
    alone = gated_sparsemax(logits, window=1, silent_slot=True)
    assert_equal(alone, torch.tensor([[0.0, 0.25, 1.0]]))


def test_silence_is_finite():
    logits = torch.zeros(2, 3, 10, requires_grad=True)
    gated_sparsemax(logits, window=4).sum().backward()
    assert logits.grad.isfinite().all()


def test_leading_axes_and_any_memory_layout():
    logits = torch.randn(9, 3, 2, 4).permute(3, 2, 1, 0)
    y = gated_sparsemax(logits, window=4)
    assert y.shape == logits.shape
    assert_equal(y[1, 1], gated_sparsemax(logits[1, 1].contiguous(), window=4))


@pytest.mark.parametrize("silent_slot", [False, True])
def test_compiles_without_a_graph_break(silent_slot):
    logits = torch.randn(2, 3, 10)
    compiled = torch.compile(gated_sparsemax, fullgraph=True, backend="aot_eager")
    options = {"window": 4, "silent_slot": silent_slot}
    assert_equal(compiled(logits, **options), gated_sparsemax(logits, **options))


@pytest.mark.parametrize(
    ("logits", "options", "error", "message"),
    [
        ([1.0], {"window": 4}, TypeError, "logits must be a torch.Tensor"),
        (torch.zeros(3), {"window": 4}, ValueError, r"\(\.\.\., K, N\), got \(3,\)"),
        (torch.zeros(3, 0), {"window": 4}, ValueError, r"K, N >= 1, got \(3, 0\)"),
        (torch.zeros(0, 3), {"window": 4}, ValueError, r"K, N >= 1, got \(0, 3\)"),
        (torch.zeros(3, 3), {"window": 0}, ValueError, "window"),
        (torch.zeros(3, 3), {"window": 2, "alpha": 0.5}, ValueError, "alpha"),
    ],
)
def test_bad_input_is_named(logits, options, error, message):
    with pytest.raises(error, match=message):
        gated_sparsemax(logits, **options)


def test_a_window_below_one_is_refused_when_the_layer_is_made():
    with pytest.raises(ValueError, match="window"):
        GatedSparsemax(window=0)
