import entmax
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import sparsemax
from tests.tolerances import assert_equal

each_alpha = pytest.mark.parametrize("alpha", [1.0, 1.5, 2.0, 3.0])


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


@pytest.mark.parametrize("alpha", [1.05, 1.3, 1.5, 3.0, 4.0])
@pytest.mark.parametrize("size", [1, 2, 63, 100])
@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_alpha_equals_entmax_in_value_and_gradient(alpha, size, scale):
    logits = (scale * torch.randn(5, size, dtype=torch.float64)).requires_grad_()
    weights = torch.randn(5, size, dtype=torch.float64)
    ours, theirs = sparsemax(logits, alpha=alpha), entmax.entmax_bisect(logits, alpha=alpha, n_iter=60)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    (our_grad,) = torch.autograd.grad((ours * weights).sum(), logits)
    (their_grad,) = torch.autograd.grad((theirs * weights).sum(), logits)
    torch.testing.assert_close(our_grad, their_grad, rtol=1e-6, atol=1e-9)


def test_an_alpha_of_one_is_softmax_and_one_of_one_and_a_half_has_an_exact_form():
    logits = torch.randn(4, 9, dtype=torch.float64)
    assert_equal(sparsemax(logits, alpha=1), logits.softmax(-1))
    assert_equal(sparsemax(logits, alpha=1.5), entmax.entmax15(logits))


@pytest.mark.parametrize("dim", [0, 1, -1])
@each_alpha
def test_any_dimension_and_memory_layout(dim, alpha):
    logits = torch.randn(7, 6, 5).permute(2, 0, 1)
    along_last = sparsemax(logits.movedim(dim, -1).contiguous(), alpha=alpha).movedim(-1, dim)
    assert_equal(sparsemax(logits, dim=dim, alpha=alpha), along_last)


@each_alpha
def test_gradients_in_float64(alpha):
    logits = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: sparsemax(x, alpha=alpha), logits)
    assert gradgradcheck(lambda x: sparsemax(x, alpha=alpha), logits)


@each_alpha
def test_function_transforms_equal_a_loop(alpha):
    logits, weights = torch.randn(4, 7, dtype=torch.float64), torch.randn(7, dtype=torch.float64)

    def gradient(x):
        return torch.func.grad(lambda x: (sparsemax(x, alpha=alpha) * weights).sum())(x)

    assert_equal(torch.vmap(gradient)(logits), torch.stack([gradient(x) for x in logits]))


@each_alpha
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(alpha, dtype):
    logits = torch.randn(4, 9).to(dtype)
    p = sparsemax(logits, alpha=alpha)
    assert p.dtype == dtype
    torch.testing.assert_close(
        p.float(), sparsemax(logits.float(), alpha=alpha), rtol=0, atol=4 * torch.finfo(dtype).eps
    )


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


@each_alpha
def test_nan_stays_in_its_slice(alpha):
    logits = torch.zeros(2, 3)
    logits[0, 1] = torch.nan
    p = sparsemax(logits, alpha=alpha)
    assert p[0].isnan().all()
    assert p[1].isfinite().all()


@pytest.mark.parametrize(("alpha", "dynamic"), [(1.0, True), (1.5, True), (2.0, False), (2.0, True), (3.0, False)])
def test_compiles_without_a_graph_break(alpha, dynamic):
    compiled = torch.compile(sparsemax, fullgraph=True, backend="aot_eager", dynamic=dynamic)
    logits = torch.randn(4, 11, requires_grad=True)
    ours, eager = compiled(logits, alpha=alpha), sparsemax(logits, alpha=alpha)
    assert_equal(ours, eager)
    assert_equal(*(torch.autograd.grad(p.square().sum(), logits)[0] for p in (ours, eager)))


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
