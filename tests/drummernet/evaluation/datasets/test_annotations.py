import codecs

import mido
import pytest
from drummernet.evaluation.datasets import AnnotationError, Note, read_annotation

from ddsp_drums.events import Hit, write_csv, write_midi


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "0.5\tKD\n1.25\tSD\n",
        "0.500000 \t KD \n1.250000 \t SD \n",
        "\ufeff0.5\tKD\r\n\r\n1.25, SD\r\n",
        "0.5\tKD\r\n1,25\tSD\r\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "0.5;KD\n1.25;SD".encode("utf-16-be"),
        "0,5\tKD\n1,25\tSD\n",
        "0,5;KD\n1,25;SD",
        "0,5 KD\n1,25, SD",
        "0.5,KD\n1.25,SD",
        "1.25 SD\n0.5 KD\n",
        "5e-1 KD\n+1.25 SD",
        "0.5 KD\n0.5 KD\n1.25 SD\n1.2502 SDG",
    ],
    ids=[
        "tabs",
        "MDB",
        "BOM CRLF",
        "UTF-16",
        "UTF-16 big end first",
        "decimal comma",
        "semicolon",
        "comma blank",
        "commas",
        "unsorted",
        "signs",
        "double",
    ],
)
def test_text_is_read_as_people_write_it(tmp_path, text):
    assert read_annotation(write(tmp_path / "a.txt", text)) == [Note(0.5, "KD"), Note(1.25, "SD")]


def test_note_and_velocity_may_follow(tmp_path):
    notes = read_annotation(write(tmp_path / "a.txt", "-0.002\tHH\t42\t32\n"))
    assert notes == [Note(-0.002, "HH", 32)]


@pytest.mark.parametrize(
    ("label", "instrument"),
    [
        ("CY", "CY"),
        ("SST", "SST"),
        ("SDNS", "SD"),
        ("HFT", "FT"),
        ("rc2", "RD"),
        ("sd-", "SD"),
        ("cs", "SST"),
        ("c1", "CY"),
    ],
)
def test_labels_of_every_data_set_are_known(tmp_path, label, instrument):
    assert read_annotation(write(tmp_path / "a.txt", f"1 {label}")) == [Note(1.0, instrument)]


def test_a_label_of_one_data_set_is_known_there_alone(tmp_path):
    path = write(tmp_path / "a.txt", "0.5\t0\n1.25\tSD\n")
    assert read_annotation(path, labels={"0": "KD"}) == [Note(0.5, "KD"), Note(1.25, "SD")]
    with pytest.raises(AnnotationError, match="line 1: '0' is no known class"):
        read_annotation(path)


@pytest.mark.parametrize(
    "line",
    [
        b"0.5 GONG",
        b"0.5 kd",
        b"x KD",
        b"0.5",
        b"KD 0.5",
        b"nan KD",
        b"inf SD",
        b"1_0 SD",
        b"-5 HH",
        b"0,5,KD",
        b"0.5 KD 36",
        b"0.5 KD 36 0",
        b"0.5 KD 36 128",
        b"0.5 KD 36 loud",
        b"0.5 KD 36 64.5",
        b"1,234.5 KD",
        b"11.1 KD",
    ],
)
def test_a_bad_line_is_refused_by_file_and_line(tmp_path, line):
    path = write(tmp_path / "a.txt", b"0.1 KD\n\n" + line)
    with pytest.raises(AnnotationError, match=r"a\.txt, line 3: ") as error:
        read_annotation(path, duration_s=11.0)
    assert "\n" not in str(error.value)


def test_a_header_is_only_known_in_the_first_line(tmp_path):
    with pytest.raises(AnnotationError, match="line 2"):
        read_annotation(write(tmp_path / "a.csv", "0.5,KD,36,90\nonset_s,class,note,velocity\n"))


def test_times_a_little_past_the_end_are_kept(tmp_path):
    path = write(tmp_path / "a.txt", "11.04 KD")
    assert read_annotation(path, duration_s=11.0) == [Note(11.04, "KD")]
    with pytest.raises(AnnotationError, match=r"line 1: an onset at 11\.040 s, but the recording ends at 10\.000 s"):
        read_annotation(path, duration_s=10.0)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", "0.5 KD\r\n0.6 K\xf6\n".encode("latin-1"), "line 2: is not text in UTF-8"),
        ("a.txt", "\ufeff0.5 KD\n0.6 SD".encode("utf-16-le")[:-1], "line 2: is not text in UTF-8"),
        ("a.xml", "<events><event>", "not readable as XML"),
        ("a.xml", "<?xml version='1.0' encoding='UTF-6'?><events/>", "not readable as XML"),
        ("a.mid", b"no midi", "MIDI"),
        ("a.pdf", b"", "is one of"),
        ("a.xml", "<!DOCTYPE x [<!ENTITY y 'zz'>]><x>&y;</x>", "document type"),
        ("a#KD.svl", "<!DOCTYPE sv SYSTEM 'http://example.org/a.dtd'><sv/>", "document type"),
        ("a#GONG.svl", "<sv/>", "class"),
        ("a#KD.svl", "<sv><data><model id='1'/></data></sv>", "sampleRate"),
        ("a#KD.svl", "<sv><model sampleRate='0'/></sv>", "sampleRate"),
    ],
)
def test_a_file_that_is_no_annotation_is_refused(tmp_path, name, content, reason):
    with pytest.raises(AnnotationError, match=reason) as error:
        read_annotation(write(tmp_path / name, content))
    assert name in str(error.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(AnnotationError, match=r"none\.txt: No such file"):
        read_annotation(tmp_path / "none.txt")


def test_an_empty_file_is_a_recording_without_hits(tmp_path):
    assert read_annotation(write(tmp_path / "a.txt", "\n")) == []


def test_of_double_hits_of_a_class_the_hardest_is_kept_and_chords_stay(tmp_path):
    text = "1 CHH 42 20\n1.0005 OHH 46 90\n1 KD 36 50\n1.002 KD 36 60\n"
    assert read_annotation(write(tmp_path / "a.txt", text)) == [
        Note(1.0, "KD", 50),
        Note(1.0005, "OHH", 90),
        Note(1.002, "KD", 60),
    ]


def test_what_the_transcriber_writes_can_be_read(tmp_path):
    hits = [Hit(0.5, "KD", 100), Hit(1.25, "OHH", 30)]
    write_csv(tmp_path / "a.csv", hits)
    write_midi(tmp_path / "a.mid", hits)
    for name in ("a.csv", "a.mid"):
        assert read_annotation(tmp_path / name) == [Note(*hit) for hit in hits]


def midi_file(path, notes, channel=9):
    track = mido.MidiTrack(mido.Message("note_on", note=note, velocity=80, channel=channel, time=480) for note in notes)
    mido.MidiFile(tracks=[track]).save(path)
    return path


def test_midi_notes_of_electronic_kits_and_of_other_percussion_are_known(tmp_path):
    labels = [note.label for note in read_annotation(midi_file(tmp_path / "a.mid", [22, 26, 58, 56, 39]))]
    assert labels == ["CHH", "OHH", "FT", "OT", "CLP"]


def test_a_midi_note_that_is_no_drum_is_refused(tmp_path):
    with pytest.raises(AnnotationError, match=r"a\.mid, note 2 at 1\.000 s: MIDI note 100 is no drum"):
        read_annotation(midi_file(tmp_path / "a.mid", [36, 100]))


XML = """<?xml version="1.0" encoding="UTF-8"?>
<instrumentRecording>
  <globalParameter><audioFileName>a#MIX.wav</audioFileName><instrument>drums</instrument></globalParameter>
  <transcription>
    <event><pitch>42</pitch><onsetSec>{}</onsetSec><offsetSec>0.6</offsetSec><instrument>HH</instrument></event>
    <event><pitch>36</pitch><onsetSec>0.25</onsetSec><offsetSec>0.3</offsetSec><instrument>{}</instrument></event>
  </transcription>
</instrumentRecording>
"""


def test_xml_of_idmt_is_read(tmp_path):
    for onset in ("0.5", " 0,5\n"):
        notes = read_annotation(write(tmp_path / "a.xml", XML.format(onset, "KD")))
        assert notes == [Note(0.25, "KD"), Note(0.5, "HH")]


@pytest.mark.parametrize(("onset", "label", "event"), [("", "KD", 1), ("x", "KD", 1), ("9", "KD", 1), ("1", "GONG", 2)])
def test_a_bad_event_is_refused_by_file_and_number(tmp_path, onset, label, event):
    path = write(tmp_path / "a.xml", XML.format(onset, label))
    with pytest.raises(AnnotationError, match=rf"a\.xml, event {event}: "):
        read_annotation(path, duration_s=2.0)


LAYER = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE sonic-visualiser>
<sv><data>
  <model id="1" sampleRate="44100" type="sparse" dimensions="1"/>
  <dataset id="0" dimensions="1"><point frame="44100" label="New Point"/><point frame="{}" label=""/></dataset>
</data></sv>
"""


def test_a_layer_of_sonic_visualiser_has_the_class_in_its_name(tmp_path):
    path = write(tmp_path / "RealDrum01_00#SD.svl", LAYER.format(22050))
    assert read_annotation(path) == [Note(0.5, "SD"), Note(1.0, "SD")]
    with pytest.raises(AnnotationError, match="point 2"):
        read_annotation(write(path, LAYER.format("")))
