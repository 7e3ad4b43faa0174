import itertools

import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import MedianFilter, median_filter
from ddsp_drums.ops.median_filter import op
from ddsp_drums.ops.median_filter.network import median_network
from ddsp_drums.ops.median_filter.reference import median_by_unfolding
from tests.tolerances import assert_equal


@pytest.fixture(params=["numba", "torch"], autouse=True)
def compiler(request, monkeypatch):
    """Run every test with compiled kernels and without."""
    if request.param == "numba":
        pytest.importorskip("numba")
    monkeypatch.setattr(op, "has_numba", lambda: request.param == "numba")


def value_and_gradient(function, x, weights):
    x = x.detach().clone().requires_grad_()
    y = function(x)
    return y.detach(), *torch.autograd.grad((y * weights).sum(), x)


@pytest.mark.parametrize("size", [5, 7, 63, 100])
@pytest.mark.parametrize("kernel_size", [1, 3, 31])
@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_is_scipys_to_the_bit_even_where_the_kernel_is_longer(size, kernel_size, dim, dtype):
    shape = [3, 4, 5]
    shape[dim] = size
    x = torch.randn(shape, dtype=dtype)
    window = [1, 1, 1]
    window[dim] = kernel_size
    expected = torch.from_numpy(scipy.ndimage.median_filter(x.numpy(), size=window, mode="reflect"))
    torch.testing.assert_close(median_filter(x, kernel_size=kernel_size, dim=dim), expected, rtol=0, atol=0)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_mirrors_as_often_as_it_takes(size):
    # Not scipy: 1.17 reads beyond its buffer when two samples meet a window of 17 or more.
    x = torch.randn(size)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x.numpy(), 15, mode="symmetric"), 31)
    torch.testing.assert_close(median_filter(x, kernel_size=31), torch.from_numpy(np.median(windows, axis=-1)))


@pytest.mark.parametrize("size", [1, 4, 12])
@pytest.mark.parametrize("dim", [0, 1])
def test_gradients_in_float64(size, dim):
    x = torch.randn(2, size, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: median_filter(x, kernel_size=5, dim=dim), x)
    assert gradgradcheck(lambda x: median_filter(x, kernel_size=5, dim=dim), x)


def test_tied_samples_share_the_gradient():
    x = torch.tensor([0.0, 1.0, 1.0, 1.0, 9.0], requires_grad=True)
    median_filter(x, kernel_size=5)[2].backward()
    assert_equal(x.grad, torch.tensor([0.0, 1.0, 1.0, 1.0, 0.0]) / 3)


def test_silence_has_a_finite_gradient():
    x = torch.zeros(40, requires_grad=True)
    y = median_filter(x, kernel_size=31)
    y.sum().backward()
    assert (y == 0).all()
    assert_equal(x.grad.sum(), torch.tensor(40.0))
    assert (x.grad > 0).all()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_memory_layout_is_kept(order):
    x = torch.randn(5, 6, 7).permute(order)
    for dim in range(3):
        y = median_filter(x, kernel_size=3, dim=dim)
        assert y.stride() == x.stride()
        assert_equal(y, median_filter(x.contiguous(), kernel_size=3, dim=dim))


@pytest.mark.parametrize("cut", [lambda x: x[..., ::2], lambda x: x[:, 1:-1], lambda x: x[:1].expand(4, -1, -1)])
def test_any_view(cut):
    x = cut(torch.randn(4, 9, 12, dtype=torch.float64))
    weights = torch.randn(x.shape, dtype=torch.float64)
    for dim in range(3):
        ours = value_and_gradient(lambda x, dim=dim: median_filter(x, kernel_size=7, dim=dim), x, weights)
        for actual, expected in zip(
            ours, value_and_gradient(lambda x, dim=dim: median_by_unfolding(x, 7, dim), x, weights), strict=True
        ):
            assert_equal(actual, expected)


@pytest.mark.parametrize("shape", [(0, 5), (3, 0, 2)])
def test_no_element_beside_the_axis(shape):
    x = torch.zeros(shape, requires_grad=True)
    y = median_filter(x, kernel_size=3, dim=x.shape.index(max(x.shape)))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert y.shape == gradient.shape == shape


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=30), st.integers(0, 4), st.floats(0.5, 8))
def test_keeps_the_range_and_follows_any_rising_map(values, radius, scale):
    x = torch.tensor(values, dtype=torch.float64)
    y = median_filter(x, kernel_size=2 * radius + 1)
    assert x.min() <= y.min()
    assert y.max() <= x.max()
    assert torch.isin(y, x).all()
    assert_equal(median_filter(scale * x + 3, kernel_size=2 * radius + 1), scale * y + 3)


@pytest.mark.parametrize("kernel_size", [3, 31, 127])
@pytest.mark.parametrize("where", [0, 20, 69])
def test_nan_reaches_every_window_that_holds_it_and_no_gradient(kernel_size, where):
    x = torch.randn(2, 70)
    x[1, where] = torch.nan
    held = torch.from_numpy(scipy.ndimage.maximum_filter1d(x.isnan().numpy(), kernel_size))
    y, gradient = value_and_gradient(lambda x: median_filter(x, kernel_size=kernel_size), x, 1.0)
    assert (y.isnan() == held).all()
    assert gradient.isfinite().all()
    assert_equal(gradient.sum(), (~held).sum().float())


@pytest.mark.parametrize("kernel_size", [3, 5, 31])
def test_infinities_are_values_like_others(kernel_size):
    x = torch.randn(3, 50)
    x[torch.rand(x.shape) < 0.3] = torch.inf
    x[torch.rand(x.shape) < 0.3] = -torch.inf
    expected = scipy.ndimage.median_filter(x.numpy(), size=(1, kernel_size), mode="reflect")
    y, gradient = value_and_gradient(lambda x: median_filter(x, kernel_size=kernel_size), x, 1.0)
    assert (y == torch.from_numpy(expected)).all()
    assert_equal(gradient.sum(), torch.tensor(150.0))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_gradient_that_is_not_finite_reaches_the_median_alone(bad):
    x = torch.arange(20.0).requires_grad_()
    incoming = torch.ones(20)
    incoming[7] = bad
    (gradient,) = torch.autograd.grad(median_filter(x, kernel_size=5), x, incoming)
    assert (~gradient.isfinite()).nonzero().tolist() == [[7]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_exact(dtype):
    x = torch.randn(3, 60).to(dtype)
    weights = torch.randn(3, 60).to(dtype)
    y, gradient = value_and_gradient(lambda x: median_filter(x, kernel_size=31), x, weights)
    expected, expected_gradient = value_and_gradient(
        lambda x: median_filter(x, kernel_size=31), x.float(), weights.float()
    )
    assert y.dtype == gradient.dtype == dtype
    assert (y == expected).all()
    assert (gradient == expected_gradient.to(dtype)).all()


def test_compiles_without_a_graph_break():
    x = torch.randn(3, 20, dtype=torch.float64)
    compiled = torch.compile(median_filter, fullgraph=True, backend="aot_eager")
    for dim in (0, 1):
        ours = value_and_gradient(lambda x, dim=dim: compiled(x, kernel_size=5, dim=dim), x, x)
        eager = value_and_gradient(lambda x, dim=dim: median_filter(x, kernel_size=5, dim=dim), x, x)
        for actual, expected in zip(ours, eager, strict=True):
            assert_equal(actual, expected)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_exports_with_a_batch_of_any_size(dim):
    layer = MedianFilter(kernel_size=5, dim=dim)
    sizes = ({0: torch.export.Dim("batch", min=2, max=100)},)
    exported = torch.export.export(layer, (torch.randn(3, 6, 20),), dynamic_shapes=sizes)
    assert "ddsp_drums.median_filter" in exported.graph_module.code
    x = torch.randn(5, 6, 20)
    assert_equal(exported.module()(x), layer(x))


@pytest.mark.parametrize("in_dim", [0, 1, 2])
def test_vmap_and_functional_gradients(in_dim):
    x = torch.randint(0, 5, (3, 4, 9)).double()
    each = [torch.func.grad(lambda x: median_filter(x, kernel_size=5).pow(3).sum())(part) for part in x.unbind(in_dim)]
    together = torch.vmap(torch.func.grad(lambda x: median_filter(x, kernel_size=5).pow(3).sum()), in_dim)(x)
    assert_equal(together, torch.stack(each))
    assert_equal(
        torch.vmap(lambda x: median_filter(x, kernel_size=5, dim=0), in_dim, in_dim)(x),
        torch.stack([median_filter(part, kernel_size=5, dim=0) for part in x.unbind(in_dim)], in_dim),
    )


def test_vmap_over_one_of_two_inputs():
    x, incoming = torch.randn(1, 9, 2, dtype=torch.float64), torch.randn(3, 1, 9, 2, dtype=torch.float64)
    y = torch.ops.ddsp_drums.median_filter(x, 5)
    for operator in (torch.ops.ddsp_drums.median_filter_spread, torch.ops.ddsp_drums.median_filter_select):
        each = torch.stack([operator(part, x, y, 5) for part in incoming])
        assert_equal(torch.vmap(operator, (0, None, None, None))(incoming, x, y, 5), each)


@pytest.mark.usefixtures("poisoned_memory")
@pytest.mark.parametrize(("shape", "dim"), [((1,), 0), ((3, 63), 1), ((100, 3), 0), ((2, 7, 5), 1)])
def test_reads_no_memory_before_it_is_written(shape, dim):
    x = torch.randn(shape, dtype=torch.float64)
    weights = torch.randn(shape, dtype=torch.float64)
    ours = value_and_gradient(lambda x: median_filter(x, kernel_size=9, dim=dim), x, weights)
    specified = value_and_gradient(lambda x: median_by_unfolding(x, 9, dim), x, weights)
    for actual, expected in zip(ours, specified, strict=True):
        assert_equal(actual, expected)


def test_threads_agree():
    x, weights = torch.randn(2, 7, 200)
    alone = value_and_gradient(lambda x: median_filter(x, kernel_size=31), x, weights)
    torch.set_num_threads(3)
    try:
        shared = value_and_gradient(lambda x: median_filter(x, kernel_size=31), x, weights)
    finally:
        torch.set_num_threads(1)
    for actual, expected in zip(shared, alone, strict=True):
        assert (actual == expected).all()


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        ([1.0], {"kernel_size": 3}, TypeError, "input must be a torch.Tensor"),
        (torch.arange(3), {"kernel_size": 3}, TypeError, "int64"),
        (torch.zeros(()), {"kernel_size": 3}, ValueError, r"input must have shape \(\.\.\., N\), got \(\)"),
        (torch.zeros(2, 0), {"kernel_size": 3}, ValueError, r"\(2, 0\)"),
        (torch.zeros(2), {"kernel_size": 3, "dim": 9}, IndexError, "Dimension out of range.*got 9"),
        (torch.zeros(2), {"kernel_size": 4}, ValueError, "kernel_size must be odd and at least 1, got 4"),
        (torch.zeros(2), {"kernel_size": -1}, ValueError, "kernel_size must be greater than 0 and finite, got -1"),
    ],
)
def test_bad_input_is_named(x, options, error, message):
    with pytest.raises(error, match=message):
        median_filter(x, **options)


@pytest.mark.parametrize("shape", [(1, 1), (3, 100), (2, 3, 63)])
@pytest.mark.parametrize("kernel_size", [1, 5, 31, 127])
@pytest.mark.parametrize("dim", [0, -1])
def test_equals_its_specification_even_at_ties(shape, kernel_size, dim):
    x = torch.randint(0, 4, shape).double()
    weights = torch.randn(shape, dtype=torch.float64)
    ours = value_and_gradient(lambda x: median_filter(x, kernel_size=kernel_size, dim=dim), x, weights)
    specified = value_and_gradient(lambda x: median_by_unfolding(x, kernel_size, dim), x, weights)
    for actual, expected in zip(ours, specified, strict=True):
        assert_equal(actual, expected)


@pytest.mark.parametrize("dim", [0, 1])
def test_what_is_too_large_for_a_block_is_filtered_block_by_block(dim):
    x, weights = torch.randn(2, 300, 700)
    ours = value_and_gradient(lambda x: median_filter(x, kernel_size=9, dim=dim), x, weights)
    specified = value_and_gradient(lambda x: median_by_unfolding(x, 9, dim), x, weights)
    for actual, expected in zip(ours, specified, strict=True):
        assert_equal(actual, expected)


@pytest.mark.parametrize("layout", [lambda x: x, lambda x: x.mT.contiguous().mT])
def test_operators_pass_torchs_own_check(layout):
    x, incoming = (layout(torch.randn(2, 12, 3, dtype=torch.float64)).requires_grad_() for _ in range(2))
    median = torch.ops.ddsp_drums.median_filter(x, 5).detach()
    torch.library.opcheck(torch.ops.ddsp_drums.median_filter, (x, 5))
    torch.library.opcheck(torch.ops.ddsp_drums.median_filter_spread, (incoming, x.detach(), median, 5))
    torch.library.opcheck(torch.ops.ddsp_drums.median_filter_select, (incoming, x.detach(), median, 5))


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7, 9, 11])
def test_the_network_is_right_for_all_samples_because_it_is_for_zeros_and_ones(kernel_size):
    network = median_network(kernel_size)
    slots = np.zeros((64, 2**network.inputs), dtype=bool)
    slots[: network.inputs] = np.arange(2**network.inputs) >> np.arange(network.inputs)[:, None] & 1
    windows = np.lib.stride_tricks.sliding_window_view(slots[: network.inputs].copy(), kernel_size, axis=0)
    for larger, first, second, target in network.steps:
        slots[target] = (np.logical_or if larger else np.logical_and)(slots[first], slots[second])
    assert (slots[list(network.medians)] == (windows.sum(-1) > kernel_size // 2)).all()


def test_a_median_of_31_takes_35_operations():
    network = median_network(31)
    assert len(network.steps) / len(network.medians) < 35
