import librosa
import numpy as np
import pytest
import torch

from ddsp_drums.events import Hit
from ddsp_drums.kits import Drum, Kit, KitError, procedural_kit, render, stream_render

CLICK = Kit("click", 1000, {"KD": (Drum("click", (torch.tensor([1.0, 0.5]),)),)})


def test_a_hit_begins_at_its_onset_at_the_level_of_its_velocity():
    audio = render([Hit(0.01, "KD", 127), Hit(0.05, "KD", 64)], CLICK, duration_s=0.1, dynamic_range_db=20)
    assert audio.nonzero()[:, 0].tolist() == [10, 11, 50, 51]
    assert audio[10] == 1
    assert audio[50] == pytest.approx(10 ** (20 * (64 / 127 - 1) / 20))


def test_onsets_outside_are_cut_not_wrapped():
    audio = render([Hit(-0.001, "KD", 127), Hit(0.099, "KD", 127), Hit(7.0, "KD", 127)], CLICK, duration_s=0.1)
    assert audio.nonzero()[:, 0].tolist() == [0, 99]
    assert audio[0] == 0.5


def test_stems_add_up_to_the_whole():
    kit = procedural_kit()
    hits = [Hit(0.1 * n, name, 60 + n) for n, name in enumerate(kit.classes)]
    stems = render(hits, kit, duration_s=2.0, stems=True)
    assert stems.shape == (len(kit.classes), 32_000)
    torch.testing.assert_close(stems.sum(0), render(hits, kit, duration_s=2.0))


def test_a_closed_hat_ends_the_open_one():
    kit = procedural_kit()
    open_row = kit.classes.index("OHH")
    ringing = render([Hit(0.0, "OHH", 100)], kit, duration_s=1.0, stems=True)[open_row]
    choked = render([Hit(0.0, "OHH", 100), Hit(0.1, "CHH", 100)], kit, duration_s=1.0, stems=True)[open_row]
    torch.testing.assert_close(choked[:1600], ringing[:1600])
    assert ringing[2400:].abs().max() > 1e-3
    assert (choked[2400:] == 0).all()


def test_an_independent_detector_hears_the_onsets_within_5_ms():
    kit = procedural_kit(sample_rate=44_100)
    times = np.arange(10) * 0.5 + 0.25
    audio = render([Hit(t, ("KD", "SD")[n % 2], 110) for n, t in enumerate(times)], kit, duration_s=6.0).numpy()
    level_db = librosa.amplitude_to_db(np.abs(librosa.stft(audio, n_fft=256, hop_length=64)))
    strength = librosa.onset.onset_strength(S=level_db, sr=44_100, hop_length=64, center=False)
    found = librosa.onset.onset_detect(
        onset_envelope=strength, sr=44_100, hop_length=64, units="time", delta=0.3, wait=100, backtrack=False
    )
    assert len(found) == len(times)
    assert np.abs(found - times).max() < 0.005


def test_the_same_generator_gives_the_same_audio():
    kit = procedural_kit()
    hits = [Hit(0.1 * n, "SD", 20 + 10 * n) for n in range(8)]
    first, again = (render(hits, kit, duration_s=1.0, rng=np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(first, again)


def test_what_the_kit_lacks_is_named():
    with pytest.raises(KitError, match="click has no CHH, SD"):
        render([Hit(0, "SD", 1), Hit(0, "CHH", 1)], CLICK, duration_s=1.0)
    with pytest.raises(ValueError, match="duration_s"):
        render([], CLICK, duration_s=0)
    with pytest.raises(ValueError, match="dynamic_range_db"):
        render([], CLICK, duration_s=1.0, dynamic_range_db=-1.0)
    with pytest.raises(ValueError, match="finite onsets"):
        render([Hit(float("nan"), "KD", 1)], CLICK, duration_s=1.0)


def test_is_the_plain_sum_of_one_shots_wherever_they_lie():
    kit = procedural_kit()
    rng = np.random.default_rng(0)
    times = np.sort(np.concatenate([rng.uniform(-0.5, 13, 80), [65_535 / 16_000, 65_536 / 16_000]]))  # around a block
    names = [n for n in kit.classes if n not in {"CHH", "PHH", "OHH"}]
    hits = [Hit(float(t), names[n % len(names)], 127) for n, t in enumerate(times)]
    expected = np.zeros(16_000 * 14 + 40_000)
    for hit in hits:
        shot = kit.drums[hit.instrument][0].hits[-1].double().numpy()
        start = 20_000 + round(hit.onset_s * 16_000)
        expected[start : start + len(shot)] += shot
    audio = render(hits, kit, duration_s=13.5)
    torch.testing.assert_close(
        audio.double(), torch.from_numpy(expected[20_000 : 20_000 + len(audio)]), atol=1e-5, rtol=0
    )


def drum_of_alternates():
    """Three alternates of a soft layer and two of a loud one, told apart by where they are not zero."""
    return Kit("turns", 1000, {"SD": (Drum("snare", tuple(torch.eye(5)), velocities=(64, 64, 64, 127, 127)),)})


def test_alternates_take_turns():
    kit = drum_of_alternates()
    hits = [Hit(0.01 * n, "SD", velocity) for n, velocity in enumerate([50, 50, 120, 50, 50, 120, 120])]
    audio = render(hits, kit, duration_s=0.1).nonzero()[:, 0] % 10
    assert audio.tolist() == [0, 1, 3, 2, 0, 4, 3]


def test_a_generator_draws_among_alternates_and_neighbouring_layers():
    kit = drum_of_alternates()
    soft = render([Hit(0.01 * n, "SD", 60) for n in range(300)], kit, duration_s=3.1, rng=np.random.default_rng(0))
    counts = np.bincount(soft.nonzero()[:, 0] % 10)
    assert counts.sum() == 300
    assert counts[:3].min() > 40
    assert 0 < counts[3:].sum() < counts[:3].sum()


def test_an_open_hat_is_choked_by_the_nearest_hat_that_closes():
    ring = Kit("ring", 1000, {name: (Drum(name, (torch.ones(500),)),) for name in ("CHH", "OHH", "PHH")})
    hits = [
        Hit(0.0, "OHH", 127),
        Hit(0.1, "OHH", 127),
        Hit(0.2, "PHH", 127),
        Hit(0.3, "CHH", 127),
        Hit(0.3, "OHH", 127),
    ]
    stems = render(hits, ring, duration_s=1.0, stems=True)[ring.classes.index("OHH")]
    assert (stems[:100] == 1).all()
    assert (stems[100:201] == 2).all()
    assert (stems[201:229].diff() < 0).all()
    assert (stems[230:300] == 0).all()
    assert (stems[300:800] == 1).all()  # one that is struck with a closing hat stays open
    assert (stems[800:] == 0).all()


@pytest.mark.parametrize("stems", [False, True])
def test_pieces_are_the_whole(stems):
    kit = procedural_kit()
    rng = np.random.default_rng(2)
    onsets = np.concatenate([rng.uniform(-0.5, 4, 30), rng.uniform(13, 21, 30), [65_535 / 16_000, 20.9]])  # and a pause
    hits = [Hit(float(t), kit.classes[n % len(kit.classes)], 90) for n, t in enumerate(onsets)]
    pieces = list(stream_render(hits, kit, duration_s=20.5, stems=stems))
    assert [piece.shape[-1] for piece in pieces] == [65_536] * 5 + [320]
    assert torch.equal(torch.cat(pieces, -1), render(hits, kit, duration_s=20.5, stems=stems))


def test_of_nothing_the_pieces_are_silent():
    pieces = list(stream_render([], CLICK, duration_s=100.0, stems=True))
    assert [tuple(piece.shape) for piece in pieces] == [(1, 65_536), (1, 34_464)]
    assert not any(piece.any() for piece in pieces)


def test_pieces_are_refused_before_the_first():
    with pytest.raises(KitError, match="click has no SD"):
        stream_render([Hit(0, "SD", 1)], CLICK, duration_s=1.0)
