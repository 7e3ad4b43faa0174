import io
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from drummernet import transcribe
from drummernet.model import DrummerNet
from drummernet.results.class_sets import reduce_classes
from drummernet.results.residual import residual
from drummernet.results.resynthesis import resynthesise, write_side_by_side, write_stems
from drummernet.transcription import Transcription
from drummernet.weights import save_weights
from matplotlib.image import imread
from rich.console import Console

from ddsp_drums.events import Event, read_midi


@pytest.fixture(scope="module")
def heard(loop):
    return transcribe(loop)


def made_of(*events, duration_s=2.0):
    instruments = ("KD", "SD", "CHH", "OHH", "RD", "CR")
    return Transcription(events, torch.zeros(len(instruments), 250), instruments, 125.0, duration_s)


def test_a_file_an_array_and_a_tensor_are_heard_alike(loop, heard):
    samples, rate = soundfile.read(loop, dtype="float32")
    assert transcribe(samples, sample_rate=rate).events == heard.events
    stereo = torch.from_numpy(samples).repeat(2, 1)
    assert transcribe(stereo, sample_rate=rate, batch_size=2).events == heard.events


def test_events_are_sure_to_a_degree_and_hits_are_events_without_it(heard):
    assert heard.hits == [event.hit for event in heard.events]
    assert all(0 <= event.confidence <= 1 for event in heard.events)
    assert heard.tempo.bpm == pytest.approx(104, abs=0.2)
    assert heard.activations.shape[0] == len(heard.instruments)


@pytest.mark.parametrize(
    ("audio", "options", "error", "reason"),
    [
        (np.zeros(0), {"sample_rate": 16_000}, ValueError, "audio must have shape"),
        (np.zeros((1, 2, 3)), {"sample_rate": 16_000}, ValueError, "audio must have shape"),
        (np.zeros((99, 2)), {"sample_rate": 16_000}, ValueError, "transpose it"),
        (np.full(99, np.nan), {"sample_rate": 16_000}, ValueError, "audio must be finite"),
        (torch.full((99,), torch.inf), {"sample_rate": 16_000}, ValueError, "audio must be finite"),
        (np.zeros(99, np.int16), {"sample_rate": 16_000}, TypeError, "audio must be floating point"),
        ([0.0, 0.1], {"sample_rate": 16_000}, TypeError, "audio must be a path"),
        (np.zeros(99), {}, ValueError, "sample_rate must be given"),
        (np.zeros(99), {"sample_rate": 0}, ValueError, "sample_rate must be greater than 0"),
        ("none.wav", {}, ValueError, "no such file"),
        ("none.wav", {"sample_rate": 16_000}, ValueError, "sample_rate must be left out"),
        (np.zeros(99), {"sample_rate": 16_000, "threshold": {"HH": 7}}, ValueError, "threshold must be in"),
        (np.zeros(99), {"sample_rate": 16_000, "batch_size": 0}, ValueError, "batch_size must be"),
        (np.zeros(99), {"sample_rate": 16_000, "device": "abacus"}, ValueError, "device abacus"),
        (np.zeros(99), {"sample_rate": 16_000, "weights": "none.safetensors"}, ValueError, "no such weights"),
    ],
)
def test_what_cannot_be_heard_is_refused_by_name(audio, options, error, reason):
    with pytest.raises(error, match=reason):
        transcribe(audio, **options)


def test_weights_that_were_trained_again_are_loaded_again(loop, tiny, tmp_path):
    path, heard = tmp_path / "mine.safetensors", []
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_weights(DrummerNet(tiny.model), tiny, path)
        os.utime(path, ns=(seed, seed))
        heard.append(transcribe(loop, weights=path).activations)
    assert not torch.equal(*heard)


@pytest.mark.parametrize(("n_samples", "rate"), [(1, 192_000), (160, 8_000), (16_000, 16_000)])
def test_silence_and_a_few_samples_have_no_hits(n_samples, rate):
    silence = transcribe(torch.zeros(n_samples), sample_rate=rate)
    assert (silence.events, silence.tempo) == ((), None)
    assert silence.audio().numel() == round((silence.duration_s + 0.5) * 44_100)
    assert not silence.audio().any()


def test_the_package_is_cheap_to_import_and_has_the_function_even_then():
    code = "import sys, drummernet; assert 'torch' not in sys.modules; drummernet.transcribe.__call__"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_writes_what_it_heard(heard, tmp_path):
    heard.to_midi(tmp_path / "loop.mid", tempo=heard.tempo)
    assert len(read_midi(tmp_path / "loop.mid")) == len(heard.events)
    for name in ("csv", "json", "jams"):
        getattr(heard, f"to_{name}")(tmp_path / f"loop.{name}")
        assert (tmp_path / f"loop.{name}").stat().st_size > 1000
    text = io.StringIO()
    Console(file=text, width=120).print(heard.table("[loop]"))
    assert text.getvalue().count("kick") == sum(event.instrument == "KD" for event in heard.events)
    assert "[loop]" in text.getvalue()


@pytest.mark.parametrize(("duration_s", "rows"), [(0.01, 1), (2.0, 1), (50.0, 3), (400.0, 7), (7200.0, 4)])
def test_a_picture_has_rows_for_minutes_as_for_seconds(tmp_path, duration_s, rows):
    audio = torch.linspace(-1, 1, max(1, round(100 * duration_s)))
    events = (Event(0.1 * duration_s, "KD", 127, 1.0), Event(0.9 * duration_s, "SD", 1, 0.3))
    one = replace(made_of(*events), duration_s=duration_s)
    one.plot(tmp_path / "hits.png", audio, title="$x^")
    picture = imread(tmp_path / "hits.png")
    assert picture.shape[0] == pytest.approx(180 * (0.4 + rows * (0.5 + 2 * 0.16 + 0.5)), abs=2)
    red = (picture[..., 0] > 0.7) & (picture[..., 1] < 0.2) & (picture[..., 2] < 0.3)
    assert red.sum() > 5


def test_fewer_classes_merge_what_sounds_together():
    crowd = made_of(
        Event(0.5, "CHH", 60, 0.5),
        Event(0.51, "OHH", 70, 0.9),
        Event(0.6, "OHH", 80, 0.4),
        Event(0.7, "RD", 50, 0.6),
        Event(0.71, "CR", 90, 0.5),
    )
    assert reduce_classes(crowd, 6).events == (
        Event(0.51, "CHH", 70, 0.9),
        Event(0.6, "CHH", 80, 0.4),
        Event(0.7, "RD", 50, 0.6),
    )
    three = reduce_classes(crowd, 3)
    assert (len(three.events), three.instruments) == (2, ("KD", "SD", "CHH"))
    assert three.activations.shape == (3, 250)
    with pytest.raises(ValueError, match="classes must be one of 3, 6"):
        reduce_classes(crowd, 4)


def test_stems_sum_to_what_is_played_and_a_lacking_drum_is_silent(kit):
    beat = made_of(Event(0.0, "KD", 100, 1.0), Event(0.5, "SD", 90, 1.0))
    stems = resynthesise(beat, kit)
    assert list(stems) == ["KD", "SD"]
    assert torch.allclose(stems["KD"] + stems["SD"], beat.audio(kit), atol=1e-6)
    assert stems["SD"][: kit.sample_rate // 2 - 1].abs().max() == 0
    only_kick = type(kit)("kick", kit.sample_rate, {"KD": kit.drums["KD"]})
    assert list(resynthesise(beat, only_kick)) == ["KD"]


@pytest.mark.parametrize("loudness", [0.01, 1.0, 40.0])
def test_left_and_right_are_equally_loud_and_nothing_clips(tmp_path, kit, loudness):
    beat = made_of(*(Event(0.25 * n, "SD", 90, 1.0) for n in range(16)), duration_s=4.0)
    tone = loudness * torch.sin(torch.arange(4 * kit.sample_rate) / 5)
    write_side_by_side(tmp_path / "both.wav", lambda: tone.split(10_000), beat, kit)
    both, rate = soundfile.read(tmp_path / "both.wav")
    assert (both.shape, rate) == ((4.5 * kit.sample_rate, 2), kit.sample_rate)
    assert np.abs(both).max() <= 1
    levels = np.sqrt(np.square(both[: tone.numel()]).mean(0))
    assert levels[0] == pytest.approx(levels[1], rel=1e-4)


def test_an_offset_is_not_loud(tmp_path, kit):
    beat = made_of(*(Event(0.25 * n, "SD", 90, 1.0) for n in range(16)), duration_s=4.0)
    tone = 0.1 * torch.sin(torch.arange(4 * kit.sample_rate) / 5)
    write_side_by_side(tmp_path / "both.wav", lambda: [tone + 0.3], beat, kit)
    both, _ = soundfile.read(tmp_path / "both.wav")
    left, right = both[: tone.numel()].std(0)
    assert left == pytest.approx(right, rel=1e-2)


def test_a_transcription_goes_to_another_process(heard):
    again = pickle.loads(pickle.dumps(heard))
    assert again.events == heard.events
    assert (again.taxonomy.by_id, again.taxonomy.gm_notes) == (heard.taxonomy.by_id, heard.taxonomy.gm_notes)


def test_stems_are_written_by_several_threads(tmp_path, kit):
    beat = made_of(Event(0.5, "SD", 90, 1.0))
    tone = 0.1 * torch.sin(torch.arange(2 * kit.sample_rate) / 5)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(write_stems, tmp_path / str(n), lambda: [tone], beat, kit) for n in range(4)]
        for each in done:
            each.result()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2", "3"]


def test_where_one_side_is_silent_the_other_keeps_its_level(tmp_path, kit):
    tone = 0.5 * torch.sin(torch.arange(2 * kit.sample_rate) / 5)
    write_side_by_side(tmp_path / "both.wav", lambda: [tone], made_of(), kit)
    both, _ = soundfile.read(tmp_path / "both.wav")
    assert np.abs(both).max(0) == pytest.approx([0.5, 0.0], abs=1e-3)
    beat = made_of(Event(0.5, "SD", 127, 1.0))
    write_side_by_side(tmp_path / "both.wav", lambda: [0 * tone], beat, kit)
    both, _ = soundfile.read(tmp_path / "both.wav")
    assert both[:, 0].max() == 0
    assert np.abs(both[:, 1]).max() == pytest.approx(min(1.0, float(beat.audio(kit).abs().max())), rel=1e-3)


def test_the_residual_keeps_what_is_no_drum(kit):
    hits = [Event(0.25 * n, ("KD", "SD")[n % 2], 100, 1.0) for n in range(16)]
    beat = made_of(*hits, duration_s=4.5)
    drums = beat.audio(kit)[: round(4.5 * kit.sample_rate)]
    drums = drums / drums.abs().max()
    tone = 0.1 * torch.sin(2 * torch.pi * 700 / kit.sample_rate * torch.arange(drums.numel()))
    left = torch.cat(list(residual(lambda: [drums + tone], beat, sample_rate=kit.sample_rate)))
    assert left.shape == drums.shape
    assert left.square().mean() < 0.35 * (drums + tone).square().mean()
    quiet = slice(round(4.2 * kit.sample_rate), round(4.4 * kit.sample_rate))  # after the last hit
    assert torch.corrcoef(torch.stack([left[quiet], tone[quiet]]))[0, 1] > 0.9
    assert torch.equal(torch.cat(list(residual(lambda: [tone], made_of(), sample_rate=kit.sample_rate))), tone)


def test_pieces_of_a_recording_have_the_residual_of_the_whole(kit):
    hits = [Event(0.2 * n, ("KD", "SD", "CHH")[n % 3], 60 + n, 1.0) for n in range(150)]
    beat = made_of(*hits, duration_s=31.3)
    recording = beat.audio(kit)[: round(31.3 * kit.sample_rate)]
    whole, pieces = (
        torch.cat(list(residual(read, beat, sample_rate=kit.sample_rate)))
        for read in (lambda: [recording], lambda: recording.split(12_345))
    )
    assert whole.shape == recording.shape
    torch.testing.assert_close(pieces, whole)
    untouched = torch.cat(list(residual(lambda: [recording], made_of(Event(31.2, "RD", 1, 1.0)), sample_rate=16_000)))
    inside = slice(1024, 31 * 16_000)
    torch.testing.assert_close(untouched[inside], recording[inside])  # blocks meet without a seam
