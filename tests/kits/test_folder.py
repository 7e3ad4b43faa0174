import numpy as np
import pytest
import torch

from ddsp_drums.kits import KitError, load_kit
from tests.kits.on_disk import RATE, placed, save, tone


def test_layers_of_a_drum_run_from_soft_to_loud(tmp_path):
    for name, gain in (("Kick-1.wav", 0.9), ("Kick-2.wav", 0.1), ("Kick-3.wav", 0.4)):
        save(tmp_path, name, tone(gain=gain))
    (drum,) = load_kit(tmp_path).drums["KD"]
    assert drum.name == "Kick"
    assert drum.files == ("Kick-2.wav", "Kick-3.wav", "Kick-1.wav")
    assert [float(hit.abs().max()) for hit in drum.hits] == sorted(float(hit.abs().max()) for hit in drum.hits)


def test_a_velocity_in_the_name_outranks_the_level_of_normalised_layers(tmp_path):
    for name, gain in (("kick_OH_P_1.wav", 0.9), ("kick_OH_FF_1.wav", 0.5), ("kick_OH_F_1.wav", 0.8)):
        save(tmp_path, name, tone(gain=gain))
    (drum,) = load_kit(tmp_path).drums["KD"]
    assert drum.files == ("kick_OH_P_1.wav", "kick_OH_F_1.wav", "kick_OH_FF_1.wav")


def test_layers_of_one_level_keep_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 1):
        save(tmp_path, f"Kick-{number}.wav")
    (drum,) = load_kit(tmp_path).drums["KD"]
    assert drum.files == ("Kick-1.wav", "Kick-2.wav", "Kick-10.wav")


def test_a_folder_of_kits_keeps_their_drums_apart(tmp_path):
    for name in ("a/kick.wav", "b/kick.wav", "b/deep/kick.wav"):
        save(tmp_path, name)
    assert placed(load_kit(tmp_path)) == {"a/kick": "KD", "b/kick": "KD", "b/deep/kick": "KD"}


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "MT"), (2, "HT FT"), (3, "HT MT FT"), (4, "HT MT MT FT"), (5, "HT MT MT FT FT")],
)
def test_numbered_toms_spread_from_high_to_floor(tmp_path, count, expected):
    for number in range(1, count + 1):
        save(tmp_path, f"tom{number}.wav", tone(150))
    assert list(placed(load_kit(tmp_path)).values()) == expected.split()


def test_toms_beside_a_named_floor_tom_are_high_and_mid(tmp_path):
    for inches in (10, 12):
        save(tmp_path, f"toms/Tom {inches}in 1.wav", tone(150))
    save(tmp_path, "toms/Tom 16 floor.wav", tone(80))
    assert placed(load_kit(tmp_path)) == {"toms/Tom 10in": "HT", "toms/Tom 12in": "MT", "toms/Tom 16 floor": "FT"}


def test_toms_without_a_number_are_ranked_by_pitch(tmp_path):
    for name, frequency_hz in (("tom blue.wav", 90), ("tom green.wav", 180), ("tom red.wav", 130)):
        save(tmp_path, name, tone(frequency_hz))
    assert placed(load_kit(tmp_path)) == {"tom green": "HT", "tom red": "MT", "tom blue": "FT"}


def test_each_kit_of_a_folder_ranks_its_own_toms(tmp_path):
    for name in ("a/tom1.wav", "a/tom2.wav", "b/Tom1/1-Tom1.wav", "b/Tom3/1-Tom3.wav", "b/Tom3/2-Tom3.wav"):
        save(tmp_path, name, tone(150))
    assert placed(load_kit(tmp_path)) == {"a/tom1": "HT", "a/tom2": "FT", "b/Tom1": "HT", "b/Tom3": "FT"}


def test_a_bare_hat_is_closed_or_open_by_its_decay(tmp_path):
    noise = np.random.default_rng(0).standard_normal(RATE) * 0.3
    for name, tau_s in (("hihat short.wav", 0.02), ("hihat long.wav", 0.3)):
        save(tmp_path, name, noise * np.exp(-np.arange(RATE) / RATE / tau_s))
    assert placed(load_kit(tmp_path)) == {"hihat short": "CHH", "hihat long": "OHH"}


@pytest.mark.parametrize(("siblings", "expected"), [(["mt", "lt"], "HT"), (["hc", "ho"], "TMB"), (["bd", "sd"], "HT")])
def test_neighbours_tell_a_high_tom_from_a_hat_with_a_tambourine(tmp_path, siblings, expected):
    noise = np.random.default_rng(0).standard_normal(4000) * 0.3 * np.exp(-np.arange(4000) / 800)
    for name in ["ht", *siblings]:
        save(tmp_path, f"{name}_vl1_rr1.wav", noise if expected == "TMB" else tone(150))
    assert placed(load_kit(tmp_path, sample_rate=16000 if expected == "TMB" else 8000))["ht"] == expected


def test_a_hit_begins_at_its_onset_and_ends_at_the_longest_duration(tmp_path):
    save(tmp_path, "kick.wav", np.concatenate([np.zeros(12000), tone(duration_s=2, tau_s=3)]))
    hit = load_kit(tmp_path, max_duration_s=0.5).drums["KD"][0].hits[0]
    assert hit.shape == (8000,)
    assert hit.dtype == torch.float32
    assert int((hit.abs() > 0.01).nonzero()[0]) <= 20
    assert hit[-1] == 0


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 192000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_rate_and_channel_count(tmp_path, rate, channels):
    t = np.arange(rate // 4)[:, None].repeat(channels, 1) / rate
    save(tmp_path, "kick.wav", 0.5 * np.sin(2 * np.pi * 80 * t), rate)
    hit = load_kit(tmp_path).drums["KD"][0].hits[0]
    assert abs(len(hit) - 4000) < 40
    assert hit.isfinite().all()


def test_what_cannot_be_used_is_left_out_with_the_reason(tmp_path):
    save(tmp_path, "kick.wav")
    save(tmp_path, "cowbell.wav")
    save(tmp_path, "what.wav")
    save(tmp_path, "snare silent.wav", np.zeros(8000))
    save(tmp_path, "snare nan.wav", np.full(8000, np.nan))
    save(tmp_path, "snare nothing.wav", np.zeros(0))
    save(tmp_path, "tom shaker.wav", np.random.default_rng(0).standard_normal(8000))
    save(tmp_path, "tom2.wav", np.random.default_rng(0).standard_normal(8000))
    (tmp_path / "snare empty.wav").touch()
    (tmp_path / "snare corrupt.wav").write_bytes(b"RIFF" + bytes(100))
    (tmp_path / "readme.txt").write_text("not audio")
    kit = load_kit(tmp_path)
    assert kit.classes == ("KD",)
    reasons = {
        "cowbell.wav": "named 'cowbell'",
        "what.wav": "no name says what it is",
        "snare silent.wav": "silent",
        "snare nan.wav": "NaN",
        "snare nothing.wav": "no samples",
        "tom shaker.wav": "named 'shaker'",
        "tom2.wav": "centroid_hz",
        "snare empty.wav": "0 bytes",
        "snare corrupt.wav": "not readable as audio",
    }
    assert set(kit.left_out) == set(reasons)
    for file, reason in reasons.items():
        assert reason in kit.left_out[file]
        assert str(tmp_path) not in kit.left_out[file]
        assert f"{file}: {kit.left_out[file]}" in kit.report()


@pytest.mark.parametrize("files", [[], ["cowbell.wav", "what.wav"]])
def test_a_folder_without_a_drum_is_named_with_the_remedy(tmp_path, files):
    for name in files:
        save(tmp_path, name)
    with pytest.raises(KitError) as error:
        load_kit(tmp_path)
    message = str(error.value)
    assert message.startswith(str(tmp_path))
    assert "\n" not in message
    assert "no audio file" in message or "name files or folders kick" in message


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(KitError, match="nowhere: no such folder"):
        load_kit(tmp_path / "nowhere")


@pytest.mark.parametrize("options", [{"sample_rate": 0}, {"max_duration_s": -1.0}])
def test_bad_options_are_named(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        load_kit(tmp_path, **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Creative Commons Legal Code\n\nCC0 1.0\nUniversal", "CC0-1.0"),
        ("Attribution-ShareAlike 3.0 Unported", "CC-BY-SA-3.0"),
        ("all mine", None),
    ],
)
def test_the_licence_that_lies_beside_is_kept(tmp_path, text, expected):
    save(tmp_path, "kick.wav")
    (tmp_path / "LICENSE.txt").write_text(text)
    kit = load_kit(tmp_path)
    assert kit.licence == expected
    assert kit.source == str(tmp_path)
    assert kit.name == tmp_path.name
