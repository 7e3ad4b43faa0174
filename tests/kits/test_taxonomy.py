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
    THREE,
)

IDS = ["KD", "SD", "SST", "CHH", "OHH", "PHH", "HT", "MT", "FT", "RD", "CR", "TMB"]


def test_the_order_is_fixed_and_the_published_eleven_lack_the_side_stick():
    assert [instrument.id for instrument in INSTRUMENTS] == IDS
    assert list(PUBLISHED_11) == [name for name in IDS if name != "SST"]
    assert list(BY_ID) == IDS


def test_the_notes_to_write_are_general_midi_and_read_back_as_their_class():
    written = {instrument.id: instrument.gm_note for instrument in INSTRUMENTS}
    assert written == dict(zip(IDS, [36, 38, 37, 42, 46, 44, 50, 47, 43, 51, 49, 54], strict=True))
    assert {name: GM_NOTES[note] for name, note in written.items()} == {name: name for name in IDS}


def test_every_class_has_its_parents_and_a_colour_of_its_own():
    assert SIX == ("KD", "SD", "HH", "TT", "CY", "OT")
    assert THREE == ("KD", "SD", "HH")
    assert [i.six for i in INSTRUMENTS] == ["KD", "SD", "OT", "HH", "HH", "HH", "TT", "TT", "TT", "CY", "CY", "OT"]
    assert [i.three for i in INSTRUMENTS] == ["KD", "SD", None, "HH", "HH", "HH"] + 6 * [None]
    colours = {instrument.colour for instrument in INSTRUMENTS}
    assert len(colours) == 12
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_all_subclasses_of_mdb_drums_have_a_class():
    expected = "CHC CHH CRC HFT HIT KD LFT MHT OHH PHH RDB RDC SD SDB SDD SDF SDG SDNS SPC SST TMB"
    assert " ".join(sorted(MDB_SUBCLASSES)) == expected
    assert set(MDB_SUBCLASSES.values()) == set(IDS)


@pytest.mark.parametrize("notes", [GM_NOTES, GROOVE_NOTES])
def test_notes_map_to_known_classes(notes):
    assert set(notes.values()) <= set(IDS)


def test_the_notes_of_groove_are_those_of_its_kit():
    assert {note for note, name in GROOVE_NOTES.items() if name == "CHH"} == {22, 42}
    assert {note for note, name in GROOVE_NOTES.items() if name == "OHH"} == {26, 46}
    assert GROOVE_NOTES[58] == "FT"
    assert 54 not in GROOVE_NOTES


def test_general_midi_leaves_out_what_has_no_class():
    assert 39 not in GM_NOTES
    assert 56 not in GM_NOTES
    assert min(GM_NOTES) == 35
    assert len(GM_NOTES) == 22


def test_the_maps_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        GM_NOTES[36] = "SD"
