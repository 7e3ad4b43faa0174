import mir_eval
import numpy as np
import pytest

from ddsp_drums.metrics import count_onsets, mean_f1, sum_f1

COUNTS = np.array([[(4, 0, 0), (1, 1, 1)], [(0, 4, 0), (0, 0, 0)]])  # the second track has neither class


def test_mean_leaves_out_tracks_without_the_class_and_sum_does_not():
    assert mean_f1(COUNTS) == pytest.approx([1.0, 0.5])
    assert sum_f1(COUNTS) == pytest.approx(2 * 5 / (2 * 5 + 5 + 1))


def test_zero_counts_an_absent_class_as_mir_eval_does():
    tracks = [([1.0, 2.0], [1.0]), ([], [3.0]), ([], [])]
    with pytest.warns(UserWarning, match="empty"):
        expected = [mir_eval.onset.f_measure(np.array(there), np.array(found))[0] for there, found in tracks]
    counts = [[count_onsets(*track)] for track in tracks]
    assert mean_f1(counts, absent="zero") == pytest.approx([np.mean(expected)])
    assert mean_f1(counts) == pytest.approx([expected[0]])


def test_a_class_that_no_track_has_is_not_a_number():
    assert np.isnan(mean_f1([[(0, 1, 0)]])).all()
    assert mean_f1([[(0, 1, 0)]], absent="zero") == 0.0


def test_weights_count_a_track_as_often_as_it_is_there():
    weights = [[2, 0], [0, 1], [1, 1]]
    for row, scores, pooled in zip(weights, mean_f1(COUNTS, weights), sum_f1(COUNTS, weights), strict=True):
        repeated = np.repeat(COUNTS, row, axis=0)
        np.testing.assert_allclose(scores, mean_f1(repeated))
        assert pooled == pytest.approx(float(sum_f1(repeated)))


@pytest.mark.parametrize("score", [mean_f1, sum_f1])
def test_another_shape_is_refused(score):
    with pytest.raises(ValueError, match="counts"):
        score([(1, 0, 0)])
    with pytest.raises(ValueError, match="weights"):
        score(COUNTS, [1.0])


def test_another_rule_is_refused():
    with pytest.raises(ValueError, match="absent"):
        mean_f1(COUNTS, absent="one")
