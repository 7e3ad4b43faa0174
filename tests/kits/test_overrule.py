import pytest

from ddsp_drums.kits import KitError, load_kit
from tests.kits.on_disk import placed, save, tone


def kit_toml(folder, text):
    (folder / "kit.toml").write_text(text)


def test_a_person_outranks_names_and_what_is_heard(tmp_path):
    for name in ("pots/low 1.wav", "pots/low 2.wav", "pots/lid.wav", "snare.wav", "snare bad.wav", "tom.wav"):
        save(tmp_path, name, tone(60))
    kit_toml(
        tmp_path,
        """
        name = "Kitchen"
        licence = "CC-BY-4.0"
        source = "recorded at home"
        [classes]
        KD = ["pots/*"]
        gong = ["pots/lid.wav"]
        CHH = ["snare.wav"]
        none = ["* bad.wav"]
        """,
    )
    kit = load_kit(tmp_path)
    assert placed(kit) == {"pots/low": "KD", "snare": "CHH", "tom": "MT", "pots/lid": "gong"}
    assert (kit.name, kit.licence, kit.source) == ("Kitchen", "CC-BY-4.0", "recorded at home")
    assert kit.left_out == {"snare bad.wav": "left out by kit.toml"}
    assert set(kit.guessed) == {"tom.wav"}


def test_the_last_pattern_counts_also_if_it_was_said_before(tmp_path):
    save(tmp_path, "a.wav")
    kit_toml(tmp_path, '[classes]\nKD = ["a*"]\nSD = ["a.wav"]\nMT = ["a*"]')
    assert load_kit(tmp_path).classes == ("MT",)


def test_an_sfz_file_is_overruled_by_the_names_of_its_samples(tmp_path):
    save(tmp_path, "Samples/a.wav")
    (tmp_path / "kit.sfz").write_text("<region> key=38 sample=Samples/a.wav")
    kit_toml(tmp_path, '[classes]\nFT = ["Samples/a.wav"]')
    assert load_kit(tmp_path / "kit.sfz").classes == ("FT",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("classes", "not readable as TOML"),
        ("title = 'x'", "unknown entry title"),
        ("name = 3", "name must be a text, got 3"),
        ("classes = 'KD'", "classes must be a table"),
        ("[classes]\nKD = 'a.wav'", "classes.KD must be a list of patterns, got 'a.wav'"),
        ("[classes]\nKD = [1]", r"classes.KD must be a list of patterns, got \[1\]"),
        ("[classes]\nKD = ['kikc*']", r"no file of the kit fits 'kikc\*'"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    save(tmp_path, "kick.wav")
    kit_toml(tmp_path, text)
    with pytest.raises(KitError, match=message) as error:
        load_kit(tmp_path)
    assert str(tmp_path / "kit.toml") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_kit_toml_of_another_encoding_is_named(tmp_path):
    save(tmp_path, "kick.wav")
    (tmp_path / "kit.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(KitError, match="not readable as TOML"):
        load_kit(tmp_path)
