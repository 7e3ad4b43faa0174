import os

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck
from torch.library import opcheck

from ddsp_drums import template_synthesis
from ddsp_drums.ops.template_synthesis import op
from ddsp_drums.ops.template_synthesis.reference import synthesis_by_zero_insertion
from tests.ops.capture import assert_capturable
from tests.tolerances import assert_equal

pytestmark = pytest.mark.gpu


@pytest.fixture
def kernels(triton_device, monkeypatch):
    from ddsp_drums.ops.template_synthesis import triton_kernels

    if triton_device == "cpu":
        monkeypatch.setattr(triton_kernels, "_PROGRAMS", 8)  # the interpreter runs them one after another
    return triton_kernels


def make_inputs(device, batch, instruments, frames, length, kits, density=0.3, dtype=torch.float32):
    activations = torch.randn(batch, instruments, frames, dtype=dtype, device=device)
    activations = activations * (torch.rand_like(activations) < density)
    return activations, torch.randn(kits, instruments, length, dtype=dtype, device=device)


def check(kernels, activations, templates, hop_length, stems):
    activations, templates = activations.requires_grad_(), templates.requires_grad_()
    specified = synthesis_by_zero_insertion(
        activations, templates[0] if templates.shape[0] == 1 else templates, hop_length, stems
    )
    cotangent = torch.randn_like(specified)
    to_activations, to_templates = torch.autograd.grad(specified, (activations, templates), cotangent)
    activations, templates = activations.detach(), templates.detach()
    assert_equal(kernels.synthesize(activations, templates, hop_length, stems), specified)
    ours = kernels.correlate(cotangent, activations, templates, hop_length, True, True)
    assert_equal(ours[0], to_activations * (activations != 0))
    assert_equal(ours[1], to_templates)


@pytest.mark.parametrize("stems", [False, True])
@pytest.mark.parametrize("kits", [1, 2])
@pytest.mark.parametrize(("frames", "length", "hop_length"), [(1, 1, 1), (63, 50, 3), (100, 1300, 16), (5, 2000, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.usefixtures("poisoned_memory")
def test_equals_the_specification(kernels, triton_device, stems, kits, frames, length, hop_length, dtype):
    activations, templates = make_inputs(triton_device, 2, 3, frames, length, kits, dtype=dtype)
    check(kernels, activations, templates, hop_length, stems)


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_silence_and_dense_activations(kernels, triton_device, density):
    activations, templates = make_inputs(triton_device, 2, 2, 40, 30, 1, density=density)
    check(kernels, activations, templates, 4, False)


def test_more_items_than_share_a_template_gradient(kernels, triton_device):
    activations, templates = make_inputs(triton_device, 35, 1, 6, 5, 1)
    check(kernels, activations, templates, 2, False)


def test_rows_longer_than_a_program_lists(kernels, triton_device):
    activations, templates = make_inputs(triton_device, 1, 2, 2500, 3, 1, density=0.01)
    check(kernels, activations, templates, 1, False)


def test_any_memory_layout(kernels, triton_device):
    activations, templates = make_inputs(triton_device, 2, 3, 20, 18, 1)
    strided = activations.permute(2, 1, 0).contiguous().permute(2, 1, 0)
    expected = kernels.synthesize(activations, templates[..., ::2].contiguous(), 2, False)
    assert_equal(kernels.synthesize(strided, templates[..., ::2], 2, False), expected)


@pytest.mark.parametrize("gradient", ["dense", "support"])
@pytest.mark.parametrize("kits", [1, 2])
def test_the_operators_differentiate_through_the_kernels(kernels, triton_device, monkeypatch, gradient, kits):
    monkeypatch.setattr(op, "_kernels", lambda *_: (kernels.synthesize, kernels.correlate))
    activations, templates = make_inputs(triton_device, 2, 1, 2, 3, kits, density=1.0, dtype=torch.float64)
    inputs = activations.requires_grad_(), templates.requires_grad_()

    def play(activations, templates):
        return op.synthesize(activations, templates, 2, False, "sparse", gradient)

    assert gradcheck(play, inputs)
    assert gradgradcheck(play, inputs)
    opcheck(torch.ops.ddsp_drums.template_synthesis, (*inputs, 2, False, "sparse", gradient))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 40), st.integers(1, 70), st.integers(1, 8), st.booleans(),
    st.booleans(), st.integers(0, 2**16),
)  # fmt: skip
def test_any_shape(kernels, triton_device, batch, instruments, frames, length, hop_length, shared, stems, seed):
    torch.manual_seed(seed)
    kits = 1 if shared else batch
    played, sounds = make_inputs(triton_device, batch, instruments, frames, length, kits, dtype=torch.float64)
    check(kernels, played, sounds, hop_length, stems)


@pytest.mark.parametrize("kits", [1, 2])
@pytest.mark.parametrize("stems", [False, True])
def test_gradients_in_float64(cuda, kits, stems):
    activations, templates = make_inputs(cuda, 2, 2, 4, 7, kits, density=0.7, dtype=torch.float64)
    for backend in ("polyphase", "sparse"):

        def play(activations, templates, backend=backend):
            return template_synthesis(activations, templates, hop_length=3, stems=stems, backend=backend)

        assert gradcheck(play, (activations.requires_grad_(), templates.requires_grad_()))
        assert gradgradcheck(play, (activations, templates))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(cuda, dtype):
    activations, templates = make_inputs(cuda, 2, 3, 50, 300, 2)
    activations, templates = activations.to(dtype), templates.to(dtype)
    audio = template_synthesis(activations, templates, hop_length=16, backend="sparse")
    exact = template_synthesis(activations.double(), templates.double(), hop_length=16, backend="sparse")
    assert_equal(audio, exact)


@pytest.mark.parametrize("kits", [1, 4])
def test_never_synchronises_and_can_be_captured(cuda, kits):
    activations, templates = make_inputs(cuda, 4, 3, 200, 900, kits, density=0.05)
    templates = templates if kits > 1 else templates[0]

    def step():
        inputs = activations.detach().requires_grad_(), templates.detach().requires_grad_()
        audio = template_synthesis(*inputs, hop_length=16, gradient="support", backend="sparse")
        return audio, *torch.autograd.grad(audio.square().sum(), inputs)

    assert_capturable(step, activations)  # a replay lists the nonzeros anew


def test_compiles_without_a_graph_break(cuda):
    activations, templates = make_inputs(cuda, 4, 3, 200, 900, 4, density=0.05)
    compiled = torch.compile(template_synthesis, fullgraph=True)
    assert_equal(
        compiled(activations, templates, hop_length=16), template_synthesis(activations, templates, hop_length=16)
    )


def test_offsets_beyond_32_bits(cuda):
    if torch.cuda.mem_get_info()[0] < 20e9:
        pytest.skip("less than 20 GB of memory are free")
    activations = torch.zeros(3, 1, 2**20, device=cuda)  # audio of 3 * 2**30 samples
    activations[:, 0, -1] = torch.tensor([1.0, 2.0, 3.0], device=cuda)
    audio = template_synthesis(activations, torch.ones(1, 1024, device=cuda), hop_length=1024, backend="sparse")
    assert (audio[:, -1024:] == torch.tensor([[1.0], [2.0], [3.0]], device=cuda)).all()
    assert audio[:, :-1024].count_nonzero() == 0


interpreted = pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") == "1", reason="the interpreter compiles nothing")


def compile_all(element="fp32", **fixed):
    """Compile every kernel for a GPU that need not be there, with some arguments fixed."""
    triton = pytest.importorskip("triton", reason="Triton is not installed")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from ddsp_drums.ops.template_synthesis import triton_kernels

    fixed = {"SHARED": False, "STEMS": False, "SAMPLES": 512, "FRAMES": 1024, **fixed}
    pointers = dict.fromkeys(["y", "sounds", "audio", "heard", "gradient"], f"*{element}")
    pointers |= dict.fromkeys(["start", "listed"], "*i32")
    for kernel in ("_list_nonzeros", "_synthesize", "_correlate_activations", "_correlate_templates"):
        names = getattr(triton_kernels, kernel).arg_names
        types = {name: "constexpr" if name in fixed else pointers.get(name, "i32") for name in names}
        constants = {(names.index(name),): value for name, value in fixed.items() if name in names}
        source = ASTSource(getattr(triton_kernels, kernel), types, constants)
        assert triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["cubin"]


@interpreted
@pytest.mark.parametrize("element", ["fp32", "fp64"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("stems", [True, False])
def test_kernels_compile_where_there_is_no_gpu(element, shared, stems):
    compile_all(element, SHARED=shared, STEMS=stems)


@interpreted
@pytest.mark.parametrize("size", ["instruments", "hop_length", "length", "frames", "tiles", "splits"])
def test_kernels_compile_for_a_size_of_one(size):
    compile_all(**{size: 1})  # which Triton compiles in
