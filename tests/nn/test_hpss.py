import librosa
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import percussive
from tests.tolerances import assert_equal

pytestmark = pytest.mark.filterwarnings("ignore:n_fft=.* is too large:UserWarning")  # librosa's, for short audio


def clicks_and_tones(samples, dtype=torch.float32):
    time = torch.arange(samples, dtype=dtype)
    audio = 0.5 * torch.sin(0.1 * time) + 0.2 * torch.sin(1.3 * time) + 0.01 * torch.randn(samples, dtype=dtype)
    audio[::700] += 1
    return audio


def enhance_with_librosa(audio, n_fft=1024, hop_length=256, kernel_size=31):
    spectrum = librosa.stft(audio.numpy(), n_fft=n_fft, hop_length=hop_length, pad_mode="constant")
    _, kept = librosa.decompose.hpss(spectrum, kernel_size=kernel_size)
    return torch.from_numpy(librosa.istft(kept, n_fft=n_fft, hop_length=hop_length, length=len(audio)))


@pytest.mark.parametrize("samples", [1, 63, 100, 1023, 1024, 5000, 9999])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_librosa(samples, dtype):
    audio = clicks_and_tones(samples, dtype)
    assert_equal(percussive(audio), enhance_with_librosa(audio))


@pytest.mark.parametrize(("n_fft", "hop_length", "kernel_size"), [(256, 64, 5), (512, 100, 17), (300, 100, 3)])
def test_equals_librosa_with_other_options(n_fft, hop_length, kernel_size):
    audio = clicks_and_tones(6000, torch.float64)
    options = {"n_fft": n_fft, "hop_length": hop_length, "kernel_size": kernel_size}
    assert_equal(percussive(audio, **options), enhance_with_librosa(audio, **options))


@pytest.mark.parametrize("scale", [1e-30, 1e-10, 1e4])
def test_level_does_not_matter_in_float32(scale):
    audio = clicks_and_tones(5000).requires_grad_()
    scaled = percussive(audio * scale) / scale
    torch.testing.assert_close(scaled, percussive(audio), rtol=1e-3, atol=1e-4)
    scaled.sum().backward()
    assert audio.grad.isfinite().all()


def test_silence_stays_silent_with_a_finite_gradient():
    audio = torch.zeros(2, 3000, requires_grad=True)
    kept = percussive(audio)
    assert (kept == 0).all()
    kept.sum().backward()
    assert audio.grad.isfinite().all()


@pytest.mark.parametrize("kind", ["impulse", "constant", "full scale square", "half silent"])
def test_extreme_audio_has_finite_gradients(kind):
    audio = torch.zeros(4000)
    if kind == "impulse":
        audio[2000] = 1
    elif kind == "constant":
        audio += 1
    elif kind == "full scale square":
        audio = torch.arange(4000).div(50).floor().remainder(2) * 2 - 1
    else:
        audio[2000:] = torch.randn(2000)
    audio.requires_grad_()
    kept = percussive(audio)
    kept.square().sum().backward()
    assert kept.isfinite().all()
    assert audio.grad.isfinite().all()


def test_keeps_clicks_and_drops_tones():
    time = torch.arange(16000)
    tone, clicks = torch.sin(0.3 * time), torch.zeros(16000)
    clicks[::4000] = 1
    assert percussive(tone)[4000:12000].square().mean() < 0.01 * tone.square().mean()
    assert percussive(clicks).square().sum() > 0.9 * clicks.square().sum()


@pytest.mark.parametrize("samples", [1, 40, 150])
def test_gradients_through_the_mask_in_float64(samples):
    audio = torch.randn(samples, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda audio: percussive(audio, n_fft=32, hop_length=8, kernel_size=5), audio)


def test_leading_axes_and_any_memory_layout():
    audio = torch.randn(2000, 3, 2).permute(2, 1, 0)
    kept = percussive(audio)
    assert kept.shape == (2, 3, 2000)
    assert_equal(kept[1, 2], percussive(audio[1, 2].contiguous()))


def test_compiles_without_a_graph_break():
    audio = torch.randn(2, 700)
    compiled = torch.compile(percussive, fullgraph=True, backend="aot_eager")
    options = {"n_fft": 64, "hop_length": 16, "kernel_size": 5}
    assert_equal(compiled(audio, **options), percussive(audio, **options))


@pytest.mark.parametrize(
    ("audio", "options", "error", "message"),
    [
        (np.zeros(5), {}, TypeError, "audio must be a torch.Tensor"),
        (torch.zeros(5).short(), {}, TypeError, "audio must be floating point.*int16"),
        (torch.zeros(5).half(), {}, TypeError, "audio must be float32 or float64.*float16"),
        (torch.zeros(()), {}, ValueError, r"\(\.\.\., T\), got \(\)"),
        (torch.zeros(2, 0), {}, ValueError, r"T >= 1, got \(2, 0\)"),
        (torch.zeros(5), {"hop_length": 0}, ValueError, "hop_length must be greater than 0"),
        (torch.zeros(5), {"hop_length": 342}, ValueError, "hop_length must be at most n_fft // 3 = 341, got 342"),
        (torch.zeros(5), {"kernel_size": 30}, ValueError, "kernel_size must be odd"),
    ],
)
def test_bad_input_is_named(audio, options, error, message):
    with pytest.raises(error, match=message):
        percussive(audio, **options)
