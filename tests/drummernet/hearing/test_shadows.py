import pytest
import torch
from drummernet.config import PickingConfig
from drummernet.hearing.shadows import drop_shadows

INSTRUMENTS = ("KD", "SD", "CHH", "OHH", "RD", "CR")
GROUPS = ["hats", "KD", "SD", "RD", "CR"]
BEAT = 60  # frames


def heard(**beats):
    """Probabilities with a hit on each beat of a group."""
    together = torch.zeros(len(GROUPS), 2000)
    for name, numbers in beats.items():
        for number in numbers:
            together[GROUPS.index(name), 20 + int(number * BEAT)] = 0.8
    return together


def dropped(together, bands=None):
    bands = torch.ones(80, together.shape[-1]) if bands is None else bands
    left = drop_shadows(together, bands, INSTRUMENTS, picking=PickingConfig(), frame_rate_hz=125.0)
    silenced = (left == 0).all(-1) & (together > 0).any(-1)
    assert torch.equal(left[~silenced], together[~silenced])
    return [name for name, silent in zip(GROUPS, silenced, strict=True) if silent]


@pytest.mark.parametrize("drum", ["KD", "SD"])
@pytest.mark.parametrize("time", ["hats", "RD"])
def test_what_is_only_heard_with_one_drum_is_silenced(drum, time):
    assert dropped(heard(**{drum: range(30), time: range(0, 30, 2)})) == [time]


def test_a_few_frames_apart_are_together():
    assert dropped(heard(KD=range(30), hats=[number + 2 / BEAT for number in range(10)])) == ["hats"]


@pytest.mark.parametrize(
    ("kicks", "snares", "hats"),
    [
        (range(30), [], [number / 2 for number in range(60)]),  # eighths over a kick on each beat
        (range(0, 30, 2), range(1, 30, 2), range(30)),  # quarters, with the kick and with the snare
        (range(30), [], range(7)),  # too few to tell
        (range(10), [], range(11)),  # once apart in eleven
    ],
)
@pytest.mark.parametrize("time", ["hats", "RD"])
def test_what_keeps_time_is_kept(kicks, snares, hats, time):
    assert not dropped(heard(KD=kicks, SD=snares, **{time: hats}))


def test_a_ride_only_heard_with_hats_is_silenced_and_hats_with_a_ride_are_kept():
    eighths, quarters = [number / 2 for number in range(60)], range(30)
    assert dropped(heard(hats=eighths, RD=eighths)) == ["RD"]
    assert dropped(heard(hats=eighths, RD=quarters)) == ["RD"]
    assert not dropped(heard(hats=range(1, 30, 2), RD=quarters))  # by the foot
    assert not dropped(heard(hats=eighths[:30], RD=eighths[25:]))  # one after the other


def bright(*beats, height):
    """Bands whose upper half rises at some beats."""
    bands = torch.full((80, 2000), 0.1)
    for beat in beats:
        bands[40:, 20 + beat * BEAT : 26 + beat * BEAT] += height
    return bands


def test_what_is_brighter_than_the_other_drum_alone_is_kept():
    house = heard(KD=range(30), hats=range(0, 30, 2))
    assert not dropped(house, bright(*range(0, 30, 2), height=1.0))
    every_kick_clicks = bright(*range(30), height=0.5) + bright(*range(0, 30, 2), height=0.5)
    assert dropped(house, every_kick_clicks) == ["hats"]
    never_alone = heard(KD=range(0, 30, 2), hats=range(0, 30, 2))
    assert dropped(never_alone, bright(*range(0, 30, 2), height=1.0)) == ["hats"]


def test_a_crash_always_with_the_kick_is_kept():
    assert not dropped(heard(KD=range(30), CR=range(0, 30, 2)))


def test_the_activations_given_are_left_as_they_are():
    together = heard(KD=range(30), hats=range(30))
    before = together.clone()
    dropped(together)
    assert torch.equal(together, before)
