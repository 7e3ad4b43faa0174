import pytest
import torch

from ddsp_drums import median_filter
from ddsp_drums.ops.median_filter import op
from ddsp_drums.ops.median_filter.reference import median_by_unfolding
from tests.ops.capture import assert_capturable
from tests.tolerances import assert_equal

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def device(triton_device, monkeypatch):
    """Let the operators run on Triton's kernels even where they are interpreted on the CPU."""
    from ddsp_drums.ops.median_filter import triton_kernels

    monkeypatch.setattr(op, "_kernels", lambda x: triton_kernels)
    return triton_device


def with_derivatives(function, x, weights):
    """Return the value, the gradient, and the gradient of the gradient with respect to what came in."""
    x, weights = x.clone().requires_grad_(), weights.clone().requires_grad_()
    y = function(x)
    (gradient,) = torch.autograd.grad((y * weights).sum(), x, create_graph=True)
    (selected,) = torch.autograd.grad((gradient * weights.detach()).sum(), weights)
    return y.detach(), gradient.detach(), selected


@pytest.mark.parametrize("kernel_size", [1, 9, 31, 63])
@pytest.mark.parametrize(("shape", "dim"), [((1,), 0), ((63, 3), 0), ((2, 100), 1), ((2, 20, 5), 1), ((30, 2), 1)])
def test_equals_its_specification_even_at_ties(device, shape, dim, kernel_size):
    x = torch.randint(0, 9, shape, dtype=torch.float64, device=device)
    weights = torch.randn(shape, dtype=torch.float64, device=device)
    ours = with_derivatives(lambda x: median_filter(x, kernel_size=kernel_size, dim=dim), x, weights)
    specified = with_derivatives(lambda x: median_by_unfolding(x, kernel_size, dim), x, weights)
    for actual, expected in zip(ours, specified, strict=True):
        assert_equal(actual, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_is_exact_in_any_dtype(device, dtype):
    x = torch.randn(3, 70, device=device).to(dtype)
    weights = torch.randn(3, 70, device=device).to(dtype)
    ours = with_derivatives(lambda x: median_filter(x, kernel_size=31), x, weights)
    exact = with_derivatives(lambda x: median_by_unfolding(x, 31, 1), x.double(), weights.double())
    assert (ours[0] == exact[0].to(dtype)).all()
    for actual, expected in zip(ours, exact, strict=True):
        assert actual.dtype == dtype
        assert_equal(actual, expected.to(dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nan_reaches_every_window_that_holds_it_and_no_gradient(device, dtype):
    x = torch.randn(40, dtype=dtype, device=device)
    x[20] = torch.nan
    x.requires_grad_()
    y = median_filter(x, kernel_size=9)
    (gradient,) = torch.autograd.grad(y, x, torch.ones_like(y))
    assert y.isnan().nonzero().flatten().tolist() == list(range(16, 25))
    assert gradient.isfinite().all()
    assert_equal(gradient.sum(), torch.tensor(31.0, dtype=dtype))


def test_infinities_are_values_like_others(device):
    x = torch.randn(2, 50, device=device)
    x[torch.rand_like(x) < 0.3] = torch.inf
    x[torch.rand_like(x) < 0.3] = -torch.inf
    ranked = x.flatten().unique(return_inverse=True)[1].view(x.shape).float()
    expected = median_by_unfolding(ranked, 5, 1).long()
    assert (median_filter(x, kernel_size=5) == x.flatten().unique()[expected]).all()


def test_a_gradient_that_is_not_finite_reaches_the_median_alone(device):
    x = torch.arange(20.0, device=device).requires_grad_()
    incoming = torch.ones(20, device=device)
    incoming[7] = torch.inf
    (gradient,) = torch.autograd.grad(median_filter(x, kernel_size=5), x, incoming)
    assert (~gradient.isfinite()).nonzero().tolist() == [[7]]


def test_never_synchronises_and_can_be_captured(cuda):
    samples = torch.randn(4, 33, 90, device=cuda)

    def step():
        x = samples.detach().requires_grad_()
        y = median_filter(x, kernel_size=31)
        return y, *torch.autograd.grad(y.square().sum(), x)

    assert_capturable(step, samples)


@pytest.mark.usefixtures("poisoned_memory")
@pytest.mark.parametrize(("shape", "dim"), [((1,), 0), ((2, 63), 1), ((100, 3), 0)])
def test_reads_no_memory_before_it_is_written(device, shape, dim):
    x, weights = torch.randn(2, *shape, device=device)
    ours = with_derivatives(lambda x: median_filter(x, kernel_size=9, dim=dim), x, weights)
    specified = with_derivatives(lambda x: median_by_unfolding(x, 9, dim), x, weights)
    for actual, expected in zip(ours, specified, strict=True):
        assert_equal(actual, expected)
