"""What holds for every layer with audio at its input: no items make no output, and odd windows have their own count."""

import pytest
import torch

import ddsp_drums as dd
from tests.tolerances import assert_equal

LAYERS = {
    "percussive": dd.PercussiveEnhancer(),
    "spectrogram": dd.Spectrogram(),
    "odd spectrogram": dd.Spectrogram(n_fft=63, hop_length=10),
    "log_mel": dd.LogMel(sample_rate=16000),
    "odd log_mel": dd.LogMel(sample_rate=16000, n_fft=127, hop_length=10, n_mels=8),
    "pseudo_cqt": dd.PseudoCQT(sample_rate=16000),
    "cqt": dd.CQT(sample_rate=16000),
}


@pytest.mark.parametrize("name", LAYERS)
def test_no_items_make_no_output(name):
    audio = torch.randn(0, 2, 3000, requires_grad=True)
    output = LAYERS[name](audio)
    assert output.shape == (0, 2, *LAYERS[name](torch.zeros(3000)).shape)
    output.sum().backward()
    assert audio.grad.shape == audio.shape


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "percussive"])  # torch's ISTFT looks at its data
def test_a_tensor_without_data_has_its_shape(name):
    output = LAYERS[name](torch.zeros(2, 3000, device="meta"))
    assert output.is_meta
    assert output.shape == LAYERS[name](torch.zeros(2, 3000)).shape


@pytest.mark.parametrize("name", LAYERS)
def test_a_batch_of_any_size_is_exported(name):
    sizes = ({0: torch.export.Dim("batch", min=1, max=100)},)
    exported = torch.export.export(LAYERS[name], (torch.randn(3, 2000),), dynamic_shapes=sizes).module()
    audio = torch.randn(5, 2000)
    assert_equal(exported(audio), LAYERS[name](audio))


@pytest.mark.parametrize("name", ["percussive", "spectrogram", "log_mel", "pseudo_cqt", "cqt"])
def test_a_function_compiles_for_audio_of_any_size(name):
    one_octave = {"sample_rate": 16000, "n_octaves": 1, "f_min_hz": 1000.0}  # each is traced by itself
    options = {"log_mel": {"sample_rate": 16000}, "pseudo_cqt": one_octave, "cqt": one_octave}.get(name, {})
    function = getattr(dd, name)
    compiled = torch.compile(function, fullgraph=True, dynamic=True, backend="aot_eager")
    for shape in ((2, 2000), (3, 3001)):
        audio = torch.randn(shape, dtype=torch.float64, requires_grad=True)
        ours, eager = compiled(audio, **options), function(audio, **options)
        assert_equal(ours, eager)
        assert_equal(*(torch.autograd.grad(output.square().sum(), audio)[0] for output in (ours, eager)))


@pytest.mark.parametrize("samples", [1, 99, 100, 101])
def test_odd_windows_have_the_stated_count_of_frames(samples):
    for name in ("odd spectrogram", "odd log_mel"):
        assert LAYERS[name](torch.zeros(samples)).shape[-1] == 1 + (samples - 1) // 10


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dd.MedianFilter(kernel_size=4), "kernel_size must be odd"),
        (lambda: dd.MedianFilter(kernel_size=-1), "kernel_size must be greater than 0"),
        (lambda: dd.PercussiveEnhancer(hop_length=1000), "hop_length must be at most"),
        (lambda: dd.PercussiveEnhancer(kernel_size=4), "kernel_size must be odd"),
        (lambda: dd.GatedSparsemax(window=4, alpha=0.5), "alpha must be at least 1"),
        (lambda: dd.Sparsemax(alpha=float("inf")), "alpha must be at least 1 and finite"),
        (lambda: dd.SpectralLoss(dd.Spectrogram(), scale=float("inf")), "scale must be greater than 0 and finite"),
        (lambda: dd.OnsetCQTLoss(16000, tilt_db=float("nan")), "tilt_db must be from -100 to 100"),
        (lambda: dd.MultiResolutionSTFTLoss([]), "fft_sizes must hold at least one"),
    ],
)
def test_a_bad_option_is_refused_when_the_layer_is_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_window_that_is_no_int_is_refused_when_the_layer_is_made():
    with pytest.raises(TypeError, match="window must be an int"):
        dd.GatedSparsemax(window=2.5)
