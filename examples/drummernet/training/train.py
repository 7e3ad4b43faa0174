"""A whole training: checkpoints, the log, and what could not be read."""

import csv
import errno
import io
import math
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self

import torch
from accelerate.utils import broadcast_object_list, gather_object

from ddsp_drums._atomic import write_whole
from drummernet.allocator import keep_freed_memory
from drummernet.training.interrupt import held_back
from drummernet.training.trainer import Trainer
from drummernet.weights import save_weights

__all__ = ["Trainer", "train"]

_CHECKPOINT_S = 60
_COLUMNS = ("step", "items", "cycle", "reconstruction")


def train(
    trainer: Trainer, out: str | Path, *, workers: int, progress: Callable[[int, dict[str, float]], None]
) -> Path:
    """Train to the end, with a checkpoint every minute and a row of `log.csv` for each step.

    Ctrl-C ends it after the step that it came in, with a checkpoint of it.

    Args:
        trainer: What to train.
        out: Folder of `checkpoint.pt`, `log.csv`, `skipped.txt` and at the end `NAME.safetensors`; an unfinished
            training in it is resumed, and so is a finished one that had fewer items. Then the schedule is that of the
            larger number, so that the learning rate is not what it was in a training of as many items from the
            beginning. Of several processes the first alone reads and writes it.
        workers: Processes that render, for each process that trains.
        progress: Called after each step with the steps done and the losses, in the first process.

    Returns:
        The file of the weights.

    Raises:
        ValueError: If `out` holds a damaged checkpoint, or one of another config, seed or version.
        OSError: If `out` cannot be written.
        KeyboardInterrupt: After Ctrl-C.
    """
    keep_freed_memory()
    out = Path(out)
    first = trainer.accelerator.is_main_process
    [state] = broadcast_object_list([_read(out / "checkpoint.pt") if first else None])
    skipped: dict[str, str] = {}
    if state:
        try:
            trainer.resume(state)
            skipped = state["skipped"]
        except KeyError as error:
            raise ValueError(f"{out / 'checkpoint.pt'}: of another version; choose another --out") from error
    saved_at = -math.inf
    stopped = False
    with _room(out), held_back() as interrupted, _Log(out, trainer.step_number) if first else nullcontext() as log:
        for batch in trainer.batches(workers):
            losses = trainer.step(batch)
            skipped |= {str(path): reason for path, reason in batch.skipped.items()}
            if log:
                log.add(trainer, losses)
                progress(trainer.step_number, losses)
                if time.monotonic() - saved_at > _CHECKPOINT_S:
                    log.file.flush()
                    _save(trainer, skipped, out)
                    saved_at = time.monotonic()
            stopped = trainer.any_process(interrupted())
            if stopped:
                break
        skipped = {path: reason for found in gather_object([skipped]) for path, reason in found.items()}
        weights = out / f"{trainer.config.name}.safetensors"
        if log:
            log.file.flush()
            _save(trainer, skipped, out)
            if not stopped:
                save_weights(trainer.model, trainer.config, weights)
        trainer.accelerator.wait_for_everyone()
    if stopped:
        raise KeyboardInterrupt
    return weights


class _Log:
    """A row for each step in `log.csv`; those after the checkpoint are left out, because they are taken again."""

    def __init__(self, out: Path, steps: int) -> None:
        out.mkdir(parents=True, exist_ok=True)
        path = out / "log.csv"
        kept = io.StringIO(newline="")
        writer = csv.DictWriter(kept, _COLUMNS)
        writer.writeheader()
        if path.exists():
            whole, _, _ = path.read_text().rpartition("\n")  # the last row may be half written
            writer.writerows(row for row in csv.DictReader(whole.splitlines()) if int(row["step"]) <= steps)
        write_whole(path, kept.getvalue().encode())
        self.file = path.open("a", newline="")
        self.writer = csv.DictWriter(self.file, _COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, trainer: Trainer, losses: dict[str, float]) -> None:
        items = trainer.step_number * trainer.config.train.batch_size
        self.writer.writerow({"step": trainer.step_number, "items": items, **losses})


def _read(checkpoint: Path) -> dict[str, Any] | None:
    for stale in checkpoint.parent.glob(".*.partial"):  # of a training that was killed while it wrote
        stale.unlink()
    if not checkpoint.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(checkpoint, weights_only=True, map_location="cpu")
    except (RuntimeError, EOFError, LookupError, pickle.UnpicklingError) as error:
        raise ValueError(f"{checkpoint}: damaged; remove it to begin anew") from error
    return state


def _save(trainer: Trainer, skipped: dict[str, str], out: Path) -> None:
    buffer = io.BytesIO()
    torch.save(trainer.state() | {"skipped": skipped}, buffer)
    write_whole(out / "checkpoint.pt", buffer.getvalue())
    if skipped:
        write_whole(out / "skipped.txt", "".join(f"{reason}\n" for reason in skipped.values()).encode())


@contextmanager
def _room(out: Path) -> Iterator[None]:
    """Say what a full disk means for a training."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise OSError(f"{out}: the disk is full; make room, then the same command goes on") from error
