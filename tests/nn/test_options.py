import inspect

import pytest
import torch

from tests.test_public_surface import CLASSES

SOUND = {"sample_rate": 16000, "n_samples": 100}
SOUNDS = {"templates": torch.ones(2, 10)}
REQUIRED = {
    "CQT": {"sample_rate": 16000},
    "DampedSynthesizer": SOUNDS,
    "DecayingPartials": SOUND,
    "FilteredNoise": SOUND,
    "GatedSparsemax": {"window": 8},
    "LearnableTemplates": {"anchors": torch.ones(2, 4000), "sample_rate": 16000},
    "LogMel": {"sample_rate": 16000},
    "MedianFilter": {"kernel_size": 3},
    "NMFD": {"templates": torch.ones(2, 4, 3)},
    "PseudoCQT": {"sample_rate": 16000},
    "SpectralFlux": {"sample_rate": 16000, "bands_hz": [(50.0, 500.0)]},
    "StrikeEnvelope": SOUND,
    "SweptSine": SOUND,
    "TemplateSynthesizer": SOUNDS,
}
SHOWING = [name for name, layer in CLASSES.items() if layer.extra_repr is not torch.nn.Module.extra_repr]


@pytest.mark.parametrize("name", SHOWING)
def test_a_layer_shows_all_its_options(name):
    layer = CLASSES[name]
    shown = repr(layer(**REQUIRED.get(name, {})))
    assert [option for option in inspect.signature(layer).parameters if f"{option}=" not in shown] == []
