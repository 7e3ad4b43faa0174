import mido
import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.events import Hit, TempoMap, read_midi, write_midi
from ddsp_drums.kits import BY_ID, INSTRUMENTS

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


@pytest.mark.parametrize("bars_s", [[0.0, 2.0, 4.0], [0.03, 2.03, 4.03], [1.7, 3.6, 5.4, 7.6], [0.9, 1.5, 2.0]])
def test_bars_begin_where_they_are_said_to_and_hits_keep_their_times(tmp_path, bars_s):
    hits = [Hit(bar + 0.1 * n, "SD", 80 + n) for bar in bars_s for n in range(4)]
    write_midi(tmp_path / "bars.mid", hits, tempo=TempoMap.through(bars_s))
    for ours, read in zip(sorted(hits), read_midi(tmp_path / "bars.mid"), strict=True):
        assert read.onset_s == pytest.approx(ours.onset_s, abs=0.0006)
        assert read.velocity == ours.velocity
    downbeats = pretty_midi.PrettyMIDI(str(tmp_path / "bars.mid")).get_downbeats()
    for bar in bars_s[1:]:
        assert np.abs(downbeats - bar).min() < 0.001


def test_two_other_readers_read_the_same(tmp_path):
    hits = [Hit(0.37 + 0.21 * n, NAMES[n % len(NAMES)], 1 + n % 127) for n in range(200)]
    write_midi(tmp_path / "hits.mid", hits, tempo=TempoMap.through([0.4, 2.5, 4.7]))
    theirs = pretty_midi.PrettyMIDI(str(tmp_path / "hits.mid"))
    (drums,) = theirs.instruments
    assert drums.is_drum
    other = symusic.Score(str(tmp_path / "hits.mid"), ttype="second").tracks[0]  # type: ignore[attr-defined]
    assert other.is_drum
    for notes, onset in ((drums.notes, "start"), (other.notes, "time")):
        read = sorted((getattr(note, onset), note.pitch, note.velocity) for note in notes)
        wanted = sorted((hit.onset_s, BY_ID[hit.instrument].gm_note, hit.velocity) for hit in hits)
        assert [note[1:] for note in read] == [note[1:] for note in wanted]
        assert max(abs(a[0] - b[0]) for a, b in zip(read, wanted, strict=True)) < 0.001


def test_of_two_hits_at_one_tick_the_harder_stays(tmp_path):
    write_midi(tmp_path / "flam.mid", [Hit(0.5, "SD", 90), Hit(0.5001, "SD", 30)])
    assert read_midi(tmp_path / "flam.mid") == [Hit(0.5, "SD", 90)]
