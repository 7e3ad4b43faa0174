import librosa
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.events import PeakPicker, find_peaks, pick_peaks


def test_equals_librosa():
    activation = np.random.default_rng(0).random(2000).astype(np.float32)
    times, heights = pick_peaks(torch.from_numpy(activation), frame_rate_hz=100, threshold=0.3)
    # librosa's windows leave their last frame out, and its wait its first.
    frames = librosa.util.peak_pick(activation, pre_max=2, post_max=3, pre_avg=5, post_avg=6, delta=0.3, wait=4)
    assert len(frames) > 50
    np.testing.assert_allclose(100 * times.numpy(), frames, rtol=0, atol=0.5)
    np.testing.assert_array_equal(heights.numpy(), activation[frames])


def test_finds_the_time_between_frames():
    frames = torch.arange(100)
    for true_frame in (50.0, 50.25, 49.6):
        activation = torch.exp(-((frames - true_frame) ** 2) / 4)
        times, _ = pick_peaks(activation, frame_rate_hz=125, threshold=0.2)
        assert times.tolist() == pytest.approx([true_frame / 125], abs=0.1 / 125)


def test_waits_after_a_peak():
    activation = torch.zeros(100)
    activation[[10, 13, 40]] = torch.tensor([0.5, 1.0, 1.0])
    times, _ = pick_peaks(activation, frame_rate_hz=100, threshold=0.1, max_window_s=0.02, wait_s=0.05)
    assert [round(time * 100) for time in times.tolist()] == [10, 40]


@pytest.mark.parametrize("n_frames", [0, 1, 2, 500])
def test_silence_has_no_peak(n_frames):
    times, heights = pick_peaks(torch.zeros(n_frames), frame_rate_hz=100, threshold=0.0)
    assert times.numel() == heights.numel() == 0


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60))
def test_peaks_are_ascending_apart_and_inside(values):
    times, _ = pick_peaks(torch.tensor(values), frame_rate_hz=100, threshold=0.1, wait_s=0.05)
    assert (times.diff() >= 0.04 - 1e-9).all()
    assert ((times >= 0) & (times <= len(values) / 100)).all()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        pick_peaks(torch.zeros(2, 3), frame_rate_hz=100, threshold=0.1)
    with pytest.raises(ValueError, match="frame_rate_hz"):
        pick_peaks(torch.zeros(3), frame_rate_hz=0, threshold=0.1)
    with pytest.raises(TypeError, match="int64"):
        pick_peaks(torch.zeros(3, dtype=torch.long), frame_rate_hz=100, threshold=0.1)


@given(st.integers(0, 400), st.lists(st.integers(0, 60), max_size=12), st.integers(0, 5))
def test_peaks_of_pieces_are_those_of_the_whole(n_frames, lengths, seed):
    activation = torch.rand(n_frames, generator=torch.Generator().manual_seed(seed)) ** 3
    options = {"frame_rate_hz": 100, "threshold": 0.2, "wait_s": 0.07}
    picker = PeakPicker(**options)
    found, begin = [], 0
    for length in lengths:
        found.append(picker.push(activation[begin : begin + length]))
        begin = min(begin + length, n_frames)
        assert picker.decided == max(0, begin - picker.ahead)
    found.append(picker.push(activation[begin:], last=True))
    times, heights = map(torch.cat, zip(*found, strict=True))
    whole = pick_peaks(activation, **options)
    assert torch.equal(times, whole[0])
    assert torch.equal(heights, whole[1])


def test_looks_no_further_ahead_than_it_may():
    picker = PeakPicker(frame_rate_hz=100, threshold=0.3, ahead_s=0.01)
    assert picker.ahead == 1
    times, _ = picker.push(torch.tensor([0, 0.8, 0.1]))
    assert times.tolist() == pytest.approx([0.01], abs=0.005)
    assert picker.push(torch.tensor([0.9, 0.1]))[0].numel() == 0  # it is too early after the other


@given(st.integers(0, 400), st.integers(0, 5), st.floats(0, 1, width=32), st.floats(0, 0.2))
def test_what_is_picked_at_a_threshold_are_the_peaks_that_rise_as_high_and_wait(n_frames, seed, threshold, wait_s):
    activation = torch.rand(n_frames, generator=torch.Generator().manual_seed(seed)) ** 3
    peaks = find_peaks(activation, frame_rate_hz=100)
    kept, last = [], float("-inf")
    for index, (frame, rise) in enumerate(zip(peaks.frames.tolist(), peaks.rises.tolist(), strict=True)):
        if rise >= threshold and frame - last >= 100 * wait_s:
            kept.append(index)
            last = frame
    times, heights = pick_peaks(activation, frame_rate_hz=100, threshold=threshold, wait_s=wait_s)
    assert torch.equal(peaks.times_s[kept], times)
    assert torch.equal(peaks.heights[kept], heights)
