import pytest
import torch
from drummernet.demo import write_demo_loop
from drummernet.hearing.refine import explain, learn_sounds, refine
from drummernet.hearing.transcriber import Transcriber

VELOCITIES = torch.full((2, 400), 0.5)
ONSETS = {0: range(5, 400, 40), 1: range(25, 400, 40)}


@pytest.fixture
def scene():
    """Two sounds that alternate, and a network that is sure of all hits but one and hears one that is none."""
    magnitudes, probabilities = torch.full((33, 400), 1e-3), torch.zeros(2, 400)
    sounds = torch.rand(2, 33, 16).pow(4) * torch.linspace(1, 0, 16)
    for k, onsets in ONSETS.items():
        for onset in onsets:
            length = min(16, 400 - onset)
            magnitudes[:, onset : onset + length] += sounds[k, :, :length]
            probabilities[k, onset] = 0.9
    probabilities[0, 45] = probabilities[0, 65] = 0.25  # the first is a hit, the second the other sound
    return probabilities, magnitudes


def test_finds_what_sounds_like_the_sure_hits_and_doubts_what_does_not(scene):
    probabilities, magnitudes = scene
    refined = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).probabilities
    assert refined[0, 45] > 0.35
    assert refined[0, 65] < 0.2
    assert refined[0, 85] > 0.6
    assert refined.min() >= 0
    assert refined.max() <= 1


def test_what_rises_low_beside_the_sure_hits_is_doubted(scene):
    probabilities, magnitudes = scene
    unsure = probabilities * 0.7
    high, low = (
        explain(unsure, VELOCITIES, magnitudes, learn_sounds(heard, VELOCITIES, magnitudes, frame_rate_hz=125))
        for heard in (probabilities, unsure)
    )
    assert (high.probabilities < low.probabilities).any()
    assert (high.probabilities <= low.probabilities).all()


def test_a_hat_under_each_kick_is_no_part_of_the_kick():
    low, high = torch.zeros(33), torch.zeros(33)
    low[:17], high[16:] = 1, 0.3
    decay = torch.linspace(1, 0, 16)
    magnitudes, probabilities = torch.full((33, 400), 1e-3), torch.zeros(2, 400)
    for onset in range(5, 380, 20):
        alone = onset % 80 != 5
        probabilities[1, onset] = 0.8 if alone else 0.45
        probabilities[0, onset] = 0.0 if alone else 0.9
        sound = high if alone else low + high
        magnitudes[:, onset : onset + 16] += sound[:, None] * decay
    refined = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).probabilities
    assert refined[1, 5::80].min() > 0.34  # by factor deconvolution alone .30, which is the threshold


def test_a_hat_by_itself_is_measured_against_those_by_themselves():
    hat, snare = torch.zeros(33), torch.zeros(33)
    hat[16:], snare[8:] = 0.2, 1
    decay = torch.linspace(1, 0, 16)
    magnitudes, probabilities = torch.full((33, 600), 1e-3), torch.zeros(2, 600)
    for onset in range(5, 580, 20):
        alone = onset % 60 == 5
        sure = onset % 120 != 65  # every other one that is alone is doubtful
        probabilities[0, onset] = 0.8 if sure else 0.2
        probabilities[1, onset] = 0.0 if alone else 0.9
        sound = hat if alone else hat + snare
        magnitudes[:, onset : onset + 16] += sound[:, None] * decay
    refined = refine(probabilities, VELOCITIES[:, :1].expand(2, 600), magnitudes, frame_rate_hz=125).probabilities
    assert refined[0, 65::120].min() > 0.31  # beside the median of all, two in three of which are on snares, .17


def test_a_class_without_sure_hits_keeps_its_probabilities(scene):
    probabilities, magnitudes = scene
    probabilities[1] *= 0.5
    refined = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).probabilities
    assert torch.equal(refined[1], probabilities[1])
    assert not torch.equal(refined[0], probabilities[0])
    assert torch.equal(
        refine(probabilities * 0.5, VELOCITIES, magnitudes, frame_rate_hz=125).probabilities, probabilities * 0.5
    )


def test_velocities_follow_the_level_of_each_hit(scene):
    probabilities, magnitudes = scene
    magnitudes[:, 200:] *= 0.25
    velocities = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).velocities
    loud, soft = velocities[0, 45:200:40], velocities[0, 245:400:40]
    torch.testing.assert_close(soft / loud, torch.full_like(loud, 0.5), atol=0.05, rtol=0)
    assert float(velocities[0, [*ONSETS[0]]].median()) == pytest.approx(0.5, abs=0.05)


def test_what_sounds_at_the_same_time_in_other_bands_makes_no_hit_harder(scene):
    probabilities, magnitudes = scene
    low, high = torch.zeros(33, 1), torch.zeros(33, 1)
    low[:17], high[16:] = 1, 1  # one band is of both
    magnitudes = torch.full((33, 400), 1e-3)
    decay = torch.linspace(1, 0, 16)
    for k, bands in enumerate((low, high)):
        for onset in ONSETS[k]:
            magnitudes[:, onset : onset + 16] += (bands * decay)[:, : 400 - onset]
    before = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).velocities[0, 45]
    magnitudes[:, 45:61] += 8 * high * decay
    after = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).velocities[0, 45]
    assert float(before) == pytest.approx(0.5, abs=0.05)
    assert float(after) == pytest.approx(float(before), abs=0.05)


def test_a_class_without_sure_hits_keeps_its_velocities(scene):
    probabilities, magnitudes = scene
    probabilities[1] *= 0.5
    velocities = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).velocities
    assert torch.equal(velocities[1], VELOCITIES[1])
    assert not torch.equal(velocities[0], VELOCITIES[0])


def test_silence_stays_finite(scene):
    probabilities, _ = scene
    assert refine(probabilities, VELOCITIES, torch.zeros(33, 400), frame_rate_hz=125).probabilities.isfinite().all()


def test_a_transcriber_refines_on_demand(tmp_path):
    path = tmp_path / "loop.flac"
    write_demo_loop(path)
    plain, refined = Transcriber(refined=False).file(path), Transcriber().file(path)
    assert torch.equal(plain.activations, refined.activations)
    played, heard = ({(round(hit.onset_s, 1), hit.instrument) for hit in each.hits} for each in (plain, refined))
    assert plain.hits != refined.hits
    assert len(played & heard) > 0.9 * len(played)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"same N, got \(2, 400\) and \(33, 399\)"):
        refine(torch.rand(2, 400), VELOCITIES, torch.rand(33, 399), frame_rate_hz=125)
    with pytest.raises(ValueError, match=r"must both be \(K, N\), got \(2, 400\) and \(3, 400\)"):
        refine(torch.rand(3, 400), VELOCITIES, torch.rand(33, 400), frame_rate_hz=125)


def test_the_level_of_a_hat_under_a_snare_with_its_bands_says_less():
    decay = torch.linspace(1, 0, 16)
    hat = torch.cat([torch.zeros(16), torch.full((17,), 0.2)])
    snare = torch.cat([torch.ones(16), torch.full((17,), 0.6)])
    magnitudes, probabilities = torch.full((33, 400), 1e-3), torch.zeros(2, 400)
    for number, onset in enumerate(range(5, 380, 20)):
        probabilities[1, onset] = 0.9
        magnitudes[:, onset : onset + 16] += hat[:, None] * decay
        if number % 4 == 0:
            probabilities[0, onset] = 0.9
            magnitudes[:, onset : onset + 16] += snare[:, None] * decay
    velocities = refine(probabilities, VELOCITIES, magnitudes, frame_rate_hz=125).velocities[1]
    alone, covered = float(velocities[25]), float(velocities[85])
    assert alone == pytest.approx(0.5, abs=0.05)
    assert alone < covered < 0.9  # by its level, four times the usual, it would be 1
