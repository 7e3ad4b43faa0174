import pytest
import torch

from ddsp_drums import spectrogram
from ddsp_drums.kits import Drum, Kit, KitError, procedural_kit, spectral_templates
from tests.tolerances import assert_equal


def kit(drums, sample_rate=8000):
    return Kit("test", sample_rate, {name: (Drum(name, tuple(hits)),) for name, hits in drums.items()})


def test_each_hit_then_each_kit_counts_the_same():
    low, high = torch.arange(4000).mul(0.2).sin(), torch.arange(4000).mul(1.5).sin()
    alone = [
        spectral_templates([kit({"KD": [hit]})], [["KD"]], n_fft=64, hop_length=16, n_frames=3) for hit in (low, high)
    ]
    hits = [10 * low, low, low, high]  # levels do not matter
    one = spectral_templates([kit({"KD": hits})], [["KD"]], n_fft=64, hop_length=16, n_frames=3)
    assert_equal(one, (3 * alone[0] + alone[1]) / 4)
    two = spectral_templates(
        [kit({"KD": hits}), kit({"KD": [high], "SD": [low]})], [["KD"], ["SD"]], n_fft=64, hop_length=16, n_frames=3
    )
    assert_equal(two, torch.cat([(one + alone[1]) / 2, alone[0]]))


def test_frames_begin_at_the_onset_and_short_hits_are_followed_by_silence():
    hit = torch.randn(100)
    templates = spectral_templates([kit({"KD": [hit]})], [["KD", "SD"]], n_fft=64, hop_length=16, n_frames=12)
    expected = spectrogram(torch.cat([hit, torch.zeros(200)]), n_fft=64, hop_length=16)[:, :12]
    assert templates.shape == (1, 33, 12)
    assert_equal(templates[0], expected / expected.sum())
    assert (templates[0, :, -2:] == 0).all()


def test_kits_that_cannot_serve_are_named():
    with pytest.raises(KitError, match="none has RD or CR"):
        spectral_templates([kit({"KD": [torch.ones(9)]})], [["KD"], ["RD", "CR"]])
    with pytest.raises(KitError, match=r"one sample rate, got \[8000, 16000\]"):
        spectral_templates([kit({"KD": [torch.ones(9)]}), procedural_kit(sample_rate=16000)], [["KD"]])
    with pytest.raises(KitError, match="at least one"):
        spectral_templates([], [["KD"]])
    with pytest.raises(ValueError, match="n_frames"):
        spectral_templates([kit({"KD": [torch.ones(9)]})], [["KD"]], n_frames=0)
