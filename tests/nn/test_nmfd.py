import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from ddsp_drums import NMFD, nmfd
from tests.tolerances import assert_equal

TINY = {"n_iterations": 2}


def play(activations, templates):
    """Lay templates (K, F, P) at activations (K, N): a spectrogram (F, N), by loops."""
    (K, N), P = activations.shape, templates.shape[-1]
    played = activations.new_zeros(templates.shape[1], N)
    for k in range(K):
        for n in range(N):
            for p in range(min(P, N - n)):
                played[:, n + p] += activations[k, n] * templates[k, :, p]
    return played


def divergence(magnitudes, activations, templates):
    model = play(activations, templates)
    return float((torch.special.xlogy(magnitudes, magnitudes / model) - magnitudes + model).sum())


def reference(magnitudes, templates, n_iterations, adaptation):
    """The updates of the docstring, by loops over the frames of a template."""
    given = W = templates / templates.sum((1, 2), keepdim=True)
    (K, _, P), N = W.shape, magnitudes.shape[1]
    H = magnitudes.new_ones(K, N)
    for i in range(1, n_iterations + 1):
        ratio = magnitudes / play(H, W)
        fitted = W.clone()
        for p in range(min(P, N)):
            heard = H[:, : N - p]
            fitted[:, :, p] *= heard @ ratio[:, p:].T / heard.sum(1, keepdim=True)
        fitted[:, :, N:] = 0
        share = (i / n_iterations) ** adaptation
        W = (1 - share) * given + share * fitted / fitted.sum((1, 2), keepdim=True)
        ratio = magnitudes / play(H, W)
        top, bottom = torch.zeros_like(H), torch.zeros_like(H)
        for p in range(min(P, N)):
            top[:, : N - p] += W[:, :, p] @ ratio[:, p:]
            bottom[:, : N - p] += W[:, :, p].sum(1, keepdim=True)
        H = H * top / bottom
    return H, W


@pytest.mark.parametrize(("n_frames", "P"), [(1, 1), (1, 4), (3, 10), (37, 5), (100, 10)])
@pytest.mark.parametrize("adaptation", [0.0, 1.0, 4.0])
def test_equals_the_published_updates(n_frames, P, adaptation):
    magnitudes = torch.rand(7, n_frames, dtype=torch.float64)
    templates = torch.rand(3, 7, P, dtype=torch.float64)
    expected = reference(magnitudes, templates, 4, adaptation)
    for ours, theirs in zip(nmfd(magnitudes, templates, n_iterations=4, adaptation=adaptation), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)  # a trace is added to divisors


def test_finds_sounds_that_overlap_in_time_and_frequency():
    templates = torch.rand(3, 40, 6).pow(4)
    truth = torch.zeros(3, 80)
    truth[0, ::9], truth[1, 4::13], truth[2, 7::11] = 1.0, 0.5, 2.0
    activations, _ = nmfd(play(truth, templates), templates, n_iterations=200, adaptation=None)
    found = activations / templates.sum((1, 2))[:, None]
    assert (found - truth).abs().max() < 0.05


def test_each_iteration_lowers_the_divergence():
    magnitudes, templates = torch.rand(9, 40).pow(3), torch.rand(3, 9, 5)
    for adaptation in (None, 0.0):
        after = [
            divergence(magnitudes, *nmfd(magnitudes, templates, n_iterations=n, adaptation=adaptation))
            for n in (1, 2, 4, 8, 16)
        ]
        assert after == sorted(after, reverse=True)
        assert after[-1] < 0.9 * after[0]


def test_adapted_templates_come_nearer_to_the_sounds_of_the_recording():
    sounds = torch.rand(2, 30, 5).pow(4)
    given = sounds * torch.empty_like(sounds).uniform_(0.2, 2.0)
    truth = torch.zeros(2, 120)
    truth[0, ::8], truth[1, 3::7] = 1, 1
    sounds = sounds / sounds.sum((1, 2), keepdim=True)
    errors = [
        float((nmfd(play(truth, sounds), given, adaptation=adaptation)[1] - sounds).abs().sum())
        for adaptation in (None, 4.0, 1.0)
    ]
    assert errors[1] < 0.3 * errors[0]
    assert errors[2] < 0.3 * errors[0]


def test_fixed_templates_stay_and_a_sound_that_is_not_heard_keeps_its_own():
    magnitudes, templates = torch.rand(5, 20), torch.rand(2, 5, 3)
    magnitudes[2:] = 0
    templates[0, 2:], templates[1, :2] = 0, 0
    _, fixed = nmfd(magnitudes, templates, adaptation=None)
    _, adapted = nmfd(magnitudes, templates)
    assert_equal(fixed, templates / templates.sum((1, 2), keepdim=True))
    assert_equal(adapted[1], fixed[1])
    assert (adapted[0] - fixed[0]).abs().max() > 0.01
    torch.testing.assert_close(adapted.sum((1, 2)), torch.ones(2))


def test_sounds_are_learned_from_where_they_may_begin():
    sounds = torch.rand(2, 30, 5).pow(4)
    truth = torch.zeros(2, 120)
    truth[0, ::8], truth[1, 3::7] = 1, 0.5
    activations, learned = nmfd(play(truth, sounds), torch.ones(2, 30, 5), adaptation=0.0, start=(truth > 0).float())
    assert (activations[truth == 0] == 0).all()
    torch.testing.assert_close(learned, sounds / sounds.sum((1, 2), keepdim=True), rtol=0, atol=1e-3)


def test_ones_are_the_start_by_default_and_its_scale_does_not_matter():
    magnitudes, templates = torch.rand(2, 9, 40), torch.rand(3, 9, 5)
    for start in (torch.ones(3, 40), torch.full((2, 3, 40), 1e4)):
        for ours, default in zip(nmfd(magnitudes, templates, start=start), nmfd(magnitudes, templates), strict=True):
            assert_equal(ours, default)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_activations_have_the_unit_of_the_magnitudes(scale):
    magnitudes, templates = torch.rand(9, 40), torch.rand(3, 9, 5)
    activations, adapted = nmfd(magnitudes, templates)
    scaled, same = nmfd(scale * magnitudes, templates / scale)
    assert_equal(scaled / scale, activations)
    assert_equal(same, adapted)
    torch.testing.assert_close(play(activations, adapted).sum(), magnitudes.sum(), rtol=1e-2, atol=0)


@pytest.mark.parametrize("adaptation", [None, 1.0])
def test_a_batch_equals_its_items_each_with_its_length(adaptation):
    lengths = torch.tensor([[20, 1], [7, 13]])
    magnitudes, templates = torch.rand(2, 2, 6, 20), torch.rand(3, 6, 4)
    magnitudes[1, 0, :, 7:] = math.nan
    activations, adapted = nmfd(magnitudes, templates, adaptation=adaptation, lengths=lengths)
    assert activations.shape == (2, 2, 3, 20)
    for i in range(2):
        for j in range(2):
            n = int(lengths[i, j])
            alone = nmfd(magnitudes[i, j, :, :n], templates, adaptation=adaptation)
            assert_equal(activations[i, j, :, :n], alone[0])
            assert (activations[i, j, :, n:] == 0).all()
            assert_equal(adapted[i, j], alone[1])


def test_leading_axes_broadcast_and_need_not_be_contiguous():
    magnitudes, templates = torch.rand(4, 1, 20, 6).mT, torch.rand(2, 3, 4, 6).mT
    activations, adapted = nmfd(magnitudes, templates, **TINY)
    assert activations.shape == (4, 2, 3, 20)
    assert adapted.shape == (4, 2, 3, 6, 4)
    alone = nmfd(magnitudes[3, 0], templates[1], **TINY)
    assert_equal(activations[3, 1], alone[0])
    assert_equal(adapted[3, 1], alone[1])
    assert nmfd(magnitudes[:0], templates, **TINY)[0].shape == (0, 2, 3, 20)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("adaptation", [None, 1.0])
def test_silence_gives_silence_and_finite_gradients(dtype, adaptation):
    magnitudes = torch.zeros(6, 20, dtype=dtype, requires_grad=True)
    templates = torch.rand(3, 6, 4, dtype=dtype, requires_grad=True)
    activations, adapted = nmfd(magnitudes, templates, adaptation=adaptation)
    assert activations.dtype == adapted.dtype == dtype
    assert (activations == 0).all()
    assert_equal(adapted, templates / templates.sum((1, 2), keepdim=True))
    (activations.sum() + adapted.square().sum()).backward()
    assert magnitudes.grad.isfinite().all()
    assert templates.grad.isfinite().all()


@pytest.mark.parametrize("adaptation", [None, 1.0])
def test_gradients_are_finite_where_some_frames_bins_and_templates_are_silent(adaptation):
    magnitudes, templates = torch.rand(6, 40), torch.rand(3, 6, 4)
    magnitudes[:, 10:30], magnitudes[2], templates[1] = 0, 0, 0
    magnitudes.requires_grad_()
    templates.requires_grad_()
    activations, adapted = nmfd(magnitudes, templates, adaptation=adaptation)
    assert activations.isfinite().all()
    (activations.square().sum() + adapted.square().sum()).backward()
    assert magnitudes.grad.isfinite().all()
    assert templates.grad.isfinite().all()


@pytest.mark.parametrize("adaptation", [None, 1.0])
def test_gradients_in_float64(adaptation):
    magnitudes = torch.rand(2, 3, 6, dtype=torch.float64, requires_grad=True)
    templates = torch.rand(2, 3, 2, dtype=torch.float64, requires_grad=True)
    start = torch.rand(2, 6, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([6, 4])

    def run(magnitudes, templates, start):
        return nmfd(magnitudes, templates, adaptation=adaptation, lengths=lengths, start=start, **TINY)

    assert gradcheck(run, (magnitudes, templates, start))


def test_templates_learn_through_the_iterations():
    truth = torch.zeros(2, 60)
    truth[0, ::8], truth[1, 3::7] = 1, 1
    sounds = torch.rand(2, 20, 4).pow(4)
    magnitudes, target = play(truth, sounds), truth * sounds.sum((1, 2))[:, None]
    logits = torch.zeros_like(sounds, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    errors = []
    for _ in range(30):
        activations, _ = nmfd(magnitudes, F.softplus(logits), n_iterations=8, adaptation=None)
        errors.append(F.mse_loss(activations, target))
        optimizer.zero_grad()
        errors[-1].backward()
        optimizer.step()
    assert errors[-1] < 0.2 * errors[0]


def test_module_equals_function_and_saves_its_templates():
    magnitudes, templates = torch.rand(2, 6, 20), torch.rand(3, 6, 4)
    module = NMFD(torch.zeros(3, 6, 4), n_iterations=3, adaptation=4.0)
    module.load_state_dict(NMFD(templates).state_dict())
    options = {"lengths": torch.tensor([20, 9]), "start": torch.rand(3, 20)}
    expected = nmfd(magnitudes, templates, n_iterations=3, adaptation=4.0, **options)
    for ours, theirs in zip(module(magnitudes, **options), expected, strict=True):
        assert_equal(ours, theirs)
    assert repr(module) == "NMFD(templates=(3, 6, 4), n_iterations=3, adaptation=4.0)"
    assert list(module.parameters()) == []


def test_compiles_without_a_graph_break():
    magnitudes, module = torch.rand(2, 6, 20), NMFD(torch.rand(3, 6, 4), n_iterations=2)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    for ours, theirs in zip(compiled(magnitudes), module(magnitudes), strict=True):
        assert_equal(ours, theirs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_equals_the_cpu_on_a_gpu():
    magnitudes, templates = torch.rand(2, 65, 200), torch.rand(3, 65, 10)
    on_gpu = nmfd(magnitudes.cuda(), templates.cuda(), lengths=torch.tensor([200, 150]).cuda())
    for ours, theirs in zip(on_gpu, nmfd(magnitudes, templates, lengths=torch.tensor([200, 150])), strict=True):
        torch.testing.assert_close(ours.cpu(), theirs, rtol=1e-3, atol=1e-3)


def test_autocast_leaves_its_precision_alone():
    magnitudes, templates = torch.rand(6, 20), torch.rand(3, 6, 4)
    with torch.autocast("cpu", torch.bfloat16):
        activations, _ = nmfd(magnitudes, templates)
    assert_equal(activations, nmfd(magnitudes, templates)[0])


V, W = torch.rand(2, 6, 20), torch.rand(3, 6, 4)


@pytest.mark.parametrize(
    ("magnitudes", "templates", "options", "error", "message"),
    [
        (V[0, 0], W, {}, ValueError, "magnitudes"),
        (V, W[0], {}, ValueError, "templates"),
        (V.long(), W, {}, TypeError, "magnitudes"),
        (V, W.double(), {}, TypeError, "float64"),
        (V.half(), W.half(), {}, TypeError, "float16"),
        (V, W[:, :5], {}, ValueError, "same F"),
        (V[..., :0], W, {}, ValueError, "N, K, P >= 1"),
        (V, W.expand(3, 3, 6, 4), {}, ValueError, "leading axes"),
        (V, W.to("meta"), {}, ValueError, "one device"),
        (V, W, {"n_iterations": 0}, ValueError, "n_iterations"),
        (V, W, {"n_iterations": 2.0}, TypeError, "n_iterations"),
        (V, W, {"adaptation": -1.0}, ValueError, "adaptation"),
        (V, W, {"adaptation": math.nan}, ValueError, "adaptation"),
        (V, W, {"lengths": [20, 9]}, TypeError, "lengths"),
        (V, W, {"lengths": torch.tensor([20.0, 9.0])}, TypeError, "lengths"),
        (V, W, {"lengths": torch.tensor([20])}, ValueError, "lengths"),
        (V, W, {"start": torch.ones(3, 19)}, ValueError, "start"),
        (V, W, {"start": torch.ones(5, 2, 3, 20)}, ValueError, "start"),
        (V, W, {"start": torch.ones(5, 3, 20)}, ValueError, "start"),
        (V, W, {"start": torch.ones(3, 20).double()}, TypeError, "start"),
    ],
)
def test_bad_input_is_named(magnitudes, templates, options, error, message):
    with pytest.raises(error, match=message):
        nmfd(magnitudes, templates, **options)
    if "n_iterations" in options or "adaptation" in options:
        with pytest.raises(error, match=message):
            NMFD(templates, **options)
