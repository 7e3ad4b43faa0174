from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from drummernet.config import CONFIGS
from drummernet.demo import write_demo_loop
from drummernet.hearing import hear as module
from drummernet.hearing.hear import hear
from drummernet.hearing.picking import EventPicker, any_of, velocity_of_likeliest
from drummernet.hearing.refine import learn_sounds
from drummernet.hearing.transcriber import Transcriber
from drummernet.level import LevelMeter, scale_level
from drummernet.model import DrummerNet
from drummernet.pieces import cut
from drummernet.weights import load_weights
from hypothesis import given
from hypothesis import strategies as st

from ddsp_drums.audio import AudioFileError, read_audio

RATE = CONFIGS["default"].model.sample_rate


def pieces_of(audio, *lengths):
    begin = 0
    while begin < len(audio):
        length = lengths[begin % len(lengths)]
        yield audio[begin : begin + length]
        begin += length


def measured(pieces, level="loudness"):
    meter = LevelMeter(sample_rate=RATE, level=level)
    for piece in pieces:
        meter.push(piece)
    return meter.measured()


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    path = tmp_path_factory.mktemp("loop") / "loop.flac"
    write_demo_loop(path)
    return path


@pytest.mark.parametrize("level", ["loudness", "peak"])
@given(st.integers(1, 5_000), st.floats(-0.5, 0.5), st.sampled_from([0.0, 1e-5, 0.3]), st.integers(1, 700))
def test_a_recording_in_pieces_has_the_level_of_the_whole(level, n_samples, offset, gain, length):
    noise = torch.randn(n_samples, generator=torch.Generator().manual_seed(n_samples))
    audio = offset + gain * noise * (noise > 1)
    found = measured(pieces_of(audio, length, 7), level)
    scaled = (audio - found.offset) * found.gain
    # Where all samples are alike only the rounding of their mean is left, and is lifted: up to 1.2e-4 of full scale.
    torch.testing.assert_close(scaled, scale_level(audio, sample_rate=RATE, level=level), rtol=1e-3, atol=5e-4)
    assert found.n_samples == n_samples


def test_days_have_the_level_of_a_random_share_of_them(monkeypatch):
    hit = torch.tensor([1.0, 0.5, 0.25, 0.12, 0.06, 0.03]).repeat_interleave(2)  # a block is two samples
    loudness = torch.rand(10_000, 1, generator=torch.Generator().manual_seed(0))
    audio = (loudness * hit * torch.tensor([1.0, -1.0]).repeat(6) + 0.01).flatten()

    def meter_of(most):
        monkeypatch.setattr("drummernet.level._MOST_BLOCKS", most)
        meter = LevelMeter(sample_rate=100, level="loudness")
        for piece in audio.split(1001):
            meter.push(piece)
        return meter

    whole, share = meter_of(1 << 20), meter_of(20_000)
    assert len(share._blocks) <= 2 * 20_000 < len(whole._blocks)
    assert share.measured().gain == pytest.approx(whole.measured().gain, rel=0.05)
    assert share.measured().offset == pytest.approx(0.01, abs=1e-6)
    assert share.measured().n_samples == len(audio)


@pytest.mark.parametrize("silence_s", [1, 20, 600])
def test_silence_before_the_first_hit_makes_nothing_louder(loop, silence_s):
    audio = read_audio(loop, sample_rate=RATE)
    late = measured([torch.zeros(silence_s * RATE), audio])
    assert late.gain == pytest.approx(measured([audio]).gain, rel=1e-2)


@pytest.mark.parametrize("name", ["default", "paper"])
@pytest.mark.parametrize("n_samples", [1, 40_000, 128 * 64, 128 * 64 * 3 - 1])
def test_a_recording_in_chunks_has_no_seam(monkeypatch, name, n_samples):
    system = CONFIGS[name]
    model = DrummerNet(system.model).eval()
    audio = torch.randn(n_samples)
    whole, *rest = hear(model, system, [audio], measured([audio]))
    assert not rest or name == "paper"
    monkeypatch.setattr(module, "_CHUNK", 64)
    monkeypatch.setattr(module, "_SECTION", 100_000)
    chunks = list(hear(model, system, pieces_of(audio, 1_000, 333), measured([audio]), batch_size=3))
    for one, *parts in zip(whole, *chunks, strict=True):
        assert torch.cat(parts, -1).shape[-1] == 1 + n_samples // system.model.hop_length
        if name == "default":  # the recurrent head hears as far as its chunk goes
            torch.testing.assert_close(torch.cat(parts, -1), one, rtol=0, atol=1e-5)


@pytest.mark.parametrize("refined", [False, True])
def test_events_as_they_come_are_those_of_the_whole(monkeypatch, loop, refined):
    transcriber = Transcriber(refined=refined)
    whole = transcriber.file(loop)
    assert len(whole.events) > 50
    assert list(transcriber.events(loop)) == list(whole.events)
    assert transcriber(read_audio(loop, sample_rate=RATE)).events == whole.events
    monkeypatch.setattr("drummernet.hearing.transcriber._KEPT", 1_000)
    monkeypatch.setattr("ddsp_drums.audio.files._BLOCK", 9_999)
    assert list(transcriber.events(loop)) == list(whole.events)


@given(st.integers(1, 300), st.lists(st.integers(0, 40), max_size=12), st.integers(0, 3))
def test_events_of_pieces_are_those_of_the_whole(n_frames, lengths, seed):
    system = CONFIGS["default"]
    names = system.model.instruments
    levels = dict.fromkeys(names, 0.2) | {"OHH": 0.4}
    generator = torch.Generator().manual_seed(seed)
    probability, strength = torch.rand(2, len(names), n_frames, generator=generator)
    velocity, together = velocity_of_likeliest(probability, strength, names), any_of(probability**6, names)
    whole = EventPicker(system, levels)
    expected = [*whole.push(probability, velocity, together), *whole.finish()]
    assert expected == sorted(expected)
    picker, found, begin = EventPicker(system, levels), [], 0
    for length in [*lengths, n_frames]:
        parts = [each[:, begin : begin + length] for each in (probability, velocity, together)]
        found += picker.push(*parts)
        begin = min(begin + length, n_frames)
    assert [*found, *picker.finish()] == expected


@pytest.mark.parametrize(("frame", "told"), [(0, True), (47, True), (48, False), (49, False)])
def test_a_peak_where_the_audio_ends_is_no_event(frame, told):
    system = CONFIGS["default"]
    names = system.model.instruments
    probability = torch.zeros(len(names), 50)
    probability[names.index("KD"), frame] = 0.9
    picker = EventPicker(system, dict.fromkeys(names, 0.3))
    velocity = velocity_of_likeliest(probability, probability, names)
    events = picker.push(probability, velocity, any_of(probability, names)) + picker.finish()
    assert len(events) == told


def test_a_long_file_is_its_repetitions(tmp_path, loop):
    audio = read_audio(loop, sample_rate=RATE)
    period = 8 * RATE
    cycle = np.tile(audio.numpy(), 2)[:period]
    soundfile.write(tmp_path / "long.wav", np.tile(cycle, 12), RATE, subtype="FLOAT")
    events = list(Transcriber().events(tmp_path / "long.wav"))
    rounds = [
        [(round(event.onset_s % 8, 4), event.instrument, event.velocity) for event in events if event.onset_s // 8 == i]
        for i in range(12)
    ]
    assert len(rounds[1]) > 40
    assert all(each == rounds[1] for each in rounds[2:11])


@pytest.mark.parametrize("refined", [False, True])
def test_what_is_heard_holds_no_more_memory_than_it_needs(monkeypatch, refined):
    monkeypatch.setattr(module, "_SECTION", 256)
    monkeypatch.setattr(module, "_CHUNK", 128)
    audio = torch.randn(128 * 1000, generator=torch.Generator().manual_seed(0))
    transcriber = Transcriber(refined=refined)
    level = LevelMeter(sample_rate=RATE, level="loudness")
    level.push(audio)
    for heard in hear(transcriber.model, transcriber.config, [audio], level.measured(), refined=refined):
        assert all(each.untyped_storage().nbytes() == each.nbytes for each in heard)


def test_events_are_the_same_where_no_activations_are_kept(loop):
    transcriber = Transcriber(refined=False)
    kept, left = transcriber.file(loop), transcriber.file(loop, activations=False)
    assert left.events == kept.events
    assert (left.activations.shape, kept.activations.shape[0]) == ((12, 0), 12)


def test_a_network_in_training_is_put_into_evaluation(loop):
    model, system = load_weights()
    learned = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    expected = Transcriber()(read_audio(loop, sample_rate=RATE).double()).events
    assert Transcriber((model.train(), system)).file(loop).events == expected
    assert all(torch.equal(tensor, learned[name]) for name, tensor in model.state_dict().items())


def test_a_file_that_ends_in_garbage_gives_no_event(tmp_path):
    samples = np.zeros(RATE * 3, np.float32)
    samples[-1] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(AudioFileError, match="NaN"):
        next(Transcriber().events(tmp_path / "nan.wav"))


@pytest.mark.parametrize("audio", [torch.zeros(100, dtype=torch.int16), np.zeros(100)])
def test_audio_of_another_kind_is_named(audio):
    with pytest.raises(TypeError, match="audio must be"):
        Transcriber()(audio)


def test_samples_that_are_none_are_named():
    with pytest.raises(ValueError, match="audio must be finite"):
        Transcriber()(torch.full((100,), torch.nan))


def test_spans_beyond_the_pieces_are_silent():
    spans = [(-5, -2), (-1, 1), (3, 5), (6, 8)]
    assert [each.tolist() for each in cut([torch.ones(4)], spans)] == [[0, 0, 0], [0, 1], [1, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(0,), (2, 100)])
def test_audio_of_another_shape_is_named(shape):
    with pytest.raises(ValueError, match="audio must have shape"):
        Transcriber()(torch.zeros(shape))


def test_a_network_without_velocity_is_heard_in_one_loudness():
    system = CONFIGS["paper"]
    louder = replace(system, model=replace(system.model, level="peak"))
    transcription = Transcriber((DrummerNet(louder.model).eval(), louder))(torch.randn(40_000))
    assert transcription.activations.amax(-1).tolist() == pytest.approx([1.0] * 11)


def test_sounds_once_learned_explain_alike_wherever_sections_end(monkeypatch):
    system = CONFIGS["default"]
    network = DrummerNet(system.model).eval()
    audio = torch.randn(RATE * 12)
    groups = torch.rand(8, 1_501).pow(3).clamp(min=0.2)
    learned: list[Any] = []

    def learn_once(together, velocity, bands, *, frame_rate_hz):
        if not learned:
            learned.append(learn_sounds(together, velocity, bands, frame_rate_hz=frame_rate_hz, confident=0.3))
        return learned[0]

    monkeypatch.setattr(module, "learn_sounds", learn_once)
    monkeypatch.setattr(module, "any_of", lambda probability, names: groups[:, : probability.shape[-1]])
    (whole,) = hear(network, system, [audio], measured([audio]), refined=True)
    assert learned[0].rows.numel() > 3
    monkeypatch.setattr(module, "_EXPLAINED", 300)
    (pieces,) = hear(network, system, [audio], measured([audio]), refined=True)
    torch.testing.assert_close(pieces.together, whole.together, rtol=0, atol=1e-4)
    torch.testing.assert_close(pieces.velocity, whole.velocity, rtol=0, atol=1e-3)


def test_sounds_are_learned_where_the_rare_ones_are(monkeypatch):
    monkeypatch.setattr(module, "_LEARNED", 1_024)
    together = torch.zeros(2, 512 * 9 + 5)
    together[0, ::100] = 0.9
    together[1, 512 * 7 + 40] = together[1, 512 * 9 + 1] = 0.9
    frames = module._telling(together)
    assert frames.tolist() == [*range(512 * 7, 512 * 8), *range(512 * 9, 512 * 9 + 5)]
