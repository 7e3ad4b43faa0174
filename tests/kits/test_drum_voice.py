import pytest
import torch
from torch.autograd import gradcheck

import ddsp_drums as dd
from ddsp_drums.kits import PRESETS, VOICES, DrumVoice, drum_voice, load_kit, procedural_kit
from ddsp_drums.kits.sounds import measure
from tests.tolerances import assert_equal

RATE = 16_000
every = pytest.mark.parametrize("instrument", VOICES)


def drawn(instrument, *shape, dtype=torch.float32):
    voice = VOICES[instrument]
    return voice.settings(torch.rand(*shape, len(voice.names), dtype=dtype))


@every
def test_a_batch_is_its_items(instrument):
    settings, velocity = drawn(instrument, 2, 3), torch.tensor([0.3, 0.6, 1.0])
    hits = drum_voice(settings, velocity, instrument=instrument, duration_s=0.1)
    assert hits.shape == (2, 3, 1600)
    assert_equal(hits[1, 2], drum_voice(settings[1, 2], velocity[2], instrument=instrument, duration_s=0.1))
    assert_equal(hits[1, 0], drum_voice(settings[1, 0], velocity[0], instrument=instrument, duration_s=0.1))


@every
def test_gradients_reach_every_setting_and_are_finite(instrument):
    settings = drawn(instrument, 3, dtype=torch.float64).requires_grad_()
    velocity = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64, requires_grad=True)
    hits = drum_voice(settings, velocity, instrument=instrument, sample_rate=48_000, duration_s=0.2)
    (hits * torch.randn_like(hits)).sum().backward()
    assert settings.grad.isfinite().all()
    assert velocity.grad.isfinite().all()
    assert velocity.grad.all()
    reached = settings.grad != 0
    assert reached.all(), [VOICES[instrument].names[i] for i in (~reached).any(0).nonzero()]


@pytest.mark.parametrize("instrument", ["RD", "TMB"])  # every kind of part among them
def test_gradients_in_float64(instrument):
    voice = VOICES[instrument]
    place = torch.rand(len(voice.names), dtype=torch.float64, requires_grad=True)
    velocity = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    assert gradcheck(
        lambda place, velocity: drum_voice(voice.settings(place), velocity, instrument=instrument, duration_s=0.001),
        (place, velocity),
    )


@every
def test_the_ends_of_the_ranges_have_finite_gradients(instrument):
    voice = VOICES[instrument]
    place = torch.tensor([0.0, 1.0])[:, None].expand(2, len(voice.names)).clone().requires_grad_()
    hits = drum_voice(voice.settings(place), torch.tensor(0.5), instrument=instrument, sample_rate=8000, duration_s=0.1)
    hits.square().sum().backward()
    assert hits.isfinite().all()
    assert place.grad.isfinite().all()


@pytest.mark.parametrize(("rate", "duration_s"), [(8000, 1e-4), (16_000, 63 / 16_000), (44_100, 1e-4), (22_051, 0.1)])
def test_any_length_at_any_rate(rate, duration_s):
    for instrument in VOICES:
        hits = drum_voice(
            drawn(instrument), torch.ones(()), instrument=instrument, sample_rate=rate, duration_s=duration_s
        )
        assert hits.shape == (max(1, round(duration_s * rate)),)
        assert hits.isfinite().all()


def test_a_soft_hit_is_quieter_and_darker_and_bends_less():
    for instrument in ("KD", "SD", "CHH", "FT", "CR", "CLP"):
        hits = drum_voice(drawn(instrument, 1), torch.tensor([0.2, 1.0]), instrument=instrument)
        soft, hard = (measure([hit], sample_rate=RATE).centroid_hz for hit in hits)
        assert soft < hard, instrument
        assert hits[0].abs().max() < 0.5 * hits[1].abs().max()


@every
def test_no_stroke_is_silence_from_which_a_velocity_can_grow(instrument):
    velocity = torch.tensor([-0.5, 0.0], requires_grad=True)
    hits = drum_voice(drawn(instrument), velocity, instrument=instrument, duration_s=0.1)
    (hits * torch.randn(1600)).sum().backward()
    assert not hits.any()
    assert velocity.grad[0] == 0
    assert velocity.grad[1].isfinite()
    assert velocity.grad[1] != 0


def test_places_and_settings_are_inverse():
    for voice in VOICES.values():
        place = torch.rand(5, len(voice.names), dtype=torch.float64)
        torch.testing.assert_close(voice.places(voice.settings(place)), place)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_lie_in_the_ranges(preset):
    for instrument, settings in PRESETS[preset].items():
        DrumVoice(instrument, settings)  # refuses others


def test_presets_sound_like_their_machines():
    kicks = [procedural_kit(preset=preset).drums["KD"][0].hits[-1] for preset in ("808", "909")]
    boom, punch = (measure([kick], sample_rate=RATE) for kick in kicks)
    assert 45 < boom.pitch_hz < 55
    assert 45 < punch.pitch_hz < 55
    assert boom.decay_s > 1.3 * punch.decay_s  # the boom rings
    assert punch.centroid_hz > 1.3 * boom.centroid_hz  # the punch clicks
    hat = procedural_kit(preset="808", sample_rate=44_100).drums["CHH"][0].hits[-1]
    assert measure([hat], sample_rate=44_100).centroid_hz > 5000


def test_a_preset_is_no_seed():
    assert torch.equal(*(procedural_kit(preset="909", seed=1).drums["SD"][0].hits[-1] for _ in range(2)))
    with pytest.raises(ValueError, match="preset must be one of '808', '909', got '707'"):
        procedural_kit(preset="707")


def test_compiles_without_a_graph_break():
    voice = DrumVoice("RD", duration_s=0.01)
    velocity = torch.tensor([0.5, 1.0])
    assert_equal(torch.compile(voice, fullgraph=True, backend="eager")(velocity), voice(velocity))


def test_settings_are_saved():
    one, other = DrumVoice("SD", drawn("SD", 2)), DrumVoice("SD", drawn("SD", 2))
    other.load_state_dict(one.state_dict())
    assert list(one.state_dict()) == ["logits"]
    assert torch.equal(other(), one())


def test_begins_at_the_given_settings_in_their_units():
    settings = drawn("FT")
    voice = DrumVoice("FT", settings)
    torch.testing.assert_close(voice.settings.detach(), settings, rtol=5e-3, atol=1e-2)
    assert 66 < voice.named_settings()["tones.end_hz.0"].item() < 100


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: DrumVoice("XX"), ValueError, "instrument must be one of KD, SD"),
        (
            lambda: DrumVoice("KD", torch.ones(3)),
            ValueError,
            r"settings must have shape \(..., \d+\) for KD, got \(3,\)",
        ),
        (lambda: DrumVoice("KD", torch.ones(len(VOICES["KD"].names))), ValueError, "settings of KD must lie in"),
        (lambda: DrumVoice("KD", sample_rate=0)(), ValueError, "sample_rate"),
        (lambda: DrumVoice("KD", duration_s=-1.0)(), ValueError, "duration_s"),
        (lambda: DrumVoice("KD", seed=-1)(), ValueError, "seed must be at least 0, got -1$"),
        (lambda: DrumVoice("KD")(torch.ones(1, dtype=torch.float64)), TypeError, "both be float32 or both float64"),
        (lambda: drum_voice(drawn("KD", 2), torch.ones(3), instrument="KD"), ValueError, "must broadcast"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def fit(voice, target, steps):
    """Fit a voice to a sound by two log-mel spectrograms; return the loss before and after, and the first gradient."""
    losses = [
        dd.SpectralLoss(
            dd.LogMel(sample_rate=RATE, n_fft=n_fft, hop_length=64, n_mels=n_mels), compression="none", enhance=False
        )
        for n_fft, n_mels in ((1024, 64), (256, 24))
    ]
    known = [loss.features(target) for loss in losses]
    velocity = torch.linspace(1, 0.5, len(target))
    optimizer = torch.optim.Adam(voice.parameters(), lr=0.15)
    history: list[float] = []
    for _ in range(steps):
        optimizer.zero_grad()
        hits = voice(velocity)
        distance = sum(
            loss.compare(loss.features(hits), features) for loss, features in zip(losses, known, strict=True)
        )
        distance.backward()
        if not history:
            gradient = voice.logits.grad.clone()
        optimizer.step()
        history.append(float(distance.detach()))
    return history[0], min(history), gradient


@pytest.mark.parametrize("instrument", ["KD", "SD"])
def test_fits_another_voice_of_its_class(instrument):
    target = DrumVoice(instrument, drawn(instrument), duration_s=0.2)(torch.tensor([1.0, 0.5])).detach()
    before, after, gradient = fit(DrumVoice(instrument, duration_s=0.2), target, 60)
    assert gradient.isfinite().all()
    assert gradient.all()
    assert after < 0.3 * before


def test_fits_a_real_snare(data):
    hit = load_kit(data / "kits" / "drum-sklad" / "Sixties Rock").drums["SD"][0].hits[-1]
    hit = torch.nn.functional.pad(hit, (0, 4800))[:4800]
    voice = DrumVoice("SD", duration_s=0.3)
    before, after, gradient = fit(voice, (hit / hit.abs().max())[None], 60)
    reached = dict(zip(VOICES["SD"].names, gradient, strict=True))
    del reached["soft_tilt_db"]  # one hard hit says nothing about soft ones
    assert all(value != 0 and value.isfinite() for value in reached.values())
    assert after < 0.5 * before
