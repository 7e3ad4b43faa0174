import math

import numpy as np
import pytest
import torch

from ddsp_drums.audio.degradations import convolve, equalise, high_cut, low_cut, room_response

RATE = 16_000


def gain_db(step, frequency_hz):
    """How much a step changes a tone, away from its ends."""
    tone = torch.sin(2 * torch.pi * frequency_hz * torch.arange(RATE, dtype=torch.float64) / RATE)
    middle = slice(4000, 12_000)
    return float(20 * (step(tone)[middle].norm() / tone[middle].norm()).log10())


def test_a_convolution_is_the_textbook_sum():
    audio, response = torch.randn(3, 200, dtype=torch.float64), torch.randn(3, 57, dtype=torch.float64)
    expected = [np.convolve(a, h)[:200] for a, h in zip(audio.numpy(), response.numpy(), strict=True)]
    torch.testing.assert_close(convolve(audio, response), torch.from_numpy(np.stack(expected)))


@pytest.mark.parametrize("reverberation_s", [0.1, 0.8])
def test_a_room_dies_away_by_60_db_in_its_reverberation_time(reverberation_s):
    rng = np.random.default_rng(0)
    room = room_response(sample_rate=RATE, rng=rng, reverberation_s=reverberation_s, wet_db=-9.0, gap_s=0.01)
    assert len(room) == round(reverberation_s * RATE)
    assert room[0] == 1
    assert (room[1:160] == 0).all()
    assert 10 * math.log10(room[1:].square().sum()) == pytest.approx(-9, abs=0.01)
    level_db = 10 * room[160:].unfold(0, 160, 160).square().mean(-1).log10()
    slope = np.polyfit(np.arange(len(level_db)) * 0.01, level_db.numpy(), 1)[0]
    assert slope == pytest.approx(-60 / reverberation_s, rel=0.1)


def test_an_equaliser_has_its_gains_at_the_octaves_above_20_hz():
    curve = torch.tensor([0.0, 0.0, 0.0, 6.0, 0.0, -12.0, 3.0, 3.0])
    for octave in range(3, 8):
        assert gain_db(lambda x: equalise(x, curve, sample_rate=RATE), 20 * 2**octave) == pytest.approx(
            float(curve[octave]), abs=0.3
        )
    assert gain_db(lambda x: equalise(x, curve, sample_rate=RATE), 6000) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(("cut", "octave"), [(high_cut, 2), (low_cut, 0.5)])
def test_a_cut_falls_by_its_slope_beyond_the_cutoff_only(cut, octave):
    def step(x):
        return cut(x, sample_rate=RATE, cutoff_hz=1000.0, slope_db=12.0)

    assert gain_db(step, 1000 / octave) == pytest.approx(0, abs=0.05)
    assert gain_db(step, 1000 * octave) == pytest.approx(-12, abs=0.2)
    assert gain_db(step, 1000 * octave**2) == pytest.approx(-24, abs=0.5)


def test_every_item_has_its_own_parameters():
    audio = torch.randn(2, 3, 1000)
    cutoff_hz = torch.tensor([[100.0, 1000.0, 3000.0], [200.0, 2000.0, 7000.0]])
    together = high_cut(audio, sample_rate=RATE, cutoff_hz=cutoff_hz)
    alone = high_cut(audio[1, 2], sample_rate=RATE, cutoff_hz=7000.0)
    torch.testing.assert_close(together[1, 2], alone)


def test_the_end_does_not_wrap_around_to_the_beginning():
    audio = torch.zeros(4000, dtype=torch.float64)
    audio[-1] = 1
    curve = 6 * torch.randn(11, dtype=torch.float64)
    for heard in (
        equalise(audio, curve, sample_rate=RATE),
        low_cut(audio, sample_rate=RATE, cutoff_hz=100.0),
        convolve(audio, torch.randn(300, dtype=torch.float64)),
    ):
        assert heard[:1000].abs().max() < 1e-3


def test_gradients_reach_the_audio_and_the_parameters():
    audio, response, curve = (torch.randn(size, dtype=torch.float64, requires_grad=True) for size in (30, 7, 5))
    cutoff_hz = torch.tensor(900.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(convolve, (audio, response))
    assert torch.autograd.gradcheck(lambda x, g: equalise(x, g, sample_rate=4000), (audio, curve))
    assert torch.autograd.gradcheck(lambda x, f: high_cut(x, sample_rate=4000, cutoff_hz=f), (audio, cutoff_hz))


def test_bad_parameters_are_named():
    audio, rng = torch.randn(2, 100), np.random.default_rng(0)
    for bad, name in (
        (lambda: high_cut(audio, sample_rate=RATE, cutoff_hz=0.0), "cutoff_hz must be greater than 0"),
        (lambda: low_cut(audio, sample_rate=RATE, cutoff_hz=torch.ones(3)), r"cutoff_hz must .* got shape \(3,\)"),
        (lambda: low_cut(audio, sample_rate=0, cutoff_hz=9.0), "sample_rate"),
        (lambda: equalise(audio, torch.zeros(0), sample_rate=RATE), "gain_db"),
        (lambda: convolve(audio, torch.zeros(0)), "response"),
        (lambda: convolve(audio[:, :0], torch.ones(1)), "audio must have T >= 1"),
        (lambda: room_response(sample_rate=RATE, rng=rng, reverberation_s=0.0), "reverberation_s"),
        (lambda: room_response(sample_rate=RATE, rng=rng, gap_s=-1.0), "gap_s"),
    ):
        with pytest.raises(ValueError, match=name):
            bad()
    with pytest.raises(TypeError, match="audio must be floating point"):
        convolve(torch.ones(4, dtype=torch.int16), torch.ones(1))
