"""What a training leaves behind, and what it says of what it could not use."""

import errno
import io
import json
import os
import resource
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from drummernet.allocator import keep_freed_memory
from drummernet.demo import write_demo_loop
from drummernet.training.curves import Curves
from drummernet.training.data import Recordings
from drummernet.training.progress import TrainingProgress
from drummernet.training.train import Trainer, train
from matplotlib.image import imread
from rich.console import Console

N_FILES = 3000


@pytest.fixture(scope="module")
def many_files(tmp_path_factory):
    """Thousands of recordings, a third of them broken; links, so that they are made in no time."""
    folder = tmp_path_factory.mktemp("many")
    write_demo_loop(folder / "good.flac")
    (folder / "broken.flac").write_bytes(b"fLaC, it says")
    for number in range(N_FILES):
        parent = folder / str(number % 50)
        parent.mkdir(exist_ok=True)
        os.link(folder / ("broken.flac" if number % 3 == 0 else "good.flac"), parent / f"{number}.flac")
    return folder


def test_thousands_of_files_are_opened_no_sooner_than_drawn(tiny, many_files, monkeypatch):
    opened = []
    soundfile = pytest.importorskip("soundfile")
    whole = soundfile.SoundFile

    def open_and_tell(path, *rest):
        opened.append(path)
        return whole(path, *rest)

    monkeypatch.setattr(soundfile, "SoundFile", open_and_tell)
    recordings = Recordings(many_files, tiny.model, segment_s=1.0)
    assert len(recordings.files) == N_FILES + 2
    assert not opened
    for index in range(20):
        assert recordings[index].shape == (tiny.model.sample_rate,)
    assert len(opened) == 20 + len(recordings.skipped)
    assert recordings.skipped


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than this machine has processors
def test_what_could_not_be_read_is_listed_by_whichever_process_found_it(tiny, kit, many_files, tmp_path):
    system = replace(tiny, train=replace(tiny.train, items=12, cycle=0.0, reconstruction_every=1, distance="stft"))
    for workers in (0, 2):
        trainer = Trainer(system, [kit], recordings=many_files)
        train(trainer, tmp_path / str(workers), workers=workers, progress=lambda *_: None)
    alone, shared = ((tmp_path / name / "skipped.txt").read_text().splitlines() for name in ("0", "2"))
    assert sorted(alone) == sorted(shared)
    assert all(int(Path(line.partition(":")[0]).stem) % 3 == 0 for line in alone)


def test_recordings_of_which_none_can_be_read_are_refused_at_once(tiny, kit, tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(b"broken")
    with pytest.raises(ValueError, match="none of the 3 recordings can be read"):
        Trainer(tiny, [kit], recordings=tmp_path)


def test_curves_and_pictures_show_a_training(tiny, kit, many_files, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    trainer = Trainer(tiny, [kit], recordings=many_files)
    with Curves(trainer, tmp_path) as curves:
        train(trainer, tmp_path, workers=0, progress=curves)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss/cycle")] == [1, 2, 3, 4]
    assert [event.step for event in events.Scalars("loss/reconstruction")] == [1, 3]
    assert events.Images("transcriptions")
    picture = imread(tmp_path / "pictures" / "0000004.png")
    assert picture.std() > 0.1


def test_progress_is_a_line_of_json_where_there_is_no_terminal(tiny, kit, many_files):
    trainer = Trainer(tiny, [kit], recordings=many_files)
    text = io.StringIO()
    with TrainingProgress(trainer, Console(file=text)) as progress:
        for step in range(1, 5):
            progress(step, {"cycle": float(step)})
    told = json.loads(text.getvalue())
    assert told.items() >= {"step": 4, "steps": 4, "items": 8, "cycle": 2.5, "left_s": 0.0}.items()
    assert told["items_per_s"] > 0


def test_a_batch_that_processes_cannot_share_is_refused(tiny, kit, many_files):
    from drummernet.training.batches import Batches

    data = Trainer(tiny, [kit], recordings=many_files).data
    with pytest.raises(ValueError, match="2 processes cannot share 1 recordings"):
        Batches(data.rendered, data.recordings, data.config, rank=0, processes=2)


def test_a_full_disk_is_said_in_one_line_that_names_the_folder(tiny, kit, many_files, tmp_path, monkeypatch):
    def full(path, content):
        if path.name == "checkpoint.pt":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("drummernet.training.train.write_whole", full)
    (tmp_path / "log.csv").touch()
    with pytest.raises(OSError, match=f"{tmp_path}: the disk is full; make room"):
        train(Trainer(tiny, [kit], recordings=many_files), tmp_path, workers=0, progress=lambda *_: None)


@pytest.mark.skipif(os.confstr_names.get("CS_GNU_LIBC_VERSION") is None, reason="needs glibc")
def test_freed_memory_is_used_again():
    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(12_000_000).sum()
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    keep_freed_memory()
    assert min(faults() for _ in range(5)) < 1000  # of 12,000 pages; the heap may be in pieces at first
