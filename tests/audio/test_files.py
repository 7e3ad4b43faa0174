import signal
import sys
from contextlib import ExitStack

import numpy as np
import pytest
import soundfile
import torch

from ddsp_drums.audio import AudioFileError, audio_writer, find_audio, read_audio, stream_audio, write_audio


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_a_tone_keeps_its_pitch_level_and_length_at_any_rate(tmp_path, rate):
    t = np.arange(2 * rate) / rate
    soundfile.write(tmp_path / "tone.wav", 0.5 * np.sin(2 * np.pi * 440 * t), rate)
    audio = read_audio(tmp_path / "tone.wav", sample_rate=16_000)
    assert abs(audio.numel() - 32_000) <= 1
    middle = audio[8_000:24_000]
    assert middle.square().mean().sqrt() == pytest.approx(0.5 / 2**0.5, rel=1e-2)
    assert torch.fft.rfft(middle).abs().argmax() == 440


def test_channels_are_averaged(tmp_path):
    left_only = np.zeros((1000, 2), np.float32)
    left_only[:, 0] = 0.5
    soundfile.write(tmp_path / "left.wav", left_only, 16_000, subtype="FLOAT")
    assert torch.equal(read_audio(tmp_path / "left.wav", sample_rate=16_000), torch.full((1000,), 0.25))


def test_a_long_file_is_read_in_blocks_without_a_seam(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).standard_normal(50_000).astype(np.float32) / 8
    soundfile.write(tmp_path / "noise.wav", noise, 44_100, subtype="FLOAT")
    whole = read_audio(tmp_path / "noise.wav", sample_rate=16_000)
    monkeypatch.setattr("ddsp_drums.audio.files._BLOCK", 1_000)
    torch.testing.assert_close(read_audio(tmp_path / "noise.wav", sample_rate=16_000), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("n_samples", [1, 999, 1_001, 50_000])
def test_pieces_of_a_file_are_the_file(tmp_path, monkeypatch, rate, n_samples):
    noise = np.random.default_rng(0).standard_normal((n_samples, 2)).astype(np.float32) / 8
    soundfile.write(tmp_path / "noise.wav", noise, rate, subtype="FLOAT")
    monkeypatch.setattr("ddsp_drums.audio.files._BLOCK", 2_000)
    pieces = list(stream_audio(tmp_path / "noise.wav", sample_rate=16_000))
    assert all(0 < piece.numel() <= 1_001 for piece in pieces)
    assert torch.equal(torch.cat(pieces), read_audio(tmp_path / "noise.wav", sample_rate=16_000))
    assert torch.cat(pieces).numel() == max(1, round(n_samples * 16_000 / rate))


def test_a_bad_sample_stops_where_it_is(tmp_path, monkeypatch):
    noise = np.zeros(5_000, np.float32)
    noise[3_500] = np.nan
    soundfile.write(tmp_path / "nan.wav", noise, 16_000, subtype="FLOAT")
    monkeypatch.setattr("ddsp_drums.audio.files._BLOCK", 999)
    pieces = stream_audio(tmp_path / "nan.wav", sample_rate=16_000)
    assert sum(next(pieces).numel() for _ in range(3)) == 3_000
    with pytest.raises(AudioFileError, match="NaN"):
        next(pieces)


def test_a_header_that_promises_too_much_adds_nothing(tmp_path):
    noise = np.random.default_rng(0).standard_normal(60_000).astype(np.float32) / 8
    soundfile.write(tmp_path / "whole.mp3", noise, 16_000)
    whole = (tmp_path / "whole.mp3").read_bytes()
    (tmp_path / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    there, _ = soundfile.read(tmp_path / "cut.mp3", dtype="float32")
    assert there.size < soundfile.info(tmp_path / "cut.mp3").frames
    read = read_audio(tmp_path / "cut.mp3", sample_rate=16_000)
    torch.testing.assert_close(read, torch.from_numpy(there), rtol=0, atol=1e-6)


def test_reading_may_stop_early(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.zeros(48_000), 48_000)
    assert read_audio(tmp_path / "long.wav", sample_rate=16_000, max_duration_s=0.25).numel() == 4_000


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_what_is_written_is_read_back(tmp_path, suffix):
    audio = 0.5 * torch.sin(torch.arange(16_000) * 0.05)
    write_audio(tmp_path / f"tone{suffix}", audio, sample_rate=16_000)
    again = read_audio(tmp_path / f"tone{suffix}", sample_rate=16_000)
    assert (again - audio)[1000:-1000].abs().max() < (0.05 if suffix == ".ogg" else 1e-4)
    assert [path.name for path in tmp_path.iterdir()] == [f"tone{suffix}"]


def test_loud_audio_is_clipped_not_wrapped(tmp_path):
    write_audio(tmp_path / "loud.wav", torch.tensor([2.0, -2.0]), sample_rate=16_000)
    assert read_audio(tmp_path / "loud.wav", sample_rate=16_000).abs().min() > 0.99


def test_finds_audio_by_suffix_in_any_case_and_depth(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.WAV", "a.flac", "deep/er/c.Mp3", "notes.txt", ".hidden.wav"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_audio(tmp_path)] == ["a.flac", "b.WAV", "c.Mp3"]


def test_a_folder_without_audio_is_refused(tmp_path):
    with pytest.raises(AudioFileError, match="no audio file"):
        find_audio(tmp_path)
    with pytest.raises(AudioFileError, match="no such folder"):
        find_audio(tmp_path / "nowhere")


def test_what_is_not_finite_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="must not hold NaN"):
        write_audio(tmp_path / "a.wav", torch.tensor([0.0, float("nan")]), sample_rate=16_000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channels", [1, 2])
def test_pieces_are_written_as_the_whole(tmp_path, channels):
    audio = torch.rand(channels, 10_000).squeeze(0) - 0.5
    write_audio(tmp_path / "whole.wav", audio, sample_rate=16_000)
    with audio_writer(tmp_path / "pieces.wav", sample_rate=16_000, channels=channels) as write:
        for piece in audio.split(999, -1):
            write(piece)
        assert not (tmp_path / "pieces.wav").exists()
    assert (tmp_path / "pieces.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()


def test_several_are_written_at_once(tmp_path):
    with ExitStack() as files:
        writers = [files.enter_context(audio_writer(tmp_path / f"{n}.wav", sample_rate=8000)) for n in range(3)]
        for n, write in enumerate(writers):
            write(torch.full((10,), n / 4))
    assert [round(float(read_audio(tmp_path / f"{n}.wav", sample_rate=8000)[0]), 2) for n in range(3)] == [0, 0.25, 0.5]


def test_what_is_interrupted_leaves_the_file_as_it_was(tmp_path):
    write_audio(tmp_path / "a.wav", torch.zeros(10), sample_rate=8000)
    before = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(KeyError), audio_writer(tmp_path / "a.wav", sample_rate=8000) as write:  # noqa: PT012
        write(torch.ones(10))
        raise KeyError
    assert (tmp_path / "a.wav").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_more_than_a_wav_file_has_room_for_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ddsp_drums.audio.files._MOST_OF_WAV", 400)
    write_audio(tmp_path / "a.wav", torch.zeros(200), sample_rate=8000)
    write_audio(tmp_path / "a.flac", torch.zeros(900), sample_rate=8000)
    with pytest.raises(ValueError, match="must not be longer than a WAV file has room for"):
        write_audio(tmp_path / "b.wav", torch.zeros(2, 101), sample_rate=8000)
    assert not (tmp_path / "b.wav").exists()


def test_a_folder_that_is_not_there_and_a_full_disk_are_told(tmp_path):
    resource = pytest.importorskip("resource")
    with pytest.raises(FileNotFoundError):
        write_audio(tmp_path / "none" / "a.wav", torch.zeros(9), sample_rate=8000)
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        with pytest.raises(OSError, match=r"a\.wav: could not be written"):
            write_audio(tmp_path / "a.wav", torch.zeros(99_999), sample_rate=8000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(tmp_path.iterdir())


def test_without_its_libraries_it_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(ImportError, match=r"pip install 'ddsp_drums\[drummernet\]'"):
        read_audio(tmp_path / "a.wav", sample_rate=16_000)
