import librosa
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import OnsetCQTLoss, onset_cqt_loss, percussive
from tests.tolerances import assert_equal

pytestmark = pytest.mark.filterwarnings("ignore:n_fft=.* is too large:UserWarning")  # librosa's, for short audio

SMALL = {"sample_rate": 8000, "hop_length": 64, "f_min_hz": 500.0, "n_octaves": 2, "bins_per_octave": 4}
SECOND = 16_000


def named_audio(name):
    audio = torch.zeros(4000)
    if name == "noise":
        audio += 0.3 * torch.randn(4000)
    elif name == "impulse":
        audio[2000] = 1
    elif name == "constant":
        audio += 0.5
    elif name == "full scale":
        audio += torch.randn(4000).sign()
    elif name == "nearly silent":
        audio += 1e-30 * torch.randn(4000)
    return audio


def log_octaves_by_librosa(audio):
    """The log pseudo-CQT of DrummerNet, from librosa's parts: (octave, bin, frame)."""
    octaves = []
    for octave in range(8):
        centres_hz = 32.703 * 2.0 ** (octave + np.arange(12) / 12)
        wavelets, lengths = librosa.filters.wavelet(freqs=centres_hz, sr=16000, dtype=np.complex128)
        n_fft = max(wavelets.shape[1], 128)
        spectra = np.fft.fft(wavelets * lengths[:, None] / n_fft, n_fft)[:, : n_fft // 2 + 1]
        filters = np.abs(librosa.util.sparsify_rows(spectra, quantile=0.01).toarray())
        spectrum = librosa.stft(audio, n_fft=n_fft, hop_length=64, win_length=n_fft // 4, pad_mode="constant")
        octaves.append(np.log10(filters @ np.abs(spectrum) / np.sqrt(n_fft) + 1e-5) - np.log10(1e-5))
    return np.stack(octaves)


@pytest.mark.parametrize("enhance", [False, True])
def test_equals_the_textbook(enhance):
    estimate, target = torch.randn(2, 5000, dtype=torch.float64).unbind()
    prepared = [percussive(audio) if enhance else audio for audio in (estimate, target)]
    ours, theirs = (log_octaves_by_librosa(audio.numpy()) for audio in prepared)
    expected = 4 * np.abs(ours - theirs).mean(axis=(1, 2)).sum()
    loss = onset_cqt_loss(estimate, target, sample_rate=16000, enhance=enhance)
    assert_equal(loss, torch.tensor(expected))


@pytest.mark.parametrize("enhance", [False, True])
@pytest.mark.parametrize("estimate", ["silence", "noise", "impulse", "constant", "full scale", "nearly silent"])
@pytest.mark.parametrize("target", ["silence", "noise", "constant"])
def test_value_and_gradient_are_finite(estimate, target, enhance):
    audio = named_audio(estimate).requires_grad_()
    loss = onset_cqt_loss(audio, named_audio(target), sample_rate=16000, enhance=enhance)
    loss.backward()
    assert loss.isfinite()
    assert audio.grad.isfinite().all()


def test_is_zero_for_equal_audio_and_the_same_both_ways():
    first, second = torch.randn(2, 3000).unbind()
    assert onset_cqt_loss(first, first, sample_rate=16000) == 0
    assert_equal(onset_cqt_loss(first, second, sample_rate=16000), onset_cqt_loss(second, first, sample_rate=16000))


def test_a_hit_nearer_in_time_is_nearer():
    hit = torch.randn(800) * torch.linspace(1, 0, 800)
    target, *moved = (torch.zeros(8000).index_add(0, 2000 + by + torch.arange(800), hit) for by in (0, 100, 1000))
    near, far = (onset_cqt_loss(audio, target, sample_rate=16000) for audio in moved)
    assert 0 < near < far


def test_takes_the_mean_over_leading_axes():
    estimate, target = torch.randn(2, 2, 3, 3000).unbind()
    each = [onset_cqt_loss(a, b, **SMALL) for a, b in zip(estimate.flatten(0, 1), target.flatten(0, 1), strict=True)]
    assert_equal(onset_cqt_loss(estimate, target, **SMALL), torch.stack(each).mean())


@pytest.mark.parametrize("enhance", [False, True])
@pytest.mark.parametrize("samples", [1, 63, 100, 600])
def test_gradients_in_float64(enhance, samples):
    pair = torch.randn(2, samples, dtype=torch.float64).unbind()
    pair = tuple(audio.clone().requires_grad_() for audio in pair)
    assert gradcheck(lambda *pair: onset_cqt_loss(*pair, **SMALL, enhance=enhance), pair, fast_mode=True)


@pytest.mark.parametrize("enhance", [False, True])
def test_module_equals_function_and_saves_nothing(enhance):
    estimate, target = torch.randn(2, 2, 3000).unbind()
    loss = OnsetCQTLoss(**SMALL, enhance=enhance)
    assert_equal(loss(estimate, target), onset_cqt_loss(estimate, target, **SMALL, enhance=enhance))
    assert loss.state_dict() == {}


def test_default_call_of_the_module():
    loss = OnsetCQTLoss(sample_rate=16000)(torch.zeros(2, SECOND), torch.randn(2, SECOND))
    assert loss.shape == ()
    assert loss > 0


@pytest.mark.parametrize("enhance", [False, True])
def test_function_and_module_compile_without_a_graph_break(enhance):
    estimate, target = torch.randn(2, 600).unbind()
    options = {**SMALL, "enhance": enhance}
    expected = onset_cqt_loss(estimate, target, **options)
    compiled = torch.compile(onset_cqt_loss, fullgraph=True, backend="aot_eager")
    assert_equal(compiled(estimate, target, **options), expected)
    module = torch.compile(OnsetCQTLoss(**options), fullgraph=True, backend="aot_eager")
    assert_equal(module(estimate, target), expected)


@pytest.mark.parametrize("call", [onset_cqt_loss, lambda *pair, **options: OnsetCQTLoss(**options)(*pair)])
@pytest.mark.parametrize(
    ("estimate", "target", "options", "error", "message"),
    [
        ([1.0], torch.zeros(9), {}, TypeError, "estimate must be a torch.Tensor"),
        (torch.zeros(9), None, {}, TypeError, "target must be a torch.Tensor"),
        (torch.zeros(9), torch.zeros(9).half(), {}, TypeError, "target must be float32 or float64"),
        (torch.zeros(2, 9), torch.zeros(9), {}, ValueError, r"same shape.*got \(2, 9\) and \(9,\)"),
        (torch.zeros(0), torch.zeros(0), {}, ValueError, "T >= 1"),
        (torch.zeros(9), torch.zeros(9).double(), {}, TypeError, "must have one dtype"),
        (torch.zeros(9), torch.zeros(9, device="meta"), {}, ValueError, "must be on one device, got cpu and meta"),
        (torch.zeros(9), torch.zeros(9), {"n_octaves": 9}, ValueError, "Nyquist.*n_octaves=9"),
        (torch.zeros(9), torch.zeros(9), {"n_octaves": 0}, ValueError, "n_octaves must be greater than 0"),
        (torch.zeros(9), torch.zeros(9), {"bins_per_octave": 2.5}, TypeError, "bins_per_octave must be an int"),
        (torch.zeros(9), torch.zeros(9), {"tilt_db": "3"}, TypeError, "tilt_db must be a number"),
        (torch.zeros(9), torch.zeros(9), {"octave_weights": "abcdefgh"}, TypeError, "octave_weights must be a seq"),
    ],
)
def test_bad_input_is_named(call, estimate, target, options, error, message):
    with pytest.raises(error, match=message):
        call(estimate, target, **{"sample_rate": 16000, **options})
