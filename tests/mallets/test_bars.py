import numpy as np
import pytest
import torch
from mallets.bars import HOP_LENGTH, PITCHES, SAMPLE_RATE, Bars, random_bars
from mallets.performance import perform, random_performance

from ddsp_drums.events import Note


@pytest.fixture(scope="module")
def bars() -> Bars:
    return random_bars(np.random.default_rng(3))


@pytest.mark.parametrize("seed", range(3))
def test_every_bar_sounds_at_its_pitch(seed):
    templates = random_bars(np.random.default_rng(seed)).templates
    spectrum = torch.fft.rfft(templates[:, : SAMPLE_RATE // 2] * torch.hann_window(SAMPLE_RATE // 2), n=1 << 16).abs()
    for row, pitch in enumerate(PITCHES):
        around = [round(440 * 2 ** ((pitch - 69 + cents / 100) / 12) * (1 << 16) / SAMPLE_RATE) for cents in (-30, 30)]
        near = spectrum[row, around[0] : around[1] + 1].max()
        assert near > 0.25 * spectrum[row].max()
    assert templates.abs().amax(-1).allclose(torch.ones(len(PITCHES)))


def test_another_seed_is_another_instrument_and_the_same_one_the_same():
    one, again, other = (random_bars(np.random.default_rng(seed)).templates for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)


def test_a_damped_note_is_short_and_a_held_one_rings(bars):
    bars = bars._replace(damper_db=10.0, ring_s=torch.full((len(PITCHES),), 9.0))
    short, long = (perform([Note(0.16, length_s, 69, 100)], bars, frames=100) for length_s in (0.16, 1.0))
    late = slice(HOP_LENGTH * 35, HOP_LENGTH * 60)
    assert short.audio[late].norm() < 0.01 * long.audio[late].norm()
    row = 69 - PITCHES[0]
    assert short.held[row].nonzero().flatten().tolist() == list(range(10, 21))
    assert short.played[row, 9:12].tolist() == [0.5, 1.0, 0.5]
    assert short.played.sum() == 2


def test_what_has_no_damper_is_held_until_it_cannot_be_heard(bars):
    free = bars._replace(damper_db=0.0, ring_s=torch.full((len(PITCHES),), 0.64))
    held = perform([Note(0.0, 0.05, 69, 100)], free, frames=100).held
    assert int(held.sum()) == 41


def test_performances_stay_on_the_instrument_and_are_drawn_by_their_seed():
    for seed in range(20):
        notes = random_performance(np.random.default_rng(seed), duration_s=3.0)
        assert {note.pitch for note in notes} <= set(PITCHES)
        assert all(0 <= note.onset_s < 3 and note.duration_s > 0 and 1 <= note.velocity <= 127 for note in notes)
        assert notes == random_performance(np.random.default_rng(seed), duration_s=3.0)
