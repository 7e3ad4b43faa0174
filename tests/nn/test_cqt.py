import librosa
import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import PseudoCQT, pseudo_cqt
from tests.tolerances import assert_equal

pytestmark = pytest.mark.filterwarnings("ignore:n_fft=.* is too large:UserWarning")  # librosa's, for short audio

C1 = 32.703
SMALL = {"sample_rate": 8000, "hop_length": 16, "f_min_hz": 500.0, "n_octaves": 2, "bins_per_octave": 4}


def octave_by_librosa(audio, sample_rate, hop_length, f_min_hz, bins_per_octave=12, window_ratio=1.0):
    """One octave in float64 throughout, which `librosa.pseudo_cqt` itself is not: its filters are complex64."""
    centres_hz = f_min_hz * 2.0 ** (np.arange(bins_per_octave) / bins_per_octave)
    wavelets, lengths = librosa.filters.wavelet(freqs=centres_hz, sr=sample_rate, dtype=np.complex128)
    n_fft = max(wavelets.shape[1], 2 ** (1 + int(np.ceil(np.log2(hop_length)))))
    spectra = np.fft.fft(wavelets * lengths[:, None] / n_fft, n_fft)[:, : n_fft // 2 + 1]
    filters = np.abs(librosa.util.sparsify_rows(spectra, quantile=0.01).toarray())
    magnitude = np.abs(
        librosa.stft(
            audio.numpy(),
            n_fft=n_fft,
            hop_length=hop_length,
            win_length=int(n_fft * window_ratio),
            pad_mode="constant",
            dtype=np.complex128,
        )
    )
    return torch.from_numpy(filters @ magnitude / np.sqrt(n_fft))


def all_octaves_by_librosa(audio, sample_rate, hop_length, f_min_hz, n_octaves, window_ratio):
    return torch.cat(
        [
            octave_by_librosa(audio, sample_rate, hop_length, f_min_hz * 2**octave, window_ratio=window_ratio)
            for octave in range(n_octaves)
        ]
    )


@pytest.mark.parametrize("octave", range(8))
def test_an_octave_is_librosas_pseudo_cqt(octave):
    audio = torch.randn(3000, dtype=torch.float64)
    ours = pseudo_cqt(audio, sample_rate=16000, f_min_hz=C1 * 2**octave, n_octaves=1, window_ratio=1.0)
    theirs = librosa.pseudo_cqt(
        audio.numpy(), sr=16000, hop_length=64, fmin=C1 * 2**octave, n_bins=12, tuning=0.0, pad_mode="constant"
    )
    torch.testing.assert_close(ours, torch.from_numpy(theirs), rtol=0, atol=1e-6 * theirs.max())


@pytest.mark.parametrize("bins_per_octave", [1, 5, 24])
def test_any_division_of_the_octave_is_librosas(bins_per_octave):
    audio = torch.randn(3000, dtype=torch.float64)
    options = {"hop_length": 50, "bins_per_octave": bins_per_octave}
    ours = pseudo_cqt(audio, sample_rate=22050, f_min_hz=440.0, n_octaves=1, window_ratio=1.0, **options)
    theirs = librosa.pseudo_cqt(
        audio.numpy(), sr=22050, fmin=440.0, n_bins=bins_per_octave, tuning=0.0, pad_mode="constant", **options
    )
    torch.testing.assert_close(ours, torch.from_numpy(theirs), rtol=0, atol=1e-6 * theirs.max())


@pytest.mark.parametrize(("samples", "window_ratio"), [(1, 0.25), (63, 0.25), (100, 1.0), (5000, 0.25), (5000, 1.0)])
def test_default_octaves_equal_the_textbook(samples, window_ratio):
    audio = torch.randn(samples, dtype=torch.float64)
    ours = pseudo_cqt(audio, sample_rate=16000, window_ratio=window_ratio)
    assert ours.shape == (96, 1 + samples // 64)
    assert_equal(ours, all_octaves_by_librosa(audio, 16000, 64, C1, 8, window_ratio))


@pytest.mark.parametrize(
    ("sample_rate", "hop_length", "n_octaves"),
    [(8000, 64, 6), (11025, 100, 6), (22050, 256, 7), (44100, 441, 8), (48000, 1000, 8), (16000, 1, 2)],
)
def test_other_rates_and_hops_equal_the_textbook(sample_rate, hop_length, n_octaves):
    audio = torch.randn(2500 if hop_length > 1 else 200, dtype=torch.float64)
    options = {"hop_length": hop_length, "f_min_hz": 55.0, "n_octaves": n_octaves}
    ours = pseudo_cqt(audio, sample_rate=sample_rate, **options)
    assert_equal(ours, all_octaves_by_librosa(audio, sample_rate, **options, window_ratio=0.25))


def test_float32_equals_float64():
    audio = torch.randn(5000)
    assert_equal(pseudo_cqt(audio, sample_rate=16000), pseudo_cqt(audio.double(), sample_rate=16000))


@pytest.mark.parametrize("bin_index", [6, 40, 75, 95])
def test_a_tone_is_loudest_in_its_bin(bin_index):
    tone = torch.sin(2 * torch.pi * C1 * 2 ** (bin_index / 12) / 16000 * torch.arange(16000))
    magnitudes = pseudo_cqt(tone, sample_rate=16000, window_ratio=1.0)
    assert int(magnitudes[:, 125].argmax()) == bin_index


def test_an_impulse_is_in_its_frame():
    audio = torch.zeros(8000)
    audio[64 * 50] = 1
    loudest = pseudo_cqt(audio, sample_rate=16000).argmax(dim=-1)
    assert (loudest == 50).all()


@pytest.mark.parametrize("window_ratio", [0.25, 0.3])
def test_gradients_in_float64(window_ratio):
    audio = torch.randn(2, 50, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda audio: pseudo_cqt(audio, **SMALL, window_ratio=window_ratio), audio)
    assert gradgradcheck(lambda audio: pseudo_cqt(audio, **SMALL, window_ratio=window_ratio), audio)


def test_silence_has_zero_value_and_gradient():
    audio = torch.zeros(2, 500, requires_grad=True)
    magnitudes = pseudo_cqt(audio, sample_rate=16000)
    magnitudes.sum().backward()
    assert (magnitudes == 0).all()
    assert (audio.grad == 0).all()


def test_leading_axes_and_any_memory_layout():
    audio = torch.randn(700, 3, 2).permute(2, 1, 0)
    magnitudes = pseudo_cqt(audio, sample_rate=16000)
    assert magnitudes.shape == (2, 3, 96, 11)
    assert_equal(magnitudes[1, 2], pseudo_cqt(audio[1, 2].contiguous(), sample_rate=16000))


def test_module_equals_function_and_saves_nothing():
    audio = torch.randn(2, 500)
    module = PseudoCQT(**SMALL)
    assert_equal(module(audio), pseudo_cqt(audio, **SMALL))
    assert module.state_dict() == {}
    assert module.double()(audio.double()).dtype == torch.float64


def test_autocast_keeps_full_precision():
    audio = torch.randn(500)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        magnitudes = pseudo_cqt(audio, **SMALL)
    assert_equal(magnitudes, pseudo_cqt(audio, **SMALL))


@pytest.mark.parametrize("hop_length", [16, 2])  # windows that are transformed whole, and by hops
def test_function_and_module_compile_without_a_graph_break(hop_length):
    options = {**SMALL, "hop_length": hop_length}
    audio = torch.randn(2, 500, requires_grad=True)
    expected = pseudo_cqt(audio, **options)
    (gradient,) = torch.autograd.grad(expected.square().sum(), audio)
    assert_equal(torch.compile(pseudo_cqt, fullgraph=True, backend="aot_eager")(audio, **options), expected)
    compiled = torch.compile(PseudoCQT(**options), fullgraph=True, backend="aot_eager")(audio)
    assert_equal(compiled, expected)
    assert_equal(torch.autograd.grad(compiled.square().sum(), audio)[0], gradient)


@pytest.mark.parametrize(
    ("audio", "options", "error", "message"),
    [
        (np.zeros(5), {}, TypeError, "audio must be a torch.Tensor"),
        (torch.zeros(5).bfloat16(), {}, TypeError, "audio must be float32 or float64.*bfloat16"),
        (torch.zeros(2, 0), {}, ValueError, r"T >= 1, got \(2, 0\)"),
        (torch.zeros(5), {"sample_rate": -1}, ValueError, "sample_rate must be greater than 0"),
        (torch.zeros(5), {"hop_length": 0}, ValueError, "hop_length must be greater than 0"),
        (torch.zeros(5), {"f_min_hz": 0.0}, ValueError, "f_min_hz must be greater than 0"),
        (torch.zeros(5), {"n_octaves": 0}, ValueError, "n_octaves must be greater than 0"),
        (torch.zeros(5), {"bins_per_octave": 0}, ValueError, "bins_per_octave must be greater than 0"),
        (torch.zeros(5), {"sample_rate": "16000"}, TypeError, "sample_rate must be a number, got '16000'"),
        (torch.zeros(5), {"window_ratio": None}, TypeError, "window_ratio must be a number, got None"),
        (torch.zeros(5), {"n_octaves": 5000}, ValueError, "Nyquist.*n_octaves=5000"),
        (torch.zeros(5), {"hop_length": 10**6}, ValueError, "hop_length must be at most 8192, got 1000000"),
        (torch.zeros(5), {"f_min_hz": 1e-4}, ValueError, "f_min_hz=0.0001.*too many"),
        (torch.zeros(5), {"window_ratio": 1.5}, ValueError, r"window_ratio must be in \(0, 1\], got 1.5"),
        (
            torch.zeros(5),
            {"sample_rate": 8000},
            ValueError,
            "Nyquist frequency of 4000 Hz.*f_min_hz=32.703.*n_octaves=8",
        ),
    ],
)
def test_bad_input_is_named(audio, options, error, message):
    with pytest.raises(error, match=message):
        pseudo_cqt(audio, **{"sample_rate": 16000, **options})
