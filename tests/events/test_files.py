import csv
import json

import jams
import pytest

from ddsp_drums.events import Event, Hit, TempoMap, write_csv, write_jams, write_json, write_midi

pytestmark = pytest.mark.filterwarnings("ignore:Passing a schema:DeprecationWarning")
EVENTS = [Event(1.0, "OHH", 60, 0.5), Event(0.5, "KD", 100, 0.75)]


def test_csv_has_the_header_and_a_row_for_each_hit(tmp_path):
    write_csv(tmp_path / "beat.csv", [Hit(1.0, "OHH", 60), Hit(0.5, "KD", 100)])
    rows = list(csv.reader((tmp_path / "beat.csv").read_text().splitlines()))
    assert rows == [
        ["onset_s", "class", "note", "velocity"],
        ["0.5000", "KD", "36", "100"],
        ["1.0000", "OHH", "46", "60"],
    ]


def test_json_has_what_is_known_and_null_for_what_is_not(tmp_path):
    write_json(tmp_path / "beat.json", EVENTS, duration_s=2.5, tempo=TempoMap.through([0.5, 2.5]))
    content = json.loads((tmp_path / "beat.json").read_text())
    assert (content["duration_s"], content["bpm"], content["bars_s"]) == (2.5, 120.0, [0.5])
    assert content["hits"][0] == {"onset_s": 0.5, "class": "KD", "note": 36, "velocity": 100, "confidence": 0.75}
    write_json(tmp_path / "beat.json", [Hit(0.0, "SD", 1)], duration_s=1.0)
    content = json.loads((tmp_path / "beat.json").read_text())
    assert (content["bpm"], content["bars_s"], content["hits"][0]["confidence"]) == (None, None, None)


def test_jams_are_valid_and_say_the_same(tmp_path):
    tempo = TempoMap.through([0.5, 2.5])
    write_jams(tmp_path / "beat.jams", EVENTS, duration_s=2.5, title="a beat", tempo=tempo)
    read = jams.load(str(tmp_path / "beat.jams"), validate=True, strict=True)
    (notes,) = read.search(namespace="note_midi")
    assert [(note.time, note.value, note.confidence) for note in notes.data] == [(0.5, 36, 0.75), (1.0, 46, 0.5)]
    assert notes.sandbox["velocity"] == [100, 60]
    onsets = {each.sandbox["class"]: [one.time for one in each.data] for each in read.search(namespace="onset")}
    assert onsets == {"KD": [0.5], "OHH": [1.0]}
    (beats,) = read.search(namespace="beat")
    assert [(beat.time, beat.value) for beat in beats.data] == [(0.5, 1), (1.0, 2), (1.5, 3), (2.0, 4)]
    assert (read.file_metadata.title, read.file_metadata.duration) == ("a beat", 2.5)


def test_nothing_heard_is_a_valid_file_too(tmp_path):
    write_jams(tmp_path / "silence.jams", [], duration_s=1.0)
    assert jams.load(str(tmp_path / "silence.jams"), validate=True, strict=True).annotations


@pytest.mark.parametrize("duration_s", [-1.0, float("nan")])
def test_an_impossible_length_is_refused(tmp_path, duration_s):
    for write in (write_json, write_jams):
        with pytest.raises(ValueError, match="duration_s must be"):
            write(tmp_path / "odd", [], duration_s=duration_s, tempo=TempoMap.constant())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("hit", [Hit(0, "GONG", 9), Hit(-1, "KD", 9), Hit(float("nan"), "KD", 9), Hit(0, "KD", 0)])
@pytest.mark.parametrize("write", [write_csv, write_midi])
def test_an_impossible_hit_is_refused_and_nothing_is_written(tmp_path, write, hit):
    with pytest.raises(ValueError, match="got Hit"):
        write(tmp_path / "odd", [hit])
    assert not list(tmp_path.iterdir())
