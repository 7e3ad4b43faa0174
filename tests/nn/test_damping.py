import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

import ddsp_drums as dd
from tests.tolerances import assert_equal


def by_definition(activations, damping_db, templates, hop_length, resolution):
    """One note after the other: its template, times its gain as a straight line through the points of it."""
    instruments, frames = activations.shape
    step, samples = resolution * hop_length, frames * hop_length
    audio = activations.new_zeros(instruments, samples)
    for k in range(instruments):
        for n in range(frames):
            points = range(n, n + (samples // step + 2) * resolution, resolution)
            left = 10 ** -(torch.stack([damping_db[k, n:point].sum() for point in points]) / 20)
            t = torch.arange(min(templates.shape[-1], samples - n * hop_length))
            point, into = t // step, (t % step).double() / step
            gain = left[point] * (1 - into) + left[point + 1] * into
            audio[k, n * hop_length + t] += activations[k, n] * templates[k, t] * gain
    return audio


def inputs(*leading, instruments=2, frames=9, length=13, dtype=torch.float64):
    activations = torch.randn(*leading, instruments, frames, dtype=dtype)
    return activations, 6 * torch.rand_like(activations), torch.randn(instruments, length, dtype=dtype)


@pytest.mark.parametrize(("hop_length", "resolution"), [(1, 1), (4, 1), (3, 2), (2, 5), (7, 20)])
@pytest.mark.parametrize("length", [1, 2, 13, 40])
def test_each_note_is_its_template_times_what_is_left_of_it(hop_length, resolution, length):
    activations, damping_db, templates = inputs(length=length)
    stems = by_definition(activations, damping_db, templates, hop_length, resolution)
    synthesizer = dd.DampedSynthesizer(templates, hop_length=hop_length, resolution=resolution)
    assert_equal(synthesizer(activations, damping_db, stems=True), stems)
    audio = dd.damped_synthesis(activations, damping_db, templates, hop_length=hop_length, resolution=resolution)
    assert_equal(audio, stems.sum(0))


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 30), st.integers(1, 4), st.integers(1, 12))
def test_without_damping_it_is_template_synthesis(instruments, frames, length, hop_length, resolution):
    activations, _, templates = inputs(3, instruments=instruments, frames=frames, length=length)
    audio = dd.damped_synthesis(activations, 0 * activations, templates, hop_length=hop_length, resolution=resolution)
    assert_equal(audio, dd.template_synthesis(activations, templates, hop_length=hop_length))


def test_leading_axes_a_kit_an_item_and_one_damper_for_all():
    activations, damping_db, templates = inputs(4, 2)
    kits = torch.randn(2, 2, 13, dtype=torch.float64)
    whole = dd.damped_synthesis(activations, damping_db, kits, hop_length=4, resolution=2, stems=True)
    assert whole.shape == (4, 2, 2, 36)
    for i in range(4):
        for j in range(2):
            one = dd.damped_synthesis(
                activations[i, j], damping_db[i, j], kits[j], hop_length=4, resolution=2, stems=True
            )
            assert_equal(whole[i, j], one)
    pedal = damping_db[..., :1, :]
    assert_equal(
        dd.damped_synthesis(activations, pedal, templates, hop_length=4),
        dd.damped_synthesis(activations, pedal.expand_as(activations), templates, hop_length=4),
    )
    shared = activations[0, 0]
    assert dd.damped_synthesis(shared, damping_db, templates, hop_length=4).shape == (4, 2, 36)


def test_a_note_after_the_damper_is_whole():
    activations, damping_db = torch.zeros(2, 1, 20)
    activations[0, [0, 10]] = 1
    damping_db[0, 5:10] = 100
    audio = dd.damped_synthesis(activations, damping_db, torch.ones(1, 200), hop_length=10)
    assert audio[:50].eq(1).all()
    assert audio[60:100].abs().max() < 2e-5
    torch.testing.assert_close(audio[100:], torch.ones(100))


@pytest.mark.parametrize("gradient", ["dense", "support"])
def test_gradients_in_float64(gradient):
    tensors = [x.requires_grad_() for x in inputs(frames=5, length=7)]
    play = partial(dd.damped_synthesis, hop_length=2, resolution=2, gradient=gradient)
    assert gradcheck(play, tensors)
    assert gradgradcheck(partial(play, stems=True), tensors)


def test_silence_and_a_heavy_damper_have_finite_gradients():
    activations = torch.zeros(2, 3, 50, requires_grad=True)
    damping_db = torch.full((2, 3, 50), 1e6, requires_grad=True)
    audio = dd.damped_synthesis(activations, damping_db, torch.randn(3, 100), hop_length=8)
    assert not audio.any()
    (audio - 1).square().sum().backward()
    assert all(x.grad is not None and x.grad.isfinite().all() for x in (activations, damping_db))


def test_after_minutes_of_damping_a_note_ends_as_at_first():
    activations, damping_db = torch.zeros(2, 1, 40_000)
    damping_db[0] = 5.1
    activations[0, -20] = 1
    audio = dd.damped_synthesis(activations, damping_db, torch.ones(1, 20))
    torch.testing.assert_close(audio[-20:], 10 ** (-5.1 / 20 * torch.arange(20.0)), rtol=1e-2, atol=0)


@pytest.mark.parametrize("backend", ["polyphase", "sparse"])
def test_backends_agree_on_no_item_and_on_many(backend):
    pytest.importorskip("numba")
    activations, damping_db, templates = inputs(3, dtype=torch.float32)
    synthesizer = dd.DampedSynthesizer(templates, hop_length=4, resolution=2, backend=backend)
    chosen = dd.damped_synthesis(activations, damping_db, templates, hop_length=4, resolution=2)
    assert_equal(synthesizer(activations, damping_db), chosen)
    none = synthesizer(activations[:0], damping_db[:0])
    assert none.shape == (0, 36)


def test_compiles_without_a_graph_break():
    activations, damping_db, templates = inputs(2, dtype=torch.float32)
    synthesizer = dd.DampedSynthesizer(templates, hop_length=4, resolution=2)
    compiled = torch.compile(synthesizer, fullgraph=True, backend="aot_eager")
    assert_equal(compiled(activations, damping_db), synthesizer(activations, damping_db))


def test_half_precision_under_autocast():
    halves = [x.bfloat16() for x in inputs(2, dtype=torch.float32)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        audio = dd.damped_synthesis(*halves, hop_length=4)
    assert_equal(audio, dd.damped_synthesis(*(x.float() for x in halves), hop_length=4))


def test_templates_are_saved_and_learn():
    activations, damping_db, templates = inputs(dtype=torch.float32)
    fixed, learned = (dd.DampedSynthesizer(templates, trainable=trainable) for trainable in (False, True))
    assert [name for name, _ in learned.named_parameters()] == ["templates"]
    assert not list(fixed.parameters())
    learned(activations, damping_db).sum().backward()
    assert learned.templates.grad is not None
    assert learned.templates.grad.any()
    assert list(fixed.state_dict()) == ["templates"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"damping_db": torch.zeros(2, 8)}, r"damping_db must be \(\.\.\., K, N\)"),
        ({"damping_db": torch.zeros(3, 9)}, r"damping_db must be \(\.\.\., K, N\)"),
        ({"templates": torch.zeros(3, 5)}, "must have the same K"),
        ({"templates": torch.zeros(2, 0)}, "must have K, N, L >= 1"),
        ({"activations": torch.zeros(3, 2, 9), "damping_db": torch.zeros(2, 2, 9)}, "leading axes"),
        ({"hop_length": 0}, "hop_length"),
        ({"resolution": 0}, "resolution"),
        ({"backend": "gpu"}, "backend must be one of"),
    ],
)
def test_bad_input_is_named(change, message):
    tensors = {"activations": torch.zeros(2, 9), "damping_db": torch.zeros(2, 9), "templates": torch.zeros(2, 5)}
    with pytest.raises(ValueError, match=message):
        dd.damped_synthesis(**(tensors | change))


def test_other_types_are_named():
    sound = torch.zeros(2, 5)
    with pytest.raises(TypeError, match="damping_db must be floating point"):
        dd.damped_synthesis(sound, sound.long(), sound)
    with pytest.raises(TypeError, match="one dtype"):
        dd.damped_synthesis(sound, sound.double(), sound)
    with pytest.raises(ValueError, match="resolution"):
        dd.DampedSynthesizer(sound, resolution=0)


def test_gradient_descent_finds_when_overlapping_notes_end():
    """From the audio of three notes that ring into each other to their three durations, which nobody tells it."""
    rate, hop_length, frames = 8000, 64, 150
    pitches_hz = torch.tensor([220.0, 277.2, 329.6])
    partials = pitches_hz[:, None] * torch.tensor([1.0, 4.0])
    ring_s, gain = torch.tensor([1.5, 0.5]), torch.tensor([1.0, 0.3])
    templates = dd.decaying_partials(partials, ring_s, gain, 0 * gain, sample_rate=rate, n_samples=rate)
    activations = torch.zeros(3, frames)
    onsets = torch.tensor([5, 20, 35])
    activations[torch.arange(3), onsets] = 1.0
    synthesizer = dd.DampedSynthesizer(templates, hop_length=hop_length, resolution=2)

    def play(durations):
        held = torch.sigmoid(onsets[:, None] + durations[:, None] - torch.arange(frames))
        return synthesizer(activations, 6 * (1 - held) * (torch.arange(frames) >= onsets[:, None]))

    true = torch.tensor([90.0, 15.0, 60.0])  # frames of 8 ms
    recording = play(true)
    loss = dd.SpectralLoss(dd.Spectrogram(n_fft=512, hop_length=128), enhance=False, compression="power")
    known = loss.features(recording)
    durations = torch.tensor([45.0, 45.0, 45.0], requires_grad=True)
    optimiser = torch.optim.Adam([durations], lr=2.0)
    for step in range(80):
        optimiser.param_groups[0]["lr"] = 1 + math.cos(math.pi * step / 80)
        optimiser.zero_grad()
        loss.compare(loss.features(play(durations), recording), known).backward()
        optimiser.step()
    torch.testing.assert_close(durations.detach(), true, rtol=0, atol=1.0)
