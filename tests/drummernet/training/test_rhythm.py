import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from drummernet.training.rhythm import METERS, Style, play_style, random_performance, random_style, vary

# As a machine plays: on the grid, nothing by chance but what a test asks for.
PLAIN = Style(timing_s=0.0, opens=0.0, ghosts=0.0, graces=0.0, fills=0.0, kicks=0.0, tempo_bpm=120.0)


def play(style, duration_s=200.0, seed=0):
    return play_style(style, np.random.default_rng(seed), duration_s=duration_s)


def onsets(hits, name):
    return np.array([hit.onset_s for hit in hits if hit.instrument == name])


@pytest.mark.parametrize("name", METERS)
def test_the_snare_marks_the_backbeats_of_every_meter(name):
    beats, division, backbeats = METERS[name]
    beat_s = 60 / PLAIN.tempo_bpm
    marked: Counter[float] = Counter()
    for seed in range(20):
        hits = play(replace(PLAIN, meter=METERS[name]), 20.0, seed)
        for struck in ("CHH", "KD", "SD"):
            steps = onsets(hits, struck) / beat_s * division
            np.testing.assert_allclose(steps, steps.round(), atol=1e-6)
        marked.update((onsets(hits, "SD") / beat_s).round().astype(int) % beats)
    assert set(marked) == set(backbeats)
    bars = 20 * 20 / (beats * beat_s)
    assert all(0.75 < count / bars < 1.05 for count in marked.values())  # 95 in 100 but for what is left out


@pytest.mark.parametrize("swing", [0.0, 0.2, 1 / 3])
def test_swing_delays_every_second_step(swing):
    step_s = 60 / PLAIN.tempo_bpm / 4
    times = onsets(play(replace(PLAIN, swing=swing, every=1)), "CHH") / step_s
    second = times.astype(int) % 2 == 1
    np.testing.assert_allclose((times % 1)[second], swing, atol=1e-6)
    np.testing.assert_allclose((times + 0.01) % 1 - 0.01, np.where(second, swing, 0), atol=1e-6)


def test_timing_is_as_uneven_as_told():
    step_s = 60 / PLAIN.tempo_bpm / 4
    for timing_s in (0.003, 0.01):
        errors = [onsets(play(replace(PLAIN, timing_s=timing_s), seed=seed), "CHH") / step_s for seed in range(20)]
        off_s = [(steps - steps.round()) * step_s for steps in errors]
        assert np.mean([off.std() for off in off_s]) == pytest.approx(timing_s, rel=0.1)
        assert np.std([off.mean() for off in off_s]) == pytest.approx(timing_s / 2, rel=0.5)


def test_ghosts_are_soft_and_lie_between_the_beats():
    plain, ghosted = (play(replace(PLAIN, ghosts=ghosts), seed=3) for ghosts in (0.0, 0.3))
    soft = [hit for hit in ghosted if hit.instrument == "SD" and hit.velocity < 70]
    assert not [hit for hit in plain if hit.instrument == "SD" and hit.velocity < 70]
    assert len(soft) > 100
    assert all(round(hit.onset_s / 0.125) % 4 for hit in soft)


def test_flams_and_drags_lead_to_a_stroke_by_softer_ones():
    hits = [hit for hit in play(replace(PLAIN, graces=0.5), 400.0) if hit.instrument == "SD"]
    groups, group = Counter[int](), 0
    for before, hit in itertools.pairwise(hits):
        if hit.onset_s - before.onset_s < 0.1:
            assert 0.015 <= hit.onset_s - before.onset_s <= 0.035
            group += 1
            if (hit.onset_s + 1e-6) % 0.5 < 1e-5:  # the stroke itself
                groups[group] += 1
                assert before.velocity < 0.7 * hit.velocity
        else:
            group = 0
    strokes = sum((hit.onset_s + 1e-6) % 0.5 < 1e-5 for hit in hits)
    assert set(groups) == {1, 2}
    assert sum(groups.values()) / strokes == pytest.approx(0.5, abs=0.1)
    assert groups[2] / sum(groups.values()) == pytest.approx(0.3, abs=0.12)


@pytest.mark.parametrize(("keeper", "closer"), [("CHH", "CHH"), ("RD", "PHH"), ("OHH", "CHH")])
def test_an_open_hat_is_closed_by_the_next_stroke(keeper, closer):
    hits = [hit for seed in range(20) for hit in play(replace(PLAIN, keeper=keeper, opens=0.3), 20.0, seed)]
    closed = 0
    hats = [hit for hit in hits if hit.instrument in {"CHH", "OHH", "PHH"}]
    for hit, after in itertools.pairwise(hats):
        gap_s = after.onset_s - hit.onset_s
        assert gap_s > 0.1 or gap_s < -10, "two hats at one step"
        if hit.instrument == "OHH" and after.instrument == closer:
            closed += 1
    opened = sum(hit.instrument == "OHH" for hit in hats)
    assert opened > 100
    if keeper != "OHH":
        assert closed / opened > 0.9  # 3 in 100 strokes are left out


def test_fills_go_down_the_toms_at_the_end_of_a_bar():
    hits = play(replace(PLAIN, fills=1.0))
    place = [(onsets(hits, name) % 2.0).mean() for name in ("HT", "MT", "FT")]
    assert place == sorted(place)
    assert min(place) > 1.0
    assert not [hit for hit in play(PLAIN) if hit.instrument in {"HT", "MT", "FT"}]
    crashes = [len(onsets(play(replace(PLAIN, fills=fills)), "CR")) for fills in (0.0, 1.0)]
    assert crashes[1] > 3 * crashes[0]


def test_the_same_generator_plays_the_same_and_all_is_in_range():
    assert random_performance(np.random.default_rng(4), duration_s=8.0) == random_performance(
        np.random.default_rng(4), duration_s=8.0
    )
    for seed in range(60):
        hits = random_performance(np.random.default_rng(seed), duration_s=5.0)
        assert hits == sorted(hits)
        assert all(0 <= hit.onset_s < 5 and 1 <= hit.velocity <= 127 for hit in hits)
        assert 5 <= len(hits) <= 250


def test_styles_are_mostly_four_beats_and_every_meter_comes_up():
    styles = [random_style(np.random.default_rng(seed)) for seed in range(600)]
    meters = Counter(style.meter for style in styles)
    assert set(meters) == set(METERS.values())
    assert sum(count for meter, count in meters.items() if meter.beats == 4) / 600 == pytest.approx(0.72, abs=0.06)
    assert sum(style.swing > 0 for style in styles) > 50


def test_variations_keep_the_rhythm_but_for_tempo_and_instrument():
    hits = play(PLAIN, 20.0)
    for seed in range(30):
        varied = [hit for hit in vary(hits, np.random.default_rng(seed)) if hit.instrument != "TMB"]
        if len(varied) == len(hits):
            ratio = np.array([hit.onset_s for hit in varied if hit.onset_s]) / [
                hit.onset_s for hit in hits if hit.onset_s
            ]
            assert ratio.std() < 1e-9
            assert 0.8 <= ratio[0] <= 1.25
