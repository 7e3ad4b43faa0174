import os

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.library import opcheck

from ddsp_drums import gated_sparsemax
from ddsp_drums.ops.gated_sparsemax import op
from ddsp_drums.ops.gated_sparsemax.reference import gated_sparsemax_by_parts, gradient_by_parts
from tests.ops.capture import assert_capturable
from tests.tolerances import assert_equal

pytestmark = pytest.mark.gpu


@pytest.fixture
def kernels(triton_device):
    from ddsp_drums.ops.gated_sparsemax import triton_kernels

    return triton_kernels


def check(kernels, logits, gradient, window, silent_slot):
    wide = logits.double() if logits.dtype == torch.float64 else logits.float()
    expected = gated_sparsemax_by_parts(wide, window, 2.0, silent_slot)
    expected_gradient = gradient_by_parts(gradient.to(wide.dtype), wide, window, silent_slot)
    y = kernels.gate(logits, window, silent_slot)
    to_logits = kernels.gate_backward(gradient, logits, window, silent_slot)
    assert y.dtype == to_logits.dtype == logits.dtype
    assert_equal(y, expected)
    assert_equal(to_logits, expected_gradient)


@pytest.mark.parametrize(
    ("shape", "window"),
    [((2, 11, 100), 64), ((1, 1, 1), 1), ((3, 1, 63), 64), ((1, 5, 3), 1), ((1, 3, 20), 7), ((1, 128, 20), 16)],
)
@pytest.mark.parametrize("silent_slot", [False, True])
@pytest.mark.parametrize(("scale", "dtype"), [(0.1, torch.float32), (5, torch.float64)])
def test_equals_the_specification(kernels, triton_device, shape, window, silent_slot, scale, dtype):
    logits = scale * torch.randn(shape, dtype=dtype, device=triton_device)
    check(kernels, logits, torch.randn_like(logits), window, silent_slot)


def test_large_logits_stay_exact(kernels, triton_device):
    logits = torch.randint(-300, 300, (1, 5, 16), device=triton_device) / 256
    assert torch.equal(kernels.gate(logits + 2.0**14, 8, False), kernels.gate(logits, 8, False))


@pytest.mark.parametrize("silent_slot", [False, True])
def test_a_tile_that_fills_many_blocks(kernels, triton_device, monkeypatch, silent_slot):
    monkeypatch.setattr(kernels, "_BLOCK", 128)
    logits = torch.randn(1, 7, 90, device=triton_device)
    check(kernels, logits, torch.randn_like(logits), 60, silent_slot)


def test_a_window_of_1024_frames(kernels, triton_device):
    logits = 3 * torch.randn(1, 18, 1030, device=triton_device)
    check(kernels, logits, torch.randn_like(logits), 1024, True)


def test_any_memory_layout(kernels, triton_device):
    logits = torch.randn(2, 40, 11, device=triton_device).mT[:, :, ::2]
    gradient = torch.randn(11, 1, device=triton_device).expand(2, 11, 20)
    check(kernels, logits, gradient, 16, False)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_only_at_the_end(kernels, triton_device, dtype):
    logits = torch.randn(1, 5, 30, device=triton_device).to(dtype)
    check(kernels, logits, torch.randn_like(logits), 16, True)


def test_ties_and_silence(kernels, triton_device):
    logits = torch.randint(-2, 3, (1, 5, 30), dtype=torch.float64, device=triton_device) / 2
    logits[..., :10] = 0
    check(kernels, logits, torch.randn_like(logits), 10, True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, which interprets the kernels
@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("silent_slot", [False, True])
def test_what_is_not_finite_spreads_as_specified(kernels, triton_device, monkeypatch, bad, silent_slot):
    monkeypatch.setattr(kernels, "_BLOCK", 32)
    logits = torch.randn(2, 5, 11, device=triton_device)
    logits[0, 1, 9] = bad
    logits[0, :, 3] = bad
    logits[1, 2] = bad
    gradient = torch.randn_like(logits)
    y, to_logits = kernels.gate(logits, 8, silent_slot), kernels.gate_backward(gradient, logits, 8, silent_slot)
    expected = gated_sparsemax_by_parts(logits, 8, 2.0, silent_slot)
    torch.testing.assert_close(y, expected, equal_nan=True)
    expected = gradient_by_parts(gradient, logits, 8, silent_slot)
    torch.testing.assert_close(to_logits, expected, equal_nan=True)


def test_more_tiles_than_a_launch_has_programs_for(kernels, triton_device, monkeypatch):
    monkeypatch.setattr(kernels, "_PROGRAMS", 5)
    logits = torch.randn(5, 3, 15, device=triton_device)
    check(kernels, logits, torch.randn_like(logits), 8, False)


def test_memory_is_written_before_it_is_read(kernels, triton_device, poisoned_memory):
    logits = torch.randn(2, 5, 30, device=triton_device)
    check(kernels, logits, torch.randn_like(logits), 16, False)


def test_the_operators_differentiate_through_the_kernels(kernels, triton_device, monkeypatch):
    monkeypatch.setattr(op, "_kernels", lambda logits, window: kernels)
    logits = torch.randn(1, 2, 3, dtype=torch.float64, device=triton_device, requires_grad=True)
    assert gradcheck(lambda x: gated_sparsemax(x, window=2), logits)
    assert gradgradcheck(lambda x: gated_sparsemax(x, window=2), logits)
    opcheck(torch.ops.ddsp_drums.gated_sparsemax, (logits, 2, True))


def test_never_synchronises_and_can_be_captured(cuda):
    logits = torch.randn(4, 11, 300, device=cuda)

    def step():
        x = logits.detach().requires_grad_()
        y = gated_sparsemax(x, window=64)
        return y, *torch.autograd.grad(y.square().sum(), x)

    assert_capturable(step, logits)


def test_compiles_without_a_graph_break(cuda):
    logits = torch.randn(4, 11, 300, device=cuda)
    compiled = torch.compile(gated_sparsemax, fullgraph=True)
    assert_equal(compiled(logits, window=64), gated_sparsemax(logits, window=64))


@pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") == "1", reason="the interpreter compiles nothing")
@pytest.mark.parametrize(
    ("element", "blocks"), [("fp32", (1, 1, False)), ("fp64", (16, 64, False)), ("bf16", (4, 256, True))]
)
def test_kernels_compile_where_there_is_no_gpu(element, blocks):
    triton = pytest.importorskip("triton", reason="Triton is not installed")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from ddsp_drums.ops.gated_sparsemax import triton_kernels

    wide = triton.language.float64 if element == "fp64" else triton.language.float32
    constants = dict(zip(("ROWS", "COLS", "MANY", "FLOAT"), (*blocks, wide), strict=True))
    for kernel in (triton_kernels._gate_tile, triton_kernels._pull_tile):
        types = dict.fromkeys(kernel.arg_names, "i32")
        types |= {name: f"*{element}" for name in types if name in ("logits", "gradient", "activations", "to_logits")}
        types |= dict.fromkeys(constants, "constexpr")
        source = ASTSource(kernel, types, {(kernel.arg_names.index(name),): v for name, v in constants.items()})
        assert triton.compile(source, target=GPUTarget("cuda", 80, 32), options={"num_warps": 4}).asm["cubin"]
