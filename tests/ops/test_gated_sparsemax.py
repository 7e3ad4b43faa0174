import entmax
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, jacrev, vmap
from torch.library import opcheck

from ddsp_drums import GatedSparsemax, gated_sparsemax
from ddsp_drums._compilers import has_numba
from ddsp_drums.ops.gated_sparsemax import op
from ddsp_drums.ops.gated_sparsemax.reference import gated_sparsemax_by_parts
from tests.tolerances import assert_equal


@pytest.fixture(scope="module", params=["numba", "plain"], autouse=True)
def backend(request):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "plain":
            patch.setattr(op, "has_numba", lambda: False)
        elif not has_numba():
            pytest.skip("numba is not installed")
        yield request.param


def gate_with_entmax(logits, window):
    frames = logits.shape[-1]
    padded = F.pad(logits, (0, -frames % window))
    over_time = torch.cat([entmax.sparsemax(part, dim=-1) for part in padded.split(window, dim=-1)], dim=-1)
    return entmax.sparsemax(logits, dim=-2) * over_time[..., :frames]


def with_gradient(gate, logits, weights):
    logits = logits.detach().requires_grad_()
    y = gate(logits)
    return y.detach(), torch.autograd.grad(y, logits, weights)[0]


def assert_same(gate, expected_gate, logits):
    weights = torch.randn_like(logits)
    for actual, expected in zip(
        with_gradient(gate, logits, weights), with_gradient(expected_gate, logits, weights), strict=True
    ):
        assert_equal(actual, expected)


def specified(window, silent_slot=False):
    return lambda logits: gated_sparsemax_by_parts(logits, window, 2.0, silent_slot)


@pytest.mark.parametrize("frames", [1, 63, 64, 100])
@pytest.mark.parametrize("window", [1, 7, 64, 1024])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_entmax_in_value_and_gradient(frames, window, dtype):
    logits = 3 * torch.randn(2, 5, frames, dtype=dtype)
    assert_same(lambda x: gated_sparsemax(x, window=window), lambda x: gate_with_entmax(x, window), logits)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1, 65), (3, 11, 63), (1, 128, 40)])
@pytest.mark.parametrize("window", [1, 16, 1024])
@pytest.mark.parametrize("silent_slot", [False, True])
@pytest.mark.parametrize("scale", [0.01, 1, 1e4])
def test_equals_its_specification(shape, window, silent_slot, scale):
    logits = scale * (torch.randn(shape) - 0.5)
    options = {"window": window, "silent_slot": silent_slot}
    assert_same(lambda x: gated_sparsemax(x, **options), specified(**options), logits)


def test_ties_share_as_entmax_has_it():
    logits = torch.randint(-2, 3, (4, 5, 60), dtype=torch.float64) / 2  # halves, so that sums and means are exact
    assert_same(lambda x: gated_sparsemax(x, window=8), lambda x: gate_with_entmax(x, 8), logits)


def test_large_logits_stay_exact():
    logits = torch.randint(-300, 300, (2, 5, 16)) / 256
    assert torch.equal(gated_sparsemax(logits + 2.0**14, window=8), gated_sparsemax(logits, window=8))


@pytest.mark.parametrize("bad", [torch.nan, -torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("silent_slot", [False, True])
def test_what_is_not_finite_spreads_as_specified(bad, silent_slot):
    logits = torch.randn(8, 4, 19)
    logits[torch.rand_like(logits) < 0.05] = bad
    logits[0, :, 3] = bad
    logits[1, 2] = bad
    weights = torch.randn_like(logits)
    options = {"window": 5, "silent_slot": silent_slot}
    actual = with_gradient(lambda x: gated_sparsemax(x, **options), logits, weights)
    expected = with_gradient(specified(**options), logits, weights)
    assert torch.equal(expected[0].isnan().any(), torch.tensor(bad != -torch.inf or not silent_slot))
    for ours, theirs in zip(actual, expected, strict=True):
        torch.testing.assert_close(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("silent_slot", [False, True])
@pytest.mark.parametrize("alpha", [1.0, 1.5, 2.0, 3.0])
def test_gradients_in_float64(silent_slot, alpha):
    logits = torch.randn(2, 3, 10, dtype=torch.float64, requires_grad=True)

    def gate(logits):
        return gated_sparsemax(logits, window=4, alpha=alpha, silent_slot=silent_slot)

    assert gradcheck(gate, logits)
    assert gradgradcheck(gate, logits)


@pytest.mark.parametrize("silent_slot", [False, True])
def test_third_derivative_is_that_of_the_specification(silent_slot):
    logits = torch.randn(3, 7, dtype=torch.float64)
    weights = torch.randn(3, 7, dtype=torch.float64)

    def third(gate):
        def total(logits):
            return (gate(logits) * weights).sum()

        x = logits.clone().requires_grad_()
        (first,) = torch.autograd.grad(total(x), x, create_graph=True)
        (second,) = torch.autograd.grad((first**2).sum(), x, create_graph=True)
        return torch.autograd.grad((second**2).sum(), x)[0]

    options = {"window": 4, "silent_slot": silent_slot}
    expected = third(specified(**options))
    assert expected.any()
    assert_equal(third(lambda x: gated_sparsemax(x, **options)), expected)


def test_with_a_silent_slot_the_logits_read_as_those_of_a_sigmoid():
    logits = torch.tensor([[-1.5, 0.0, 1.5]])
    alone = gated_sparsemax(logits, window=1, silent_slot=True)
    assert_equal(alone, torch.tensor([[0.0, 0.25, 1.0]]))


@pytest.mark.parametrize("silent_slot", [False, True])
def test_silence_is_finite(silent_slot):
    logits = torch.zeros(2, 3, 10, requires_grad=True)
    gated_sparsemax(logits, window=4, silent_slot=silent_slot).sum().backward()
    assert logits.grad.isfinite().all()


def test_operators_pass_torchs_own_check():
    logits = torch.randn(2, 10, 3, dtype=torch.float64).mT.requires_grad_()
    gradient = torch.randn(2, 3, 10, dtype=torch.float64, requires_grad=True)
    opcheck(torch.ops.ddsp_drums.gated_sparsemax, (logits, 4, True))
    opcheck(torch.ops.ddsp_drums.gated_sparsemax_backward, (gradient, logits.detach().requires_grad_(), 4, False))


def test_leading_axes_and_any_memory_layout():
    logits = torch.randn(9, 3, 2, 4).permute(3, 2, 1, 0)
    y = gated_sparsemax(logits, window=4)
    assert y.shape == logits.shape
    assert_equal(y[1, 1], gated_sparsemax(logits[1, 1].contiguous(), window=4))
    strided = torch.randn(3, 40)[:, ::3]
    assert_equal(gated_sparsemax(strided, window=4), gated_sparsemax(strided.contiguous(), window=4))


def test_an_empty_batch_has_an_empty_gradient():
    logits = torch.zeros(0, 3, 10, requires_grad=True)
    y = gated_sparsemax(logits, window=4)
    y.sum().backward()
    assert y.shape == logits.grad.shape == (0, 3, 10)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_only_at_the_end(dtype):
    logits = torch.randn(2, 11, 200).to(dtype)
    weights = torch.randn(2, 11, 200).to(dtype)
    y, gradient = with_gradient(lambda x: gated_sparsemax(x, window=64), logits, weights)
    expected, expected_gradient = with_gradient(specified(64), logits.float(), weights.float())
    assert y.dtype == gradient.dtype == dtype
    unit = torch.finfo(dtype).eps
    torch.testing.assert_close(y.float(), expected, rtol=unit, atol=1e-6)
    torch.testing.assert_close(gradient.float(), expected_gradient, rtol=unit, atol=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_autocast_computes_in_float32(alpha):
    logits = torch.randn(2, 3, 20).bfloat16().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = gated_sparsemax(logits, window=4, alpha=alpha)
        assert gated_sparsemax(logits.double(), window=4).dtype == torch.float64
    assert y.dtype == torch.float32
    assert_equal(y, gated_sparsemax(logits.float(), window=4, alpha=alpha))
    y.sum().backward()
    assert logits.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_tensor_without_data_has_its_shape(dtype):
    y = gated_sparsemax(torch.empty(2, 3, 10, dtype=dtype, device="meta"), window=4)
    assert (y.shape, y.dtype, y.device.type) == ((2, 3, 10), dtype, "meta")


def test_memory_is_written_before_it_is_read(poisoned_memory):
    assert torch.empty(1).isnan()
    options = {"window": 7, "silent_slot": True}
    assert_same(lambda x: gated_sparsemax(x, **options), specified(**options), torch.randn(2, 5, 30))


def test_threads_change_nothing():
    logits, weights = torch.randn(5, 11, 300), torch.randn(5, 11, 300)
    alone = with_gradient(lambda x: gated_sparsemax(x, window=64), logits, weights)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    together = with_gradient(lambda x: gated_sparsemax(x, window=64), logits, weights)
    torch.set_num_threads(threads)
    assert torch.equal(alone[0], together[0])
    assert torch.equal(alone[1], together[1])


@given(
    st.integers(1, 5), st.integers(1, 20), st.integers(1, 24), st.booleans(), st.floats(0.01, 20), st.integers(0, 99)
)
def test_neither_frames_nor_windows_give_out_more_than_one(instruments, frames, window, silent_slot, scale, seed):
    noise = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(instruments, frames, dtype=torch.float64, generator=noise)
    y = gated_sparsemax(logits, window=window, silent_slot=silent_slot)
    assert (y >= 0).all()
    assert (y.sum(0) <= 1 + 1e-12).all()
    assert all((part.sum(1) <= 1 + 1e-12).all() for part in y.split(window, dim=1))
    assert_equal(y.flip(0), gated_sparsemax(logits.flip(0), window=window, silent_slot=silent_slot))
    assert_equal(y, specified(window, silent_slot)(logits))
    # The frames that fill up the last window may as well be there.
    filled = gated_sparsemax(F.pad(logits, (0, -frames % window)), window=window, silent_slot=silent_slot)
    assert_equal(y, filled[:, :frames])


@pytest.mark.parametrize("in_dim", [0, 1, -1])
def test_vmap_equals_a_loop(in_dim):
    logits = torch.randn(4, 3, 10).movedim(0, in_dim)
    weights = torch.randn(3, 10)

    def gate(logits):
        return gated_sparsemax(logits, window=4)

    def total(logits, weights):
        return (gate(logits) * weights).sum()

    items = logits.unbind(in_dim)
    assert_equal(vmap(gate, in_dim)(logits), torch.stack([gate(item) for item in items]))
    gradients = torch.stack([with_gradient(gate, item, weights)[1] for item in items])
    assert_equal(vmap(grad(total), (in_dim, None))(logits, weights), gradients)
    assert_equal(grad(lambda x: vmap(total, (in_dim, None))(x, weights).sum())(logits).movedim(in_dim, 0), gradients)


def test_vmap_over_what_only_the_gradient_has():
    logits, weights = torch.randn(3, 10), torch.randn(4, 3, 10)
    y = gated_sparsemax(logits.requires_grad_(), window=4)
    together = torch.autograd.grad(y, logits, weights, is_grads_batched=True, retain_graph=True)[0]
    assert_equal(together, torch.stack([torch.autograd.grad(y, logits, w, retain_graph=True)[0] for w in weights]))


def test_hessian_is_that_of_the_specification():
    logits, weights = torch.randn(2, 3, 6, dtype=torch.float64)

    def hessian(gate):
        return jacrev(jacrev(lambda x: (gate(x) * weights).sum()))(logits)

    assert_equal(hessian(lambda x: gated_sparsemax(x, window=4)), hessian(specified(4)))


@pytest.mark.parametrize(
    ("alpha", "silent_slot", "dynamic"),
    [
        (2.0, False, False),
        (2.0, True, False),
        (2.0, True, True),
        (1.0, True, True),
        (1.5, True, False),
        (3.0, False, False),
    ],
)
def test_compiles_without_a_graph_break(alpha, silent_slot, dynamic):
    def gate(logits):
        return gated_sparsemax(logits, window=4, alpha=alpha, silent_slot=silent_slot)

    compiled = torch.compile(gate, fullgraph=True, backend="aot_eager", dynamic=dynamic)
    assert_same(compiled, gate, torch.randn(2, 3, 10))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert compiled(torch.randn(2, 3, 10).bfloat16()).dtype == torch.float32


def test_exports():
    gate = GatedSparsemax(window=4, silent_slot=True)
    frames = torch.export.Dim("frames", min=2, max=100)
    exported = torch.export.export(gate, (torch.randn(2, 3, 10),), dynamic_shapes=({2: frames},))
    assert "ddsp_drums.gated_sparsemax" in exported.graph_module.code
    assert_same(exported.module(), gate, torch.randn(2, 3, 31))


@pytest.mark.parametrize(
    ("logits", "options", "error", "message"),
    [
        ([1.0], {"window": 4}, TypeError, "logits must be a torch.Tensor"),
        (torch.zeros(3), {"window": 4}, ValueError, r"\(\.\.\., K, N\), got \(3,\)"),
        (torch.zeros(3, 0), {"window": 4}, ValueError, r"K, N >= 1, got \(3, 0\)"),
        (torch.zeros(0, 3), {"window": 4}, ValueError, r"K, N >= 1, got \(0, 3\)"),
        (torch.zeros(1, 1).expand(1, 2**31), {"window": 4}, ValueError, r"N < 2\*\*31, got \(1, 2147483648\)"),
        (torch.zeros(3, 3), {"window": 0}, ValueError, "window"),
        (torch.zeros(3, 3), {"window": 2.0}, TypeError, "window must be an int"),
        (torch.zeros(3, 3), {"window": 2, "alpha": 0.5}, ValueError, "alpha"),
    ],
)
def test_bad_input_is_named(logits, options, error, message):
    with pytest.raises(error, match=message):
        gated_sparsemax(logits, **options)


def test_a_window_below_one_is_refused_when_the_layer_is_made():
    with pytest.raises(ValueError, match="window"):
        GatedSparsemax(window=0)
