import csv

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.events import Hit, read_midi, write_csv, write_midi
from ddsp_drums.kits import INSTRUMENTS

NAMES = [instrument.id for instrument in INSTRUMENTS]
HITS = st.lists(
    st.builds(Hit, st.floats(0, 100), st.sampled_from(NAMES), st.integers(1, 127)),
    max_size=30,
    unique_by=lambda hit: (round(hit.onset_s, 2), hit.instrument),
)


@given(HITS)
def test_midi_reads_back_as_written(tmp_path_factory, hits):
    path = tmp_path_factory.mktemp("midi") / "hits.mid"
    write_midi(path, hits)
    again = read_midi(path)
    key = lambda hit: (round(hit.onset_s, 2), hit.instrument)  # noqa: E731
    assert len(again) == len(hits)
    for hit, read in zip(sorted(hits, key=key), sorted(again, key=key), strict=True):
        assert (read.instrument, read.velocity) == (hit.instrument, hit.velocity)
        assert read.onset_s == pytest.approx(hit.onset_s, abs=0.002)


def test_no_note_hangs_and_none_sounds_twice(tmp_path):
    write_midi(tmp_path / "roll.mid", [Hit(0.01 * n, "SD", 90) for n in range(50)] + [Hit(0.0, "KD", 100)])
    sounding = set()
    for message in mido.MidiFile(tmp_path / "roll.mid"):
        if message.type == "note_on":
            assert message.note not in sounding
            sounding.add(message.note)
        elif message.type == "note_off":
            sounding.remove(message.note)
    assert not sounding


def test_midi_is_a_general_midi_drum_track(tmp_path):
    write_midi(tmp_path / "beat.mid", [Hit(0.5, "KD", 100), Hit(1.0, "OHH", 60)])
    file = mido.MidiFile(tmp_path / "beat.mid")
    notes = [(message.channel, message.note, message.velocity) for message in file if message.type == "note_on"]
    assert file.ticks_per_beat >= 480
    assert notes == [(9, 36, 100), (9, 46, 60)]


def test_csv_has_the_header_and_a_row_for_each_hit(tmp_path):
    write_csv(tmp_path / "beat.csv", [Hit(1.0, "OHH", 60), Hit(0.5, "KD", 100)])
    rows = list(csv.reader((tmp_path / "beat.csv").read_text().splitlines()))
    assert rows == [
        ["onset_s", "class", "note", "velocity"],
        ["0.5000", "KD", "36", "100"],
        ["1.0000", "OHH", "46", "60"],
    ]


def test_tempo_changes_are_followed(tmp_path):
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=1_000_000),
            mido.Message("note_on", channel=9, note=36, velocity=80, time=480),
            mido.MetaMessage("set_tempo", tempo=500_000),
            mido.Message("note_on", channel=9, note=38, velocity=70, time=480),
            mido.Message("note_on", channel=9, note=38, velocity=0, time=10),
        ]
    )
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(tmp_path / "tempo.mid")
    assert read_midi(tmp_path / "tempo.mid") == [Hit(1.0, "KD", 80), Hit(1.5, "SD", 70)]


@pytest.mark.parametrize(("channel", "heard"), [(9, []), (0, ["KD"])])
def test_where_there_is_a_drum_channel_the_melody_is_no_drum(tmp_path, channel, heard):
    cowbell = mido.Message("note_on", channel=channel, note=56, velocity=80)
    melody = mido.Message("note_on", channel=0, note=36, velocity=80, time=48)
    mido.MidiFile(tracks=[mido.MidiTrack([cowbell, melody])]).save(tmp_path / "song.mid")
    assert [hit.instrument for hit in read_midi(tmp_path / "song.mid")] == heard


@pytest.mark.parametrize("content", [b"", b"not midi", b"MThd\x00\x00\x00\x06"])
def test_a_broken_midi_file_is_named(tmp_path, content):
    (tmp_path / "broken.mid").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.mid"):
        read_midi(tmp_path / "broken.mid")


@pytest.mark.parametrize("hit", [Hit(0, "GONG", 9), Hit(-1, "KD", 9), Hit(float("nan"), "KD", 9), Hit(0, "KD", 0)])
@pytest.mark.parametrize("write", [write_csv, write_midi])
def test_an_impossible_hit_is_refused_and_nothing_is_written(tmp_path, write, hit):
    with pytest.raises(ValueError, match="got Hit"):
        write(tmp_path / "odd", [hit])
    assert not list(tmp_path.iterdir())
