import tracemalloc

import numpy as np
import pytest

from ddsp_drums.events import Hit, TempoMap, estimate_tempo, write_midi

BAR = {"KD": (0, 8, 10), "SD": (4, 12), "CHH": range(0, 16, 2)}


def groove(step_times_s):
    """Play bars of sixteenths at given times, a little beside them."""
    rng = np.random.default_rng(0)
    return [
        Hit(max(0.0, float(onset_s + rng.normal(0, 0.006))), name, 100)
        for number, onset_s in enumerate(step_times_s)
        for name, steps in BAR.items()
        if number % 16 in steps
    ]


def bars_s(tempo, count):
    return [tempo.time_s(tempo.pickup / 4 + 4 * n) for n in range(count)]


@pytest.mark.parametrize("bpm", [85, 104, 135])
@pytest.mark.parametrize("start_s", [0.0, 0.4, 7.3])
def test_a_steady_groove_has_one_tempo_and_bars_on_its_kicks(bpm, start_s):
    step_s = 15 / bpm
    tempo = estimate_tempo(groove(start_s + step_s * np.arange(16 * 12)))
    assert tempo.bpm == pytest.approx(bpm, rel=0.005)
    assert len(tempo.beats) <= 2
    first = min(range(40), key=lambda n: abs(bars_s(tempo, 40)[n] - start_s))
    wanted = start_s + 16 * step_s * np.arange(8)
    assert np.abs(bars_s(tempo, 40)[first : first + 8] - wanted).max() < 0.02


@pytest.mark.parametrize("early_s", [0.002, 0.004])
def test_hits_that_are_found_a_little_early_from_time_zero_on_have_one_tempo(early_s):
    step_s = 15 / 104
    times_s = np.maximum(0, step_s * np.arange(16 * 4) - early_s)
    hits = [Hit(float(times_s[n]), name, 100) for n in range(64) for name, steps in BAR.items() if n % 16 in steps]
    tempo = estimate_tempo(hits)
    assert tempo.beats == (0.0,)
    assert tempo.bpm == pytest.approx(104, abs=0.1)


@pytest.mark.parametrize("bpm", [96, 150])
def test_a_waltz_has_bars_of_three_on_its_kicks(bpm):
    step_s = 15 / bpm
    waltz = {"KD": (0,), "SD": (4, 8), "CHH": range(0, 12, 2)}
    hits = [
        Hit(0.4 + step_s * (12 * bar + step), name, 100)
        for bar in range(16)
        for name, steps in waltz.items()
        for step in steps
    ]
    tempo = estimate_tempo(hits, beats_per_bar=3)
    assert tempo.bpm == pytest.approx(bpm, rel=0.005)
    assert tempo.beats_per_bar == 3
    begins_s = [tempo.time_s(tempo.pickup / 4 + 3 * bar) for bar in range(16)]
    assert min(abs(begin_s - 0.4) for begin_s in begins_s) < 0.02
    with pytest.raises(ValueError, match="beats_per_bar must be 4 or 3"):
        estimate_tempo(hits, beats_per_bar=5)


@pytest.mark.parametrize("bpm", [72, 168])
def test_told_about_how_fast_it_finds_the_right_one_of_two_tempos(bpm):
    played = groove(15 / bpm * np.arange(16 * 8))
    assert estimate_tempo(played, bpm=bpm * 1.05).bpm == pytest.approx(bpm, rel=0.005)
    with pytest.raises(ValueError, match="bpm must be in 30 to 300"):
        estimate_tempo(played, bpm=10)


def test_a_groove_that_slows_down_keeps_its_bars():
    steps_s = np.cumsum(np.linspace(0.13, 0.145, 16 * 16))
    steps_s = steps_s - steps_s[0] + 0.05
    tempo = estimate_tempo(groove(steps_s), bpm=109)
    assert len(tempo.beats) > 8
    assert np.abs(np.array(bars_s(tempo, 15)) - steps_s[::16][:15])[1:].max() < 0.04


@pytest.mark.parametrize("hits", [[], [Hit(0.5, "KD", 9)], [Hit(0.0, "KD", 9)] * 20, [Hit(9.0, "SD", 1)] * 8])
def test_a_few_hits_have_no_tempo(hits):
    assert estimate_tempo(hits) is None


def test_anything_else_has_some_tempo_or_none():
    rng = np.random.default_rng(1)
    for n in (8, 9, 50, 300):
        for span_s in (1.0, 4.0, 60.0):
            hits = [Hit(float(t), "SD", 64) for t in rng.uniform(0, span_s, n)]
            tempo = estimate_tempo(hits)
            assert tempo is None or 20 < tempo.bpm < 400


@pytest.mark.parametrize("bars", [[], [1.0], [1.0, 1.0], [-0.1, 1.0]])
def test_bars_must_rise(bars):
    with pytest.raises(ValueError, match="bars_s must be"):
        TempoMap.through(bars)


def test_time_and_beat_are_inverse():
    tempo = TempoMap.through([0.7, 2.9, 4.8, 7.1])
    for beat in np.linspace(0, 20, 57):
        assert tempo.beat(tempo.time_s(beat)) == pytest.approx(beat)


def test_hours_of_hits_take_few_bytes_each(tmp_path):
    rng = np.random.default_rng(0)
    hits = [
        Hit(0.15 * n + float(rng.normal(0, 0.005)) + 0.5, ("KD", "CHH", "SD", "CHH")[n % 4], 90) for n in range(10_000)
    ]
    tracemalloc.start()
    try:
        tempo = estimate_tempo(hits)
        estimated = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        write_midi(tmp_path / "hours.mid", hits, tempo=tempo)
        written = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(estimated, written) / len(hits) < 350
