import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import ConvHead, RecurrentHead
from tests.tolerances import assert_equal

HEADS = [RecurrentHead, ConvHead]


def test_recurrent_head_has_the_published_size():
    head = RecurrentHead()
    assert sum(parameter.numel() for parameter in head.parameters()) == 8_619
    assert [parameter.numel() for parameter in head.over_instruments.parameters()] == [3, 3]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("frames", [1, 63, 100])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gives_a_logit_an_instrument_and_frame(head, frames, dtype):
    logits = head().to(dtype)(torch.randn(2, 100, frames, dtype=dtype))
    assert logits.shape == (2, 11, frames)
    assert logits.dtype == dtype


@pytest.mark.parametrize("head", HEADS)
def test_leading_axes_and_any_memory_layout(head):
    layer = head(5, 4)
    features = torch.randn(9, 5, 3, 2).permute(3, 2, 1, 0)
    logits = layer(features)
    assert logits.shape == (2, 3, 4, 9)
    assert_equal(logits[1, 2], layer(features[1, 2].contiguous()))


def test_last_gru_reads_the_instruments_of_one_frame_in_order():
    head = RecurrentHead(5, 4)
    features = torch.randn(1, 5, 9)
    seen: dict[str, torch.Tensor] = {}
    head.forwards.register_forward_hook(lambda module, args, output: seen.update(before=output[0]))
    logits = head(features)
    for frame in range(9):
        strengths = torch.nn.functional.elu(seen["before"][0, frame])
        alone, _ = head.over_instruments(strengths.unsqueeze(-1))  # (K, 1), instruments as time
        assert_equal(logits[0, :, frame], torch.nn.functional.elu(alone[:, 0]))


def test_conv_head_is_linear_up_to_its_bias():
    head = ConvHead(5, 4).double()
    first, second = torch.randn(2, 5, 9, dtype=torch.float64).unbind()
    silence = torch.zeros_like(first)
    assert_equal(head(first + second) - head(silence), head(first) + head(second) - 2 * head(silence))


@pytest.mark.parametrize("head", HEADS)
def test_gradients_in_float64(head):
    layer = head(3, 2).double()
    features = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda features, *_: layer(features), (features, *layer.parameters()), fast_mode=True)
    assert gradgradcheck(lambda features, *_: layer(features), (features, *layer.parameters()), fast_mode=True)


@pytest.mark.parametrize("head", HEADS)
def test_silence_is_finite(head):
    layer = head(3, 2)
    features = torch.zeros(2, 3, 4, requires_grad=True)
    layer(features).sum().backward()
    assert features.grad.isfinite().all()


def test_conv_head_compiles_without_a_graph_break():
    layer = ConvHead(3, 2)
    features = torch.randn(2, 3, 9)
    assert_equal(torch.compile(layer, fullgraph=True, backend="aot_eager")(features), layer(features))


def test_recurrent_head_compiles_with_breaks_at_its_grus():
    # Dynamo does not trace nn.GRU, so a full graph is out of reach.
    layer = RecurrentHead(3, 2)
    features = torch.randn(2, 3, 9)
    assert_equal(torch.compile(layer, backend="aot_eager")(features), layer(features))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ([1.0], TypeError, "features must be a torch.Tensor"),
        (torch.zeros(3, 4).long(), TypeError, "int64"),
        (torch.zeros(3), ValueError, r"\(\.\.\., 3, N\), got \(3,\)"),
        (torch.zeros(4, 3), ValueError, r"\(\.\.\., 3, N\) with N >= 1, got \(4, 3\)"),
        (torch.zeros(3, 0), ValueError, r"\(\.\.\., 3, N\) with N >= 1, got \(3, 0\)"),
    ],
)
def test_bad_input_is_named(head, features, error, message):
    with pytest.raises(error, match=message):
        head(3, 2)(features)


@pytest.mark.parametrize(
    ("head", "options", "message"),
    [
        (RecurrentHead, {"in_channels": 0}, "in_channels must be greater than 0"),
        (RecurrentHead, {"n_instruments": 0}, "n_instruments must be greater than 0"),
        (ConvHead, {"in_channels": 0}, "in_channels must be greater than 0"),
        (ConvHead, {"n_instruments": 0}, "n_instruments must be greater than 0"),
        (ConvHead, {"channels": 0}, "channels must be greater than 0"),
        (ConvHead, {"kernel_size": 2}, "kernel_size must be odd and at least 1, got 2"),
    ],
)
def test_bad_options_are_named(head, options, message):
    with pytest.raises(ValueError, match=message):
        head(**options)
