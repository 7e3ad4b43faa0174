import entmax
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import sparsemax
from tests.tolerances import assert_equal


@pytest.mark.parametrize("size", [1, 2, 11, 63, 100])
@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_entmax_in_value_and_gradient(size, scale, dtype):
    logits = (scale * torch.randn(3, 5, size, dtype=dtype)).requires_grad_()
    weights = torch.randn(3, 5, size, dtype=dtype)
    ours, theirs = sparsemax(logits), entmax.sparsemax(logits)
    assert_equal(ours, theirs)
    (our_grad,) = torch.autograd.grad((ours * weights).sum(), logits)
    (their_grad,) = torch.autograd.grad((theirs * weights).sum(), logits)
    assert_equal(our_grad, their_grad)


@pytest.mark.parametrize("alpha", [1.0, 1.3, 1.5, 3.0])
def test_alpha_equals_entmax(alpha):
    logits = torch.randn(4, 9, dtype=torch.float64)
    expected = logits.softmax(-1) if alpha == 1 else entmax.entmax_bisect(logits, alpha=alpha, n_iter=60)
    torch.testing.assert_close(sparsemax(logits, alpha=alpha), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_any_dimension_and_memory_layout(dim):
    logits = torch.randn(7, 6, 5).permute(2, 0, 1)
    assert_equal(sparsemax(logits, dim=dim), sparsemax(logits.movedim(dim, -1).contiguous()).movedim(-1, dim))


def test_gradients_in_float64():
    logits = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    assert gradcheck(sparsemax, logits)
    assert gradgradcheck(sparsemax, logits)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=40), st.floats(-100, 100, width=32))
def test_is_a_distribution_and_blind_to_a_shift(values, shift):
    logits = torch.tensor(values, dtype=torch.float64)
    p = sparsemax(logits)
    assert (p >= 0).all()
    assert abs(float(p.sum()) - 1) < 1e-9
    torch.testing.assert_close(sparsemax(logits + shift), p, rtol=0, atol=1e-9)


def test_ties_share_and_huge_logits_stay_exact():
    assert_equal(sparsemax(torch.zeros(4)), torch.full((4,), 0.25))
    assert_equal(sparsemax(torch.tensor([1e30, 0.0])), torch.tensor([1.0, 0.0]))


def test_nan_stays_in_its_slice():
    logits = torch.zeros(2, 3)
    logits[0, 1] = torch.nan
    p = sparsemax(logits)
    assert p[0].isnan().all()
    assert p[1].isfinite().all()


def test_compiles_without_a_graph_break():
    logits = torch.randn(4, 11)
    assert_equal(torch.compile(sparsemax, fullgraph=True, backend="aot_eager")(logits), sparsemax(logits))


@pytest.mark.parametrize(
    ("logits", "options", "error", "message"),
    [
        ([1.0], {}, TypeError, "logits must be a torch.Tensor"),
        (torch.arange(3), {}, TypeError, "int64"),
        (torch.zeros(2, 0), {}, ValueError, r"\(2, 0\)"),
        (torch.zeros(2), {"alpha": 0.5}, ValueError, "alpha"),
        (torch.zeros(2), {"alpha": "2"}, TypeError, "alpha must be a number, got '2'"),
        (torch.zeros(2), {"dim": 9}, IndexError, "Dimension out of range.*got 9"),
    ],
)
def test_bad_input_is_named(logits, options, error, message):
    with pytest.raises(error, match=message):
        sparsemax(logits, **options)
