from dataclasses import replace

import pytest
import torch
from drummernet.config import CONFIGS, ModelConfig
from drummernet.hearing.transcriber import Transcriber
from drummernet.model import DrummerNet


def parameters(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_paper_has_the_published_parameter_counts():
    model = DrummerNet(CONFIGS["paper"].model)
    assert parameters(model.encoder) == 195_250
    assert parameters(model.head) == 8_619
    assert parameters(model) == 203_869


def test_paper_has_the_published_output_length():
    model = DrummerNet(CONFIGS["paper"].model)
    audio = torch.randn(1, 32_768)
    assert model(audio).logits.shape == (1, 11, 1_538)
    assert model.heard(audio).shape == (1, 24_608)


@pytest.mark.parametrize("name", CONFIGS)
def test_few_instruments_play_at_once(name):
    model = DrummerNet(CONFIGS[name].model)
    prediction = model(torch.randn(1, 32_768))
    activations = model.activations(prediction._replace(logits=100 * prediction.logits))
    assert 0 <= activations.min() <= activations.max() <= 1
    assert (activations > 0).sum(-2).float().mean() < 2


@pytest.mark.parametrize("n_samples", [1, 160, 16_000])
# Not "paper-silent": untrained, it is silent but for faint transients, and its hits are relative to its own loudest.
@pytest.mark.parametrize("name", ["default", "paper", "paper-conv"])
def test_silence_of_any_length_has_no_hits(name, n_samples):
    system = CONFIGS[name]
    model = DrummerNet(system.model).eval()
    transcription = Transcriber((model, system), threshold=0.9)(torch.zeros(n_samples))
    assert transcription.hits == []
    assert transcription.activations.isfinite().all()
    assert transcription.activations.shape[-1] == 1 + n_samples // system.model.hop_length


@pytest.mark.parametrize(("option", "value"), [("encoder", "wavelet"), ("head", "attention")])
def test_unknown_parts_are_refused(option, value):
    with pytest.raises(ValueError, match=value):
        DrummerNet(replace(ModelConfig(), **{option: value}))
