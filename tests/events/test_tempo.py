import pytest

from ddsp_drums.events import TempoMap


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beats": (), "tempos_us": ()}, "beats must rise from 0"),
        ({"beats": (1,), "tempos_us": (500_000,)}, "beats must rise from 0"),
        ({"beats": (0, 4, 4), "tempos_us": (500_000,) * 3}, "beats must rise from 0"),
        ({"beats": (0, 4), "tempos_us": (500_000,)}, "with a tempo each"),
        ({"beats": (0,), "tempos_us": (0,)}, "tempos_us must be 1 to 16,777,215"),
        ({"beats": (0,), "tempos_us": (1 << 24,)}, "tempos_us must be 1 to 16,777,215"),
        ({"beats": (0,), "tempos_us": (500_000,), "pickup": -1}, "pickup must be 0 to 255"),
        ({"beats": (0,), "tempos_us": (500_000,), "beats_per_bar": 256}, "beats_per_bar 1 to 255"),
    ],
)
def test_a_map_that_no_file_could_hold_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TempoMap(**options)


def test_a_change_of_tempo_comes_at_its_beat_and_holds_both_ways():
    tempo = TempoMap((0, 4), (500_000, 250_000))
    for beat, time_s in ((0, 0.0), (3, 1.5), (4, 2.0), (6, 2.5)):
        assert tempo.time_s(beat) == pytest.approx(time_s)
        assert tempo.beat(time_s) == pytest.approx(beat)
