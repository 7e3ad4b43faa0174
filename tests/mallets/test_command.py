import itertools
import math
import shutil

import mido
import pytest
import torch
from mallets import transcribe as transcribing
from mallets.__main__ import app
from mallets.held_out import FluidSynthError, pieces, play
from mallets.model import MalletNet
from mallets.picture import draw
from mallets.score import guessed_ends, score
from safetensors.torch import save_file
from typer.testing import CliRunner

from ddsp_drums.audio import read_audio, write_audio
from ddsp_drums.events import Note, read_notes, write_midi

NOTES = [Note(0.2, 0.3, 60, 90), Note(0.6, 0.5, 64, 80), Note(0.6, 0.5, 67, 80)]


def test_scores_of_the_same_of_wrong_ends_and_of_nothing():
    assert score(NOTES, NOTES) == (1, 1, 0)
    longer = [note._replace(duration_s=note.duration_s + 0.3) for note in NOTES]
    assert score(NOTES, longer)[:2] == (1, 0)
    assert score(NOTES, longer).error_s == pytest.approx(0.3)
    octave = [note._replace(pitch=note.pitch + 12) for note in NOTES]
    assert score(NOTES, octave)[:2] == (0, 0)
    for nothing, value in ((score(NOTES, []), 0), (score([], []), 1)):
        assert nothing[:2] == (value, value)
        assert math.isnan(nothing.error_s)


def test_guessed_ends_are_those_of_notes_that_begin_where_others_were_found():
    found = [note._replace(onset_s=note.onset_s + 0.01, duration_s=9.0) for note in [*NOTES, Note(0.7, 0.1, 60, 80)]]
    for notes in guessed_ends(NOTES, found).values():
        assert [(note.onset_s, note.pitch) for note in notes] == [(note.onset_s, note.pitch) for note in found]
        assert score(NOTES, notes).onset == score(NOTES, found).onset
    assert guessed_ends(NOTES, found)["until the pitch begins again"][0].duration_s == pytest.approx(0.5)


def test_pieces_can_be_played_with_two_mallets_on_each_bar():
    for _, notes in pieces():
        assert len(notes) > 50
        for pitch in {note.pitch for note in notes}:
            row = sorted(note for note in notes if note.pitch == pitch)
            assert all(a.end_s < b.onset_s + 1e-9 for a, b in itertools.pairwise(row))


def test_without_fluidsynth_it_says_how_to_get_it_before_it_learns(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    done = CliRunner().invoke(app, ["--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "apt-get install fluidsynth" in done.output
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_soundfont_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/true")
    with pytest.raises(FluidSynthError, match=r"none\.sf2 is not installed"):
        play(tmp_path / "a.mid", tmp_path / "a.wav", soundfont=tmp_path / "none.sf2")


@pytest.mark.skipif(not shutil.which("fluidsynth"), reason="FluidSynth is not installed")
def test_another_synthesizer_plays_what_is_written(tmp_path):
    write_midi(tmp_path / "a.mid", NOTES, program=12)
    try:
        play(tmp_path / "a.mid", tmp_path / "a.wav")
    except FluidSynthError as error:
        pytest.skip(str(error))
    audio = read_audio(tmp_path / "a.wav", sample_rate=16_000)
    assert audio[: int(0.19 * 16_000)].abs().max() < 0.01 * audio.abs().max()
    assert audio[int(0.2 * 16_000) : int(0.3 * 16_000)].abs().max() > 0.1 * audio.abs().max()


@pytest.fixture
def weights(tmp_path):
    save_file(MalletNet().state_dict(), tmp_path / "some.safetensors")
    return tmp_path / "some.safetensors"


def test_a_recording_becomes_a_midi_file_beside_it(tmp_path, weights, monkeypatch):
    monkeypatch.setattr(transcribing, "_THRESHOLD", 1e-4)  # an untrained network is sure of nothing
    write_audio(tmp_path / "take.wav", 0.1 * torch.randn(2, 44_100), sample_rate=44_100)
    done = CliRunner().invoke(app, ["transcribe", str(tmp_path / "take.wav"), "--weights", str(weights)])
    assert done.exit_code == 0, done.output
    assert f"{len(read_notes(tmp_path / 'take.mid'))} notes" in done.output
    programs = [message.program for message in mido.MidiFile(tmp_path / "take.mid") if message.type == "program_change"]
    assert programs == [11]


@pytest.mark.parametrize("wrong", ["audio", "weights", "no weights"])
def test_a_wrong_file_is_named(tmp_path, weights, wrong):
    write_audio(tmp_path / "take.wav", torch.zeros(16_000), sample_rate=16_000)
    {"audio": tmp_path / "take.wav", "weights": weights}.get(wrong, tmp_path / "x").write_text("neither")
    if wrong == "no weights":
        weights.unlink()
    done = CliRunner().invoke(app, ["transcribe", str(tmp_path / "take.wav"), "--weights", str(weights)])
    assert done.exit_code == 2
    assert ("take.wav" if wrong == "audio" else "some.safetensors") in done.output.replace("\n", "")
    assert not (tmp_path / "take.mid").exists()


def test_the_picture_is_drawn_even_of_nothing(tmp_path):
    draw(tmp_path / "roll.png", [("some", NOTES, NOTES[:1]), ("none", [], [])], start_s=0.0, end_s=2.0)
    assert (tmp_path / "roll.png").stat().st_size > 10_000
