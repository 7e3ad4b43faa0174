import pytest
import torch
from drummernet.hearing.repetition import weigh_repetition

INSTRUMENTS = ("KD", "SD", "CHH", "RD", "CR")
HATS, KICK, SNARE, RIDE, CRASH = range(5)  # rows
BEAT = 60  # frames


def weighed(together):
    return weigh_repetition(together, INSTRUMENTS, frame_rate_hz=125.0)


def groove(beats=32):
    """Kick, snare, and hats in eighths, of .8 each."""
    together = torch.zeros(5, BEAT * beats + 40)
    for beat in range(beats):
        together[SNARE if beat % 2 else KICK, 20 + BEAT * beat] = 0.8
        together[HATS, 20 + BEAT * beat :: BEAT // 2] = 0.8
    return together


def test_what_is_always_the_same_stays():
    together = groove()
    torch.testing.assert_close(weighed(together), together, atol=1e-3, rtol=0)


def test_a_soft_hit_among_others_rises_and_what_surrounds_it_with_it():
    together = groove()
    at = 20 + BEAT * 15
    together[SNARE, at - 1 : at + 2] = torch.tensor([0.1, 0.2, 0.1])
    after = weighed(together)[SNARE, at - 1 : at + 2]
    torch.testing.assert_close(after, torch.tensor([0.19, 0.38, 0.19]), atol=0.02, rtol=0)  # .2 + .3 (.8 - .2)


def test_what_is_heard_once_falls():
    together = groove()
    at = 20 + BEAT * 15 + BEAT // 4
    together[KICK, at] = 0.5
    assert weighed(together)[KICK, at] == pytest.approx(0.35, abs=0.02)


def test_copies_of_a_place_say_nothing_about_it():
    loop = groove(16)[:, : 16 * BEAT]
    loop[SNARE, 20 + BEAT * 7] = 0.2
    minute = loop.repeat(1, 5)
    assert weighed(minute)[SNARE, 20 + BEAT * 39] == pytest.approx(0.38, abs=0.02)


def test_a_crash_stays():
    together = groove()
    together[CRASH, 20 + BEAT * 15] = 0.5
    assert torch.equal(weighed(together)[CRASH], together[CRASH])


def test_where_no_peak_is_none_is_made():
    together = groove()
    at = 20 + BEAT * 15
    together[SNARE, at - 4 : at + 5] = 0
    after = weighed(together)
    assert after[SNARE, at - 4 : at + 5].max() == 0
    assert after.max() <= 1


def test_what_other_instruments_do_is_weighed_too():
    together = groove()
    together[RIDE, 20::BEAT] = 0.8
    together[RIDE, 20 + 10 * BEAT] = 0.3
    assert weighed(together)[RIDE, 20 + 10 * BEAT] == pytest.approx(0.45, abs=0.02)


def test_places_a_step_apart_are_alike():
    together = groove()
    late = torch.roll(together, 3, -1)
    late[:, : BEAT * 16] = together[:, : BEAT * 16]  # 24 ms late from the middle on
    at = 23 + BEAT * 25
    late[SNARE, at] = 0.2
    assert weighed(late)[SNARE, at] == pytest.approx(0.38, abs=0.02)


def test_minutes_are_weighed_a_minute_at_a_time():
    minutes = torch.rand(5, 3 * 7500, generator=torch.Generator().manual_seed(0))
    whole = weighed(minutes)
    for begin in range(0, 22500, 7500):
        span = slice(begin, begin + 7500)
        assert torch.equal(whole[:, span], weighed(minutes[:, span]))


@pytest.mark.parametrize("n_frames", [1, 3, 30, 200])
def test_what_is_too_short_to_repeat_stays(n_frames):
    short = torch.zeros(5, n_frames)
    short[KICK, n_frames // 2] = 0.7
    torch.testing.assert_close(weighed(short), short)


def test_nothing_heard_stays_nothing():
    assert weighed(torch.zeros(5, 5000)).max() == 0


def test_other_frame_rates_are_welcome():
    fast = groove().repeat_interleave(8, -1)
    torch.testing.assert_close(weigh_repetition(fast, INSTRUMENTS, frame_rate_hz=1000.0), fast, atol=1e-3, rtol=0)


def test_the_activations_given_are_left_as_they_are():
    together = groove()
    together[SNARE, 20 + BEAT * 15] = 0.2
    before = together.clone()
    weighed(together)
    assert torch.equal(together, before)
