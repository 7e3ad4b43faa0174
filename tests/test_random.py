import torch

from ddsp_drums._random import normal, uniform

LIKE = torch.zeros((), dtype=torch.float64)


def test_the_first_numbers_do_not_depend_on_how_many_are_drawn():
    assert torch.equal(uniform(10, 3, LIKE), uniform(1000, 3, LIKE)[:10])
    assert torch.equal(normal(10, 3, LIKE), normal(1000, 3, LIKE)[:10])


def test_uniform_numbers_fill_the_interval_evenly():
    drawn = uniform(100_000, 1, LIKE)
    counts = torch.histc(drawn, 10, 0, 1)
    assert 0 < float(drawn.min()) < float(drawn.max()) < 1
    assert (counts - 10_000).abs().max() < 400  # four standard deviations
    assert torch.equal(uniform(1000, 1, LIKE.float()).double(), uniform(1000, 1, LIKE))


def test_normal_numbers_are_normal_and_independent():
    drawn = normal(100_000, 2, LIKE)
    assert drawn.mean(0).abs().max() < 0.02
    assert (drawn.std(0) - 1).abs().max() < 0.02
    assert (drawn**4).mean(0).sub(3).abs().max() < 0.2
    flat = drawn.flatten()
    for lag in (1, 2, 3, 16):
        assert abs(float(torch.corrcoef(torch.stack([flat[lag:], flat[:-lag]]))[0, 1])) < 0.02


def test_seeds_differ_in_all_their_bits():
    seeds = [0, 1, 2, 16, 2**31, 2**32, 2**33, 2**40 + 1]
    drawn = torch.stack([uniform(1000, seed, LIKE) for seed in seeds])
    correlation = torch.corrcoef(drawn) - torch.eye(len(seeds), dtype=LIKE.dtype)
    assert correlation.abs().max() < 0.15
