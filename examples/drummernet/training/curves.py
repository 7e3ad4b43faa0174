"""What a training leaves to look at: curves in TensorBoard, and pictures of what the network hears."""

import io
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ddsp_drums._atomic import write_whole
from drummernet.training.pictures import draw_segments
from drummernet.training.trainer import Trainer

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Curves", "has_tensorboard"]

_PICTURES = 10  # of a whole training
_APART_S = 60.0  # or fewer, where they would take much of its time
_SEGMENTS = 2  # of each kind


class Curves:
    """Write losses and learning rate to `tensorboard`, and pictures there and to `pictures`; to be called each step.

    Where TensorBoard is not installed, there are pictures only.

    Args:
        trainer: What is trained.
        out: Folder of both folders.
    """

    def __init__(self, trainer: Trainer, out: Path) -> None:
        self.trainer = trainer
        self.out = out
        self.writer: SummaryWriter | None = None
        self.drawn_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.writer:
            self.writer.close()

    def __call__(self, step: int, losses: dict[str, float]) -> None:
        """Take note of a step and its losses."""
        if has_tensorboard():
            self._write(step, losses)
        steps = self.trainer.total_steps
        due = step % max(steps // _PICTURES, 1) == 0 and time.monotonic() - self.drawn_at > _APART_S
        if due or step == steps:
            self._draw(step)
            self.drawn_at = time.monotonic()

    def _write(self, step: int, losses: dict[str, float]) -> None:
        if self.writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(self.out / "tensorboard"), purge_step=step)  # this step is taken again
        for name, loss in losses.items():
            self.writer.add_scalar(f"loss/{name}", loss, step)
        self.writer.add_scalar("learning rate", self.trainer.optimiser.param_groups[0]["lr"], step)

    def _draw(self, step: int) -> None:
        segments = self.trainer.shown()
        rendered, recorded = segments.rendered, segments.recorded
        audio_and_played = [] if rendered is None else list(zip(*rendered[:2], strict=True))[:_SEGMENTS]
        figure = draw_segments(
            self.trainer.model,
            audio_and_played,
            [] if recorded is None else list(recorded[:_SEGMENTS]),
            title=f"after {step} steps",
        )
        canvas, png = FigureCanvasAgg(figure), io.BytesIO()
        canvas.draw()
        figure.savefig(png, format="png")
        folder = self.out / "pictures"
        folder.mkdir(exist_ok=True)
        write_whole(folder / f"{step:07}.png", png.getvalue())
        if self.writer:
            self.writer.add_image("transcriptions", np.asarray(canvas.buffer_rgba())[..., :3], step, dataformats="HWC")


def has_tensorboard() -> bool:
    """Tell whether TensorBoard is installed."""
    return find_spec("tensorboard") is not None
