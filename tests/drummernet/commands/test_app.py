import csv
import subprocess
import sys

import mido
import numpy as np
import pytest
import soundfile
from drummernet.config import CONFIGS
from drummernet.demo import demo_hits, write_demo_loop
from drummernet.evaluation.datasets import Note, Track
from drummernet.evaluation.evaluate import score
from drummernet.hearing.transcriber import Transcriber
from drummernet.model import DrummerNet
from drummernet.weights import save_weights

from ddsp_drums.audio import write_audio
from ddsp_drums.events import read_midi, write_midi
from ddsp_drums.kits import INSTRUMENTS, procedural_kit, render


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_the_demo_plays_a_loop_and_writes_what_was_heard(run, tmp_path):
    code, out, _ = run("demo", "--out", tmp_path / "demo")
    assert code == 0
    assert "kick" in out
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"loop.flac", "loop.mid", "loop.csv", "loop.png"}


def test_transcribes_the_demo_loop(run, loop, tmp_path):
    code, out, _ = run("transcribe", loop, "--out", tmp_path)
    assert code == 0
    assert "loop.flac" in out
    assert (tmp_path / "loop.csv").read_text().splitlines()[0] == "onset_s,class,note,velocity"
    notes = [message for message in mido.MidiFile(tmp_path / "loop.mid") if message.type == "note_on"]
    assert len(notes) == len(rows(tmp_path / "loop.csv"))
    assert {message.channel for message in notes} == {9}

    reference = [Note(*hit) for hit in demo_hits()]
    counts = score(Track(loop, (), "demo"), 11.0, reference, Transcriber().file(loop).hits, window_s=0.05).counts
    assert all(counts[name].f1 > least for name, least in {"KD": 0.85, "SD": 0.85, "HH": 0.85}.items())


def test_results_lie_beside_the_file_and_nothing_else_is_left(run, loop, tmp_path):
    copy = tmp_path / "copy.flac"
    copy.write_bytes(loop.read_bytes())
    assert run("transcribe", copy, "--format", "mid,csv,png")[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"copy.flac", "copy.mid", "copy.csv", "copy.png"}


def test_one_bad_file_does_not_stop_the_rest(run, loop, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    code, out, err = run("transcribe", tmp_path / "bad.wav", loop, "--out", tmp_path / "out")
    assert code == 1
    assert "loop.flac" in out
    assert "bad.wav" in err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"loop.mid", "loop.csv"}


def audio_file(path, samples, rate=16_000, **options):
    soundfile.write(path, samples, rate, **options)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "no audio file in it"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("hello, this is text"), "not readable as audio"),
        (lambda path: audio_file(path, np.zeros(0)), "no samples"),
        (lambda path: audio_file(path, np.full(1000, np.nan), subtype="FLOAT"), "NaN"),
        (lambda path: audio_file(path, np.full(1000, np.inf), subtype="FLOAT"), "infinite"),
    ],
)
def test_an_unusable_file_is_one_clear_line(run, tmp_path, make, reason):
    path = tmp_path / "file.wav"
    make(path)
    code, _, err = run("transcribe", path, "--out", tmp_path / "out")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "file.wav" in err
    assert reason in err
    assert not list((tmp_path / "out").iterdir())


def test_a_truncated_file_is_read_or_refused(run, loop, tmp_path):
    cut = tmp_path / "cut.flac"
    cut.write_bytes(loop.read_bytes()[:20_000])
    code, _, err = run("transcribe", cut)
    assert code in (0, 2)
    assert (tmp_path / "cut.csv").exists() == (code == 0)
    assert code == 0 or "cut.flac" in err


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_rate_and_channel_count(run, tmp_path, rate, channels):
    t = np.arange(rate) / rate
    kick = np.sin(2 * np.pi * 60 * t) * np.exp(-12 * t)
    audio_file(tmp_path / "kick.wav", np.tile(kick[:, None], channels), rate)
    assert run("transcribe", tmp_path / "kick.wav")[0] == 0
    first = rows(tmp_path / "kick.csv")[0]
    assert first["class"] == "KD"
    assert float(first["onset_s"]) < 0.03


@pytest.mark.parametrize("seconds", [0.01, 1.0, 30.0])
def test_silence_gives_an_empty_result(run, tmp_path, seconds):
    audio_file(tmp_path / "silence.wav", np.zeros(int(16_000 * seconds)))
    assert run("transcribe", tmp_path / "silence.wav")[0] == 0
    assert rows(tmp_path / "silence.csv") == []
    assert not [message for message in mido.MidiFile(tmp_path / "silence.mid") if message.type == "note_on"]


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
@pytest.mark.parametrize("n_samples", [1, 3, 999])
def test_a_few_samples_are_enough(run, tmp_path, rate, n_samples):
    audio_file(tmp_path / "blip.wav", np.full(n_samples, 0.5), rate)
    assert run("transcribe", tmp_path / "blip.wav")[0] == 0


def test_an_offset_and_a_low_level_change_nothing(run, tmp_path):
    hits = render(demo_hits(), procedural_kit(), duration_s=11.0)
    hits = hits / hits.abs().max()
    for name, samples in {"plain": 0.5 * hits, "offset": 0.5 * hits + 0.3, "quiet": 0.02 * hits}.items():
        audio_file(tmp_path / f"{name}.wav", samples.numpy(), subtype="FLOAT")
        assert run("transcribe", tmp_path / f"{name}.wav")[0] == 0
    plain = [row["class"] for row in rows(tmp_path / "plain.csv")]
    assert [row["class"] for row in rows(tmp_path / "quiet.csv")] == plain
    assert abs(len(rows(tmp_path / "offset.csv")) - len(plain)) <= 2  # the step at the ends may sound


def test_faint_noise_is_not_lifted_into_hits(run, tmp_path):
    noise = np.random.default_rng(0).standard_normal(16_000 * 20)
    audio_file(tmp_path / "noise.wav", 1e-5 * noise, subtype="FLOAT")
    assert run("transcribe", tmp_path / "noise.wav")[0] == 0
    assert len(rows(tmp_path / "noise.csv")) <= 1  # where it sets in


@pytest.mark.parametrize("name", ["a $\\frac$ b", "[bold]x", "\u5927\u592a\u9f13", "with space #1", "x" * 240])
def test_any_file_name_is_only_a_name(run, loop, tmp_path, name):
    path = tmp_path / f"{name}.flac"
    path.write_bytes(loop.read_bytes())
    code, out, err = run("transcribe", path, "--format", "mid,csv,png")
    assert (code, err) == (0, "")
    assert name in out
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_as_output_folder_is_refused(run, loop, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run("transcribe", loop, "--out", tmp_path / "file")
    assert code == 2
    assert "not a folder" in err


def test_two_files_of_one_name_are_not_written_over_each_other(run, loop, tmp_path):
    other = tmp_path / loop.name
    other.write_bytes(loop.read_bytes())
    code, _, err = run("transcribe", loop, other, "--out", tmp_path / "out")
    assert code == 1
    assert f"{other}: its results would have the names of those of {loop}" in err
    assert read_midi(tmp_path / "out" / "loop.mid")


def test_weights_of_another_config_are_refused(run, loop, tmp_path):
    paper = CONFIGS["paper"]
    save_weights(DrummerNet(paper.model), CONFIGS["default"], tmp_path / "mixed.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    for name, reason in (("mixed", "another config"), ("text", "not a safetensors file"), ("none", "no such weights")):
        code, _, err = run("transcribe", loop, "--weights", tmp_path / f"{name}.safetensors", "--out", tmp_path)
        assert code == 2
        assert len(err.strip().splitlines()) == 1
        assert reason in err


def test_training_without_audio_or_kit_is_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "audio").mkdir()
    write_demo_loop(tmp_path / "audio" / "loop.flac")
    code, _, err = run("train", tmp_path / "empty", "--kits", tmp_path / "empty", "--out", tmp_path / "run")
    assert code == 2
    assert "empty" in err
    code, _, err = run("train", tmp_path / "audio", "--kits", tmp_path / "nowhere", "--out", tmp_path / "run")
    assert code == 2
    assert "nowhere" in err
    assert not (tmp_path / "run").exists()


def test_trains_on_a_folder_of_recordings_and_a_folder_of_sounds(run, loop, kit, tmp_path):
    for name in ("audio", "kit", "midi"):
        (tmp_path / name).mkdir()
    (tmp_path / "audio" / "loop.flac").write_bytes(loop.read_bytes())
    (tmp_path / "audio" / "broken.flac").write_bytes(b"broken")
    for instrument in INSTRUMENTS:
        for number, shot in enumerate(kit.drums[instrument.id][0].hits):
            write_audio(tmp_path / "kit" / f"{instrument.name} {number}.wav", shot, sample_rate=kit.sample_rate)
    write_midi(tmp_path / "midi" / "loop.mid", demo_hits())
    folders = (tmp_path / "audio", "--kits", tmp_path / "kit", "--midi", tmp_path / "midi", "--out", tmp_path / "run")
    code, out, err = run("train", *folders, "--items", 16, "--workers", 0)
    assert code == 0
    assert "broken.flac" in err
    weights = tmp_path / "run" / "default.safetensors"
    assert str(weights) in out.replace("\n", "")
    assert run("transcribe", loop, "--weights", weights, "--out", tmp_path)[0] == 0
    assert run("train", *folders, "--items", 24, "--workers", 0)[0] == 0  # goes on
    assert run("train", *folders, "--items", 16, "--workers", 0)[0] == 2


def test_evaluates_a_folder_of_annotated_recordings(run, loop, tmp_path):
    (tmp_path / "loop.flac").write_bytes(loop.read_bytes())
    lines = [f"{hit.onset_s:.6f}\t{hit.instrument}" for hit in demo_hits()]
    (tmp_path / "loop.txt").write_text("\n".join(lines))
    code, out, _ = run("evaluate", tmp_path)
    assert code == 0
    assert "50 ms" in out
    assert "loop" in out


def test_a_recording_that_cannot_be_scored_does_not_stop_the_rest(run, loop, tmp_path):
    for name, text in {"good": "0.5 KD", "bad": "0.5 GONG", "broken": "0.5 KD"}.items():
        (tmp_path / f"{name}.flac").write_bytes(loop.read_bytes() if name != "broken" else b"broken")
        (tmp_path / f"{name}.txt").write_text(text)
    code, out, err = run("evaluate", tmp_path)
    assert code == 1
    assert "good" in out
    assert "bad.txt, line 1" in err
    assert "broken.flac" in err
    (tmp_path / "good.txt").write_text("0.5 GONG")
    assert run("evaluate", tmp_path)[0] == 2


def test_shipped_weights_score_what_they_must_on_real_recordings(data, run):
    code, out, _ = run("evaluate", data / "eval" / "mdb-drums")
    assert code == 0
    summary = next(line for line in out.splitlines() if "mdb-drums (7)" in line)
    assert float(summary.split()[2]) >= 0.91


def test_help_does_not_wait_for_torch():
    code = "import sys, drummernet.commands.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_its_libraries_it_says_how_to_get_them():
    code = "import sys; sys.modules['typer'] = None; from drummernet.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith("pip install 'ddsp_drums[drummernet]'\n")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "told"), [(["--help"], 0, "stdout"), (["transcribe", "no.wav"], 2, "stderr")]
)
def test_a_process_ends_with_its_code_when_all_is_said(words, code, told):
    done = subprocess.run([sys.executable, "-m", "drummernet", *words], capture_output=True, text=True)
    assert done.returncode == code
    assert "drummernet" in done.stdout if told == "stdout" else done.stderr == "error: no.wav: no such file\n"
