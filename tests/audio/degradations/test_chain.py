import numpy as np
import pytest
import torch

from ddsp_drums.audio.degradations import degrade

RATE = 16_000


def strokes(onsets):
    """Strokes that rise at once: noise and a low tone that die away."""
    t = torch.arange(2000) / RATE
    stroke = (torch.randn(2000) + torch.sin(2 * torch.pi * 80 * t)) * torch.exp(-t / 0.02)
    audio = torch.zeros(RATE)
    for onset in onsets:
        audio[onset : onset + 2000] += stroke
    return audio


def rngs(items, seed=0):
    return [np.random.default_rng((seed, item)) for item in items]


def test_an_item_depends_on_its_own_source_of_randomness_alone():
    audio = torch.randn(12, 4000)
    whole = degrade(audio, sample_rate=RATE, rngs=rngs(range(12)))
    parts = [degrade(audio[i : i + 3], sample_rate=RATE, rngs=rngs(range(i, i + 3))) for i in range(0, 12, 3)]
    torch.testing.assert_close(torch.cat(parts), whole, atol=0.02, rtol=0)  # a quantiser may round the other way
    assert ((torch.cat(parts) - whole).abs() > 1e-4).float().mean() < 1e-3
    assert torch.equal(degrade(audio, sample_rate=RATE, rngs=rngs(range(12))), whole)
    assert not torch.allclose(degrade(audio, sample_rate=RATE, rngs=rngs(range(12), seed=1)), whole, atol=0.1)


def test_onsets_stay_where_they_are():
    onsets = (2000, 7000, 12_000)
    audio = strokes(onsets).repeat(200, 1)
    heard = degrade(audio, sample_rate=RATE, rngs=rngs(range(200)))
    size = 2 * RATE
    correlation = torch.fft.irfft(torch.fft.rfft(heard, size) * torch.fft.rfft(audio, size).conj())
    lag = (correlation.abs().argmax(-1) + RATE) % size - RATE
    assert lag.abs().max() <= 0.002 * RATE


def test_leading_axes_are_free_and_results_finite():
    audio = torch.randn(2, 3, 2, 3000)
    heard = degrade(audio, sample_rate=RATE, rngs=rngs(range(12)))
    assert heard.shape == audio.shape
    flat = degrade(audio.flatten(0, 2), sample_rate=RATE, rngs=rngs(range(12)))
    assert torch.equal(heard.flatten(0, 2), flat)
    silence = degrade(torch.zeros(40, 3000), sample_rate=RATE, rngs=rngs(range(40)))
    assert (silence.abs() < 1e-6).all()


def test_steps_are_as_frequent_as_told():
    from ddsp_drums.audio.degradations import chain

    plans = [chain._plan(rng, 100, RATE) for rng in rngs(range(2000))]
    shares = {name: sum(name in plan for plan in plans) / len(plans) for name in chain._steps(RATE)}
    expected = {"room": 0.4, "equaliser": 0.8, "compressor": 0.3, "saturation": 0.3, "noise": 0.4, "codec": 0.04}
    for name, share in expected.items():
        assert shares[name] == pytest.approx(share, abs=0.035), name
    assert all(shares.values())


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="rngs must be one for each of the 3 items"):
        degrade(torch.randn(3, 100), sample_rate=RATE, rngs=rngs(range(2)))
    with pytest.raises(ValueError, match="sample_rate must be one of 8000"):
        degrade(torch.randn(100), sample_rate=9000, rngs=rngs(range(1)))
    with pytest.raises(ValueError, match="audio must be finite"):
        degrade(torch.full((100,), torch.nan), sample_rate=RATE, rngs=rngs(range(1)))
    with pytest.raises(TypeError, match="audio"):
        degrade(torch.ones(100, dtype=torch.int16), sample_rate=RATE, rngs=rngs(range(1)))
