import numpy as np
import pytest
import torch

from ddsp_drums.audio.degradations import mp3, mu_law, quantise, resample

RATE = 16_000


def bursts(rate, duration_s=2.0):
    """Noise that begins at once, at three times, and dies away."""
    rng = np.random.default_rng(0)
    audio = np.zeros(round(duration_s * rate), dtype=np.float32)
    times = (0.1, 0.75, 1.5)
    for t in times:
        start = round(t * rate)
        audio[start : start + rate // 5] += 0.3 * rng.standard_normal(rate // 5) * np.exp(-np.arange(rate // 5) / 400)
    return torch.from_numpy(audio), times


def lag(heard, audio):
    """Samples by which `heard` comes later, by the maximum of the correlation."""
    size = 2 * len(audio)
    correlation = torch.fft.irfft(torch.fft.rfft(heard, size) * torch.fft.rfft(audio, size).conj())
    return (int(correlation.argmax()) + len(audio)) % size - len(audio)


@pytest.mark.parametrize(("rate", "kbps"), [(8000, 8), (16_000, 24), (16_000, 64), (22_050, 160), (44_100, 64)])
def test_mp3_keeps_time_and_length(rate, kbps):
    audio, _ = bursts(rate)
    heard = mp3(audio, sample_rate=rate, bitrate_kbps=kbps)
    assert heard.shape == audio.shape
    assert lag(heard, audio) == 0
    assert not torch.allclose(heard, audio, atol=1e-3)


def test_more_bits_lose_less():
    audio, _ = bursts(RATE)

    def error(heard):
        return float((heard - audio).norm() / audio.norm())

    kbps = [error(mp3(audio, sample_rate=RATE, bitrate_kbps=rate)) for rate in (16, 48, 128)]
    assert kbps[0] > kbps[1] > kbps[2]
    bits = [error(quantise(audio, bits=b)) for b in (4, 8, 12)]
    assert bits[0] > 10 * bits[1] > 100 * bits[2]
    mu = [error(mu_law(audio, bits=b)) for b in (4, 8)]
    assert mu[0] > 10 * mu[1]


def test_a_quantiser_has_its_steps_and_clips():
    heard = quantise(torch.linspace(-2, 2, 1001), bits=4)
    assert len(heard.unique()) == 16
    assert [float(edge) for edge in heard.aminmax()] == [-1, 0.875]


def test_mu_law_is_as_accurate_for_soft_as_for_loud():
    for level in (1.0, 0.1, 0.01):
        audio = level * torch.linspace(0.9, 1, 500)
        assert ((mu_law(audio) - audio).abs() / audio).max() < 0.035


def test_resampling_takes_away_what_the_lower_rate_cannot_hold():
    audio = torch.randn(2, 2, RATE)
    heard = resample(audio, sample_rate=RATE, to_hz=8000)
    assert heard.shape == audio.shape
    power = torch.fft.rfft(heard).abs().square().mean((0, 1))
    assert power[4200:].sum() < 1e-4 * power[:3500].sum()
    low = resample(bursts(RATE)[0], sample_rate=RATE, to_hz=11_025)
    assert lag(low, bursts(RATE)[0]) == 0


def test_what_is_louder_than_full_scale_survives_the_codec():
    audio = 10 * bursts(RATE)[0]
    heard = mp3(audio, sample_rate=RATE, bitrate_kbps=160)
    assert float((heard - audio).norm() / audio.norm()) < 0.5


def test_bad_parameters_are_named():
    audio = torch.randn(1000)
    for bad, name in (
        (lambda: mp3(audio, sample_rate=10_000, bitrate_kbps=64), "sample_rate must be one of 8000, .*, got 10000"),
        (lambda: mp3(audio, sample_rate=RATE, bitrate_kbps=320), "bitrate_kbps must be 8 to 160 at 16000 Hz"),
        (lambda: mp3(audio / 0, sample_rate=RATE, bitrate_kbps=64), "audio must be finite"),
        (lambda: quantise(audio, bits=1), "bits must be greater than 1"),
        (lambda: mu_law(audio, bits=1), "bits"),
        (lambda: resample(audio, sample_rate=RATE, to_hz=0), "to_hz"),
    ):
        with pytest.raises(ValueError, match=name):
            bad()
