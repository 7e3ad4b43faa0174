"""What holds for the layers that make sound from numbers: partials, swept sine, noise, and the envelope of a stroke."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import ddsp_drums as dd
from tests.tolerances import assert_equal

RATE = 16_000


def controls(name, *shape, dtype=torch.float64):
    ranges: dict[str, list[tuple[float, float]]] = {
        "decaying_partials": [(100, 3000), (0.01, 0.5), (-1, 1), (0, 6)],
        "swept_sine": [(300, 900), (50, 200), (0.01, 0.1)],
        "filtered_noise": [(100, 1000), (2000, 9000), (-6, 6)],
        "strike_envelope": [(-0.01, 0.01), (1e-3, 1e-2), (0.01, 0.2)],
    }
    shape = (*shape, 3) if name == "decaying_partials" else shape
    return [torch.empty(shape, dtype=dtype).uniform_(low, high) for low, high in ranges[name]]


FUNCTIONS = {
    name: getattr(dd, name) for name in ("decaying_partials", "swept_sine", "filtered_noise", "strike_envelope")
}
MODULES = {
    "decaying_partials": dd.DecayingPartials,
    "swept_sine": dd.SweptSine,
    "filtered_noise": dd.FilteredNoise,
    "strike_envelope": dd.StrikeEnvelope,
}
every = pytest.mark.parametrize("name", FUNCTIONS)


@pytest.mark.parametrize("n_samples", [1, 2, 3, 63, 100, 1000])
@every
def test_any_length_and_leading_axes(name, n_samples):
    given = controls(name, 2, 4)
    audio = FUNCTIONS[name](*given, sample_rate=RATE, n_samples=n_samples)
    assert audio.shape == (2, 4, n_samples)
    assert_equal(audio[1, 2], FUNCTIONS[name](*(c[1, 2] for c in given), sample_rate=RATE, n_samples=n_samples))
    strided = [c.mT.contiguous().mT for c in given]
    assert_equal(MODULES[name](sample_rate=RATE, n_samples=n_samples)(*strided), audio)


@every
def test_no_items_make_no_output(name):
    given = [c.requires_grad_() for c in controls(name, 0, 2)]
    audio = FUNCTIONS[name](*given, sample_rate=RATE, n_samples=50)
    assert audio.shape == (0, 2, 50)
    audio.sum().backward()


@every
def test_controls_broadcast(name):
    given = controls(name, 2, 1)
    given[1] = controls(name, 3)[1]
    whole = torch.broadcast_tensors(*given)
    options = {"sample_rate": RATE, "n_samples": 50}
    assert_equal(FUNCTIONS[name](*given, **options), FUNCTIONS[name](*whole, **options))


@every
def test_gradients_in_float64(name):
    given = [c.requires_grad_() for c in controls(name, 2)]
    assert gradcheck(lambda *c: FUNCTIONS[name](*c, sample_rate=RATE, n_samples=21), given)
    assert gradgradcheck(lambda *c: FUNCTIONS[name](*c, sample_rate=RATE, n_samples=11), given)


@every
def test_single_precision_is_near_double_for_seconds(name):
    given = controls(name, 2)
    exact = FUNCTIONS[name](*(c.float().double() for c in given), sample_rate=44_100, n_samples=88_200)
    single = FUNCTIONS[name](*(c.float() for c in given), sample_rate=44_100, n_samples=88_200)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=0, atol=2e-5)


@pytest.mark.parametrize("extreme", [0.0, 1e-12, 1e6])
@every
def test_extreme_controls_have_finite_gradients(name, extreme):
    given = [torch.full_like(c, extreme, requires_grad=True) for c in controls(name, 1, dtype=torch.float32)]
    if name == "filtered_noise":
        given[2] = torch.zeros(1, requires_grad=True)  # a million dB are no level
    audio = FUNCTIONS[name](*given, sample_rate=RATE, n_samples=100)
    audio.square().sum().backward()
    assert audio.isfinite().all()
    assert all(c.grad.isfinite().all() for c in given)


@every
def test_compiles_without_a_graph_break(name):
    given = controls(name, 2, dtype=torch.float32)
    module = MODULES[name](sample_rate=RATE, n_samples=100)
    assert_equal(torch.compile(module, fullgraph=True, backend="aot_eager")(*given), module(*given))


@every
def test_half_precision_is_taken_under_autocast_only(name):
    given = [c.bfloat16() for c in controls(name, 2)]
    with pytest.raises(TypeError, match="must all be float32 or all float64"):
        FUNCTIONS[name](*given, sample_rate=RATE, n_samples=50)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        audio = FUNCTIONS[name](*given, sample_rate=RATE, n_samples=50)
    assert_equal(audio, FUNCTIONS[name](*(c.float() for c in given), sample_rate=RATE, n_samples=50))


@every
def test_bad_input_is_named(name):
    given = controls(name, 2)
    with pytest.raises(ValueError, match="sample_rate"):
        FUNCTIONS[name](*given, sample_rate=0, n_samples=50)
    with pytest.raises(ValueError, match="n_samples"):
        MODULES[name](sample_rate=RATE, n_samples=0)
    with pytest.raises(TypeError, match="must be floating point"):
        FUNCTIONS[name](given[0].long(), *given[1:], sample_rate=RATE, n_samples=50)
    with pytest.raises(TypeError, match="all float64"):
        FUNCTIONS[name](given[0].float(), *given[1:], sample_rate=RATE, n_samples=50)
    with pytest.raises(ValueError, match="broadcast"):
        FUNCTIONS[name](torch.cat([given[0]] * 2)[:3], *given[1:], sample_rate=RATE, n_samples=50)


def test_partials_are_the_sum_they_are_defined_by():
    frequency, decay, gain, phase = controls("decaying_partials", 2)
    t = torch.arange(1000, dtype=torch.float64) / RATE
    expected = gain[..., None] * torch.exp(-t / decay[..., None])
    expected = (expected * torch.sin(2 * torch.pi * frequency[..., None] * t + phase[..., None])).sum(-2)
    assert_equal(dd.decaying_partials(frequency, decay, gain, phase, sample_rate=RATE, n_samples=1000), expected)


def test_a_sweep_begins_and_ends_at_its_frequencies():
    start, end, sweep = torch.tensor([1000.0, 100.0, 0.05], dtype=torch.float64)
    audio = dd.swept_sine(start, end, sweep, sample_rate=RATE, n_samples=RATE)
    angle = audio.clamp(-1, 1).asin()
    assert float(angle[1] - angle[0]) == pytest.approx(2 * math.pi * 1000 / RATE, rel=0.01)
    spectrum = torch.fft.rfft(audio[RATE // 2 :]).abs()
    assert int(spectrum.argmax()) * 2 == 100


@pytest.mark.parametrize("name", ["decaying_partials", "swept_sine"])
def test_what_is_too_high_for_the_rate_fades_out_smoothly(name):
    levels = []
    for frequency in (3000, 3600, 3700, 3800, 3900, 4000, 9000):
        pitch, ring = torch.tensor([float(frequency)]), torch.tensor([1e3])
        others = (ring, ring / ring, 0 * ring) if name == "decaying_partials" else (pitch, ring)
        levels.append(float(FUNCTIONS[name](pitch, *others, sample_rate=8000, n_samples=4000).square().mean()))
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == pytest.approx(0.5, abs=0.01)
    assert levels[-1] == levels[-2] == 0


def test_noise_is_of_its_band_and_level():
    low, high = torch.tensor([20.0, 500.0], dtype=torch.float64), torch.tensor(2000.0, dtype=torch.float64)
    noise = dd.filtered_noise(low, high, 0 * low, sample_rate=RATE, n_samples=4 * RATE)
    f = torch.arange(1, 8000, dtype=torch.float64)
    density = 1 / high / (1 + (low[:, None] / f) ** 4) / (1 + (f / high) ** 4)
    torch.testing.assert_close(noise.square().mean(-1), density.sum(-1), rtol=0.05, atol=0)
    power = torch.fft.rfft(noise).abs().square()[:, : 4 * 8000].unflatten(-1, (-1, 2000)).mean(-1)  # by 500 Hz
    assert (power[:, 8:].sum(-1) < 0.05 * power.sum(-1)).all()
    assert power[1, 0] < 0.2 * power[0, 0]
    assert float(noise.mean().abs()) < 1e-10


def test_tilt_is_in_db_an_octave():
    low, high = torch.tensor([1.0, 1e5], dtype=torch.float64)
    tilts = torch.tensor([0.0, -3.0], dtype=torch.float64)
    flat, pink = dd.filtered_noise(low, high, tilts, sample_rate=RATE, n_samples=RATE)
    ratio = 20 * torch.log10(torch.fft.rfft(pink).abs() / torch.fft.rfft(flat).abs())
    torch.testing.assert_close(ratio[[500, 1000, 2000, 4000]], torch.tensor([3.0, 0, -3, -6], dtype=torch.float64))


@pytest.mark.parametrize("name", ["decaying_partials", "swept_sine", "strike_envelope"])
def test_a_sound_is_the_same_at_twice_the_rate(name):
    given = controls(name)
    once = FUNCTIONS[name](*given, sample_rate=RATE, n_samples=2000)
    twice = FUNCTIONS[name](*given, sample_rate=2 * RATE, n_samples=4000)
    assert_equal(twice[::2], once)


def test_noise_at_twice_the_rate_is_the_same_with_more_of_the_top():
    given = controls("filtered_noise", 2)
    once = dd.filtered_noise(*given, sample_rate=RATE, n_samples=2000)
    twice = dd.filtered_noise(*given, sample_rate=2 * RATE, n_samples=4000)
    low, lower = (torch.view_as_real(torch.fft.rfft(x, norm="forward")[:, :1000]) for x in (twice, once))
    assert_equal(low, lower)
    assert (twice.square().mean(-1) > once.square().mean(-1)).all()


def test_a_seed_is_a_noise_and_another_seed_another():
    one, again, other = (
        dd.filtered_noise(*torch.tensor([100.0, 1000.0, 0.0]), sample_rate=RATE, n_samples=500, seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert float(torch.corrcoef(torch.stack([one, other]))[0, 1].abs()) < 0.3


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (0.5, TypeError)])
def test_a_bad_seed_is_named(seed, error):
    with pytest.raises(error, match="seed"):
        dd.FilteredNoise(sample_rate=RATE, n_samples=10, seed=seed)


def test_an_envelope_is_silent_until_its_delay_then_rises_and_decays():
    delay, attack, decay = torch.tensor([0.1, 1e-3, 0.05], dtype=torch.float64)
    envelope = dd.strike_envelope(delay, attack, decay, sample_rate=RATE, n_samples=RATE)
    assert not envelope[:1600].any()
    peak = int(envelope.argmax())
    assert 1600 < peak < 1700
    assert (envelope.diff()[1600 : peak - 1] > 0).all()
    assert float(envelope[1600 + 1600] / envelope[1600 + 800]) == pytest.approx(math.exp(-1), rel=1e-3)
