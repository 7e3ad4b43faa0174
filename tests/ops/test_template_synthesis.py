import numpy as np
import pytest
import scipy.fft
import scipy.signal
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import gated_sparsemax, template_synthesis
from ddsp_drums._compilers import has_numba
from ddsp_drums.ops import template_synthesis as package
from ddsp_drums.ops.template_synthesis import polyphase
from ddsp_drums.ops.template_synthesis.choice import choose_backend
from ddsp_drums.ops.template_synthesis.polyphase import fast_fft_length, plan_blocks
from ddsp_drums.ops.template_synthesis.reference import synthesis_by_zero_insertion
from tests.tolerances import assert_equal

needs_numba = pytest.mark.skipif(not has_numba(), reason="numba is not installed")
each_backend = pytest.mark.parametrize("backend", ["polyphase", pytest.param("sparse", marks=needs_numba)])


def sparse_randn(*shape, density=0.3, dtype=torch.float32):
    return torch.randn(shape, dtype=dtype) * (torch.rand(shape) < density)


def convolve_with_scipy(activations, templates, hop_length):
    """Stems (K, N * hop_length) of one item."""
    impulses = np.zeros((activations.shape[0], activations.shape[1] * hop_length))
    impulses[:, ::hop_length] = activations.numpy()
    stems = scipy.signal.fftconvolve(impulses, templates.double().numpy(), axes=-1)[:, : impulses.shape[1]]
    return torch.from_numpy(stems)


@each_backend
@pytest.mark.parametrize("hop_length", [1, 3, 16])
@pytest.mark.parametrize("frames", [1, 63, 100])
@pytest.mark.parametrize("length", [1, 50, 2000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_scipy(backend, hop_length, frames, length, dtype):
    activations, templates = sparse_randn(3, frames, dtype=dtype), torch.randn(3, length, dtype=dtype)
    expected = convolve_with_scipy(activations, templates, hop_length).to(dtype)
    options = {"hop_length": hop_length, "backend": backend}
    audio = template_synthesis(activations, templates, **options)
    assert audio.shape == (frames * hop_length,)
    assert_equal(audio, expected.sum(0))
    assert_equal(template_synthesis(activations, templates, **options, stems=True), expected)


@each_backend
@pytest.mark.parametrize("stems", [False, True])
def test_a_kit_an_item_equals_scipy(backend, stems):
    activations, templates = sparse_randn(4, 3, 30), torch.randn(4, 3, 70)
    expected = torch.stack([convolve_with_scipy(a, h, 5) for a, h in zip(activations, templates, strict=True)])
    audio = template_synthesis(activations, templates, hop_length=5, stems=stems, backend=backend)
    assert_equal(audio, (expected if stems else expected.sum(1)).float())


@each_backend
@pytest.mark.parametrize("shape", [(3, 40), (2, 3, 40), (5, 2, 3, 40)])
@pytest.mark.parametrize("frames", [1, 21, 3000])
@pytest.mark.parametrize("stems", [False, True])
@pytest.mark.usefixtures("poisoned_memory")
def test_value_and_gradients_equal_the_specification(backend, shape, frames, stems):
    activations = sparse_randn(5, 2, 3, frames, dtype=torch.float64).requires_grad_()
    templates = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    ours = template_synthesis(activations, templates, hop_length=4, stems=stems, backend=backend)
    specified = synthesis_by_zero_insertion(activations, templates, 4, stems)
    assert_equal(ours, specified)
    weights = torch.randn_like(ours)
    our_grads = torch.autograd.grad((ours * weights).sum(), (activations, templates))
    their_grads = torch.autograd.grad((specified * weights).sum(), (activations, templates))
    for our_grad, their_grad in zip(our_grads, their_grads, strict=True):
        assert_equal(our_grad, their_grad)


@each_backend
def test_the_gradient_on_the_support_is_the_dense_one_where_activations_are_not_zero(backend):
    activations = sparse_randn(2, 3, 40).requires_grad_()
    templates = torch.randn(3, 30, requires_grad=True)
    grads = {}
    for gradient in ("dense", "support"):
        audio = template_synthesis(activations, templates, hop_length=4, gradient=gradient, backend=backend)
        weights = torch.linspace(-1, 1, audio.numel()).view_as(audio)
        grads[gradient] = torch.autograd.grad((audio * weights).sum(), (activations, templates))
    assert_equal(grads["support"][0], grads["dense"][0] * (activations != 0))
    assert_equal(grads["support"][1], grads["dense"][1])


@each_backend
@pytest.mark.parametrize("silent_slot", [False, True])
def test_behind_gated_sparsemax_the_gradient_on_the_support_is_exact(backend, silent_slot):
    logits = (3 * torch.randn(2, 3, 100, dtype=torch.float64)).requires_grad_()
    loudness = torch.rand(2, 3, 100, dtype=torch.float64, requires_grad=True)
    templates = torch.randn(3, 50, dtype=torch.float64, requires_grad=True)
    inputs = logits, loudness, templates

    def loss(gradient):
        gate = gated_sparsemax(logits, window=8, silent_slot=silent_slot)
        assert 0 < gate.count_nonzero() < gate.numel() / 2
        audio = template_synthesis(gate * loudness, templates, hop_length=4, gradient=gradient, backend=backend)
        return (audio - 1).square().sum()

    dense, on_support = (torch.autograd.grad(loss(gradient), inputs) for gradient in ("dense", "support"))
    for ours, exact in zip(on_support, dense, strict=True):
        assert_equal(ours, exact)


@each_backend
@pytest.mark.parametrize("templates_shape", [(2, 7), (2, 2, 7)])
@pytest.mark.parametrize("stems", [False, True])
def test_gradients_in_float64(backend, templates_shape, stems):
    activations = sparse_randn(2, 2, 4, density=0.7, dtype=torch.float64).requires_grad_()
    templates = torch.randn(templates_shape, dtype=torch.float64, requires_grad=True)

    def play(activations, templates):
        return template_synthesis(activations, templates, hop_length=3, stems=stems, backend=backend)

    assert gradcheck(play, (activations, templates))
    assert gradgradcheck(play, (activations, templates))


@each_backend
@pytest.mark.parametrize("templates_shape", [(2, 7), (2, 2, 7)])
def test_gradients_on_the_support_in_float64(backend, templates_shape):
    nonzero = torch.rand(2, 2, 4) < 0.5
    values = (1 + torch.rand(int(nonzero.sum()), dtype=torch.float64)).requires_grad_()
    templates = torch.randn(templates_shape, dtype=torch.float64, requires_grad=True)

    def play(values, templates):
        activations = values.new_zeros(nonzero.shape).masked_scatter(nonzero, values)
        return template_synthesis(activations, templates, hop_length=3, gradient="support", backend=backend)

    assert gradcheck(play, (values, templates))
    assert gradgradcheck(play, (values, templates))


@pytest.mark.parametrize("wanted", ["activations", "templates"])
@each_backend
def test_either_gradient_alone(backend, wanted):
    inputs = {"activations": sparse_randn(2, 3, 20), "templates": torch.randn(3, 30)}
    inputs[wanted].requires_grad_()
    audio = template_synthesis(**inputs, hop_length=4, backend=backend)
    (ours,) = torch.autograd.grad(audio.square().sum(), inputs[wanted])
    specified = synthesis_by_zero_insertion(inputs["activations"], inputs["templates"], 4, False)
    (theirs,) = torch.autograd.grad(specified.square().sum(), inputs[wanted])
    assert_equal(ours, theirs)


def test_leading_axes_broadcast():
    activations, templates = torch.randn(3, 20), torch.randn(4, 1, 3, 9)
    audio = template_synthesis(activations, templates, hop_length=2)
    assert audio.shape == (4, 1, 40)
    assert_equal(audio[2, 0], template_synthesis(activations, templates[2, 0], hop_length=2))


@each_backend
def test_any_memory_layout(backend):
    activations, templates = torch.randn(20, 3, 2).permute(2, 1, 0), torch.randn(9, 3).mT
    expected = template_synthesis(activations.contiguous(), templates.contiguous(), hop_length=2, backend=backend)
    assert_equal(template_synthesis(activations, templates, hop_length=2, backend=backend), expected)
    assert_equal(
        template_synthesis(activations[..., ::2], templates[..., 1:], hop_length=2, backend=backend),
        template_synthesis(activations[..., ::2].clone(), templates[..., 1:].clone(), hop_length=2, backend=backend),
    )


@each_backend
@given(
    st.integers(1, 30), st.integers(1, 40), st.integers(1, 8), st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 2**16)
)
def test_is_linear_and_moves_by_a_hop_with_its_activations(backend, frames, length, hop_length, a, b, seed):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, 2, frames, dtype=torch.float64, generator=generator)
    templates = torch.randn(2, length, dtype=torch.float64, generator=generator)

    def play(activations):
        return template_synthesis(activations, templates, hop_length=hop_length, backend=backend)

    assert_equal(play(a * first + b * second), a * play(first) + b * play(second))
    shifted = play(torch.nn.functional.pad(first, (1, 0)))
    assert_equal(shifted[:hop_length], torch.zeros(hop_length, dtype=torch.float64))
    assert_equal(shifted[hop_length:], play(first))


@each_backend
def test_silence_is_exact_and_has_finite_gradients(backend):
    activations = torch.zeros(2, 3, 10, requires_grad=True)
    templates = torch.zeros(3, 20, requires_grad=True)
    audio = template_synthesis(activations, templates, hop_length=4, backend=backend)
    assert (audio == 0).all()
    audio.sum().backward()
    assert activations.grad.isfinite().all()
    assert templates.grad.isfinite().all()


@needs_numba
def test_the_sparse_backend_is_exactly_silent_before_the_first_hit():
    activations = torch.zeros(1, 50)
    activations[0, 30] = 1
    audio = template_synthesis(activations, torch.randn(1, 40), hop_length=4, backend="sparse")
    assert (audio[:120] == 0).all()
    assert (audio[120:160] != 0).all()


@each_backend
@pytest.mark.parametrize("templates_shape", [(3, 20), (2, 3, 20)])
def test_no_items_make_no_audio(backend, templates_shape):
    activations = torch.zeros(0, 2, 3, 10, requires_grad=True)
    templates = torch.randn(templates_shape, requires_grad=True)
    audio = template_synthesis(activations, templates, hop_length=4, backend=backend)
    assert audio.shape == (0, 2, 40)
    audio.sum().backward()
    assert activations.grad.shape == activations.shape
    assert (templates.grad == 0).all()


@each_backend
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(backend, dtype):
    activations = sparse_randn(2, 3, 20).to(dtype).requires_grad_()
    templates = torch.randn(3, 30).to(dtype)
    audio = template_synthesis(activations, templates, hop_length=4, backend=backend)
    in_float32 = template_synthesis(activations.detach().float(), templates.float(), hop_length=4, backend=backend)
    assert audio.dtype == dtype
    assert torch.equal(audio, in_float32.to(dtype))
    audio.sum().backward()
    assert activations.grad.dtype == dtype


@needs_numba
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_share_the_work(threads):
    activations, templates = sparse_randn(2, 3, 5000, density=0.02).requires_grad_(), torch.randn(3, 9000)
    templates.requires_grad_()

    def run():
        audio = template_synthesis(activations, templates, hop_length=4, gradient="support", backend="sparse")
        return audio, *torch.autograd.grad(audio.square().sum(), (activations, templates))

    alone = run()
    torch.set_num_threads(threads)
    try:
        together = run()
    finally:
        torch.set_num_threads(1)
    for ours, expected in zip(together, alone, strict=True):
        assert torch.equal(ours, expected)


@each_backend
def test_nan_stays_in_its_item(backend):
    activations, templates = sparse_randn(2, 3, 20), torch.randn(3, 30)
    activations[0, 1, 5] = torch.nan
    audio = template_synthesis(activations, templates, hop_length=4, backend=backend)
    assert audio[0, 20:50].isnan().all()
    assert audio[1].isfinite().all()


@needs_numba
def test_few_hits_choose_sparse_and_many_polyphase():
    templates = torch.randn(1, 11, 16000)
    for outputs in [("audio",), ("activations", "templates")]:
        for hits, expected in [(10, "sparse"), (22000, "polyphase")]:
            activations = (torch.randperm(8 * 11 * 2000).view(8, 11, 2000) < 8 * hits).float()
            assert choose_backend(activations, templates, 16, False, outputs, "support")[0] == expected


@needs_numba
def test_a_dense_gradient_of_activations_alone_is_polyphase():
    activations, templates = torch.zeros(8, 11, 2000), torch.randn(1, 11, 16000)
    assert choose_backend(activations, templates, 16, False, ("activations",), "dense") == ("polyphase", None)
    assert choose_backend(activations, templates, 16, False, ("activations",), "support")[0] == "sparse"


@needs_numba
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 300), st.floats(0, 1))
def test_nonzero_activations_are_listed_until_there_are_too_many(batch, instruments, frames, density):
    from ddsp_drums.ops.template_synthesis.numba_kernels import list_events

    activations = sparse_randn(batch, instruments, frames, density=density)
    where = activations.flatten(0, 1).nonzero()
    events = list_events(activations, len(where))
    assert events.frames.tolist() == where[:, 1].tolist()
    assert events.start.tolist() == [int((where[:, 0] < row).sum()) for row in range(batch * instruments + 1)]
    if len(where):
        assert list_events(activations, len(where) - 1) is None


def test_without_numba_polyphase_is_chosen_and_sparse_refused(monkeypatch):
    for module in (package, choose_backend.__globals__):
        where = module if isinstance(module, dict) else vars(module)
        monkeypatch.setitem(where, "has_numba", lambda: False)
    activations, templates = torch.zeros(1, 3, 10), torch.randn(1, 3, 20)
    assert choose_backend(activations, templates, 4, False, ("audio",), "dense") == ("polyphase", None)
    with pytest.raises(ImportError, match=r"pip install 'ddsp_drums\[cpu\]'"):
        template_synthesis(activations, templates[0], backend="sparse")


def test_fft_lengths_are_the_fast_ones():
    for minimum in [*range(1, 300), 2999, 182_001]:
        assert fast_fft_length(minimum) == 16 * scipy.fft.next_fast_len(-(-minimum // 16), real=True)


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_blocks_cover_the_audio_and_hold_a_linear_convolution(frames, template_frames):
    template_frames = min(frames, template_frames)
    blocks = plan_blocks(frames, template_frames)
    assert blocks.number * blocks.frames >= frames
    assert blocks.length >= blocks.frames + blocks.history
    assert blocks.number == 1 or blocks.frames >= blocks.history


@pytest.mark.parametrize("kits", [(), (2,)])
@pytest.mark.parametrize("stems", [False, True])
def test_spectra_in_flight_do_not_grow_with_time(monkeypatch, kits, stems):
    transformed = []

    def rfft(x, n, real=torch.fft.rfft):
        transformed.append(x.numel())
        return real(x, n)

    monkeypatch.setattr(polyphase, "_IN_FLIGHT", 1 << 13)
    monkeypatch.setattr(torch.fft, "rfft", rfft)
    largest = []
    for frames in (2000, 8000):
        activations = sparse_randn(2, 3, frames, dtype=torch.float64).requires_grad_()
        templates = torch.randn(*kits, 3, 500, dtype=torch.float64, requires_grad=True)
        audio = template_synthesis(activations, templates, hop_length=2, stems=stems, backend="polyphase")
        cotangent = torch.randn_like(audio)
        gradients = torch.autograd.grad(audio, (activations, templates), cotangent)
        largest.append(max(transformed))
        transformed.clear()
        expected = synthesis_by_zero_insertion(activations, templates, 2, stems)
        for ours, theirs in zip(
            (audio, *gradients),
            (expected, *torch.autograd.grad(expected, (activations, templates), cotangent)),
            strict=True,
        ):
            assert_equal(ours, theirs)
        transformed.clear()
    assert largest[1] <= 1.5 * largest[0]


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
        (torch.zeros(1, 5).half(), torch.zeros(1, 2), {}, TypeError, r"float16 and torch\.float32"),
        (torch.zeros(1, 5), torch.zeros(1, 2, device="meta"), {}, ValueError, "one device, got cpu and meta"),
        (torch.zeros(3, 5), torch.zeros(2, 4), {}, ValueError, r"same K, got activations \(3, 5\).*\(2, 4\)"),
        (torch.zeros(0, 5), torch.zeros(0, 4), {}, ValueError, r"K, N, L >= 1"),
        (torch.zeros(1, 0), torch.zeros(1, 4), {}, ValueError, r"K, N, L >= 1"),
        (torch.zeros(1, 5), torch.zeros(1, 0), {}, ValueError, r"K, N, L >= 1"),
        (torch.zeros(2, 1, 5), torch.zeros(3, 1, 4), {}, ValueError, "leading axes"),
        (torch.zeros(1, 5), torch.zeros(1, 4), {"hop_length": 0}, ValueError, "hop_length must be greater than 0"),
        (torch.zeros(1, 5), torch.zeros(1, 4), {"hop_length": 2.5}, TypeError, "hop_length must be an int, got 2.5"),
        (torch.zeros(1, 5), torch.zeros(1, 4), {"gradient": "sparse"}, ValueError, "gradient must be one of 'dense'"),
        (torch.zeros(1, 5), torch.zeros(1, 4), {"backend": "fft"}, ValueError, "backend must be one of 'auto'"),
        (torch.zeros(1, 1).expand(1, 2**28), torch.zeros(1, 4), {"hop_length": 8}, ValueError, r"below 2\*\*31"),
        (
            torch.zeros(1, 5, device="meta"),
            torch.zeros(1, 4, device="meta"),
            {"backend": "sparse"},
            ValueError,
            "runs on cpu and cuda, got tensors on meta",
        ),
    ],
)
def test_bad_input_is_named(activations, templates, options, error, message):
    with pytest.raises(error, match=message):
        template_synthesis(activations, templates, **options)
