import auraloss
import pytest
import torch

from ddsp_drums import MultiResolutionSTFTLoss
from ddsp_drums.losses import multi_resolution
from tests.tolerances import assert_equal


def noise():
    return 0.3 * torch.randn(2, 6000)


def test_equals_auraloss_on_audio_that_is_not_silent():
    estimate, target = noise(), noise()
    unguarded = auraloss.freq.MultiResolutionSTFTLoss(
        fft_sizes=[512, 1024], hop_sizes=[128, 256], win_lengths=[512, 1024], w_sc=0.0, w_lin_mag=1.0
    )
    leaky = (0.999 * estimate + 0.001 * target).unsqueeze(1)
    assert_equal(MultiResolutionSTFTLoss([512, 1024])(estimate, target), unguarded(leaky, target.unsqueeze(1)))


def test_silence_is_bounded_and_has_a_gradient_towards_the_target():
    loss, silence, target = MultiResolutionSTFTLoss(), torch.zeros(2, 6000, requires_grad=True), noise()
    (gradient,) = torch.autograd.grad(loss(silence, target), silence)
    assert torch.cosine_similarity(-gradient.flatten(), target.flatten(), dim=0) > 0.2
    loud = noise().requires_grad_()
    value = loss(loud, torch.zeros(2, 6000))
    value.backward()
    assert value < 20
    assert loud.grad.isfinite().all()
    assert loss(torch.zeros(2, 6000), torch.zeros(2, 6000)) == 0


@pytest.mark.parametrize("samples", [1, 700, 1025])
def test_short_audio_is_filled_up(samples):
    estimate, target = noise()[:, :samples], noise()[:, :samples]
    loss = MultiResolutionSTFTLoss()
    assert_equal(loss(estimate, estimate), torch.tensor(0.0))
    assert loss(estimate, target) > 0


def test_bad_input_is_named(monkeypatch):
    with pytest.raises(ValueError, match=r"same shape.*got \(2, 9\) and \(9,\)"):
        MultiResolutionSTFTLoss()(torch.zeros(2, 9), torch.zeros(9))
    with pytest.raises(ValueError, match="fft_sizes must be greater than 0"):
        MultiResolutionSTFTLoss([0])
    with pytest.raises(ValueError, match=r"at least one item, got \(0, 9\)"):
        MultiResolutionSTFTLoss()(torch.zeros(0, 9), torch.zeros(0, 9))
    monkeypatch.setattr(multi_resolution, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install auraloss"):
        MultiResolutionSTFTLoss()
