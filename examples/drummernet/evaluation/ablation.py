"""Compare the trainings of an ablation: scores, and what each change did to them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ddsp_drums.kits import THREE
from ddsp_drums.metrics import Interval, mean_f1, sum_f1
from drummernet.evaluation.ablate import Run, Variant

__all__ = ["Comparison", "compare", "read_counts"]

_N_RESAMPLES = 10_000
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """A variant over all its seeds.

    Attributes:
        name: Of the variant.
        seeds: How many trainings.
        mean: F1 averaged over tracks, then over KD, SD and HH.
        sum: F1 of all hits of KD, SD and HH.
        published: As `mean`, but 0 where a class is absent: the rule of the paper's figures.
        classes: F1 of KD, SD and HH, each averaged over tracks.
        each_seed: `mean` of each training.
        against: Name of what it differs from in one thing; None for those that others differ from.
        change: What `mean` gained by that.
        paper: The paper's figure.
        paper_change: What the paper's figure gained.
    """

    name: str
    seeds: int
    mean: Interval
    sum: Interval
    published: Interval
    classes: tuple[float, ...]
    each_seed: tuple[float, ...]
    against: str | None = None
    change: Interval | None = None
    paper: float | None = None
    paper_change: float | None = None

    @property
    def confirmed(self) -> str:
        """Whether the change goes the paper's way: `"yes"`, `"no"`, `"open"`, or `""` where there is none to ask."""
        if self.change is None or self.paper_change is None:
            return ""
        low, high = np.sort(np.sign(self.paper_change) * np.array(self.change[1:]))
        return "yes" if low > 0 else "no" if high < 0 else "open"


def read_counts(runs: Sequence[Run]) -> tuple[list[str], dict[str, _Floats]]:
    """Read what finished trainings found.

    Args:
        runs: Finished, of every variant as many.

    Returns:
        Names of the N tracks, and for each variant hits, false alarms and misses of KD, SD and HH, (S, N, 3, 3) for S
        seeds.

    Raises:
        ValueError: If the trainings were not scored on the same tracks.
    """
    names: list[str] = []
    counts: dict[str, list[list[list[list[int]]]]] = {}
    for run in runs:
        tracks = json.loads(run.scores.read_text())["systems"][0]["tracks"]
        found = [f"{track['dataset']}/{track['name']}" for track in tracks]
        names = names or found
        if found != names:
            raise ValueError(f"{run.scores}: scored on other tracks than the first; remove it, and it is made again")
        kinds = ("hits", "false_alarms", "misses")
        table = [[[track["scores"][name][kind] for kind in kinds] for name in THREE] for track in tracks]
        counts.setdefault(run.variant, []).append(table)
    return names, {name: np.array(tables, dtype=float) for name, tables in counts.items()}


def compare(counts: Mapping[str, _Floats], variants: Mapping[str, Variant]) -> list[Comparison]:
    """Score variants, and each against the one that it differs from in one thing.

    Args:
        counts: Hits, false alarms and misses of KD, SD and HH for each variant, (S, N, 3, 3), as `read_counts` has
            them; S seeds and N tracks are the same for all.
        variants: What they are, by the same names.

    Returns:
        A comparison for each variant, in the order of `counts`. Intervals are NaN with a single track.

    Example:
        >>> found, missed = np.tile([1.0, 0, 0], (1, 2, 3, 1)), np.tile([1.0, 0, 2], (1, 2, 3, 1))
        >>> from drummernet.evaluation.ablate import VARIANTS
        >>> paper, conv = compare({"paper": found, "conv": missed}, VARIANTS)
        >>> conv.mean, conv.change.value, conv.confirmed
        (Interval(value=0.5, low=0.5, high=0.5), -0.5, 'yes')
    """
    n_seeds, n_tracks = next(iter(counts.values())).shape[:2]
    seeds, tracks = _draws(n_seeds), _draws(n_tracks, seed=1)

    def scored(table: _Floats) -> _Floats:
        """Map (S, N, 3, 3) to mean, sum and published of every draw, (3, R)."""
        each = [
            [_over_classes(mean_f1(one, tracks)), sum_f1(one, tracks), mean_f1(one, tracks, absent="zero").mean(-1)]
            for one in table
        ]
        return np.einsum("rs,scr->cr", seeds, np.array(each)) / n_seeds

    scores = {name: scored(table) for name, table in counts.items()}
    comparisons = []
    for name, table in counts.items():
        variant = variants[name]
        against = variant.against if variant.against in scores else None
        change = paper_change = None
        if against is not None:
            change = _interval(scores[name][0] - scores[against][0], n_tracks)
            if variant.published is not None and (before := variants[against].published) is not None:
                paper_change = variant.published - before
        mean, total, published = (_interval(draws, n_tracks) for draws in scores[name])
        comparisons.append(
            Comparison(
                name,
                n_seeds,
                mean,
                total,
                published,
                classes=tuple(np.mean([mean_f1(one) for one in table], 0).tolist()),
                each_seed=tuple(float(_over_classes(mean_f1(one))) for one in table),
                against=against,
                change=change,
                paper=variant.published,
                paper_change=paper_change,
            )
        )
    return comparisons


def _draws(n: int, *, seed: int = 0) -> _Floats:
    """How often each of n is drawn, (R, n): the first time all of them once, then by chance with replacement."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_N_RESAMPLES)
    return np.concatenate([np.ones((1, n)), drawn])


def _over_classes(scores: _Floats) -> _Floats:
    """Average (..., K) over the classes that any track has; NaN where none has."""
    known = ~np.isnan(scores)
    averages: _Floats = np.where(known, scores, 0).sum(-1) / np.where(known.any(-1), known.sum(-1), np.nan)
    return averages


def _interval(draws: _Floats, n_tracks: int) -> Interval:
    value, resamples = float(draws[0]), draws[1:][~np.isnan(draws[1:])]
    if n_tracks == 1 or not resamples.size:
        return Interval(value, float("nan"), float("nan"))
    return Interval(value, *np.quantile(resamples, [0.025, 0.975]).tolist())
