import re

import pytest

from ddsp_drums.kits import (
    BY_ID,
    GM_NOTES,
    GROOVE_NOTES,
    INSTRUMENTS,
    MDB_SUBCLASSES,
    PUBLISHED_11,
    SIX,
    TAXONOMY,
    THREE,
    Instrument,
    load_taxonomy,
)

IDS = ["KD", "SD", "SST", "CHH", "OHH", "PHH", "HT", "MT", "FT", "RD", "CR", "TMB", "CLP"]


def test_the_order_is_fixed_and_the_published_eleven_lack_the_side_stick_and_the_clap():
    assert [instrument.id for instrument in INSTRUMENTS] == IDS
    assert list(PUBLISHED_11) == [name for name in IDS if name not in {"SST", "CLP"}]
    assert list(BY_ID) == IDS


def test_the_notes_to_write_are_general_midi_and_read_back_as_their_class():
    written = {instrument.id: instrument.gm_note for instrument in INSTRUMENTS}
    assert written == dict(zip(IDS, [36, 38, 37, 42, 46, 44, 50, 47, 43, 51, 49, 54, 39], strict=True))
    assert {name: GM_NOTES[note] for name, note in written.items()} == {name: name for name in IDS}


def test_every_class_has_its_parents_and_a_colour_of_its_own():
    assert SIX == ("KD", "SD", "HH", "TT", "CY", "OT")
    assert THREE == ("KD", "SD", "HH")
    assert [i.six for i in INSTRUMENTS] == ["KD", "SD", "OT", *3 * ["HH"], *3 * ["TT"], *2 * ["CY"], *2 * ["OT"]]
    assert [i.three for i in INSTRUMENTS] == ["KD", "SD", None, "HH", "HH", "HH"] + 7 * [None]
    colours = {instrument.colour for instrument in INSTRUMENTS}
    assert len(colours) == 13
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_all_subclasses_of_mdb_drums_have_a_class():
    expected = "CHC CHH CRC HFT HIT KD LFT MHT OHH PHH RDB RDC SD SDB SDD SDF SDG SDNS SPC SST TMB"
    assert " ".join(sorted(MDB_SUBCLASSES)) == expected
    assert set(MDB_SUBCLASSES.values()) == set(IDS) - {"CLP"}


@pytest.mark.parametrize("notes", [GM_NOTES, GROOVE_NOTES])
def test_notes_map_to_known_classes(notes):
    assert set(notes.values()) <= set(IDS)


def test_the_notes_of_groove_are_those_of_its_kit():
    assert {note for note, name in GROOVE_NOTES.items() if name == "CHH"} == {22, 42}
    assert {note for note, name in GROOVE_NOTES.items() if name == "OHH"} == {26, 46}
    assert GROOVE_NOTES[58] == "FT"
    assert 54 not in GROOVE_NOTES


def test_general_midi_leaves_out_what_has_no_class():
    assert 56 not in GM_NOTES
    assert min(GM_NOTES) == 35
    assert len(GM_NOTES) == 23


def test_the_maps_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        GM_NOTES[36] = "SD"


OWN = """
[[instrument]]
id = "COW"
name = "cowbell"
gm_note = 56
colour = "#7f7f7f"
six = "OT"
spellings = ["cowbell"]

[[instrument]]
id = "SST"
name = "rim"
gm_note = 37
colour = "#111111"
six = "SD"
three = "SD"

[gm_notes]
COW = [39, 40]

[groove_notes]
SST = [40]

[mdb_subclasses]
COW = ["COW"]
"""


def test_instruments_of_ones_own_join_or_replace_those_of_the_toolkit(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    taxonomy = load_taxonomy(path)
    assert [instrument.id for instrument in taxonomy.instruments] == [*IDS, "COW"]
    assert taxonomy.by_id["COW"] == Instrument("COW", "cowbell", 56, "#7f7f7f", "OT", None, ("cowbell",))
    assert (taxonomy.by_id["SST"].name, taxonomy.by_id["SST"].six) == ("rim", "SD")
    assert [taxonomy.gm_notes[note] for note in (36, 38, 39, 40, 56)] == ["KD", "SD", "COW", "COW", "COW"]
    assert taxonomy.groove_notes[40] == "SST"
    assert taxonomy.mdb_subclasses["COW"] == "COW"
    assert 56 not in GM_NOTES
    assert GM_NOTES[40] == "SD"
    assert BY_ID["SST"].six == "OT"


ENTRY = '{id = "X", name = "x", gm_note = 60, colour = "#000000", six = "OT"}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instrument", "not readable as TOML"),
        ("name = 'x'", "unknown entry name"),
        ("six = ['KD']", "unknown entry six"),
        ("instrument = 3", "has not the form"),
        ("instrument = [3]", "has not the form"),
        ("gm_notes = 3", "has not the form"),
        ("[gm_notes]\nKD = 3", "has not the form"),
        ("[gm_notes]\nKDD = [3]", "gm_notes: KDD is no instrument"),
        ("instrument = [{id = 'X'}]", "instrument X: must have colour, gm_note"),
        (f"instrument = [{ENTRY.replace('name', 'label')}]", "instrument X: must have"),
        (f"instrument = [{ENTRY.replace('60', '128')}]", "gm_note must be 0 to 127, got 128"),
        (f"instrument = [{ENTRY.replace('60', 'true')}]", "gm_note must be 0 to 127, got True"),
        (f"instrument = [{ENTRY.replace('#000000', 'red')}]", "colour must be like #7f7f7f, got 'red'"),
        (f"instrument = [{ENTRY.replace('OT', 'TO')}]", "six must be one of"),
        (f"instrument = [{ENTRY.replace('}', ', three = 3}')}]", "three must be one of"),
        (f"instrument = [{ENTRY.replace('X', 'none')}]", "other than none"),
        (f"instrument = [{ENTRY.replace('}', ', spellings = 3}')}]", "has not the form"),
        (f"instrument = [{ENTRY.replace('}', ', spellings = [3]}')}]", "spellings"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        load_taxonomy(path)
    assert str(error.value).startswith(str(path))


def test_is_shown_by_its_instruments():
    assert repr(TAXONOMY).startswith("Taxonomy(KD, SD, ")


def test_a_missing_taxonomy_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone.toml: not readable"):
        load_taxonomy(tmp_path / "gone.toml")
