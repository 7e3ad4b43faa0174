import librosa
import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import SpectralFlux, spectral_flux
from tests.tolerances import assert_equal

OPTIONS = {"sample_rate": 16_000, "bands_hz": [(0.0, 500.0), (400.0, 9_000.0)], "n_fft": 256, "hop_length": 80}


def test_equals_the_flux_of_librosas_spectrogram():
    audio = torch.randn(5_000, dtype=torch.float64)
    spectrum = abs(librosa.stft(audio.numpy(), n_fft=256, hop_length=80, pad_mode="constant")) * 2 / 128
    logarithm = torch.from_numpy(spectrum).div(0.01).log1p() / torch.tensor(10.0).double().log()
    growth = logarithm.diff(prepend=torch.zeros(129, 1, dtype=torch.float64)).clamp(min=0)
    expected = torch.stack([growth[:8].mean(0), growth[7:].mean(0)])  # bins are 62.5 Hz apart
    torch.testing.assert_close(spectral_flux(audio, **OPTIONS, floor=0.01), expected, rtol=1e-8, atol=1e-8)


def test_an_attack_stands_out_in_its_band_and_a_decay_nowhere():
    t = torch.arange(16_000) / 16_000
    tone = torch.sin(2 * torch.pi * 200 * t) * (t > 0.5) * torch.exp(-5 * (t - 0.5).clamp(min=0))
    low, high = SpectralFlux(sample_rate=16_000, bands_hz=[(100.0, 300.0), (4_000.0, 8_000.0)], hop_length=160)(tone)
    assert abs(int(low.argmax()) - 50) <= 2
    assert high.max() < 0.05 * low.max()
    assert low[60:90].max() < 0.02 * low.max()


@pytest.mark.parametrize("n_samples", [1, 63, 100, 1000])
def test_any_length_and_leading_axes(n_samples):
    audio = torch.randn(2, 3, n_samples)
    flux = SpectralFlux(**OPTIONS)(audio)
    assert flux.shape == (2, 3, 2, 1 + n_samples // 80)
    assert_equal(flux[1, 2], spectral_flux(audio[1, 2], **OPTIONS))
    assert_equal(SpectralFlux(**OPTIONS)(audio.mT.contiguous().mT), flux)


def test_silence_is_zero_with_a_finite_gradient():
    audio = torch.zeros(1000, requires_grad=True)
    flux = spectral_flux(audio, **OPTIONS)
    flux.sum().backward()
    assert (flux == 0).all()
    assert audio.grad.isfinite().all()


def test_gradients_in_float64():
    audio = torch.randn(80, dtype=torch.float64, requires_grad=True)
    options = {"sample_rate": 8_000, "bands_hz": [(0.0, 1_000.0)], "n_fft": 32, "hop_length": 16}
    assert gradcheck(lambda x: spectral_flux(x, **options), audio)


def test_compiles_without_a_graph_break():
    audio, layer = torch.randn(2, 1000), SpectralFlux(**OPTIONS)
    assert_equal(torch.compile(layer, fullgraph=True, backend="aot_eager")(audio), layer(audio))
    assert layer.state_dict() == {}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"bands_hz": []}, ValueError, "bands_hz"),
        ({"bands_hz": [(300.0, 300.0)]}, ValueError, "300 to 300 Hz"),
        ({"bands_hz": [(8_001.0, 9_000.0)]}, ValueError, "up to 8000"),
        ({"sample_rate": 0}, ValueError, "sample_rate"),
        ({"n_fft": 0}, ValueError, "n_fft"),
        ({"hop_length": 1.5}, TypeError, "hop_length"),
        ({"floor": 0.0}, ValueError, "floor"),
    ],
)
def test_bad_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        spectral_flux(torch.zeros(500), **{**OPTIONS, **options})
    with pytest.raises(error, match=message):
        SpectralFlux(**{**OPTIONS, **options})
    with pytest.raises(TypeError, match="audio"):
        spectral_flux(torch.zeros(5, dtype=torch.long), **OPTIONS)
