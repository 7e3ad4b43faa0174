import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from drummernet.config import CONFIGS
from drummernet.demo import write_demo_loop
from drummernet.training.data import Recordings, Rendered
from drummernet.training.train import Trainer, train
from drummernet.weights import load_weights

from ddsp_drums.audio import write_audio
from ddsp_drums.kits import Kit, KitError, procedural_kit


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    write_demo_loop(folder / "loop.flac")
    return folder


@pytest.fixture(scope="module")
def low_kit():
    return procedural_kit(sample_rate=CONFIGS["paper"].model.sample_rate)


def weights_of(trainer):
    return torch.cat([tensor.flatten().double() for tensor in trainer.model.state_dict().values()])


def test_an_item_is_the_same_whenever_it_is_drawn(tiny, kit):
    rendered = Rendered([kit], [], tiny.model, segment_s=1.0, items=4, seed=3)
    for first, again in zip(rendered[2], rendered[2], strict=True):
        assert torch.equal(first, again)
    assert not torch.equal(rendered[1][0], rendered[2][0])


def test_what_was_played_is_heard_where_it_was_played(tiny, kit):
    rendered = Rendered([kit], [], tiny.model, segment_s=2.0, items=20)
    struck_rises, other_rises = [], []
    for audio, played, _ in (rendered[index] for index in range(20)):
        level = audio.unfold(0, 256, 256).square().mean(1).add(1e-9).log10()
        struck = played[:, 1 : level.numel()].amax(0) == 1
        struck_rises.append(level.diff()[struck])
        other_rises.append(level.diff()[~struck])
    assert torch.cat(struck_rises).mean() > 0.4  # bels
    assert torch.cat(other_rises).mean() < 0


def test_in_some_items_nobody_plays_but_something_is_heard(tiny, kit):
    rendered = Rendered([kit], [], tiny.model, segment_s=0.5, items=400)
    idle = [item for item in range(400) if np.random.default_rng((0, item)).random() < 0.02]
    assert 2 <= len(idle) <= 20
    for audio, played, velocity in (rendered[item] for item in idle):
        assert audio.abs().max() > 0.1
        assert not played.any()
        assert not velocity.any()


def test_training_is_the_same_if_it_is_interrupted(tiny, kit, recordings, tmp_path):
    def fresh():
        return Trainer(tiny, [kit], recordings=recordings, seed=1)

    whole = fresh()
    train(whole, tmp_path / "whole", workers=0, progress=lambda *_: None)

    def stop(step, _):  # the only checkpoint is of the step before
        if step == 2:
            raise KeyboardInterrupt

    first = fresh()
    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path / "half", workers=0, progress=stop)
    second = fresh()
    path = train(second, tmp_path / "half", workers=0, progress=lambda *_: None)

    assert torch.equal(weights_of(second), weights_of(whole))
    assert load_weights(path)[1] == tiny
    rows = list(csv.DictReader((tmp_path / "half" / "log.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert rows[0]["reconstruction"]
    assert not rows[1]["reconstruction"]


def test_a_checkpoint_of_another_config_is_refused(tiny, kit, recordings, tmp_path):
    train(Trainer(tiny, [kit], recordings=recordings), tmp_path, workers=0, progress=lambda *_: None)
    other = replace(tiny, train=replace(tiny.train, learning_rate=1.0))
    for trainer in (Trainer(other, [kit], recordings=recordings), Trainer(tiny, [kit], recordings=recordings, seed=2)):
        with pytest.raises(ValueError, match="another config or seed"):
            train(trainer, tmp_path, workers=0, progress=lambda *_: None)


def test_a_finished_training_goes_on_to_more_items(tiny, kit, recordings, tmp_path):
    def trainer(items):
        return Trainer(
            replace(tiny, train=replace(tiny.train, items=items, schedule="constant")), [kit], recordings=recordings
        )

    whole, longer = trainer(8), trainer(8)
    train(whole, tmp_path / "whole", workers=0, progress=lambda *_: None)
    train(trainer(4), tmp_path / "run", workers=0, progress=lambda *_: None)
    path = train(longer, tmp_path / "run", workers=0, progress=lambda *_: None)
    assert torch.equal(weights_of(longer), weights_of(whole))
    assert load_weights(path)[1].train.items == 8
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").read_text().splitlines()))
    assert [int(row["items"]) for row in rows] == [2, 4, 6, 8]
    with pytest.raises(ValueError, match="8 items already"):
        train(trainer(4), tmp_path / "run", workers=0, progress=lambda *_: None)


def test_a_damaged_checkpoint_is_named(tiny, kit, recordings, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"half of a checkpoint")
    with pytest.raises(ValueError, match=r"checkpoint\.pt: damaged"):
        train(Trainer(tiny, [kit], recordings=recordings), tmp_path, workers=0, progress=lambda *_: None)


def test_learns_to_read_back_what_is_played(tiny, kit):
    system = replace(tiny, train=replace(tiny.train, items=480, batch_size=8, learning_rate=5e-3, reconstruction=0.0))
    trainer = Trainer(system, [kit])
    losses = [trainer.step(batch)["cycle"] for batch in trainer.batches(0)]
    assert sum(losses[-5:]) < 0.75 * sum(losses[:5])


def reconstruct(trainer, audio, steps):
    """Train on one recording with one kit, and return the losses."""
    state = trainer.templates.get_state()
    losses = []
    for _ in range(steps):
        trainer.templates.set_state(state)
        loss = trainer.reconstruction_loss(audio)
        trainer.optimiser.zero_grad()
        loss.backward()
        trainer.optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def test_paper_lowers_its_loss_on_real_audio(data, low_kit):
    trainer = Trainer(CONFIGS["paper"], [low_kit], recordings=data / "unlabelled")
    losses = reconstruct(trainer, trainer.recordings[0][None], steps=4)
    assert losses[-1] < losses[0]


def test_paper_lowers_its_loss_on_the_demo_loop(low_kit, recordings):
    paper = CONFIGS["paper"]
    system = replace(paper, train=replace(paper.train, enhance=False))
    trainer = Trainer(system, [low_kit], recordings=recordings)
    losses = reconstruct(trainer, trainer.recordings[0][None], steps=4)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", CONFIGS)
def test_gradients_are_finite_on_silence(name, kit, low_kit, recordings):
    system = CONFIGS[name]
    trainer = Trainer(system, [kit if name == "default" else low_kit], recordings=recordings)
    trainer.reconstruction_loss(torch.zeros(1, 32_768)).backward()
    gradients = [parameter.grad for parameter in trainer.model.parameters() if parameter.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("distance", ["cqt", "mel", "stft"])
@pytest.mark.parametrize("enhance", [False, True])
@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_every_distance_and_gate_is_lowered_by_its_gradient(tiny, kit, recordings, distance, enhance, alpha):
    system = replace(
        tiny,
        model=replace(tiny.model, alpha=alpha),
        train=replace(tiny.train, distance=distance, enhance=enhance, cycle=0.0, learning_rate=3e-3),
    )
    trainer = Trainer(system, [kit], recordings=recordings)
    losses = reconstruct(trainer, trainer.recordings[0][None], steps=6)
    assert losses[-1] < losses[0]


def test_an_unknown_distance_is_refused(tiny, kit, recordings):
    with pytest.raises(ValueError, match="wavelet"):
        Trainer(replace(tiny, train=replace(tiny.train, distance="wavelet")), [kit], recordings=recordings)


def test_a_segment_does_not_depend_on_those_drawn_before(tiny, recordings, tmp_path):
    whole = (recordings / "loop.flac").read_bytes()
    (tmp_path / "loop.flac").write_bytes(whole)
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    one, other = (Recordings(tmp_path, tiny.model, segment_s=1.0) for _ in range(2))
    forwards = [one[index] for index in range(8)]
    backwards = [other[index] for index in reversed(range(8))]
    assert all(torch.equal(*pair) for pair in zip(forwards, reversed(backwards), strict=True))
    assert [path.name for path in one.skipped] == ["cut.flac"]


def test_a_broken_recording_is_skipped_and_listed(tiny, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF but not really")
    write_audio(tmp_path / "short.wav", torch.randn(100), sample_rate=8000)
    recordings = Recordings(tmp_path, tiny.model, segment_s=1.0)
    assert all(recordings[index].shape == (tiny.model.sample_rate,) for index in range(8))
    assert [path.name for path in recordings.skipped] == ["broken.wav"]


def test_a_kit_without_an_instrument_is_named(tiny, kit, recordings):
    partial = Kit("partial", kit.sample_rate, {name: drums for name, drums in kit.drums.items() if name != "TMB"})
    with pytest.raises(KitError, match="TMB"):
        Trainer(tiny, [partial], recordings=recordings)


def test_a_kit_of_another_rate_is_named(tiny, kit):
    with pytest.raises(KitError, match="kit other must have 32000 Hz, has 16000"):
        Trainer(replace(tiny, train=replace(tiny.train, reconstruction=0.0)), [kit, Kit("other", 16_000, kit.drums)])


def test_reconstruction_without_recordings_is_refused(tiny, kit):
    with pytest.raises(ValueError, match="recordings"):
        Trainer(tiny, [kit])
