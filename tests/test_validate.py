import numpy as np
import pytest
import torch

from ddsp_drums._validate import require_float, require_positive


@pytest.mark.parametrize("value", [1, 0.5, np.float32(2), np.int64(3)])
def test_numbers_of_python_and_numpy_pass(value):
    require_positive("rate", value)


@pytest.mark.parametrize("value", ["1", None, [1], torch.ones(2), 1j])
def test_what_is_no_number_is_named(value):
    with pytest.raises(TypeError, match="rate must be a number"):
        require_positive("rate", value)


@pytest.mark.parametrize("value", [1.0, [1.0], np.ones(3), torch.ones(3, dtype=torch.int64), torch.ones(3) > 0])
def test_what_is_no_tensor_of_floats_is_named(value):
    with pytest.raises(TypeError, match=r"audio must be .* of shape \(T\), got "):
        require_float("audio", value, "(T)")


def test_what_is_not_dense_is_named():
    with pytest.raises(TypeError, match=r"audio must be dense of shape \(T\), got torch.sparse"):
        require_float("audio", torch.ones(3, 3).to_sparse(), "(T)")


def test_a_size_that_is_traced_passes():
    class Checked(torch.nn.Module):
        def forward(self, x):
            require_positive("size", x.shape[0] // 2)
            return x + 1

    sizes = ({0: torch.export.Dim("size", min=4, max=64)},)
    exported = torch.export.export(Checked(), (torch.zeros(8),), dynamic_shapes=sizes, strict=False)
    assert exported.module()(torch.zeros(6)).shape == (6,)
