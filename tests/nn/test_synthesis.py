import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import TemplateSynthesizer, template_synthesis
from tests.tolerances import assert_equal


def test_plays_its_templates():
    activations, templates = torch.rand(2, 3, 20), torch.randn(3, 50)
    synthesizer = TemplateSynthesizer(templates, hop_length=4)
    assert_equal(synthesizer(activations), template_synthesis(activations, templates, hop_length=4))
    stems = synthesizer(activations, stems=True)
    assert stems.shape == (2, 3, 80)
    assert_equal(stems.sum(1), synthesizer(activations))


def test_templates_are_saved_and_are_its_own():
    templates = torch.randn(3, 50)
    synthesizer = TemplateSynthesizer(templates)
    templates.zero_()
    other = TemplateSynthesizer(torch.zeros(3, 50))
    other.load_state_dict(synthesizer.state_dict())
    assert other.templates.abs().sum() > 0
    assert list(synthesizer.parameters()) == []


def test_trainable_templates_learn_the_sound_they_hear():
    activations = torch.zeros(1, 40)
    activations[0, ::10] = 1
    sound = torch.randn(1, 8)
    target = template_synthesis(activations, sound, hop_length=2)
    synthesizer = TemplateSynthesizer(torch.zeros(1, 8), hop_length=2, trainable=True)
    optimizer = torch.optim.SGD(synthesizer.parameters(), lr=0.1)
    for _ in range(50):
        optimizer.zero_grad()
        (synthesizer(activations) - target).square().sum().backward()
        optimizer.step()
    torch.testing.assert_close(synthesizer.templates.detach(), sound, rtol=0, atol=1e-4)


def test_gradients_in_float64():
    synthesizer = TemplateSynthesizer(torch.randn(2, 5, dtype=torch.float64), hop_length=2, trainable=True)
    activations = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda activations, _: synthesizer(activations), (activations, synthesizer.templates))


def test_bad_templates_are_named_when_it_is_built():
    with pytest.raises(ValueError, match=r"templates must have shape \(K, L\).*got \(50,\)"):
        TemplateSynthesizer(torch.randn(50))


def test_compiles_without_a_graph_break():
    synthesizer = TemplateSynthesizer(torch.randn(2, 5), hop_length=2)
    activations = torch.rand(3, 2, 7)
    compiled = torch.compile(synthesizer, fullgraph=True, backend="aot_eager")
    assert_equal(compiled(activations), synthesizer(activations))


def test_a_hop_below_one_is_refused_when_the_layer_is_made():
    with pytest.raises(ValueError, match="hop_length"):
        TemplateSynthesizer(torch.ones(2, 3), hop_length=0)
