import pytest
import torch
from nnAudio.features import CQT1992v2
from torch.autograd import gradcheck

from ddsp_drums import CQT, cqt
from tests.tolerances import assert_equal

SMALL = {"sample_rate": 8000, "hop_length": 16, "f_min_hz": 500.0, "n_octaves": 2, "bins_per_octave": 4}


@pytest.mark.parametrize(("sample_rate", "hop_length"), [(16000, 64), (22050, 100), (44100, 512)])
@pytest.mark.parametrize("samples", [1, 63, 7001])
def test_equals_nnaudio(sample_rate, hop_length, samples):
    audio = torch.randn(2, samples)
    theirs = CQT1992v2(
        sr=sample_rate, hop_length=hop_length, fmin=32.703, n_bins=96, pad_mode="constant", verbose=False
    )(audio)
    ours = cqt(audio, sample_rate=sample_rate, hop_length=hop_length)
    assert ours.shape == (2, 96, 1 + samples // hop_length)
    assert_equal(ours, theirs)


@pytest.mark.parametrize("bin_index", [6, 40, 75, 95])
def test_a_tone_is_loudest_in_its_bin(bin_index):
    tone = torch.sin(2 * torch.pi * 32.703 * 2 ** (bin_index / 12) / 16000 * torch.arange(16000))
    assert int(cqt(tone, sample_rate=16000)[:, 125].argmax()) == bin_index


def test_gradients_in_float64():
    audio = torch.randn(2, 50, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda audio: cqt(audio, **SMALL), audio)


def test_silence_has_zero_value_and_gradient():
    audio = torch.zeros(2, 500, requires_grad=True)
    magnitudes = cqt(audio, sample_rate=16000)
    magnitudes.sum().backward()
    assert (magnitudes == 0).all()
    assert (audio.grad == 0).all()


def test_leading_axes_and_any_memory_layout():
    audio = torch.randn(300, 3, 2).permute(2, 1, 0)
    magnitudes = cqt(audio, **SMALL)
    assert magnitudes.shape == (2, 3, 8, 19)
    assert_equal(magnitudes[1, 2], cqt(audio[1, 2].contiguous(), **SMALL))


def test_module_equals_function_and_saves_nothing():
    audio = torch.randn(2, 500)
    module = CQT(**SMALL)
    assert_equal(module(audio), cqt(audio, **SMALL))
    assert module.state_dict() == {}
    assert "sample_rate=8000" in repr(module)


def test_function_and_module_compile_without_a_graph_break():
    audio = torch.randn(2, 500)
    expected = cqt(audio, **SMALL)
    assert_equal(torch.compile(cqt, fullgraph=True, backend="aot_eager")(audio, **SMALL), expected)
    assert_equal(torch.compile(CQT(**SMALL), fullgraph=True, backend="aot_eager")(audio), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_octaves": 9}, "Nyquist"),
        ({"f_min_hz": 1e-4}, "f_min_hz=0.0001.*too many"),
        ({"hop_length": 0}, "hop_length"),
        ({"sample_rate": 0}, "sample_rate"),
    ],
)
def test_bad_options_are_named(options, message):
    options = {"sample_rate": 16000, **options}
    with pytest.raises(ValueError, match=message):
        cqt(torch.zeros(5), **options)
    with pytest.raises(ValueError, match=message):
        CQT(**options)
