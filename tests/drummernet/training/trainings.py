"""Small trainings in processes of their own: `python -m tests.drummernet.training.trainings share|kill AUDIO OUT`."""

import os
import random
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import drummernet.training.train
import torch
from drummernet.config import CONFIGS
from drummernet.training.train import Trainer, train

from ddsp_drums.kits import Kit, procedural_kit

STEPS = 24
SHARED_STEPS = 8  # later, what was a rounding error is none any more


def small_trainer(audio: Path, kits: Sequence[Kit], *, steps: int = STEPS) -> Trainer:
    system = CONFIGS["default"]
    options = replace(
        system.train,
        items=4 * steps,
        batch_size=4,
        segment_s=0.5,
        reconstruction_every=3,
        reconstruction_batch_size=2,
        template_s=0.25,
        distance="stft",
    )
    small = replace(system, model=replace(system.model, channels=8, dilations=(1, 2)), train=options)
    return Trainer(small, kits, recordings=audio, seed=2)


def share(audio: Path, out: Path) -> None:
    """Train in one process, and in two that share each batch."""
    kits = [procedural_kit(sample_rate=CONFIGS["default"].model.sample_rate)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "LOCAL_WORLD_SIZE": "2"}
    runs: list[tuple[str, dict[str, str]]] = [("one", {})]  # what a launcher sets
    runs += [("two", place | {"WORLD_SIZE": "2", "RANK": rank, "LOCAL_RANK": rank}) for rank in "01"]
    pids = []
    for name, variables in runs:
        pids.append(os.fork())
        if not pids[-1]:
            os.environ |= variables
            try:
                trainer = small_trainer(audio, kits, steps=SHARED_STEPS)
                train(trainer, out / name, workers=0, progress=lambda *_: None)
                trainer.accelerator.end_training()
            finally:
                os._exit(0)
    for pid in pids:
        os.waitpid(pid, 0)


def kill(audio: Path, out: Path) -> None:
    """Train once without interruption, and once killed and begun again until it ends; print how often."""
    drummernet.training.train._CHECKPOINT_S = 0  # so that many a kill comes while a checkpoint is written
    trainer = small_trainer(audio, [procedural_kit(sample_rate=CONFIGS["default"].model.sample_rate)])
    trainer.reconstruction_loss(torch.zeros(1, 8000))  # loads what takes longer than a step, without a thread
    trainer = small_trainer(audio, trainer.kits)
    start = time.monotonic()
    _live(trainer, out / "whole", workers=0, steps=STEPS, more_s=60)
    step_s = (time.monotonic() - start) / STEPS
    dice = random.Random()
    for life in range(STEPS):
        if _live(trainer, out / "killed", workers=life % 3, steps=dice.randint(1, 5), more_s=dice.uniform(0, step_s)):
            break
    print(life)


def _live(trainer: Trainer, out: Path, *, workers: int, steps: int, more_s: float) -> bool:
    """Train in a process that is killed some time after so many steps; tell whether it ended before."""
    hear, tell = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            train(trainer, out, workers=workers, progress=lambda *_: os.write(tell, b"."))
        finally:
            os._exit(0)
    os.close(tell)
    for _ in range(steps):
        os.read(hear, 1)  # nothing once it has ended
    until = time.monotonic() + more_s
    while time.monotonic() < until:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            return True
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"share": share, "kill": kill}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
