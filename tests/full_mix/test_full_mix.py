import numpy as np
import pytest
import torch
from drummernet.config import CONFIGS
from drummernet.hearing.transcriber import Transcriber
from drummernet.training.data import Recordings, Rendered
from full_mix.__main__ import made_up_tracks
from full_mix.mix import Accompanied, write_music
from full_mix.music import FOREIGN, LEARNED, accompany
from full_mix.score import LEVELS_DB, System, draw, mixed, score, table

from ddsp_drums.kits import procedural_kit

RATE = CONFIGS["default"].model.sample_rate


@pytest.mark.parametrize("players", [LEARNED, FOREIGN])
def test_music_is_the_same_for_a_seed_and_sounds_on(players):
    first, again, other = (
        accompany(np.random.default_rng(seed), duration_s=4.0, sample_rate=RATE, players=players) for seed in (1, 1, 2)
    )
    assert first.isfinite().all()
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert float(first.square().mean().sqrt()) == pytest.approx(1, abs=1e-3)
    assert (first.unflatten(0, (8, -1)).square().mean(-1) > 1e-3).all()


def test_learned_and_foreign_sounds_are_not_the_same():
    assert set(LEARNED).isdisjoint(FOREIGN)


def test_music_lies_under_most_segments_and_changes_no_target(tmp_path):
    config = CONFIGS["default"].model
    rendered = Rendered([procedural_kit(sample_rate=RATE)], [], config, segment_s=1.0, items=8, degraded=0.0)
    folder = write_music(tmp_path / "music", pieces=2, duration_s=2.0, sample_rate=RATE)
    data = Accompanied(rendered, Recordings(folder, config, segment_s=1.0))
    changed = 0
    for item in range(8):
        audio, played, velocity = data[item]
        alone, *targets = rendered[item]
        assert torch.equal(played, targets[0])
        assert torch.equal(velocity, targets[1])
        assert torch.equal(audio, data[item][0])
        changed += not torch.equal(audio, alone)
    assert 3 <= changed <= 8


def test_scores_fall_with_music_and_are_drawn(tmp_path):
    tracks = made_up_tracks(tmp_path / "takes", takes=1)
    drums, louder = (mixed(tracks[0].audio, level, RATE) for level in (None, -6.0))
    assert float((louder - drums).norm() / drums.norm()) == pytest.approx(2, rel=0.01)
    scores = score([System("shipped", Transcriber(refined=False), False)], tracks)
    at_levels = [each.sum.value for each in scores["shipped"]]
    assert len(at_levels) == len(LEVELS_DB)
    assert at_levels[0] > max(0.5, at_levels[-1])
    assert table(scores).row_count == 1
    draw(scores, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000
