from dataclasses import replace

import numpy as np
import pytest
import torch
from drummernet.config import CONFIGS
from drummernet.demo import demo_hits, write_demo_loop
from drummernet.hearing.stream import Stream
from drummernet.model import DrummerNet
from drummernet.weights import load_weights

from ddsp_drums.audio import read_audio

RATE = CONFIGS["default"].model.sample_rate


@pytest.fixture(scope="module")
def network():
    return load_weights()


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    path = tmp_path_factory.mktemp("loop") / "loop.flac"
    write_demo_loop(path)
    return path


def play(stream, audio, *lengths):
    """Push blocks of these lengths in turn: events, and how many samples had been pushed when each came."""
    events, begin = [], 0
    came: list[int] = []
    while begin < len(audio):
        length = lengths[len(came) % len(lengths)] if lengths else len(audio)
        new = stream.push(audio[begin : begin + length])
        begin += length
        events += new
        came += [begin] * len(new)
    rest = stream.finish()
    return [*events, *rest], [*came, *[begin] * len(rest)]


@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_blocks_of_any_size_give_the_same_events(network, loop, rate):
    audio = read_audio(loop, sample_rate=rate, max_duration_s=2.0)
    whole, _ = play(Stream(network, sample_rate=rate), audio)
    assert len(whole) > 8
    assert whole == sorted(whole)
    for lengths in ((64, 1_000, 1), (3_000,)):
        assert play(Stream(network, sample_rate=rate), audio, *lengths)[0] == whole


def test_finds_the_hits_of_the_demo_loop_in_time(network, loop):
    audio = read_audio(loop, sample_rate=RATE)
    stream = Stream(network)
    block = 256
    events, came = play(stream, audio, block)
    onsets = torch.tensor([hit.onset_s for hit in demo_hits() if hit.velocity > 60])
    found = torch.tensor([event.onset_s for event in events])
    assert ((onsets[:, None] - found).abs().amin(1) < 0.05).float().mean() > 0.9
    delays = torch.tensor([samples / RATE for samples in came]) - found
    assert delays.max() <= stream.latency_s + block / RATE + 1e-6
    assert delays.min() >= stream.latency_s - 0.04  # a peak that is sure of itself does not wait


def test_nothing_after_the_look_ahead_changes_an_event(network, loop):
    audio = read_audio(loop, sample_rate=RATE, max_duration_s=3.0)
    stream = Stream(network)
    events, _ = play(stream, audio)
    cut = Stream(network)
    before = cut.push(audio[: 2 * RATE])
    assert before == events[: len(before)]
    cut.push(torch.randn(RATE))
    sure = [event for event in events if event.onset_s < 2 - stream.latency_s - 0.008]
    assert len(before) >= len(sure) > 5


@pytest.mark.parametrize("n_samples", [0, 1, 100, 16_000])
def test_silence_has_no_event(network, n_samples):
    assert play(Stream(network), torch.zeros(n_samples))[0] == []


def test_a_minute_leaves_no_more_behind_than_a_second(network):
    stream = Stream((DrummerNet(replace(network[1].model, dilations=(1,))).eval(), network[1]))
    for _ in range(2):
        stream.push(torch.randn(RATE))
    assert stream._held.numel() < RATE


def test_what_cannot_be_streamed_is_refused(network):
    stream = Stream(network)
    for block in (torch.zeros(2, 10), torch.full((5,), torch.nan)):
        with pytest.raises(ValueError, match="block must have shape"):
            stream.push(block)
    with pytest.raises(TypeError, match="block must be"):
        stream.push(np.zeros(5))
    stream.finish()
    for hear_more in (lambda: stream.push(torch.zeros(5)), stream.finish):
        with pytest.raises(RuntimeError, match="the stream is over"):
            hear_more()
    with pytest.raises(ValueError, match="look_ahead_s"):
        Stream(network, look_ahead_s=0.01)
    with pytest.raises(ValueError, match="sample_rate"):
        Stream(network, sample_rate=0)
    paper = CONFIGS["paper"]
    with pytest.raises(ValueError, match="encoder 'mel'"):
        Stream((DrummerNet(paper.model), paper))


def test_a_threshold_of_zero_is_one(network):
    noise = torch.randn(RATE, generator=torch.Generator().manual_seed(0))
    assert len(play(Stream(network, threshold=0.0), noise)[0]) > len(play(Stream(network), noise)[0])
