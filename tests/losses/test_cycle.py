import math

import pytest
import torch
from torch.autograd import gradcheck

from ddsp_drums import CycleConsistencyLoss, cycle_consistency_loss
from tests.tolerances import assert_equal


def made_up(shape=(2, 3, 50), dtype=torch.float32):
    played = (torch.rand(shape, dtype=dtype) < 0.1).to(dtype)
    return torch.randn(shape, dtype=dtype), torch.rand(shape, dtype=dtype), played, torch.rand(shape, dtype=dtype)


def test_equals_its_equation():
    logits, velocity, played, played_velocity = made_up(dtype=torch.float64)
    p = logits.sigmoid()
    onset = -(3 * played * p.log() + (1 - played) * (1 - p).log()).mean()
    error = (played * (velocity - played_velocity).abs()).sum() / played.sum()
    expected = onset + 0.5 * error
    assert_equal(cycle_consistency_loss(logits, velocity, played, played_velocity, velocity_weight=0.5), expected)
    assert_equal(CycleConsistencyLoss(velocity_weight=0.5)(logits, velocity, played, played_velocity), expected)


def test_velocity_counts_only_where_something_was_played():
    logits, velocity, played, played_velocity = made_up()
    velocity.requires_grad_()
    cycle_consistency_loss(logits, velocity, played, played_velocity).backward()
    assert (velocity.grad[played == 0] == 0).all()
    assert (velocity.grad[played == 1] != 0).all()


@pytest.mark.parametrize("logit", [-1e4, 0.0, 1e4])
def test_is_finite_on_silence_and_on_certainty(logit):
    nothing = torch.zeros(1, 3, 50)
    logits = torch.full((1, 3, 50), logit, requires_grad=True)
    loss = cycle_consistency_loss(logits, nothing, nothing, nothing)
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert logits.grad.isfinite().all()


def test_gradients_in_float64():
    logits, velocity, played, played_velocity = made_up((2, 5), torch.float64)
    inputs = (logits.requires_grad_(), velocity.requires_grad_(), played, played_velocity)
    assert gradcheck(cycle_consistency_loss, inputs)


@pytest.mark.parametrize("wrong", range(1, 4))
def test_shapes_that_differ_are_named(wrong):
    inputs = list(made_up())
    inputs[wrong] = inputs[wrong][..., :-1]
    with pytest.raises(ValueError, match=r"\(2, 3, 49\)"):
        cycle_consistency_loss(*inputs)
