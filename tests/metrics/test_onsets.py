import itertools
import math

import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.metrics import OnsetCounts, count_onsets, match_onsets

TIMES = st.lists(st.floats(0, 10), min_size=1, max_size=30)
GRID = st.lists(st.integers(0, 40).map(lambda tick: tick / 100), max_size=5)  # many distances of exactly the window


@given(TIMES, TIMES)
def test_equals_mir_eval(reference, estimate):
    expected, precision, recall = mir_eval.onset.f_measure(np.sort(reference), np.sort(estimate), window=0.05)
    counts = count_onsets(reference, estimate)
    assert (counts.f1, counts.precision, counts.recall) == pytest.approx((expected, precision, recall))


@given(GRID, GRID, st.sampled_from([0.01, 0.02, 0.05]))
def test_finds_as_many_pairs_as_mir_eval_at_the_edge_of_the_window(reference, estimate, window_s):
    there, found = np.sort(reference), np.sort(estimate)
    expected = mir_eval.util.match_events(there, found, window_s) if there.size and found.size else []
    assert len(match_onsets(reference, estimate, window_s=window_s)) == len(expected)


@given(GRID, GRID)
def test_of_the_largest_pairings_it_is_the_closest(reference, estimate):
    pairs = match_onsets(reference, estimate, window_s=0.02)
    short, long = sorted((reference, estimate), key=len)
    best = math.inf
    for chosen in itertools.permutations(long, len(short)):
        apart = [abs(a - b) for a, b in zip(short, chosen, strict=True)]
        near = [distance for distance in apart if distance <= 0.02 + 1e-9]
        if len(near) == len(pairs):
            best = min(best, sum(near))
    assert sum(abs(reference[i] - estimate[j]) for i, j in pairs) == pytest.approx(best)


def test_pairs_are_positions_in_lists_of_any_order_and_each_is_used_once():
    assert match_onsets([5.0, 1.0], [1.01, 5.01, 1.02]) == [(1, 0), (0, 1)]


def test_a_long_recording_is_matched_in_stretches():
    there = np.arange(0, 3600, 0.2)
    assert len(match_onsets(there, there + 0.01)) == there.size


@pytest.mark.parametrize(
    ("reference", "estimate", "counts"),
    [([], [], (0, 0, 0)), ([1.0], [], (0, 0, 1)), ([], [1.0], (0, 1, 0)), ([1.0], [1.05], (1, 0, 0))],
)
def test_counts_with_nothing_to_find_or_nothing_found(reference, estimate, counts):
    assert count_onsets(reference, estimate) == counts


def test_precision_and_recall_of_nothing_are_not_numbers():
    nothing = OnsetCounts(0, 0, 0)
    assert nothing.f1 == 1.0
    assert math.isnan(nothing.precision)
    assert math.isnan(nothing.recall)
    assert OnsetCounts(0, 3, 0).precision == 0.0


@pytest.mark.parametrize("times", [[math.nan], [math.inf]])
def test_times_that_are_none_are_refused(times):
    with pytest.raises(ValueError, match="finite"):
        match_onsets(times, [1.0])


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="window_s"):
        count_onsets([1.0], [1.0], window_s=0)
