import librosa
import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import Spectrogram, spectrogram
from tests.tolerances import assert_equal


@pytest.mark.filterwarnings("ignore:n_fft=.* is too large:UserWarning")
@pytest.mark.parametrize(("n_fft", "hop_length"), [(1024, 256), (63, 20), (8, 8)])
@pytest.mark.parametrize("samples", [1, 100, 3001])
def test_equals_librosa(n_fft, hop_length, samples):
    audio = torch.randn(samples, dtype=torch.float64)
    theirs = abs(librosa.stft(audio.numpy(), n_fft=n_fft, hop_length=hop_length, pad_mode="constant"))
    ours = spectrogram(audio, n_fft=n_fft, hop_length=hop_length)
    assert ours.shape[0] == n_fft // 2 + 1
    frames = min(ours.shape[-1], theirs.shape[-1])  # an odd window makes librosa count one frame differently
    torch.testing.assert_close(ours[:, :frames], torch.from_numpy(theirs[:, :frames]), rtol=1e-8, atol=1e-8)


def test_gradients_in_float64_and_at_silence():
    audio = torch.randn(2, 100, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda audio: spectrogram(audio, n_fft=16, hop_length=4), audio)
    silence = torch.zeros(100, requires_grad=True)
    spectrogram(silence, n_fft=16, hop_length=4).sum().backward()
    assert (silence.grad == 0).all()


def test_module_equals_function():
    audio = torch.randn(2, 3, 500)
    assert_equal(Spectrogram(n_fft=64, hop_length=16)(audio), spectrogram(audio, n_fft=64, hop_length=16))
    assert repr(Spectrogram()) == "Spectrogram(n_fft=1024, hop_length=256)"


@pytest.mark.parametrize("options", [{"n_fft": 0}, {"hop_length": 0}])
def test_bad_options_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        spectrogram(torch.zeros(5), **options)
    with pytest.raises(ValueError, match=next(iter(options))):
        Spectrogram(**options)
