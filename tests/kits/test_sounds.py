import pytest
import torch

from ddsp_drums.kits.sounds import Sound, from_onset, measure, unlike, without_offset

RATE = 16000


def tone(frequency_hz, tau_s, rate=RATE):
    t = torch.arange(rate) / rate
    return (-t / tau_s).exp() * (2 * torch.pi * frequency_hz * t).sin()


def test_a_decaying_tone_measures_as_what_it_is():
    sound = measure([tone(200, 0.1)], sample_rate=RATE)
    assert sound.pitch_hz == pytest.approx(200, abs=1)
    assert sound.decay_s == pytest.approx(0.1 * 2.303, rel=0.01)  # energy falls twice as fast as amplitude
    assert 190 < sound.centroid_hz < 230


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 96000])
def test_the_numbers_do_not_depend_on_the_sample_rate(rate):
    sound, reference = (measure([tone(300, 0.05, r)], sample_rate=r) for r in (rate, RATE))
    assert sound == pytest.approx(reference, rel=0.05, abs=1e-3)


def test_the_median_hit_counts():
    assert measure([tone(f, 0.1) for f in (100, 200, 390)], sample_rate=RATE).pitch_hz == pytest.approx(200, abs=1)


def test_a_single_sample_can_be_measured():
    assert measure([torch.ones(1)], sample_rate=RATE).decay_s == pytest.approx(1 / RATE)


def test_the_onset_keeps_one_millisecond_before_it():
    audio = torch.zeros(1000)
    audio[500:] = 0.5
    audio[100:500] = 0.004  # below -40 dB of the peak
    assert from_onset(audio, RATE).shape == (500 + 16,)
    assert torch.equal(from_onset(audio[500:], RATE), audio[500:])


def test_an_offset_goes_and_a_kick_stays():
    kick = tone(50, 0.1)
    cleaned = without_offset(kick + 0.1, RATE)
    assert abs(float(cleaned[8000:].mean())) < 1e-3
    assert float((cleaned - kick).norm() / kick.norm()) < 0.5
    assert torch.equal(without_offset(kick, RATE), kick)


def test_nothing_sounds_before_its_cause():
    audio = torch.cat([torch.zeros(4000), tone(100, 0.1)])
    assert float(without_offset(audio, RATE)[:4000].abs().max()) == 0
    rising = torch.cat([torch.zeros(4000), torch.ones(4000)])
    assert float(without_offset(rising, RATE)[:3999].abs().max()) < 1e-3


def test_what_a_name_belies_is_told_with_its_number():
    assert (
        unlike("HT", Sound(5000, 0, 0.2, 200))
        == "named like HT, but its centroid_hz is 5000, where HT has at most 1500"
    )
    assert "low_share is 0.9" in unlike("SD", Sound(300, 0.9, 0.2, 50))
    assert "decay_s" in unlike("CR", Sound(3000, 0, 0.01, 200))
    assert unlike("HT", Sound(200, 0, 0.2, 200)) == ""
    assert unlike("a class of the user's", Sound(0, 0, 0, 0)) == ""
