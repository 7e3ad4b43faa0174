from functools import partial

import librosa
import mido
import numpy as np
import pytest
import soundfile
from drummernet.render import read_notes

from ddsp_drums.events import Hit, write_midi
from ddsp_drums.kits import procedural_kit

RATE = 44_100
# Of each kind one or more that are read quickly.
KITS = ("gogodze-phu", "hydrogen-tr808", "hydrogen-tr808/drumkit.xml", "sams-sonor/SamsSonor.sfz", "uzu", "web-audio")
GROOVE = "midi/groove/drummer3/session1/12_rock_120_beat_4-4.mid"
BEAT = [Hit(0.25 + 0.5 * n, ("KD", "CHH", "SD", "CHH")[n % 4], 110) for n in range(12)]


@pytest.fixture
def run(run):
    """Run `drummernet render`."""
    return partial(run, "render")


@pytest.fixture
def beat(tmp_path):
    write_midi(tmp_path / "beat.mid", BEAT)
    return tmp_path / "beat.mid"


def onsets(path, *, wait=200):
    """Onsets that librosa finds, from frames that begin where they are counted from."""
    audio, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    level_db = librosa.amplitude_to_db(np.abs(librosa.stft(audio, n_fft=256, hop_length=64, center=False)))
    strength = librosa.onset.onset_strength(S=level_db, sr=RATE, hop_length=64, lag=2, center=False)
    frames = librosa.onset.onset_detect(onset_envelope=strength, sr=RATE, hop_length=64, delta=0.1, wait=wait)
    return (frames * 64 + 256 - 64) / RATE  # a frame shows an onset as soon as it reaches its end


def assert_heard(path):
    found = onsets(path)
    assert len(found) == len(BEAT)
    assert np.abs(found - [hit.onset_s for hit in BEAT]).max() < 0.005


def test_librosa_finds_the_onsets_of_the_midi_within_5_ms(run, beat, tmp_path):
    code, out, err = run(beat, "-o", tmp_path / "beat.flac")
    assert (code, err) == (0, "")
    assert "12 hits" in out
    assert_heard(tmp_path / "beat.flac")


@pytest.mark.parametrize("kit", KITS)
def test_librosa_finds_the_onsets_on_real_kits(run, beat, tmp_path, data, kit):
    code, _, err = run(beat, "--kit", data / "kits" / kit, "-o", tmp_path / "beat.flac")
    assert (code, err) == (0, "")
    assert_heard(tmp_path / "beat.flac")


@pytest.mark.parametrize("kit", [None, "hydrogen-gmrock", "uzu"])
def test_librosa_finds_the_onsets_of_a_drummer(run, tmp_path, data, kit):
    """Where several hits lie close together it finds one of them, and nothing where there is none."""
    played = tmp_path / "played.flac"
    assert run(data / GROOVE, *(["--kit", data / "kits" / kit] if kit else []), "-o", played)[0] == 0
    struck = np.array([hit.onset_s for hit in read_notes(data / GROOVE)])
    found = onsets(played, wait=20)
    error_s = np.abs(found[:, None] - struck).min(1)
    assert len(found) > 60
    assert np.median(error_s) < 0.002
    assert np.quantile(error_s, 0.95) < 0.005


def test_the_level_is_normalised_without_clipping(run, beat, tmp_path):
    run(beat)
    audio, rate = soundfile.read(beat.with_suffix(".flac"))
    assert rate == RATE
    assert np.abs(audio).max() == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    assert len(audio) / rate > BEAT[-1].onset_s + 0.2


def test_what_the_kit_lacks_is_reported_and_the_rest_plays(run, tmp_path):
    (tmp_path / "kit").mkdir()
    kick = procedural_kit(sample_rate=RATE).drums["KD"][0].hits[-1]
    soundfile.write(tmp_path / "kit" / "kick.wav", kick.numpy(), RATE)
    notes = [mido.Message("note_on", channel=9, note=note, velocity=90, time=240) for note in (36, 38, 36, 38, 56)]
    mido.MidiFile(tracks=[mido.MidiTrack(notes)]).save(tmp_path / "song.mid")
    code, out, err = run(tmp_path / "song.mid", "--kit", tmp_path / "kit")
    assert code == 0
    assert "2 hits" in out
    assert "2 hits of snare (SD)" in err
    assert "1 hit of note 56" in err
    audio, _ = soundfile.read(tmp_path / "song.flac")
    start = round(0.25 * RATE)
    assert np.abs(audio[: start - 10]).max() == 0
    assert np.abs(audio[start : start + 2000]).max() > 0.5


def test_instruments_of_ones_own_play(run, tmp_path):
    (tmp_path / "kit").mkdir()
    bell = procedural_kit(sample_rate=RATE).drums["TMB"][0].hits[-1]
    soundfile.write(tmp_path / "kit" / "cowbell.wav", bell.numpy(), RATE)
    (tmp_path / "own.toml").write_text(
        '[[instrument]]\nid = "COW"\nname = "cowbell"\ngm_note = 56\ncolour = "#7f7f7f"\nsix = "OT"\n'
        'spellings = ["cowbell"]\n'
    )
    notes = [mido.Message("note_on", channel=9, note=note, velocity=90, time=240) for note in (56, 39, 56)]
    mido.MidiFile(tracks=[mido.MidiTrack(notes)]).save(tmp_path / "song.mid")
    code, out, err = run(tmp_path / "song.mid", "--kit", tmp_path / "kit", "--taxonomy", tmp_path / "own.toml")
    assert code == 0
    assert "2 hits" in out
    assert "1 hit of hand clap (CLP)" in err


def test_a_seed_gives_one_result_and_another_seed_another(run, beat, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run(beat, "--seed", seed, "--sample-rate", 22_050, "-o", tmp_path / f"{name}.wav")[0] == 0
    a, b, c = ((tmp_path / f"{name}.wav").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_a_preset_plays_its_drum_machine(run, beat, tmp_path):
    assert run(beat, "--preset", "808", "-o", tmp_path / "808.wav")[0] == 0
    assert run(beat, "--preset", "909", "-o", tmp_path / "909.wav")[0] == 0
    boom, punch = (soundfile.read(tmp_path / f"{name}.wav")[0] for name in ("808", "909"))
    assert len(boom) != len(punch) or not np.allclose(boom, punch)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.mid"], "no.mid"),
        (["{beat}", "--preset", "707"], "preset must be one of"),
        (["{beat}", "--preset", "808", "--kit", "nowhere"], "leave out --kit or --preset"),
        (["{beat}", "-o", "beat.mp4"], "must be a file in an existing folder that ends in .flac"),
        (["{beat}", "-o", "nowhere/beat.flac"], "must be a file in an existing folder"),
        (["{beat}", "--kit", "nowhere"], "nowhere: no such folder"),
        (["{empty}"], "has no note to play"),
    ],
)
def test_wrong_input_is_one_line_and_nothing_is_written(run, beat, tmp_path, arguments, message):
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(tmp_path / "empty.mid")
    before = set(tmp_path.iterdir())
    code, out, err = run(*(part.format(beat=beat, empty=tmp_path / "empty.mid") for part in arguments))
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert set(tmp_path.iterdir()) == before


def test_a_kit_that_plays_none_of_it_says_what_it_has(run, tmp_path):
    mido.MidiFile(tracks=[mido.MidiTrack([mido.Message("note_on", channel=9, note=56, time=9)])]).save(
        tmp_path / "bell.mid"
    )
    code, _, err = run(tmp_path / "bell.mid")
    assert code == 2
    assert "what is to be played is note 56" in err
