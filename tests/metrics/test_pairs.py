import numpy as np
import pytest

from ddsp_drums.metrics import compare_velocities, offset_histogram


def test_agreement_of_velocities_is_that_of_numpy():
    rng = np.random.default_rng(0)
    there, found = rng.integers(1, 128, (2, 50))
    agreement = compare_velocities(there, found)
    assert agreement.correlation == pytest.approx(np.corrcoef(there, found)[0, 1])
    assert agreement.bias == pytest.approx((found - there).mean())
    assert agreement.error == pytest.approx(np.abs(found - there).mean())


@pytest.mark.parametrize(("there", "found"), [([], []), ([1, 2], [1, 2]), ([5, 5, 5], [1, 2, 3])])
def test_where_there_is_nothing_to_correlate_the_correlation_is_not_a_number(there, found):
    agreement = compare_velocities(there, found)
    assert np.isnan(agreement.correlation)
    assert np.isnan(agreement.error) == (not there)
    assert agreement.n_pairs == len(there)


def test_velocities_that_are_no_pairs_are_refused():
    with pytest.raises(ValueError, match=r"\(P,\)"):
        compare_velocities([1, 2], [1])


def test_bins_are_centred_on_zero_and_reach_the_window():
    counts, centres_s = offset_histogram([-0.05, -0.0026, -0.0024, 0.0, 0.0024, 0.05])
    assert centres_s == pytest.approx(np.arange(-50, 51, 5) / 1000)
    assert counts.sum() == 6
    assert counts[10] == 3
    assert counts[9] == counts[0] == counts[-1] == 1


def test_no_offsets_make_an_empty_histogram_and_far_ones_are_refused():
    assert offset_histogram([])[0].sum() == 0
    with pytest.raises(ValueError, match="window_s"):
        offset_histogram([0.06])
