import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import UNetEncoder
from tests.tolerances import assert_equal

SMALL = {"channels": 3, "out_channels": 4, "depth": 3, "up_depth": 2}


def test_default_is_the_published_network():
    encoder = UNetEncoder()
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 195_250
    assert [name for name, _ in encoder.named_parameters() if name.endswith("bias")] == ["last.bias"]
    assert encoder.hop_length == 16
    assert encoder.output_length(32_768) == 1538
    audio = torch.randn(32_768)
    assert encoder(audio).shape == (100, 1538)
    assert encoder.trim(audio).shape == (24_608,)
    assert_equal(encoder.trim(audio), audio[4080:-4080])


def test_equals_the_published_arrangement():
    encoder = UNetEncoder(**SMALL).double()
    x = torch.randn(1, 1, 96, dtype=torch.float64)

    def conv(x, layer):
        return F.elu(F.conv1d(x, layer.weight, layer.bias))

    first = conv(x, encoder.first)
    half = F.max_pool1d(conv(first, encoder.down[0]), 2)
    quarter = F.max_pool1d(conv(half, encoder.down[1]), 2)
    eighth = F.max_pool1d(conv(quarter, encoder.down[2]), 2)
    y = conv(conv(eighth, encoder.bottom), encoder.up[0])
    y = F.interpolate(y, scale_factor=2, mode="linear", align_corners=False)
    crop = (quarter.shape[-1] - y.shape[-1]) // 2
    y = conv(torch.cat([y, quarter[..., crop:-crop]], dim=1), encoder.up[1])
    y = F.interpolate(y, scale_factor=2, mode="linear", align_corners=False)
    crop = (half.shape[-1] - y.shape[-1]) // 2
    y = conv(torch.cat([y, half[..., crop:-crop]], dim=1), encoder.last)
    assert_equal(encoder(x[0, 0]), y[0])


@given(st.integers(1, 4), st.integers(0, 4), st.sampled_from([1, 3, 5]), st.integers(1, 600), st.integers(1, 40))
def test_lengths_are_as_promised(depth, up_depth, kernel_size, n_samples, n_frames):
    encoder = UNetEncoder(
        channels=1, out_channels=1, depth=depth, up_depth=min(up_depth, depth), kernel_size=kernel_size
    )
    frames = encoder.output_length(n_samples)
    if frames:
        audio = torch.zeros(n_samples)
        assert encoder(audio).shape == (1, frames)
        assert encoder.trim(audio).shape == (frames * encoder.hop_length,)
    fewest = encoder.input_length(n_frames)
    assert encoder.output_length(fewest) >= n_frames
    assert encoder.output_length(fewest - 1) < n_frames


@pytest.mark.parametrize("samples", [96, 103, 110, 200])
def test_features_stand_for_the_centre_of_the_audio(samples):
    # With palindromic kernels nothing tells left from right, so reversed audio must give reversed features.
    encoder = UNetEncoder(**SMALL).double()
    with torch.no_grad():
        for weight in encoder.parameters():
            if weight.dim() == 3:
                weight.copy_(weight + weight.flip(-1))
    audio = torch.randn(samples // 2 * 2, dtype=torch.float64)
    assert_equal(encoder(audio.flip(-1)), encoder(audio).flip(-1))
    assert_equal(encoder.trim(audio.flip(-1)), encoder.trim(audio).flip(-1))


def test_features_move_with_the_audio():
    encoder = UNetEncoder(**SMALL).double()
    audio = torch.randn(160, dtype=torch.float64)
    coarsest = 2**3
    inner = slice(4, -4)  # interpolation repeats the outermost value of a map
    moved = encoder(audio[coarsest:])
    assert_equal(moved[:, inner], encoder(audio)[:, coarsest // encoder.hop_length :][:, inner])
    assert_equal(encoder.trim(audio[coarsest:]), encoder.trim(audio)[coarsest:])


@pytest.mark.parametrize("in_channels", [1, 2])
def test_gradients_in_float64(in_channels):
    encoder = UNetEncoder(in_channels=in_channels, **SMALL).double()
    shape = (2, 96) if in_channels == 1 else (2, in_channels, 96)
    audio = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda audio, *_: encoder(audio), (audio, *encoder.parameters()), fast_mode=True)
    assert gradgradcheck(lambda audio, *_: encoder(audio), (audio, *encoder.parameters()), fast_mode=True)


def test_silence_is_finite():
    encoder = UNetEncoder(**SMALL)
    audio = torch.zeros(2, 96, requires_grad=True)
    encoder(audio).sum().backward()
    assert audio.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())


def test_leading_axes_and_any_memory_layout():
    audio = torch.randn(100, 3, 2).permute(2, 1, 0)
    mono, stereo = UNetEncoder(**SMALL), UNetEncoder(in_channels=3, **SMALL)
    features = mono(audio)
    assert features.shape == (2, 3, 4, mono.output_length(100))
    assert_equal(features[1, 2], mono(audio[1, 2].contiguous()))
    assert stereo(audio).shape == (2, 4, stereo.output_length(100))
    assert_equal(stereo(audio)[1], stereo(audio[1].contiguous()))


def test_compiles_without_a_graph_break():
    encoder = UNetEncoder(**SMALL)
    audio = torch.randn(2, 96)
    assert_equal(torch.compile(encoder, fullgraph=True, backend="aot_eager")(audio), encoder(audio))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 0}, "in_channels must be greater than 0"),
        ({"channels": 0}, "channels must be greater than 0"),
        ({"out_channels": 0}, "out_channels must be greater than 0"),
        ({"depth": 0}, "depth must be greater than 0"),
        ({"up_depth": 11}, "up_depth must be from 0 to depth=10, got 11"),
        ({"dims": 3}, "dims must be 1 or 2, got 3"),
        ({"kernel_size": 4}, "kernel_size must be odd and at least 1, got 4"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        UNetEncoder(**options)


@pytest.mark.parametrize(
    ("options", "audio", "error", "message"),
    [
        ({}, [1.0], TypeError, "audio must be a torch.Tensor"),
        ({}, torch.zeros(100).long(), TypeError, "int64"),
        ({}, torch.zeros(2, 60), ValueError, r"at least T = 64 samples for one frame, got T = 60 in shape \(2, 60\)"),
        ({"in_channels": 2}, torch.zeros(100), ValueError, r"\(\.\.\., 2, T\), got \(100,\)"),
        ({"in_channels": 2}, torch.zeros(3, 100), ValueError, r"\(\.\.\., 2, T\), got \(3, 100\)"),
    ],
)
def test_bad_audio_is_named(options, audio, error, message):
    with pytest.raises(error, match=message):
        UNetEncoder(**SMALL, **options)(audio)


def test_too_short_audio_cannot_be_trimmed():
    with pytest.raises(ValueError, match="at least T = 64"):
        UNetEncoder(**SMALL).trim(torch.zeros(10))


def test_two_dimensions_are_the_same_network_along_both_axes():
    flat, square = UNetEncoder(**SMALL).double(), UNetEncoder(dims=2, **SMALL).double()
    with torch.no_grad():
        for own, theirs in zip(square.parameters(), flat.parameters(), strict=True):
            own.zero_()
            if own.dim() == 1:
                own.copy_(theirs)
            else:
                own[..., 1, :] = theirs  # a kernel that does not look along frequency
    audio = torch.randn(2, 110, dtype=torch.float64)
    picture = audio[:, None].expand(2, 96, 110)
    features = square(picture)
    assert features.shape == (2, 4, square.output_length(96), square.output_length(110))
    assert_equal(features, flat(audio)[:, :, None].expand_as(features))
    assert_equal(square.trim(picture), flat.trim(audio)[:, None].expand(2, square.output_length(96) * 2, -1))


def test_two_dimensions_with_channels():
    encoder = UNetEncoder(in_channels=3, dims=2, **SMALL)
    assert encoder(torch.randn(2, 3, 64, 70)).shape == (2, 4, encoder.output_length(64), encoder.output_length(70))
    with pytest.raises(ValueError, match=r"\(\.\.\., 3, F, T\), got \(2, 64, 70\)"):
        encoder(torch.randn(2, 64, 70))
    with pytest.raises(ValueError, match="at least F and T = 64 samples for one frame, got F and T = 60 x 70"):
        encoder(torch.randn(3, 60, 70))
