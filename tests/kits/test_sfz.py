import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddsp_drums.kits import TAXONOMY, KitError, load_kit
from ddsp_drums.kits.sfz import find_in_sfz
from ddsp_drums.kits.sfz_text import MAX_LINE, MAX_TEXT
from tests.kits.on_disk import placed, save, tone


def sfz(folder, text, name="kit.sfz"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(folder, text):
    """Label to class, note, drum, key and velocity, of samples that need not be there."""
    sounds = find_in_sfz(sfz(folder, text), TAXONOMY)
    return {s.label: (s.name, s.note, s.drum, s.key, s.velocity) for s in sounds}


def test_velocity_ranges_become_layers_and_round_robins_alternates(tmp_path):
    for number in range(1, 5):
        save(tmp_path, f"Samples/kick_{number}.wav", tone(gain=0.2 * number))
    path = sfz(
        tmp_path,
        """
        <control> default_path=Samples/
        <group> key=36 seq_length=2
        <region> hivel=63 seq_position=1 sample=kick_1.wav
        <region> hivel=63 seq_position=2 sample=kick_2.wav
        <region> lovel=64 lorand=0 hirand=0.5 sample=kick_3.wav
        <region> lovel=64 lorand=0.5 hirand=1 sample=kick_4.wav
        """,
    )
    kit = load_kit(path)
    (drum,) = kit.drums["KD"]
    assert drum.velocities == (63, 63, 127, 127)
    assert [len(layer) for layer in drum.layers] == [2, 2]
    assert drum.layer(63) == drum.hits[:2]
    assert drum.layer(64) == drum.hits[2:]
    assert drum.files == tuple(f"Samples/kick_{number}.wav" for number in range(1, 5))
    assert (kit.name, kit.source, kit.left_out, kit.guessed) == ("kit", str(path), {}, {})


def test_scopes_inherit_and_end_with_the_next_of_their_kind(tmp_path):
    text = """
    <global> hivel=100 <master> key=36 <group> hivel=90
    <region> sample=kick a.wav <region> sample=kick b.wav hivel=50
    <group> <region> sample=kick c.wav
    <master> key=38 <region> sample=snare.wav
    <global> <region> sample=snare 2.wav key=40
    """
    assert {label: sound[3:] for label, sound in found(tmp_path, text).items()} == {
        "kick a.wav": ("key 36", 90),
        "kick b.wav": ("key 36", 50),
        "kick c.wav": ("key 36", 100),
        "snare.wav": ("key 38", 100),
        "snare 2.wav": ("key 40", 127),
    }


@pytest.mark.parametrize(
    ("opcodes", "key"),
    [
        ("key=36", 36),
        ("key=c2", 36),
        ("key=C#2", 37),
        ("key=db2", 37),
        ("key=c-1", 0),
        ("lokey=35 hikey=38 pitch_keycenter=36", 36),
        ("lokey=35 hikey=38 pitch_keycenter=60", 35),
        ("hikey=42", 42),
        ("pitch_keycenter=49", 49),
        ("key=24 octave_offset=1 note_offset=2", 38),
        ("key=-1", None),
        ("key=nonsense", None),
        ("key=99999999999999999999", None),
        ("key=c" + 5000 * "9", None),
        ("", None),
    ],
)
def test_keys_as_numbers_names_and_ranges(tmp_path, opcodes, key):
    assert found(tmp_path, f"<region> sample=x.wav {opcodes}")["x.wav"][3] == f"key {key}"


def test_includes_and_definitions(tmp_path):
    sfz(tmp_path, "<region> key=$KEY sample=$NAMEs/$NAME 1.wav", "Data/one.sfz")
    text = """#define $KEY 36
    #define $NAME kick
    #define $NAMES wrong
    #include "Data/one.sfz"
    #define $KEY 38 #define $NAME snare
    #include "data\\One.sfz"
    """
    assert {label: sound[3] for label, sound in found(tmp_path, text).items()} == {
        "kicks/kick 1.wav": "key 36",
        "snares/snare 1.wav": "key 38",
    }


def test_comments_are_left_out(tmp_path):
    text = """//**** <region> sample=a.wav
    <region> sample=kick #1.wav // loud
    /* <region> sample=b.wav
    // */ key=36 /* soft */ hivel=9
    <region> sample=kick 2.wav /* to the end
    """
    sounds = found(tmp_path, text)
    assert list(sounds) == ["kick #1.wav", "kick 2.wav"]
    assert sounds["kick #1.wav"][3:] == ("key 36", 9)


def test_paths_of_windows_in_any_case(tmp_path):
    save(tmp_path, "Samples/Low/Kick 1.wav")
    kit = load_kit(sfz(tmp_path, r"<region> sample=samples\LOW\kick 1.WAV key=36"))
    assert kit.drums["KD"][0].files == ("Samples/Low/Kick 1.wav",)


def test_a_file_beside_the_kit_stands_in_for_one_that_is_not_at_its_place(tmp_path):
    save(tmp_path, "kick.wav")
    kit = load_kit(sfz(tmp_path, "<control> default_path=Samples/ <region> sample=kick.wav"))
    assert kit.drums["KD"][0].files == ("kick.wav",)


def test_samples_may_lie_beside_the_folder_of_the_program(tmp_path):
    save(tmp_path, "Samples/kick.wav")
    kit = load_kit(sfz(tmp_path, "<region> sample=../Samples/kick.wav", "Programs/kit.sfz"))
    assert kit.drums["KD"][0].files == ("../Samples/kick.wav",)


def test_keys_tell_what_no_name_does_and_names_outrank_them(tmp_path):
    text = """
    <region> key=36 sample=kick.wav
    <region> key=38 sample=a1.wav
    <region> key=46 sample=hat.wav
    <region> key=51 sample=snare.wav
    <region> key=56 sample=b.wav
    <region> key=60 sample=bongo.wav
    """
    assert {label: sound[:2] for label, sound in found(tmp_path, text).items()} == {
        "kick.wav": ("KD", ""),
        "a1.wav": ("SD", "by its MIDI key 38"),
        "hat.wav": ("OHH", "by its MIDI key 46"),
        "snare.wav": ("SD", ""),
        "b.wav": (None, "no name says what it is"),
        "bongo.wav": (None, "named 'bongo'"),
    }


def test_keys_tell_nothing_where_the_layout_is_not_that_of_general_midi(tmp_path):
    text = """
    <region> key=48 sample=kick.wav <region> key=50 sample=snare.wav
    <region> key=42 sample=crash.wav <region> key=36 sample=a1.wav
    """
    assert found(tmp_path, text)["a1.wav"][:2] == (None, "no name says what it is")


def test_drums_are_told_by_key_and_by_the_position_of_the_pedal(tmp_path):
    text = """
    <group> key=38 <region> sample=Snare 1.wav <region> sample=Snare 2.wav
    <group> key=40 <region> sample=Snare 3.wav
    <group> key=42
    <region> sample=hat open 1.wav locc4=0 hicc4=63 <region> sample=hat open 2.wav locc4=64 hicc4=127
    """
    for number, name in enumerate(("Snare 1", "Snare 2", "Snare 3", "hat open 1", "hat open 2")):
        save(tmp_path, f"{name}.wav", tone(200 if number < 3 else 4000, tau_s=0.3))
    kit = load_kit(sfz(tmp_path, text))
    assert [len(drum.hits) for drum in kit.drums["SD"]] == [2, 1]
    assert [len(drum.hits) for drum in kit.drums["OHH"]] == [1, 1]


def test_a_sample_of_several_ranges_is_one_hit_of_the_first_drum_at_its_highest_velocity(tmp_path):
    text = """
    <group> key=36 <region> hivel=20 sample=kick 1.wav <region> hivel=40 sample=kick 1.wav
    <region> hivel=40 sample=kick 2.wav
    <group> key=35 <region> hivel=127 sample=kick 1.wav
    """
    sounds = found(tmp_path, text)
    assert {label: sound[3:] for label, sound in sounds.items()} == {
        "kick 1.wav": ("key 36", 40),
        "kick 2.wav": ("key 36", 40),
    }


def test_what_cannot_be_used_is_left_out_with_the_reason(tmp_path):
    save(tmp_path, "kick.wav")
    save(tmp_path, "snare 2.wav")
    (tmp_path / "snare empty.wav").touch()
    text = f"""
    <region> sample=kick.wav
    <region> sample=snare gone.wav
    <region> sample=snare empty.wav
    <region> sample=*sine
    <region> sample={tmp_path}/snare 2.wav
    <region> sample=C:\\snare.wav
    <region> sample=\\\\server\\snare.wav
    <region> sample=snare off.wav end=-1
    <region> sample=snare release.wav trigger=release
    <region> sample=snare {"s" * 500}.wav
    <region> key=36
    <control> default_path=C:\\ <region> sample=snare 3.wav
    """
    kit = load_kit(sfz(tmp_path, text))
    assert kit.classes == ("KD",)
    reasons = {
        "snare gone.wav": "no such file",
        "snare empty.wav": "0 bytes",
        "*sine": "made by the sampler",
        f"{tmp_path}/snare 2.wav": "absolute",
        "C:\\snare.wav": "absolute",
        "\\\\server\\snare.wav": "absolute",
        "snare off.wav": "end=-1",
        "snare release.wav": "released",
        f"snare {'s' * 500}.wav": "no such file",
        "<region>": "names no sample",
        "C:\\snare 3.wav": "absolute",
    }
    assert set(kit.left_out) == set(reasons)
    for label, reason in reasons.items():
        assert reason in kit.left_out[label], label


def test_unknown_opcodes_and_headers_and_odd_values_are_read_over(tmp_path):
    save(tmp_path, "kick.wav")
    save(tmp_path, "snare.wav")
    text = """sample=lost.wav <curve> curve_index=7 sample=lost.wav <nonsense> sample=lost.wav
    <region> sample=kick.wav hivel=nan lovel=-5 cutoff= =x pan=-200 <> < > <region key= $MISSING=3
    <region> sample=snare.wav hivel=1e309 key=$UNDEFINED
    """
    assert placed(load_kit(sfz(tmp_path, text))) == {"kick": "KD", "snare": "SD"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no <region>"),
        ("just words", "no <region>"),
        ('#include "kit.sfz"', "includes itself"),
        ('#include "gone.sfz"', "includes 'gone.sfz', no such file"),
        ('#include "/etc/passwd"', "absolute path"),
        ('#include "."', "no such file"),
        ("<region> sample=" + "k" * MAX_LINE, "a line of"),
        ("<region> sample=bongo.wav", "none of its 1 sounds"),
    ],
)
def test_broken_files_are_named_in_one_line(tmp_path, text, message):
    path = sfz(tmp_path, text)
    with pytest.raises(KitError) as error:
        load_kit(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(KitError, match=r"gone.sfz: no such f"):
        load_kit(tmp_path / "gone.sfz")


def test_includes_that_multiply_are_stopped(tmp_path):
    for number in range(12):
        sfz(tmp_path, f'#include "{number + 1}.sfz"\n' * 8, f"{number}.sfz")
    sfz(tmp_path, "<region> sample=kick.wav", "12.sfz")
    with pytest.raises(KitError, match="more than 1000 files"):
        load_kit(tmp_path / "0.sfz")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = sfz(tmp_path, "")
    with path.open("wb") as file:
        file.truncate(MAX_TEXT + 1)
    with pytest.raises(KitError, match="too large for an SFZ file"):
        load_kit(path)


def test_definitions_that_multiply_are_stopped(tmp_path):
    names = [f"$X{number}" for number in range(60)]
    text = "#define $X0 " + "y" * 250 + "\n"
    text += "".join(f"#define {name} {names[number] * 50}\n" for number, name in enumerate(names[1:]))
    text += "".join(f"<region> sample={'$X0' * 3000}\n" for _ in range(100))
    with pytest.raises(KitError, match=f"more than {MAX_TEXT} characters"):
        load_kit(sfz(tmp_path, text))


def test_long_lines_take_no_longer_than_others(tmp_path):
    lines = ["<region> sample=" + " " * 9000 + "k.wav", "<region> sample=" + "a " * 4500, "<" * 9000, "$" * 9000]
    start = time.process_time()
    found(tmp_path, "\n".join(lines * 50))
    assert time.process_time() - start < 5


TOKENS = (
    *("<region>", "<group>", "<", ">", "sample=", "key=", "hivel=", "=", "kick.wav", "$A", "#define $A ", "/*", "*/"),
    *('#include "kit.sfz"', "//", "\n", " ", "..\\", "c#4", "-1", "99999999999999999999", "nan", "\0", "é"),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(TOKENS) | st.text(max_size=5)).map("".join))
def test_any_text_gives_sounds_or_says_what_is_wrong(tmp_path, text):
    path = tmp_path / "kit.sfz"
    path.write_text(text, "utf-8", errors="replace")
    try:
        velocities = [sound.velocity for sound in find_in_sfz(path, TAXONOMY) if sound.name]
    except KitError:
        return
    assert all(1 <= velocity <= 127 for velocity in velocities)


def test_text_of_any_encoding(tmp_path):
    path = sfz(tmp_path, "")
    path.write_bytes("<region> sample=caisse été.wav key=38".encode("latin-1"))
    assert [sound.label for sound in find_in_sfz(path, TAXONOMY)] == ["caisse été.wav"]
    path.write_bytes(bytes(range(256)) * 30)
    with pytest.raises(KitError, match="no <region>"):
        load_kit(path)


def test_nothing_is_written(tmp_path):
    save(tmp_path, "kick.wav")
    path = sfz(tmp_path, "<region> sample=kick.wav")
    before = sorted(Path(tmp_path).rglob("*"))
    load_kit(path)
    assert sorted(Path(tmp_path).rglob("*")) == before
