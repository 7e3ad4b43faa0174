import itertools
from pathlib import Path

import pytest

from ddsp_drums._xml import MAX_BYTES
from ddsp_drums.kits import TAXONOMY, KitError, load_kit
from ddsp_drums.kits.hydrogen import read_hydrogen
from tests.kits.on_disk import placed, save, tone

NAMESPACE = 'xmlns="http://www.hydrogen-music.org/drumkit"'


def layer(filename, top=1.0):
    return f"<layer><filename>{filename}</filename><min>0</min><max>{top}</max><gain>1</gain></layer>"


def instrument(name, *layers, note=None):
    key = f"<midiOutNote>{note}</midiOutNote>" if note is not None else ""
    return f"<instrument><name>{name}</name>{key}{''.join(layers)}</instrument>"


def component(*layers):
    return f"<instrumentComponent><component_id>0</component_id>{''.join(layers)}</instrumentComponent>"


def drumkit(folder, *instruments, head="<name>Mine</name><license>CC0</license>", start="", attributes=NAMESPACE):
    path = folder / "drumkit.xml"
    body = f"{head}<instrumentList>{''.join(instruments)}</instrumentList>"
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>{start}<drumkit_info {attributes}>{body}</drumkit_info>')
    return path


@pytest.mark.parametrize("wrap", [component, lambda *layers: "".join(layers)], ids=["components", "before 0.9.7"])
@pytest.mark.parametrize("attributes", [NAMESPACE, ""])
def test_layers_of_old_and_new_kits(tmp_path, wrap, attributes):
    for number in range(1, 4):
        save(tmp_path, f"{number}.wav", tone(gain=0.2 * number))
    layers = wrap(layer("1.wav", 0.5), layer("2.wav", 0.5), layer("3.wav", 1))
    path = drumkit(tmp_path, instrument("Bass Drum", layers), attributes=attributes)
    kit = load_kit(path)
    (drum,) = kit.drums["KD"]
    assert drum.name == "Bass Drum"
    assert drum.files == ("1.wav", "2.wav", "3.wav")
    assert drum.velocities == (63.5, 63.5, 127)
    assert (kit.name, kit.licence, kit.source) == ("Mine", "CC0", str(path))


def test_the_oldest_kits_have_a_file_an_instrument(tmp_path):
    save(tmp_path, "kick.wav")
    kit = load_kit(drumkit(tmp_path, instrument("1", "<filename>kick.wav</filename>")))
    assert kit.drums["KD"][0].velocities == (127,)


def test_the_name_of_the_instrument_then_that_of_the_file_then_the_note_tell_the_class(tmp_path):
    path = drumkit(
        tmp_path,
        instrument("Snare", layer("cowbell.wav"), note=36),
        instrument("Stick", layer("SideStick.wav"), note=37),
        instrument("Bell", layer("x.wav"), note=53),
        instrument("Hat", layer("hat.wav"), note=44),
        instrument("Kick", layer("kick.wav"), note=36),
        instrument("Cowbell", layer("snare.wav"), note=38),
        instrument("", layer("y.wav")),
        instrument("Empty", note=38),
        instrument("Crash", layer("z.wav"), note="3e9"),
    )
    sounds = read_hydrogen(path, TAXONOMY).sounds
    assert {sound.label: (sound.name, sound.note) for sound in sounds} == {
        "cowbell.wav": ("SD", ""),
        "SideStick.wav": ("SST", ""),
        "x.wav": ("RD", "by its MIDI key 53"),
        "hat.wav": ("PHH", "by its MIDI key 44"),
        "kick.wav": ("KD", ""),
        "snare.wav": (None, "named 'cowbell'"),
        "y.wav": (None, "no name says what it is"),
        "z.wav": ("CR", ""),
    }


def test_toms_are_ranked_by_the_numbers_of_their_instruments(tmp_path):
    for name in ("a", "b", "c"):
        save(tmp_path, f"{name}.wav", tone(120))
    names = [("Tom 2", "a"), ("Tom 1", "b"), ("Floor Tom", "c")]
    kit = load_kit(drumkit(tmp_path, *(instrument(name, layer(f"{file}.wav"), note=60) for name, file in names)))
    assert placed(kit) == {"Tom 1": "HT", "Tom 2": "MT", "Floor Tom": "FT"}
    assert kit.guessed == {"a.wav": "tom 2 of 2 by its number (2)", "b.wav": "tom 1 of 2 by its number (1)"}


def test_odd_velocity_ranges_do_no_harm(tmp_path):
    tops = ("nan", "-1", "7", "", "many", "1e999", "0")
    for number in range(len(tops)):
        save(tmp_path, f"{number}.wav")
    layers = [layer(f"{number}.wav", top) for number, top in enumerate(tops)]
    (drum,) = load_kit(drumkit(tmp_path, instrument("Kick", *layers))).drums["KD"]
    assert drum.velocities == (1,) + 6 * (127,)


def test_samples_stay_in_the_folder(tmp_path):
    save(tmp_path, "snare.wav")
    kit = tmp_path / "kit"
    kit.mkdir()
    save(kit, "kick.wav")
    names = [
        "kick.wav",
        "gone.wav",
        "../snare.wav",
        "a/../../snare.wav",
        "..\\snare.wav",
        f"{tmp_path}/snare.wav",
        "C:/snare.wav",
    ]
    loaded = load_kit(drumkit(kit, *(instrument("Kick", layer(name)) for name in names)))
    assert loaded.drums["KD"][0].files == ("kick.wav",)
    assert len(loaded.drums["KD"]) == 1
    assert sorted(loaded.left_out.values()) == ["a path that leaves the kit's folder"] * 5 + ["no such file"]


LETTERS = "abcdefghijkl"
BOMB = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in itertools.pairwise(LETTERS))
BOMB = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{BOMB}]>'


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (BOMB, "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd">', "document type"),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "document type"),
        ("<unclosed>", "not readable as XML"),
        ("&undeclared;", "not readable as XML"),
    ],
)
def test_bombs_and_broken_xml_are_refused(tmp_path, start, message):
    path = drumkit(tmp_path, instrument("&l;" if "ENTITY" in start else "Kick", layer("kick.wav")), start=start)
    with pytest.raises(KitError, match=message) as error:
        load_kit(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not readable as XML"),
        (b"\x00\xff" * 100, "not readable as XML"),
        (b'<?xml version="1.0" encoding="utf-7"?><drumkit_info/>', "not readable as XML"),
        (b'<?xml version="1.0" encoding="no-such"?><drumkit_info/>', "not readable as XML"),
        (b"<html><body>404</body></html>", "not a Hydrogen drum kit"),
        (b"<drumkit_info/>", "no sound"),
        (b"<a>" * 100_000, "not readable as XML"),
    ],
)
def test_what_is_no_kit_is_named_in_one_line(tmp_path, content, message):
    path = tmp_path / "drumkit.xml"
    path.write_bytes(content)
    with pytest.raises(KitError, match=message) as error:
        load_kit(path)
    assert "\n" not in str(error.value)


def test_a_deep_document_is_no_kit(tmp_path):
    path = drumkit(tmp_path, "<a>" * 100_000 + "</a>" * 100_000)
    with pytest.raises(KitError, match="no sound"):
        load_kit(path)


def test_a_document_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "drumkit.xml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(KitError, match="too large"):
        load_kit(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(KitError, match=r"drumkit.xml: no such file"):
        load_kit(Path(tmp_path) / "drumkit.xml")
