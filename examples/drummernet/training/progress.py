"""How far a training is: a bar on a terminal, lines of JSON anywhere else."""

import json
import time
from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from drummernet.training.trainer import Trainer

__all__ = ["TrainingProgress"]

_RECENT = 50  # steps whose losses and times are averaged
_LINE_S = 10.0


class TrainingProgress:
    """Show steps, recent mean losses, items a second and the time left; to be called after each step.

    Elsewhere than on a terminal, a line each ten seconds and after the last step holds `step`, `steps`, `items`,
    `items_per_s`, `left_s` and the losses by name.

    Args:
        trainer: What is trained.
        console: Where to show it.
    """

    def __init__(self, trainer: Trainer, console: Console) -> None:
        self.trainer = trainer
        self.console = console
        self.times = deque([time.monotonic()], _RECENT)
        self.losses: dict[str, deque[float]] = {}
        self.told_at = time.monotonic()
        text = [TextColumn(f"{{task.fields[{name}]}}") for name in ("loss", "rate", "left")]
        self.bar = Progress(BarColumn(), MofNCompleteColumn(), *text, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("train", total=trainer.total_steps, loss="", rate="", left="")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bar.stop()

    def __call__(self, step: int, losses: dict[str, float]) -> None:
        """Take note of a step and its losses."""
        self.times.append(time.monotonic())
        for name, loss in losses.items():
            self.losses.setdefault(name, deque(maxlen=_RECENT)).append(loss)
        recent = {name: sum(values) / len(values) for name, values in self.losses.items()}
        steps, batch_size = self.trainer.total_steps, self.trainer.config.train.batch_size
        step_s = (self.times[-1] - self.times[0]) / (len(self.times) - 1)
        items_per_s, left_s = batch_size / max(step_s, 1e-9), (steps - step) * step_s
        self.bar.update(
            self.task,
            completed=step,
            loss="  ".join(f"{name} {loss:.4f}" for name, loss in recent.items()),
            rate=f"{items_per_s:.1f} items/s",
            left=f"{_clock(left_s)} left",
        )
        if not self.console.is_terminal and (step == steps or self.times[-1] - self.told_at > _LINE_S):
            self.told_at = self.times[-1]
            numbers = {"step": step, "steps": steps, "items": step * batch_size}
            measured = {"items_per_s": items_per_s, "left_s": left_s} | recent
            line = json.dumps(numbers | {name: float(f"{value:.4g}") for name, value in measured.items()})
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _clock(duration_s: float) -> str:
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
