import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.events import Event, Hit, TempoMap, quantise

TEMPO = TempoMap.through([0.3, 2.4, 4.2])


@given(st.floats(0, 10), st.floats(0, 1), st.floats(0.5, 0.75))
def test_a_hit_goes_its_share_of_the_way_to_the_nearest_place(onset_s, strength, swing):
    (full,) = quantise([Hit(onset_s, "KD", 90)], TEMPO, swing=swing)
    (part,) = quantise([Hit(onset_s, "KD", 90)], TEMPO, strength=strength, swing=swing)
    beat, target = TEMPO.beat(onset_s), TEMPO.beat(full.onset_s)
    assert TEMPO.beat(part.onset_s) == pytest.approx(beat + strength * (target - beat), abs=1e-5)
    place = (2 * target) % 1
    assert min(abs(place - grid) for grid in (0.0, swing, 1.0)) < 1e-4
    assert abs(target - beat) <= 0.1875 + 1e-6


def test_the_hardest_of_those_that_meet_stays_and_keeps_its_confidence():
    meeting = [Event(0.0, "SD", 40, 0.9), Event(0.01, "SD", 80, 0.6), Event(0.01, "KD", 20, 0.5)]
    assert quantise(meeting, TempoMap.constant()) == [Event(0.0, "KD", 20, 0.5), Event(0.0, "SD", 80, 0.6)]


@pytest.mark.parametrize(("option", "value"), [("strength", 1.1), ("strength", -0.1), ("swing", 0.4), ("swing", 0.8)])
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(ValueError, match=f"{option} must be in"):
        quantise([], TEMPO, **{option: value})
