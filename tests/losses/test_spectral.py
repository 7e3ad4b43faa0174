import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import CQT, LogMel, OnsetCQTLoss, PseudoCQT, SpectralLoss, Spectrogram, percussive, template_synthesis
from tests.tolerances import assert_equal

SMALL = {"sample_rate": 8000, "hop_length": 64, "f_min_hz": 500.0, "n_octaves": 2, "bins_per_octave": 4}
LOSSES = {
    "onset": lambda: OnsetCQTLoss(16000),
    "whole": lambda: OnsetCQTLoss(16000, enhance=False),
    "power": lambda: OnsetCQTLoss(16000, compression="power"),
    "squared": lambda: OnsetCQTLoss(16000, norm=2),
    "tilted": lambda: OnsetCQTLoss(16000, tilt_db=3, octave_weights=range(1, 9)),
    "textbook": lambda: SpectralLoss(CQT(sample_rate=16000)),
    "mel": lambda: SpectralLoss(LogMel(sample_rate=16000, n_mels=128), compression="none"),
    "stft": lambda: SpectralLoss(Spectrogram()),
}


def hits(samples=6000):
    audio = torch.zeros(2, samples)
    audio[:, 1000:1800] = 0.5 * torch.randn(2, 800) * torch.linspace(1, 0, 800)
    return audio


def test_is_the_mean_difference_of_compressed_magnitudes():
    estimate, target = torch.randn(2, 3, 4000, dtype=torch.float64).unbind()
    ours, theirs = (Spectrogram()(percussive(audio)) for audio in (estimate, target))
    log = SpectralLoss(Spectrogram(), scale=2.0)(estimate, target)
    assert_equal(log, 2 * ((ours + 1e-5).log10() - (theirs + 1e-5).log10()).abs().mean())
    power = SpectralLoss(Spectrogram(), compression="power", norm=2)(estimate, target)
    assert_equal(power, ((ours + 1e-5).pow(1 / 3) - (theirs + 1e-5).pow(1 / 3)).square().mean())
    plain = SpectralLoss(Spectrogram(), enhance=False, compression="none")(estimate, target)
    assert_equal(plain, (Spectrogram()(estimate) - Spectrogram()(target)).abs().mean())


def test_weights_are_relative():
    estimate, target = torch.randn(2, 3, 2000).unbind()
    bands = [SpectralLoss(Spectrogram(n_fft=8), weights=[1e-9] * f + [1.0] + [1e-9] * (4 - f)) for f in range(5)]
    each = [float(loss(estimate, target)) for loss in bands]
    mean = SpectralLoss(Spectrogram(n_fft=8))(estimate, target)
    assert sum(each) / 5 == pytest.approx(float(mean), rel=1e-5)
    doubled = SpectralLoss(Spectrogram(n_fft=8), weights=[2, 2, 2, 2, 2])(estimate, target)
    assert_equal(doubled, mean)


def test_octave_weights_and_tilt_are_those_of_bands():
    pair = torch.randn(2, 3000).unbind()
    bands = [OnsetCQTLoss(**SMALL, octave_weights=weights)(*pair) for weights in ([1, 1e-9], [1e-9, 1])]
    together = OnsetCQTLoss(**SMALL)(*pair)
    assert_equal((bands[0] + bands[1]) / 2, together)
    tilted = OnsetCQTLoss(**SMALL, tilt_db=20)(*pair)  # the upper octave weighs ten times the lower one
    assert_equal(tilted, (bands[0] + 10 * bands[1]) / 11)


def test_reductions_agree():
    pair = torch.randn(2, 3, 2, 2000).unbind()
    each, mean, total = (
        SpectralLoss(Spectrogram(), reduction=reduction)(*pair) for reduction in ("none", "mean", "sum")
    )
    assert each.shape == (3, 2)
    assert_equal(each.mean(), mean)
    assert_equal(each.sum(), total)


@pytest.mark.parametrize("name", LOSSES)
def test_known_features_of_a_target_give_the_same_loss_and_gradient(name):
    loss = LOSSES[name]()
    target, estimate = hits(), hits().requires_grad_()
    known = loss.features(target).detach()
    (ours,) = torch.autograd.grad(loss.compare(loss.features(estimate, target), known), estimate)
    (theirs,) = torch.autograd.grad(loss(estimate, target), estimate)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("audio", [torch.zeros(6000), torch.ones(6000), torch.eye(6000)[3000], torch.ones(6000).cos()])
def test_value_and_gradient_are_finite(name, audio):
    loss = LOSSES[name]()
    for estimate, target in [(audio, hits()[0]), (hits()[0], audio), (audio, audio)]:
        estimate = estimate.clone().requires_grad_()
        value = loss(estimate, target)
        value.backward()
        assert value.isfinite()
        assert estimate.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_silent_target_is_bounded(name):
    loss = LOSSES[name]()
    loud = torch.randn(2, 6000).sign()
    assert loss(loud, torch.zeros(2, 6000)) < 50 * loss(loud, 0.1 * loud)


@pytest.mark.parametrize("name", LOSSES)
def test_ten_steps_from_silence_move_towards_the_target(name):
    loss = LOSSES[name]()
    templates = 0.5 * torch.randn(2, 800) * torch.linspace(1, 0, 800)
    played = torch.zeros(2, 125)
    played[0, 30], played[1, 70], played[0, 100] = 1.0, 0.5, 0.7
    target = template_synthesis(played, templates, hop_length=64)
    activations = torch.zeros(2, 125, requires_grad=True)
    values = []
    for _ in range(10):
        value = loss(template_synthesis(activations, templates, hop_length=64), target)
        values.append(float(value.detach()))
        (gradient,) = torch.autograd.grad(value, activations)
        if len(values) == 1:  # silence: the gradient already points to the hits
            assert torch.cosine_similarity(-gradient.flatten(), played.flatten(), dim=0) > 0.6
            step = 0.1 / gradient.norm()
        with torch.no_grad():
            activations -= step * gradient
    assert min(values[5:]) < 0.8 * values[0]


@pytest.mark.parametrize("compression", ["log", "power", "none"])
@pytest.mark.parametrize("norm", [1, 2])
def test_gradients_in_float64(compression, norm):
    pair = tuple(torch.randn(2, 700, dtype=torch.float64, requires_grad=True) for _ in range(2))
    loss = SpectralLoss(PseudoCQT(**SMALL), compression=compression, norm=norm).double()
    assert gradcheck(loss, pair, fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", LOSSES)
def test_under_autocast_it_is_computed_in_float32(name, dtype):
    loss = LOSSES[name]()
    estimate, target = hits().to(dtype).requires_grad_(), torch.zeros(2, 6000)
    with torch.autocast("cpu", dtype):
        value = loss(estimate, target)
    assert_equal(value, loss(estimate.detach().float(), target))
    value.backward()
    assert estimate.grad.isfinite().all()


def test_compiles_without_a_graph_break():
    loss = SpectralLoss(Spectrogram(), weights=[1.0] * 513)
    pair = torch.randn(2, 2, 2000).unbind()
    assert_equal(torch.compile(loss, fullgraph=True, backend="aot_eager")(*pair), loss(*pair))


def test_saves_nothing():
    assert OnsetCQTLoss(16000, tilt_db=2).state_dict() == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "db"}, "compression must be one of 'log', 'power', 'none', got 'db'"),
        ({"norm": 3}, "norm must be 1 or 2, got 3"),
        ({"reduction": "max"}, "reduction must be one of"),
        ({"scale": 0}, "scale must be greater than 0"),
        ({"weights": [1.0, 0.0]}, r"weights must be positive numbers, got \[1.0, 0.0\]"),
        ({"weights": []}, r"weights must be positive numbers, got \[\]"),
    ],
)
def test_a_bad_option_is_named_when_the_loss_is_made(options, message):
    with pytest.raises(ValueError, match=message):
        SpectralLoss(Spectrogram(), **options)


def test_weights_are_any_sequence_of_numbers():
    pair = torch.randn(2, 2000)
    weights = torch.linspace(0.5, 2, 513)
    expected = SpectralLoss(Spectrogram(), weights=weights.tolist())(*pair)
    assert torch.equal(SpectralLoss(Spectrogram(), weights=weights)(*pair), expected)
    assert torch.equal(SpectralLoss(Spectrogram(), weights=weights.numpy())(*pair), expected)


def test_a_trace_of_another_shape_is_named():
    with pytest.raises(ValueError, match=r"trace must be shaped like audio \(9,\), got \(8,\)"):
        SpectralLoss(Spectrogram()).features(torch.zeros(9), torch.zeros(8))


def test_bad_weights_are_named():
    with pytest.raises(TypeError, match=r"weights must be a sequence of numbers, got 1.0"):
        SpectralLoss(Spectrogram(), weights=1.0)
    with pytest.raises(ValueError, match="weights must be one a band, 513, got 2"):
        SpectralLoss(Spectrogram(), weights=[1, 2])(torch.zeros(9), torch.zeros(9))
    with pytest.raises(ValueError, match="octave_weights must be one an octave, 8, got 2"):
        OnsetCQTLoss(16000, octave_weights=[1, 2])
    with pytest.raises(ValueError, match="octave_weights must be positive"):
        OnsetCQTLoss(16000, octave_weights=[1, 2, 3, 4, 5, 6, 7, float("nan")])
