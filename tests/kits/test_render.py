import librosa
import numpy as np
import pytest
import torch

from ddsp_drums.events import Hit
from ddsp_drums.kits import Drum, Kit, KitError, procedural_kit, render

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
