import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import median_filter
from ddsp_drums.ops.median_filter.network import median_network
from ddsp_drums.ops.median_filter.reference import median_by_unfolding
from tests.tolerances import assert_equal


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
def test_gradients_in_float64(size):
    x = torch.randn(2, size, dtype=torch.float64, requires_grad=True)
    for dim in (0, 1):
        assert gradcheck(lambda x, dim=dim: median_filter(x, kernel_size=5, dim=dim), x)
        assert gradgradcheck(lambda x, dim=dim: median_filter(x, kernel_size=5, dim=dim), x)


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


def test_any_memory_layout():
    x = torch.randn(5, 6, 7).permute(2, 0, 1)
    assert_equal(median_filter(x, kernel_size=3), median_filter(x.contiguous(), kernel_size=3))


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=30), st.integers(0, 4), st.floats(0.5, 8))
def test_keeps_the_range_and_follows_any_rising_map(values, radius, scale):
    x = torch.tensor(values, dtype=torch.float64)
    y = median_filter(x, kernel_size=2 * radius + 1)
    assert x.min() <= y.min()
    assert y.max() <= x.max()
    assert torch.isin(y, x).all()
    assert_equal(median_filter(scale * x + 3, kernel_size=2 * radius + 1), scale * y + 3)


def test_nan_reaches_every_window_that_holds_it():
    x = torch.zeros(9)
    x[4] = torch.nan
    assert median_filter(x, kernel_size=3).isnan().tolist() == [index in (3, 4, 5) for index in range(9)]


def test_compiles_without_a_graph_break():
    x = torch.randn(3, 20)
    compiled = torch.compile(median_filter, fullgraph=True, backend="aot_eager")
    assert_equal(compiled(x, kernel_size=5), median_filter(x, kernel_size=5))


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        ([1.0], {"kernel_size": 3}, TypeError, "input must be a torch.Tensor"),
        (torch.arange(3), {"kernel_size": 3}, TypeError, "int64"),
        (torch.zeros(()), {"kernel_size": 3}, ValueError, r"input must have shape \(\.\.\., N\), got \(\)"),
        (torch.zeros(2, 0), {"kernel_size": 3}, ValueError, r"\(2, 0\)"),
        (torch.zeros(2), {"kernel_size": 4}, ValueError, "kernel_size must be odd and at least 1, got 4"),
        (torch.zeros(2), {"kernel_size": -1}, ValueError, "kernel_size must be odd and at least 1, got -1"),
    ],
)
def test_bad_input_is_named(x, options, error, message):
    with pytest.raises(error, match=message):
        median_filter(x, **options)


@pytest.mark.parametrize("shape", [(1, 1), (3, 100), (2, 3, 63)])
@pytest.mark.parametrize("kernel_size", [1, 5, 31])
@pytest.mark.parametrize("dim", [0, -1])
def test_equals_its_specification_even_at_ties(shape, kernel_size, dim):
    x = torch.randint(0, 4, shape).double().requires_grad_()
    weights = torch.randn(shape, dtype=torch.float64)
    ours = median_filter(x, kernel_size=kernel_size, dim=dim)
    specified = median_by_unfolding(x, kernel_size, dim)
    assert_equal(ours, specified)
    (our_gradient,) = torch.autograd.grad((ours * weights).sum(), x)
    (specified_gradient,) = torch.autograd.grad((specified * weights).sum(), x)
    assert_equal(our_gradient, specified_gradient)


def test_many_columns_are_filtered_block_by_block():
    x = torch.randn(300, 700)
    assert_equal(median_filter(x, kernel_size=9, dim=0), median_by_unfolding(x, 9, 0))


@pytest.mark.parametrize("layout", [lambda x: x, lambda x: x.T.contiguous().T])
def test_operators_pass_torchs_own_check(layout):
    x = layout(torch.randn(12, 7, dtype=torch.float64)).requires_grad_()
    median = torch.ops.ddsp_drums.median_filter(x, 5).detach()
    gradient = torch.randn(12, 7, dtype=torch.float64, requires_grad=True)
    torch.library.opcheck(torch.ops.ddsp_drums.median_filter, (x, 5))
    torch.library.opcheck(torch.ops.ddsp_drums.median_filter_spread, (gradient, x.detach(), median, 5))
    torch.library.opcheck(torch.ops.ddsp_drums.median_filter_select, (gradient, x.detach(), median, 5))


def test_the_network_of_31_has_152_comparators():
    assert len(median_network(31)) == 152
