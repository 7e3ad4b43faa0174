import librosa
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import LogMel, log_mel
from tests.tolerances import assert_equal


@pytest.mark.parametrize(("sample_rate", "n_fft", "hop", "n_mels"), [(16000, 1024, 128, 80), (44100, 2048, 441, 128)])
def test_equals_librosa(sample_rate, n_fft, hop, n_mels):
    audio = np.random.default_rng(0).standard_normal(20_001)
    spectrum = np.abs(librosa.stft(audio, n_fft=n_fft, hop_length=hop, pad_mode="constant"))
    filters = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=30.0, norm=None, dtype=np.float64)
    expected = np.log10(1 + filters @ spectrum * 2 / librosa.filters.get_window("hann", n_fft).sum() / 1e-3)
    ours = log_mel(torch.from_numpy(audio), sample_rate=sample_rate, n_fft=n_fft, hop_length=hop, n_mels=n_mels)
    np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=1e-6)  # nnAudio's filters are float32


def test_a_full_scale_sine_is_near_one():
    t = torch.arange(16_000, dtype=torch.float64) / 16_000
    bands = log_mel(torch.sin(2 * torch.pi * 3_000 * t), sample_rate=16_000, n_mels=40, floor=1e-6)
    assert bands[:, 60].max() == pytest.approx(6, abs=0.31)  # a band sums up to two bins


@pytest.mark.parametrize("n_samples", [1, 63, 100, 1000])
def test_any_length_and_leading_axes(n_samples):
    audio = torch.randn(2, 3, n_samples)
    bands = LogMel(sample_rate=16_000)(audio)
    assert bands.shape == (2, 3, 80, 1 + n_samples // 128)
    assert_equal(bands[1, 2], log_mel(audio[1, 2], sample_rate=16_000))
    assert_equal(LogMel(sample_rate=16_000)(audio.mT.contiguous().mT), bands)


def test_silence_is_zero_with_a_finite_gradient():
    audio = torch.zeros(1000, requires_grad=True)
    bands = log_mel(audio, sample_rate=16_000)
    bands.sum().backward()
    assert (bands == 0).all()
    assert audio.grad.isfinite().all()


def test_gradients_of_silence_are_finite_under_every_transform():
    audio = torch.zeros(2, 1000)

    def total(audio):
        return log_mel(audio, sample_rate=16_000).sum()

    assert (torch.func.jvp(total, (audio,), (torch.ones_like(audio),))[1] == 0).all()
    assert (torch.func.grad(lambda audio: torch.stack([total(row) for row in audio]).sum())(audio) == 0).all()


def test_is_the_same_with_and_without_gradients():
    audio = torch.randn(5000)
    assert_equal(log_mel(audio.clone().requires_grad_(), sample_rate=16_000), log_mel(audio, sample_rate=16_000))


def test_gradients_in_float64():
    audio = torch.randn(80, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: log_mel(x, sample_rate=8_000, n_fft=32, hop_length=16, n_mels=4), audio)


def test_trains_after_it_was_used_in_inference_mode():
    options = {"sample_rate": 16_000, "n_fft": 512, "n_mels": 33}
    with torch.inference_mode():
        log_mel(torch.randn(1000), **options)
    audio = torch.randn(1000, requires_grad=True)
    log_mel(audio, **options).sum().backward()
    assert audio.grad.isfinite().all()


@pytest.mark.parametrize("layer", [LogMel(sample_rate=16_000), lambda audio: log_mel(audio, sample_rate=16_000)])
def test_compiles_without_a_graph_break(layer):
    audio = torch.randn(2, 1000)
    assert_equal(torch.compile(layer, fullgraph=True, backend="aot_eager")(audio), layer(audio))


def test_autocast_leaves_its_precision_alone():
    audio = torch.randn(1000)
    with torch.autocast("cpu", torch.bfloat16):
        assert_equal(LogMel(sample_rate=16_000)(audio), log_mel(audio, sample_rate=16_000))


def test_nothing_is_saved_with_the_model():
    assert LogMel(sample_rate=16_000).state_dict() == {}


@pytest.mark.parametrize(
    ("audio", "options", "error", "message"),
    [
        (torch.zeros(0), {}, ValueError, r"T >= 1"),
        (torch.zeros(5, dtype=torch.long), {}, TypeError, "int64"),
        (torch.zeros(5), {"hop_length": 0}, ValueError, "hop_length"),
        (torch.zeros(5), {"n_fft": 1024.5}, TypeError, "n_fft must be an int, got 1024.5"),
        (torch.zeros(5), {"n_mels": 2.5}, TypeError, "n_mels must be an int, got 2.5"),
        (torch.zeros(5), {"hop_length": 1.5}, TypeError, "hop_length must be an int, got 1.5"),
        (torch.zeros(5), {"floor": 0.0}, ValueError, "floor"),
        (torch.zeros(5), {"f_min_hz": 9_000.0}, ValueError, "Nyquist"),
        (torch.zeros(5, dtype=torch.bfloat16), {}, TypeError, "bfloat16"),
    ],
)
def test_bad_input_is_named(audio, options, error, message):
    with pytest.raises(error, match=message):
        log_mel(audio, sample_rate=16_000, **options)
