import pytest
import torch

from ddsp_drums.audio.degradations import amplify, compress, saturate

RATE = 16_000


def test_decibels_are_of_the_amplitude():
    assert amplify(torch.ones(3), gain_db=-6.0206)[0] == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(("level_db", "expected_db"), [(-30.0, -30.0), (-20.0, -20.0), (-8.0, -17.0), (0.0, -15.0)])
def test_a_steady_level_is_lowered_by_the_ratio_above_the_threshold(level_db, expected_db):
    audio = torch.full((RATE,), 10 ** (level_db / 20))
    heard = compress(audio, sample_rate=RATE, threshold_db=-20.0, ratio=4.0)
    assert 20 * float(heard[8000].log10()) == pytest.approx(expected_db, abs=0.01)


def test_the_gain_comes_back_with_the_release():
    audio = torch.full((RATE,), 0.01)
    audio[:80] = 1.0
    gain = compress(audio, sample_rate=RATE, threshold_db=-40.0, ratio=2.0, release_s=0.1)[80:] / 0.01
    # The level held falls by 1 / e each 0.1 s, so the gain with its exponent of a half rises by the root of it.
    assert float(gain[3200] / gain[1600]) == pytest.approx(torch.e**0.5, rel=0.01)
    assert gain[-1600:].min() > 0.99


def test_a_compressor_with_a_running_maximum_is_the_recursive_one():
    audio = torch.randn(2, 4000, dtype=torch.float64) * torch.rand(2, 4000, dtype=torch.float64) ** 8
    release_s, block = 0.02, 80
    heard = compress(audio, sample_rate=RATE, threshold_db=-20.0, ratio=3.0, release_s=release_s)
    for row, result in zip(audio, heard, strict=True):
        held = 0.0
        for number, part in enumerate(row.unfold(0, block, block)):
            held = max(float(part.abs().max().clamp(min=1e-4)), held * float(torch.tensor(-0.005 / release_s).exp()))
            gain = min(1.0, (held / 0.1) ** (1 / 3 - 1))
            middle = number * block + block // 2  # the gain is exact half a sample from here
            assert float(result[middle - 1 : middle + 1].sum() / row[middle - 1 : middle + 1].sum()) == pytest.approx(
                gain, rel=0.2
            )


def test_compression_never_adds_gain_and_takes_free_leading_axes():
    audio = torch.randn(2, 3, 1234)
    heard = compress(audio, sample_rate=RATE, threshold_db=torch.tensor([-30.0, -20.0, -6.0]), ratio=8.0)
    assert heard.shape == audio.shape
    assert (heard.abs() <= audio.abs() + 1e-6).all()
    torch.testing.assert_close(heard[1, 2], compress(audio[1, 2], sample_rate=RATE, threshold_db=-6.0, ratio=8.0))


def test_saturation_adds_odd_harmonics_alone_and_keeps_full_scale():
    tone = torch.sin(2 * torch.pi * 100 * torch.arange(RATE, dtype=torch.float64) / RATE)
    heard = saturate(tone, drive_db=15.0)
    assert float(heard.max()) == pytest.approx(1)
    partials = torch.fft.rfft(heard).abs()[100::100]
    assert partials[2] > 0.1 * partials[0]
    assert partials[1] < 1e-9 * partials[0]


def test_silence_stays_silent():
    silence = torch.zeros(500, requires_grad=True)
    heard = saturate(compress(silence, sample_rate=RATE), drive_db=20.0)
    heard.sum().backward()
    assert (heard == 0).all()
    assert silence.grad.isfinite().all()


def test_bad_parameters_are_named():
    audio = torch.randn(100)
    for bad, name in (
        (lambda: compress(audio, sample_rate=RATE, ratio=1.0), "ratio must be greater than 1"),
        (lambda: compress(audio, sample_rate=RATE, release_s=0.0), "release_s"),
        (lambda: compress(audio, sample_rate=RATE, threshold_db=float("nan")), "threshold_db"),
        (lambda: saturate(audio, drive_db=torch.ones(1)), "drive_db"),
        (lambda: amplify(audio, gain_db=float("inf")), "gain_db must be finite"),
    ):
        with pytest.raises(ValueError, match=name):
            bad()
