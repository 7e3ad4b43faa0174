import io
import json
import os
import sys
from functools import partial

import mido
import numpy as np
import pytest
import soundfile
import soxr
from drummernet.commands.app import app
from drummernet.demo import demo_hits
from matplotlib.image import imread
from typer.main import get_command

from ddsp_drums.events import read_midi
from ddsp_drums.metrics import count_onsets


@pytest.fixture
def run(run):
    """Run `drummernet transcribe`."""
    return partial(run, "transcribe")


@pytest.fixture
def songs(tmp_path, loop):
    """A folder with a song, another in a subfolder, a broken one, and what is no audio."""
    folder = tmp_path / "songs"
    (folder / "b side").mkdir(parents=True)
    for name in ("one.flac", "b side/two.flac"):
        (folder / name).write_bytes(loop.read_bytes())
    (folder / "broken.wav").write_text("no audio")
    (folder / "notes.txt").write_text("no audio either")
    return folder


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_mirrored_and_what_is_done_is_skipped(run, songs, tmp_path):
    out = tmp_path / "out"
    code, printed, err = run(songs, "--out", out, "--format", "mid")
    assert code == 1
    assert files(out) == {"one.mid", "b side/two.mid"}
    assert "broken.wav" in err
    assert "2 done, 1 failed" in err
    assert "notes" not in printed + err
    before = (out / "one.mid").stat().st_mtime_ns
    (out / "b side" / "two.mid").unlink()
    (songs / "broken.wav").unlink()
    code, _, err = run(songs, "--out", out, "--format", "mid")
    assert (code, "1 done, 1 skipped" in err) == (0, True)
    assert (out / "one.mid").stat().st_mtime_ns == before
    run(songs / "one.flac", "--out", out, "--format", "mid", "--overwrite")
    assert (out / "one.mid").stat().st_mtime_ns > before


def test_recordings_of_one_name_do_not_stop_the_rest(run, songs, tmp_path):
    (songs / "broken.wav").rename(songs / "one.wav")
    code, printed, err = run(songs, songs / "one.flac", "--out", tmp_path / "out", "--format", "mid")
    assert (code, "2 done, 1 failed" in err, "one.wav: its results would have the names of those of" in err) == (
        1,
        True,
        True,
    )
    assert files(tmp_path / "out") == {"one.mid", "b side/two.mid"}
    assert printed.count("one.flac") == 1


def test_results_that_lie_among_the_recordings_are_none(run, songs):
    (songs / "broken.wav").unlink()
    (songs / ".hidden").mkdir()
    (songs / ".hidden" / "three.flac").write_bytes((songs / "one.flac").read_bytes())
    for wanted in ("2 done; ", "2 skipped; "):
        code, _, err = run(songs, "--format", "wav,stems")
        assert (code, wanted in err) == (0, True)
    assert (songs / "one.ab.wav").exists()
    assert (songs / "one.stems" / "residual.wav").exists()
    code, _, err = run(songs / "**" / "*.wav", "--format", "mid")
    assert (code, "no file fits this pattern" in err) == (2, True)
    code, _, err = run(songs / "one.stems", "--format", "mid")  # who asks for it gets it
    assert code == 0
    for name in ("one.flac", "b side/two.flac"):
        (songs / name).unlink()
    code, _, err = run(songs, "--format", "mid")
    assert (code, "no audio file in it but results" in err) == (2, True)


def test_what_cannot_be_written_is_named(run, songs):
    (songs / "one.stems").write_text("no folder")
    code, _, err = run(songs / "one.flac", "--format", "stems", "--overwrite")
    assert (code, f"{songs / 'one.flac'}: " in err) == (2, True)


def test_a_pattern_is_a_folder_that_is_chosen_from(run, songs, tmp_path):
    code, _, err = run(songs / "**" / "t*.flac", songs / "*.mp3", "--out", tmp_path / "out", "--format", "csv")
    assert code == 1
    assert "*.mp3: no file fits this pattern" in err
    assert files(tmp_path / "out") == {"b side/two.csv"}


def test_several_processes_give_what_one_gives(run, songs, tmp_path):
    for jobs in (1, 2):
        assert run(songs, "--out", tmp_path / str(jobs), "--jobs", jobs, "--format", "csv")[0] == 1
    assert len(files(tmp_path / "1")) == 2
    for name in files(tmp_path / "1"):
        assert (tmp_path / "2" / name).read_text() == (tmp_path / "1" / name).read_text()


def test_standard_input_is_a_recording(run, loop, tmp_path, monkeypatch):
    def piped(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code, printed, err = run("-", "--json-lines", "--out", tmp_path, "--overwrite")
        assert err == ""
        return code, json.loads(printed)

    code, outcome = piped(loop.read_bytes())
    assert (code, outcome["file"], outcome["status"]) == (0, "-", "done")
    assert outcome["outputs"] == [str(tmp_path / "stdin.mid"), str(tmp_path / "stdin.csv")]
    assert outcome["bpm"] == pytest.approx(104, abs=0.2)
    code, outcome = piped(b"")
    assert (code, outcome["status"]) == (2, "failed")
    assert "empty file" in outcome["error"]


def test_a_program_reads_lines_and_quiet_is_quiet(run, songs, tmp_path):
    code, printed, err = run(songs, "--out", tmp_path / "out", "--format", "json", "--json-lines")
    outcomes = {os.path.basename(each["file"]): each for each in map(json.loads, printed.splitlines())}
    assert (code, err, len(outcomes)) == (1, "", 3)
    assert outcomes["broken.wav"]["status"] == "failed"
    assert "not readable" in outcomes["broken.wav"]["error"]
    content = json.loads((tmp_path / "out" / "one.json").read_text())
    assert outcomes["one.flac"]["hits"] == len(content["hits"])
    assert all(0 <= hit["confidence"] <= 1 and 1 <= hit["velocity"] <= 127 for hit in content["hits"])
    code, printed, err = run(songs / "one.flac", "--out", tmp_path / "out", "--quiet")
    assert (code, printed, err) == (0, "", "")


def test_bars_of_the_midi_file_line_up_and_quantised_hits_lie_on_them(run, loop, tmp_path):
    assert run(loop, "--out", tmp_path, "--format", "mid", "--quantize", 1, "--swing", 0.5)[0] == 0
    file = mido.MidiFile(tmp_path / "loop.mid")
    (tempo,) = [message.tempo for message in file.tracks[0] if message.type == "set_tempo"]
    assert mido.tempo2bpm(tempo) == pytest.approx(104, abs=0.2)
    ticks = np.cumsum([message.time for message in file.tracks[0]])
    onsets = [tick for tick, message in zip(ticks, file.tracks[0], strict=True) if message.type == "note_on"]
    assert all(min(tick % 240, -tick % 240) <= 1 for tick in onsets)
    struck = [(round(tick / 240), one) for tick, one in zip(ticks, file.tracks[0], strict=True)]
    kicks = {step for step, one in struck if one.type == "note_on" and one.note == 36}
    assert {0, 7, 10, 16, 23, 26, 32, 39, 42} <= kicks  # where the loop plays them, in sixteenths of its bars


def test_a_waltz_has_bars_of_three(run, loop, tmp_path):
    assert run(loop, "--out", tmp_path, "--format", "mid", "--meter", "3/4", "--fast")[0] == 0
    bars = [one for one in mido.MidiFile(tmp_path / "loop.mid").tracks[0] if one.type == "time_signature"]
    assert (bars[-1].numerator, bars[-1].denominator) == (3, 4)


def test_without_a_tempo_it_is_120_and_times_are_exact(run, loop, tmp_path):
    run(loop, "--out", tmp_path / "none", "--format", "mid", "--tempo", "none")
    run(loop, "--out", tmp_path / "auto", "--format", "mid")
    tempos = [one.tempo for one in mido.MidiFile(tmp_path / "none" / "loop.mid").tracks[0] if one.type == "set_tempo"]
    assert tempos == [500_000]
    for ours, theirs in zip(*(read_midi(tmp_path / name / "loop.mid") for name in ("none", "auto")), strict=True):
        assert ours.onset_s == pytest.approx(theirs.onset_s, abs=0.0007)


@pytest.mark.parametrize(("classes", "names"), [(3, {"KD", "SD", "CHH"}), (6, {"KD", "SD", "CHH", "MT", "RD", "TMB"})])
def test_fewer_classes(run, loop, tmp_path, classes, names):
    run(loop, "--out", tmp_path, "--format", "csv", "--classes", classes)
    found = {line.split(",")[1] for line in (tmp_path / "loop.csv").read_text().splitlines()[1:]}
    assert {"KD", "SD", "CHH"} <= found <= names


def test_a_threshold_moves_its_own_class_only(run, loop, tmp_path):
    counts = []
    for number, threshold in enumerate((".3", "KD=.3,HH=.95")):
        run(loop, "--out", tmp_path / str(number), "--format", "mid", "--threshold", threshold)
        hits = read_midi(tmp_path / str(number) / "loop.mid")
        counts.append([sum(hit.instrument in names for hit in hits) for names in (("KD",), ("CHH", "OHH", "PHH"))])
    assert counts[0][0] == counts[1][0]
    assert counts[0][1] > counts[1][1]


def test_sound_and_picture_open(run, loop, tmp_path):
    assert run(loop, "--out", tmp_path, "--format", "png,wav,stems")[0] == 0
    assert imread(tmp_path / "loop.png").shape[1] > 1000
    both, rate = soundfile.read(tmp_path / "loop.ab.wav")
    recording, _ = soundfile.read(loop)
    assert (rate, both.shape[1]) == (44_100, 2)
    left = both[: len(recording), 0]
    assert np.corrcoef(left, recording)[0, 1] > 0.999
    level = np.sqrt((both**2).mean(0))
    assert level[0] == pytest.approx(level[1], rel=0.02)
    stems = {path.stem: soundfile.read(path)[0] for path in (tmp_path / "loop.stems").iterdir()}
    assert {"KD", "SD", "CHH", "residual"} <= set(stems)
    left_over = stems.pop("residual")
    assert len({len(stem) for stem in stems.values()}) == 1
    assert (left_over**2).mean() < 0.2 * (recording**2).mean()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--format", "mp3"), "--format must be of mid, csv"),
        (("--threshold", "loud"), "--threshold must be a number"),
        (("--threshold", "GONG=.2"), "'GONG'"),
        (("--threshold", "KD=2"), "must be in [0, 1], got 2.0"),
        (("--classes", "7"), "--classes must be 3, 6 or 11"),
        (("--tempo", "fast"), "--tempo must be auto, none"),
        (("--meter", "5/4"), "--meter must be 4/4 or 3/4"),
        (("--kit", "/no/such/kit", "--format", "wav"), "/no/such/kit"),
        (("--device", "abacus"), "abacus"),
    ],
)
def test_an_impossible_option_is_one_clear_line(run, loop, tmp_path, options, reason):
    code, printed, err = run(loop, "--out", tmp_path / "out", *options)
    assert (code, printed) == (2, "")
    assert reason in err
    assert len(err.strip().splitlines()) == 1
    assert not files(tmp_path / "out")


def phone(samples, rate):
    """What a small microphone leaves: little below 150 Hz, nothing above 7 kHz, faint, and noise."""
    spectrum = np.fft.rfft(samples)
    frequencies_hz = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum /= np.sqrt(1 + (150 / frequencies_hz.clip(1e-3)) ** 4) * np.sqrt(1 + (frequencies_hz / 7000) ** 16)
    narrow = np.fft.irfft(spectrum, len(samples))
    return 0.3 * narrow + 0.002 * np.random.default_rng(0).standard_normal(len(samples)), rate, "PCM_16"


ODD = {  # samples, rate, format; by how much the hits are late; the least F1, .05 less of hi-hats
    "8-bit": (lambda x, rate: (x, rate, "PCM_U8"), 0.0, 0.8),
    "24-bit 96 kHz": (lambda x, rate: (soxr.resample(x, rate, 96_000), 96_000, "PCM_24"), 0.0, 0.8),
    "phone": (phone, 0.0, 0.7),
    "clipped": (lambda x, rate: (np.clip(6 * x, -1, 1), rate, "PCM_16"), 0.0, 0.8),
    "late": (lambda x, rate: (np.concatenate([np.zeros(40 * rate), x]), rate, "PCM_16"), 40.0, 0.8),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_recordings_come_out_right(run, loop, tmp_path, name):
    change, late_s, least = ODD[name]
    samples, rate, subtype = change(*soundfile.read(loop))
    soundfile.write(tmp_path / "odd.wav", samples, rate, subtype=subtype)
    assert run(tmp_path / "odd.wav", "--format", "mid")[0] == 0
    heard = read_midi(tmp_path / "odd.mid")
    for instruments in (("KD",), ("SD",), ("CHH", "OHH", "PHH")):
        played = [hit.onset_s + late_s for hit in demo_hits() if hit.instrument in instruments]
        found = [hit.onset_s for hit in heard if hit.instrument in instruments]
        assert count_onsets(played, found).f1 > least - 0.05 * ("CHH" in instruments), instruments


def test_shells_complete_the_command():
    assert any("install_completion" in parameter.name for parameter in get_command(app).params)
