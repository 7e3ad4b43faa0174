import numpy as np
import pytest

from ddsp_drums.metrics import bootstrap


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    scores = np.random.default_rng(0).normal(0.8, 0.1, 400)
    (interval,) = bootstrap(lambda weights: weights @ scores[:, None] / 400, 400)
    spread = 1.96 * scores.std() / np.sqrt(400)
    assert interval.value == pytest.approx(scores.mean())
    assert (interval.low, interval.high) == pytest.approx((scores.mean() - spread, scores.mean() + spread), abs=1e-3)


def test_a_seed_gives_one_interval_and_every_draw_has_as_many_tracks():
    def statistic(weights):
        assert (weights.sum(1) == 5).all()
        return weights @ np.arange(10.0).reshape(5, 2) / 5

    assert bootstrap(statistic, 5) == bootstrap(statistic, 5)
    assert len({bootstrap(statistic, 5, n_resamples=20, seed=seed)[0] for seed in range(5)}) > 1
    for narrow, wide in zip(bootstrap(statistic, 5, level=0.5), bootstrap(statistic, 5), strict=True):
        assert wide.low < narrow.low < narrow.value == wide.value < narrow.high < wide.high


def test_many_tracks_are_drawn_in_parts():
    rows = []

    def statistic(weights):
        rows.append(len(weights))
        return weights[:, :1]

    bootstrap(statistic, 1 << 14, n_resamples=600)
    assert rows == [1, 256, 256, 88]


def test_one_track_has_no_interval():
    (interval,) = bootstrap(lambda weights: weights[:, :1], 1)
    assert interval.value == 1.0
    assert np.isnan(interval.low)
    assert np.isnan(interval.high)


def test_draws_without_a_score_are_left_out():
    sometimes, never = bootstrap(lambda weights: np.where(weights > [0, 9], 0.5, np.nan), 2)
    assert tuple(sometimes) == (0.5, 0.5, 0.5)
    assert np.isnan(never).all()


@pytest.mark.parametrize("options", [{"level": 0.0}, {"level": 1.0}, {"n_resamples": 0}])
def test_senseless_options_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        bootstrap(lambda weights: weights, 2, **options)
