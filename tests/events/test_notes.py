import mido
import pretty_midi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.events import Hit, Note, TempoMap, read_midi, read_notes, write_midi

NOTES = st.lists(
    st.builds(Note, st.integers(0, 99).map(float), st.floats(0.01, 0.99), st.integers(0, 127), st.integers(1, 127)),
    max_size=30,
    unique_by=lambda note: (note.onset_s, note.pitch),
)


@given(NOTES)
def test_notes_read_back_as_written(tmp_path_factory, notes):
    path = tmp_path_factory.mktemp("midi") / "notes.mid"
    write_midi(path, notes)
    again = read_notes(path)
    assert len(again) == len(notes)
    for read, note in zip(sorted(again, key=_place), sorted(notes, key=_place), strict=True):
        assert read == pytest.approx(note, abs=0.001)


def _place(note):
    return round(note.onset_s), note.pitch


def test_notes_and_hits_stand_in_one_file_each_on_its_channel(tmp_path):
    path = tmp_path / "both.mid"
    notes, hits = [Note(0.5, 1.5, 60, 90), Note(1.0, 0.25, 64, 70)], [Hit(0.5, "KD", 100), Hit(1.0, "SD", 80)]
    write_midi(path, [*notes, *hits], tempo=TempoMap.constant(90), program=12)
    assert read_notes(path) == [pytest.approx(note, abs=0.001) for note in notes]
    assert [hit[1:] for hit in read_midi(path)] == [hit[1:] for hit in hits]
    vibraphone, drums = sorted(pretty_midi.PrettyMIDI(str(path)).instruments, key=lambda one: one.is_drum)
    assert (vibraphone.program, vibraphone.is_drum, drums.is_drum) == (11, False, True)
    assert [(note.pitch, note.velocity) for note in sorted(vibraphone.notes, key=lambda note: note.start)] == [
        (60, 90),
        (64, 70),
    ]


def test_a_note_ends_where_the_next_of_its_pitch_begins(tmp_path):
    write_midi(tmp_path / "again.mid", [Note(0.0, 5.0, 60, 80), Note(1.0, 1.0, 60, 90), Note(0.5, 5.0, 61, 70)])
    ends = {(note.pitch, note.onset_s): note.end_s for note in read_notes(tmp_path / "again.mid")}
    assert ends == {(60, 0.0): 1.0, (60, 1.0): 2.0, (61, 0.5): 5.5}


def test_a_note_that_nothing_ends_lasts_as_long_as_the_file(tmp_path):
    track = mido.MidiTrack(
        [
            mido.Message("note_on", note=60, velocity=80, time=480),
            mido.Message("note_on", note=62, velocity=80, time=480),
            mido.Message("note_on", note=62, velocity=0, time=480),
            mido.Message("note_off", note=90, time=480),  # of no note
        ]
    )
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(tmp_path / "open.mid")
    assert read_notes(tmp_path / "open.mid") == [Note(0.5, 1.5, 60, 80), Note(1.0, 0.5, 62, 80)]


@pytest.mark.parametrize(
    "note",
    [
        Note(-0.1, 1.0, 60, 80),
        Note(0.0, 0.0, 60, 80),
        Note(0.0, float("inf"), 60, 80),
        Note(float("nan"), 1.0, 60, 80),
        Note(0.0, 1.0, 128, 80),
        Note(0.0, 1.0, 60, 0),
    ],
)
def test_a_note_that_cannot_be_written_is_named(tmp_path, note):
    with pytest.raises(ValueError, match="a note must have"):
        write_midi(tmp_path / "bad.mid", [note])
    assert not (tmp_path / "bad.mid").exists()


@pytest.mark.parametrize("program", [0, 129, 1.5])
def test_a_bad_program_is_named(tmp_path, program):
    with pytest.raises(ValueError, match="program must be"):
        write_midi(tmp_path / "bad.mid", [], program=program)


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "broken.mid").write_bytes(b"not midi")
    with pytest.raises(ValueError, match=r"broken\.mid"):
        read_notes(tmp_path / "broken.mid")
