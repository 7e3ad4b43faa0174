import numpy as np
import pytest
import torch

from ddsp_drums.audio.degradations import add_noise, bleed, coloured_noise, crackle


def test_noise_is_added_at_its_ratio():
    audio, noise = 3 * torch.randn(2, 5000), torch.randn(2, 5000)
    heard = add_noise(audio, 0.01 * noise, snr_db=torch.tensor([20.0, 0.0]))
    ratio_db = 20 * (audio.norm(dim=-1) / (heard - audio).norm(dim=-1)).log10()
    torch.testing.assert_close(ratio_db, torch.tensor([20.0, 0.0]), atol=1e-2, rtol=0)
    assert (add_noise(torch.zeros(5), torch.zeros(5), snr_db=0.0) == 0).all()


@pytest.mark.parametrize("slope_db", [0.0, -3.0, -6.0])
def test_noise_has_its_colour(slope_db):
    noise = coloured_noise(1 << 16, rng=np.random.default_rng(0), slope_db=slope_db)
    assert float(noise.square().mean()) == pytest.approx(1, abs=1e-4)
    power = torch.fft.rfft(noise).abs().square()
    octaves_db = [float(10 * power[1 << n : 2 << n].mean().log10()) for n in range(8, 15)]
    assert np.polyfit(range(7), octaves_db, 1)[0] == pytest.approx(slope_db, abs=0.3)


def test_crackle_is_made_of_clicks_as_often_as_asked():
    noise = crackle(10 * 16000, sample_rate=16000, rng=np.random.default_rng(0), rate_hz=20.0)
    assert float(noise.square().mean()) == pytest.approx(1, abs=1e-4)
    quiet = torch.nn.functional.max_pool1d(noise.abs()[None], 32, 32)[0] == 0
    assert float(quiet.float().mean()) == pytest.approx(0.92, abs=0.015)  # 200 clicks, each in two of 5,000 blocks
    assert (crackle(1, sample_rate=16000, rng=np.random.default_rng(0)) != 0).all()


def test_every_microphone_hears_the_other_tracks_later_and_weaker():
    tracks = torch.eye(3, 10)[None].repeat(2, 1, 1)  # track c has an impulse at sample c
    heard = bleed(tracks, sample_rate=1000, gain_db=-20.0, delay_s=torch.tensor([0.001, 0.002, 0.02]))
    assert torch.equal(heard[0], heard[1])
    expected = torch.eye(3, 10)
    expected[[1, 2], 1] += 0.1  # of the first track; the second's arrives at sample 3, the third's after the end
    expected[[0, 2], 3] += 0.1
    torch.testing.assert_close(heard[0], expected)


def test_bad_parameters_are_named():
    audio = torch.randn(2, 100)
    for bad, name in (
        (lambda: add_noise(audio, torch.randn(99), snr_db=0.0), "noise must have the 100 samples"),
        (lambda: add_noise(audio, audio, snr_db=torch.ones(5)), "snr_db"),
        (lambda: coloured_noise(0, rng=np.random.default_rng(0)), "n_samples"),
        (lambda: crackle(0, sample_rate=16000, rng=np.random.default_rng(0)), "n_samples"),
        (lambda: crackle(9, sample_rate=16000, rng=np.random.default_rng(0), rate_hz=0), "rate_hz"),
        (lambda: bleed(audio, sample_rate=1000, delay_s=-1.0), "delay_s must be at least 0"),
        (lambda: bleed(audio[0], sample_rate=1000), "tracks"),
    ):
        with pytest.raises(ValueError, match=name):
            bad()
