"""Trainings that are shared by processes, killed, interrupted."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from drummernet.demo import write_demo_loop
from drummernet.training.train import train
from drummernet.weights import load_weights

from tests.drummernet.training.trainings import SHARED_STEPS, STEPS, small_trainer

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audio")
    write_demo_loop(folder / "loop.flac")
    return folder


def run(*command):
    variables = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.drummernet.training.trainings", *map(str, command)],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


def losses(out, steps=STEPS):
    rows = list(csv.DictReader((out / "log.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, steps + 1))
    return torch.tensor([[float(row["cycle"]), float(row["reconstruction"] or 0)] for row in rows])


def test_two_processes_learn_what_one_learns(audio, tmp_path):
    run("share", audio, tmp_path)
    torch.testing.assert_close(*(losses(tmp_path / name, SHARED_STEPS) for name in ("two", "one")), rtol=1e-4, atol=0)
    two, one = (load_weights(tmp_path / name / "default.safetensors")[0].train() for name in ("two", "one"))
    # Compared by what they say with the statistics of a batch: a bias before batch normalisation has no gradient but
    # rounding errors, which Adam makes as large as any.
    noise = torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(two(noise).logits, one(noise).logits, rtol=0, atol=5e-3)  # of 3
    variances = [{name: tensor for name, tensor in net.named_buffers() if "var" in name} for net in (two, one)]
    torch.testing.assert_close(*variances, rtol=1e-3, atol=1e-3)


def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(audio, tmp_path):
    kills = int(run("kill", audio, tmp_path).stdout)
    assert kills > 2
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert (killed / "default.safetensors").read_bytes() == (whole / "default.safetensors").read_bytes()
    assert torch.equal(losses(killed), losses(whole))
    assert {path.name for path in killed.iterdir()} == {"checkpoint.pt", "log.csv", "default.safetensors"}


def test_an_interrupt_waits_for_the_step_and_saves_it(audio, kit, tmp_path):
    def interrupt(step, _):
        if step == 5:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(small_trainer(audio, [kit]), tmp_path, workers=0, progress=interrupt)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
