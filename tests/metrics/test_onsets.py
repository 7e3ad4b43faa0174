import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.metrics import OnsetCounts, count_onsets, mean_f1, sum_f1

TIMES = st.lists(st.floats(0, 10), min_size=1, max_size=30)


@given(TIMES, TIMES)
def test_equals_mir_eval(reference, estimate):
    expected, _, _ = mir_eval.onset.f_measure(np.sort(reference), np.sort(estimate), window=0.05)
    assert count_onsets(reference, estimate).f1 == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reference", "estimate", "counts"),
    [([], [], (0, 0, 0)), ([1.0], [], (0, 0, 1)), ([], [1.0], (0, 1, 0)), ([1.0], [1.05], (1, 0, 0))],
)
def test_counts_with_nothing_to_find_or_nothing_found(reference, estimate, counts):
    assert count_onsets(reference, estimate) == counts


def test_mean_leaves_out_tracks_without_the_class_and_sum_does_not():
    tracks = [
        {"KD": OnsetCounts(4, 0, 0), "SD": OnsetCounts(1, 1, 1)},
        {"KD": OnsetCounts(0, 4, 0), "SD": OnsetCounts(0, 0, 0)},
    ]
    mean, by_class = mean_f1(tracks, ["KD", "SD", "HH"][:2])
    assert by_class == {"KD": 1.0, "SD": 0.5}
    assert mean == 0.75
    assert sum_f1(tracks, ["KD", "SD"]) == pytest.approx(2 * 5 / (2 * 5 + 5 + 1))


def test_a_class_that_no_track_has_is_not_a_number():
    mean, by_class = mean_f1([{"KD": OnsetCounts(0, 1, 0)}], ["KD"])
    assert np.isnan(mean)
    assert np.isnan(by_class["KD"])
