import pytest
import torch
from mallets import learn as learning
from mallets import transcribe as transcribing
from mallets.bars import HOP_LENGTH, PITCHES, SAMPLE_RATE
from mallets.learn import Rehearsals, learn
from mallets.model import MalletNet
from mallets.transcribe import notes_of, transcribe

from ddsp_drums.events import Note


def test_a_rehearsal_is_drawn_by_its_number_and_seed():
    one, again, other = Rehearsals(9)[4], Rehearsals(5)[4], Rehearsals(9, seed=1)[4]
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.played, other.played)
    assert one.audio.abs().max() <= 1
    assert one.audio.shape[-1] == one.played.shape[-1] * HOP_LENGTH


@pytest.mark.parametrize("items", [16, 20])
def test_a_few_steps_of_both_objectives_lower_the_loss(monkeypatch, items):
    monkeypatch.setattr(learning, "_FRAMES", 60)
    monkeypatch.setattr(learning, "_EVERY", 2)
    losses = []
    learn(MalletNet(channels=8, dilations=(1,)), items=items, batch_size=2, progress=lambda _, now: losses.append(now))
    assert [sorted(now) for now in losses[:2]] == [["ends", "onsets", "reconstruction"], ["ends", "onsets"]]
    assert losses[-1]["onsets"] < losses[0]["onsets"]
    assert losses[-1]["ends"] < losses[0]["ends"]


def test_an_octave_higher_is_heard_an_octave_higher():
    """Weights are shared by all pitches, so that a note elsewhere is the same picture elsewhere."""
    net = MalletNet().eval()
    t = torch.arange(SAMPLE_RATE) / SAMPLE_RATE
    low, high = (torch.sin(2 * torch.pi * 440 * 2 ** ((pitch - 69) / 12) * t) for pitch in (66, 78))
    with torch.inference_mode():
        onset = net(torch.stack([low, high])).onset[..., 20:40].mean(-1)
    middle = slice(8, 20)
    assert torch.corrcoef(torch.stack([onset[0, middle], onset[1, 20:32]]))[0, 1] > 0.9


def test_notes_are_read_back_from_what_they_look_like():
    notes = [Note(0.32, 0.48, 60, 64), Note(0.32, 0.16, 64, 127), Note(0.64, 1.28, 64, 100)]
    onset, velocity, held = torch.zeros(3, len(PITCHES), 150)
    for note in notes:
        row, first, last = note.pitch - PITCHES[0], round(note.onset_s * 62.5), round(note.end_s * 62.5)
        onset[row, first - 1 : first + 2] = torch.tensor([0.4, 0.9, 0.4])
        velocity[row, first] = note.velocity / 127
        held[row, first:last] = 1
    assert notes_of(onset, velocity, held) == [pytest.approx(note) for note in sorted(notes)]


def test_a_note_ends_where_its_pitch_begins_again_and_with_the_recording():
    onset, velocity, held = torch.ones(3, len(PITCHES), 125)
    onset[:] = 0
    onset[7, [20, 60]] = 1
    first, second = notes_of(onset, velocity, held)
    assert first.end_s == pytest.approx(second.onset_s)
    assert second.end_s == pytest.approx(2.0)


def test_what_is_held_begins_again_only_if_that_is_sure():
    onset, velocity, held = torch.zeros(3, len(PITCHES), 100)
    onset[7, [20, 40, 60, 80]] = torch.tensor([0.6, 0.6, 0.95, 0.6])
    held[7, 20:70] = 1
    assert [round(note.onset_s * 62.5) for note in notes_of(onset, velocity, held)] == [20, 60, 80]


@pytest.mark.parametrize("chunk", [7, 50])
def test_a_recording_in_pieces_is_heard_as_one(monkeypatch, chunk):
    net = MalletNet(channels=8).eval()
    audio = torch.randn(SAMPLE_RATE * 2)
    monkeypatch.setattr(transcribing, "_THRESHOLD", 1e-4)
    whole = transcribe(net, audio)
    monkeypatch.setattr(transcribing, "_CHUNK", chunk)
    pieces = transcribe(net, audio)
    assert len(whole) > 10
    assert pieces == [pytest.approx(note, abs=1e-3) for note in whole]


@pytest.mark.parametrize("audio", [torch.zeros(1), torch.zeros(SAMPLE_RATE)])
def test_silence_of_any_length_is_taken(audio):
    transcribe(MalletNet(channels=8).eval(), audio)
