import numpy as np
import pytest
import soundfile
import torch

from ddsp_drums.audio import AudioFileError, read_audio, read_segment


def test_a_piece_is_what_stands_there(tmp_path):
    soundfile.write(tmp_path / "ramp.wav", np.arange(1000) / 1000, 100, subtype="DOUBLE")
    for position, first in ((0.0, 0.0), (0.5, 0.495), (1.0, 0.99)):
        piece = read_segment(tmp_path / "ramp.wav", sample_rate=100, position=position, duration_s=0.1)
        torch.testing.assert_close(piece, first + torch.arange(10) / 1000)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_a_piece_of_any_format_is_as_in_the_whole(tmp_path, suffix):
    noise = np.random.default_rng(0).standard_normal((132_300, 2)).cumsum(0)
    soundfile.write(tmp_path / f"noise.{suffix}", 0.5 * noise / abs(noise).max(), 44_100)
    whole = read_audio(tmp_path / f"noise.{suffix}", sample_rate=16_000)
    piece = read_segment(tmp_path / f"noise.{suffix}", sample_rate=16_000, position=0.5, duration_s=1.0)
    start = (whole.numel() - 16_000) // 2
    difference = (piece - whole[start : start + 16_000])[500:-500]  # the resampler begins anew
    assert difference.abs().max() < 0.01 * whole.abs().max()


def test_silence_follows_a_short_file(tmp_path):
    soundfile.write(tmp_path / "short.wav", np.full(50, 0.5), 100, subtype="FLOAT")
    piece = read_segment(tmp_path / "short.wav", sample_rate=100, position=0.9, duration_s=1.0)
    assert torch.equal(piece, torch.tensor([0.5] * 50 + [0.0] * 50))


def test_what_cannot_be_read_is_one_line_that_names_the_file(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan), 100, subtype="FLOAT")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 100)
    (tmp_path / "text.wav").write_text("no audio")
    for name, reason in (("nan", "NaN"), ("none", "no samples"), ("text", "not readable"), ("gone", "not readable")):
        with pytest.raises(AudioFileError, match=reason) as caught:
            read_segment(tmp_path / f"{name}.wav", sample_rate=100, position=0.5, duration_s=0.1)
        assert f"{name}.wav" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_position_outside_the_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="position"):
        read_segment(tmp_path / "any.wav", sample_rate=100, position=1.1, duration_s=0.1)
