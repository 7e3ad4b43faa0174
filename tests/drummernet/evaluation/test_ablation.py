import json

import numpy as np
import pytest
from drummernet.evaluation.ablate import VARIANTS, Run
from drummernet.evaluation.ablation import compare, read_counts
from drummernet.evaluation.ablation_tables import write_tables


def counts(f1, spread=0.0, seeds=3, tracks=8):
    """Counts of tracks and seeds whose F1 is about as given."""
    rng = np.random.default_rng(0)
    hits = 1000 * np.clip(f1 + spread * rng.standard_normal((seeds, tracks, 1)), 0, 1) * np.ones(3)
    return np.stack([hits, 1000 - hits, 1000 - hits], -1)


def test_scores_are_averaged_over_seeds_and_intervals_hold_both_spreads():
    one = compare({"paper": counts(0.6)}, VARIANTS)[0]
    assert one.mean == pytest.approx((0.6, 0.6, 0.6))
    assert one.classes == pytest.approx((0.6, 0.6, 0.6))
    assert one.change is None
    by_track = counts(0.6) + np.linspace(-100, 100, 8)[:, None, None] * np.array([1, -1, -1])
    by_seed = counts(0.6) + np.linspace(-100, 100, 3)[:, None, None, None] * np.array([1, -1, -1])
    for table in (by_track, by_seed):
        mean = compare({"paper": table}, VARIANTS)[0].mean
        assert mean.value == pytest.approx(0.6)
        assert 0.05 < mean.high - mean.low < 0.25
    assert compare({"paper": by_seed}, VARIANTS)[0].each_seed == pytest.approx((0.5, 0.6, 0.7))


def test_a_change_is_measured_on_the_same_tracks():
    hard = np.linspace(-300, 300, 8)[:, None, None] * np.array([1, -1, -1])
    paper, conv = compare({"paper": counts(0.6) + hard, "conv": counts(0.55) + hard}, VARIANTS)
    assert paper.mean.high - paper.mean.low > 0.15
    assert conv.change == pytest.approx((-0.05, -0.05, -0.05))
    assert conv.paper_change == pytest.approx(0.707 - 0.718)


@pytest.mark.parametrize(
    ("f1", "spread", "verdict"), [(0.4, 0.02, "yes"), (0.8, 0.02, "no"), (0.6, 0.1, "open"), (0.6, 0.0, "open")]
)
def test_the_paper_is_confirmed_only_where_the_interval_says_so(f1, spread, verdict):
    assert compare({"paper": counts(0.6), "softmax": counts(f1, spread)}, VARIANTS)[1].confirmed == verdict


def test_ours_have_no_published_figure_to_confirm():
    both, cycle = compare({"both": counts(0.9), "cycle": counts(0.8)}, VARIANTS)
    assert cycle.change.value == pytest.approx(-0.1)
    assert (both.confirmed, cycle.confirmed, cycle.paper) == ("", "", None)


def test_a_class_that_no_track_has_and_a_single_track_are_no_error(tmp_path):
    table = counts(0.6, tracks=1)
    table[:, :, 2] = 0
    comparisons = compare({"paper": table, "conv": table}, VARIANTS)
    assert comparisons[0].mean.value == pytest.approx(0.6)
    assert np.isnan(comparisons[0].mean.low)
    assert comparisons[1].confirmed == "open"
    write_tables(tmp_path, comparisons, tracks=["set/a"], n_items=8)
    content = json.loads((tmp_path / "ablation.json").read_text())
    assert content["variants"][0]["mean"] == [pytest.approx(0.6), None, None]
    assert content["variants"][0]["classes"][2] is None


def test_tables_say_the_same_in_all_three_forms_and_fit_a_terminal(tmp_path):
    tables = {name: counts(0.5 + 0.01 * number, 0.05) for number, name in enumerate(VARIANTS)}
    comparisons = compare(tables, VARIANTS)
    write_tables(tmp_path, comparisons, tracks=[f"set/{number}" for number in range(8)], n_items=3200)
    text, markdown = ((tmp_path / f"ablation.{suffix}").read_text() for suffix in ("txt", "md"))
    content = json.loads((tmp_path / "ablation.json").read_text())
    assert [one["name"] for one in content["variants"]] == list(VARIANTS)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    for one in content["variants"]:
        shown = f"{one['mean'][0]:.3f}".removeprefix("0")
        for form in (text, markdown):
            assert any(one["name"] in line and shown in line for line in form.splitlines())
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(rows) == 2 * (len(VARIANTS) + 2)
    assert len({row.count("|") for row in rows[: len(VARIANTS) + 2]}) == 1


def run(tmp_path, variant, seed, tracks):
    one = Run(variant, seed, tmp_path / variant / str(seed))
    one.folder.mkdir(parents=True)
    score = {"hits": 3, "false_alarms": 2, "misses": 1}
    names = [
        {"name": name, "dataset": "set", "scores": dict.fromkeys(("KD", "SD", "HH", "TT"), score)} for name in tracks
    ]
    one.scores.write_text(json.dumps({"systems": [{"tracks": names}]}))
    return one


def test_trainings_must_be_scored_on_the_same_tracks(tmp_path):
    runs = [run(tmp_path, "paper", 0, "ab"), run(tmp_path, "paper", 1, "ab")]
    names, tables = read_counts(runs)
    assert names == ["set/a", "set/b"]
    assert tables["paper"].shape == (2, 2, 3, 3)
    assert tables["paper"][1, 0, 2].tolist() == [3, 2, 1]
    with pytest.raises(ValueError, match="other tracks"):
        read_counts([*runs, run(tmp_path, "conv", 0, "ac")])
