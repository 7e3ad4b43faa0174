import torch
from drummernet.demo import demo_hits

from benchmarks.weak_spots import CLASSES, alterations, count
from ddsp_drums.metrics import OnsetCounts


def test_counts_by_class_what_is_within_50_ms():
    played = demo_hits()
    same = count(played, played)
    assert set(same) == set(CLASSES)
    assert all(each.f1 == 1 and each.hits > 10 for each in same.values())
    late = count(played, [hit._replace(onset_s=hit.onset_s + 0.06) for hit in played if hit.instrument == "KD"])
    n_kicks = same["KD"].hits
    assert late["KD"] == OnsetCounts(0, n_kicks, n_kicks)
    assert late["SD"].misses == same["SD"].hits


def test_recordings_keep_their_length_and_are_altered():
    audio = torch.randn(32_000, generator=torch.Generator().manual_seed(0))
    for name, alter in alterations(32_000).items():
        altered = alter(audio)
        assert altered.shape == audio.shape, name
        assert not torch.allclose(altered, audio, atol=1e-2), name
    longer = torch.randn(61 * 8_000, generator=torch.Generator().manual_seed(0))
    assert alterations(8_000)["pink noise 20 dB below"](longer).shape == longer.shape
    levels = [alterations(32_000)[f"{slope} dB an octave"](audio) for slope in ("-3", "-1", "+1", "+3")]
    treble = [float(each.diff().norm() / each.norm()) for each in levels]
    assert treble == sorted(treble)
