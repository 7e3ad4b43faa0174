import numpy as np
import pytest
import scipy.fft
import scipy.signal
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import template_synthesis
from ddsp_drums.ops.template_synthesis.polyphase import fast_fft_length
from ddsp_drums.ops.template_synthesis.reference import synthesis_by_zero_insertion
from tests.tolerances import assert_equal


def convolve_with_scipy(activations, templates, hop_length):
    """Stems (K, N * hop_length) of one item."""
    impulses = np.zeros((activations.shape[0], activations.shape[1] * hop_length))
    impulses[:, ::hop_length] = activations.numpy()
    stems = scipy.signal.fftconvolve(impulses, templates.double().numpy(), axes=-1)[:, : impulses.shape[1]]
    return torch.from_numpy(stems)


@pytest.mark.parametrize("hop_length", [1, 3, 16])
@pytest.mark.parametrize("frames", [1, 63, 100])
@pytest.mark.parametrize("length", [1, 50, 2000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_scipy(hop_length, frames, length, dtype):
    activations, templates = torch.randn(3, frames, dtype=dtype), torch.randn(3, length, dtype=dtype)
    expected = convolve_with_scipy(activations, templates, hop_length).to(dtype)
    audio = template_synthesis(activations, templates, hop_length=hop_length)
    assert audio.shape == (frames * hop_length,)
    assert_equal(audio, expected.sum(0))
    assert_equal(template_synthesis(activations, templates, hop_length=hop_length, stems=True), expected)


@pytest.mark.parametrize("stems", [False, True])
def test_a_kit_an_item_equals_scipy(stems):
    activations, templates = torch.randn(4, 3, 30), torch.randn(4, 3, 70)
    expected = torch.stack([convolve_with_scipy(a, h, 5) for a, h in zip(activations, templates, strict=True)])
    audio = template_synthesis(activations, templates, hop_length=5, stems=stems)
    assert_equal(audio, (expected if stems else expected.sum(1)).float())


@pytest.mark.parametrize("shape", [(3, 40), (2, 3, 40), (5, 2, 3, 40)])
@pytest.mark.parametrize("stems", [False, True])
def test_value_and_gradients_equal_the_specification(shape, stems):
    activations = torch.randn(5, 2, 3, 21, dtype=torch.float64, requires_grad=True)
    templates = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    ours = template_synthesis(activations, templates, hop_length=4, stems=stems)
    specified = synthesis_by_zero_insertion(activations, templates, 4, stems)
    assert_equal(ours, specified)
    weights = torch.randn_like(ours)
    our_grads = torch.autograd.grad((ours * weights).sum(), (activations, templates))
    their_grads = torch.autograd.grad((specified * weights).sum(), (activations, templates))
    for our_grad, their_grad in zip(our_grads, their_grads, strict=True):
        assert_equal(our_grad, their_grad)


@pytest.mark.parametrize("templates_shape", [(2, 7), (2, 2, 7)])
@pytest.mark.parametrize("stems", [False, True])
def test_gradients_in_float64(templates_shape, stems):
    activations = torch.randn(2, 2, 4, dtype=torch.float64, requires_grad=True)
    templates = torch.randn(templates_shape, dtype=torch.float64, requires_grad=True)

    def play(activations, templates):
        return template_synthesis(activations, templates, hop_length=3, stems=stems)

    assert gradcheck(play, (activations, templates))
    assert gradgradcheck(play, (activations, templates))


def test_leading_axes_broadcast():
    activations, templates = torch.randn(3, 20), torch.randn(4, 1, 3, 9)
    audio = template_synthesis(activations, templates, hop_length=2)
    assert audio.shape == (4, 1, 40)
    assert_equal(audio[2, 0], template_synthesis(activations, templates[2, 0], hop_length=2))


def test_any_memory_layout():
    activations, templates = torch.randn(20, 3, 2).permute(2, 1, 0), torch.randn(9, 3).mT
    expected = template_synthesis(activations.contiguous(), templates.contiguous(), hop_length=2)
    assert_equal(template_synthesis(activations, templates, hop_length=2), expected)


@given(
    st.integers(1, 30), st.integers(1, 40), st.integers(1, 8), st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 2**16)
)
def test_is_linear_and_moves_by_a_hop_with_its_activations(frames, length, hop_length, a, b, seed):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, 2, frames, dtype=torch.float64, generator=generator)
    templates = torch.randn(2, length, dtype=torch.float64, generator=generator)

    def play(activations):
        return template_synthesis(activations, templates, hop_length=hop_length)

    assert_equal(play(a * first + b * second), a * play(first) + b * play(second))
    shifted = play(torch.nn.functional.pad(first, (1, 0)))
    assert_equal(shifted[:hop_length], torch.zeros(hop_length, dtype=torch.float64))
    assert_equal(shifted[hop_length:], play(first))


def test_silence_is_exact_and_has_finite_gradients():
    activations = torch.zeros(2, 3, 10, requires_grad=True)
    templates = torch.zeros(3, 20, requires_grad=True)
    audio = template_synthesis(activations, templates, hop_length=4)
    assert (audio == 0).all()
    audio.sum().backward()
    assert activations.grad.isfinite().all()
    assert templates.grad.isfinite().all()


@pytest.mark.parametrize(("templates_shape", "stems"), [((3, 50), False), ((2, 3, 50), True)])
def test_compiles_without_a_graph_break(templates_shape, stems):
    activations, templates = torch.randn(2, 3, 20), torch.randn(templates_shape)
    compiled = torch.compile(template_synthesis, fullgraph=True, backend="aot_eager")
    options = {"hop_length": 4, "stems": stems}
    assert_equal(compiled(activations, templates, **options), template_synthesis(activations, templates, **options))


def test_fft_lengths_are_the_fast_ones():
    for minimum in [*range(1, 300), 2999, 182_001]:
        assert fast_fft_length(minimum) == scipy.fft.next_fast_len(minimum, real=True)


@pytest.mark.parametrize(
    ("activations", "templates", "options", "error", "message"),
    [
        ([1.0], torch.zeros(1, 2), {}, TypeError, "activations must be a torch.Tensor"),
        (
            torch.zeros(5),
            torch.zeros(1, 2),
            {},
            ValueError,
            r"activations must have shape \(\.\.\., K, N\), got \(5,\)",
        ),
        (torch.zeros(1, 5), torch.zeros(2), {}, ValueError, r"templates must have shape \(K, L\).*got \(2,\)"),
        (torch.zeros(1, 5).long(), torch.zeros(1, 2), {}, TypeError, "int64"),
        (torch.zeros(1, 5), torch.zeros(1, 2).double(), {}, TypeError, r"float32 and torch\.float64"),
        (torch.zeros(1, 5).half(), torch.zeros(1, 2).half(), {}, TypeError, "float16"),
        (torch.zeros(1, 5), torch.zeros(1, 2, device="meta"), {}, ValueError, "one device, got cpu and meta"),
        (torch.zeros(3, 5), torch.zeros(2, 4), {}, ValueError, r"same K, got activations \(3, 5\).*\(2, 4\)"),
        (torch.zeros(0, 5), torch.zeros(0, 4), {}, ValueError, r"K, N, L >= 1"),
        (torch.zeros(1, 0), torch.zeros(1, 4), {}, ValueError, r"K, N, L >= 1"),
        (torch.zeros(1, 5), torch.zeros(1, 0), {}, ValueError, r"K, N, L >= 1"),
        (torch.zeros(2, 1, 5), torch.zeros(3, 1, 4), {}, ValueError, "leading axes"),
        (torch.zeros(1, 5), torch.zeros(1, 4), {"hop_length": 0}, ValueError, "hop_length must be greater than 0"),
    ],
)
def test_bad_input_is_named(activations, templates, options, error, message):
    with pytest.raises(error, match=message):
        template_synthesis(activations, templates, **options)
