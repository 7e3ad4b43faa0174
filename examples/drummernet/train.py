"""Train a network on recordings that nobody annotated and on performances rendered with a kit."""

import csv
import io
import itertools
import math
import pickle
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ddsp_drums._atomic import write_whole
from ddsp_drums.events import Hit
from ddsp_drums.functional import template_synthesis
from ddsp_drums.kits import Kit, KitError, random_templates
from ddsp_drums.losses import CycleConsistencyLoss, OnsetCQTLoss, SpectralLoss
from ddsp_drums.nn import LogMel, Spectrogram
from drummernet.config import Config
from drummernet.data import Recordings, Rendered
from drummernet.model import DrummerNet
from drummernet.weights import save_weights

__all__ = ["Trainer", "train"]

_CHECKPOINT_S = 60
_WARM_UP = 0.02  # share of the steps


class Trainer:
    """A network, its optimiser, and the step that makes it better.

    Args:
        config: The system.
        kits: Sounds for rendering and reconstruction.
        performances: What to render; made up where there is none.
        recordings: A folder of audio for reconstruction; may be None where its weight is 0.
        seed: Of the initial weights and all data.

    Raises:
        KitError: If an instrument of the network is in no kit.
        ValueError: If reconstruction has a weight but there is no recording, or cycle consistency has one but the
            network does not tell velocity.
    """

    def __init__(
        self,
        config: Config,
        kits: Sequence[Kit],
        *,
        performances: Sequence[list[Hit]] = (),
        recordings: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        if config.train.reconstruction and recordings is None:
            raise ValueError("reconstruction needs recordings: give a folder of audio")
        if config.train.cycle and not config.model.velocity:
            raise ValueError("cycle consistency needs a network that tells velocity")
        missing = set(config.model.instruments) - {name for kit in kits for name in kit.classes}
        if missing:
            raise KitError(f"no kit has {', '.join(sorted(missing))}: add the sounds, or a kit that has them")
        torch.manual_seed(seed)
        self.config = config
        self.kits = kits
        self.performances = performances
        self.seed = seed
        self.step_number = 0
        self.model = DrummerNet(config.model)
        self.optimiser = torch.optim.Adam(self.model.parameters(), config.train.learning_rate)
        self.distance = _distance(config)
        self.read_back = CycleConsistencyLoss(
            positive_weight=config.train.positive_weight, velocity_weight=config.train.velocity_weight
        )
        self.templates = torch.Generator().manual_seed(seed)
        self.recordings: Recordings | None = None
        if config.train.reconstruction and recordings is not None:
            length_s = min(config.train.segment_s, 2.048)
            self.recordings = Recordings(recordings, config.model, segment_s=length_s, seed=seed)

    @property
    def total_steps(self) -> int:
        """Steps of a whole training."""
        return math.ceil(self.config.train.items / self.config.train.batch_size)

    def batches(self, workers: int) -> Iterable[tuple[Tensor, Tensor, Tensor] | None]:
        """Return the rendered batches from the present step on; None each where nothing is learned from them."""
        options = self.config.train
        if not options.cycle:
            return itertools.repeat(None, self.total_steps - self.step_number)
        rendered = Rendered(
            self.kits,
            self.performances,
            self.config.model,
            segment_s=options.segment_s,
            items=self.total_steps * options.batch_size,
            seed=self.seed,
        )
        rest = range(self.step_number * options.batch_size, len(rendered))
        return DataLoader(rendered, options.batch_size, sampler=rest, num_workers=workers)

    def step(self, rendered: tuple[Tensor, Tensor, Tensor] | None) -> dict[str, float]:
        """Take one step and return its losses by name."""
        options = self.config.train
        for group in self.optimiser.param_groups:
            group["lr"] = options.learning_rate * self._schedule()
        self.model.train()
        losses: dict[str, Tensor] = {}
        if rendered is not None:
            audio, played, velocity = rendered
            prediction = self.model(audio)
            losses["cycle"] = options.cycle * self.read_back(*prediction, played, velocity)
        if self.recordings is not None and self.step_number % options.reconstruction_every == 0:
            first = self.step_number * options.reconstruction_batch_size
            chosen = [self.recordings[first + index] for index in range(options.reconstruction_batch_size)]
            losses["reconstruction"] = options.reconstruction * self.reconstruction_loss(torch.stack(chosen))
        self.optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step_number += 1
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def reconstruction_loss(self, audio: Tensor) -> Tensor:
        """Transcribe recordings (B, T), play the result on random kits, and compare what is heard."""
        activations = self.model.activations(self.model(audio))
        hop_length = self.config.model.hop_length
        played = template_synthesis(activations, self._templates(), hop_length=hop_length, gradient="support")  # gated
        heard = self.model.heard(audio)
        played = played[..., : heard.shape[-1]]
        if self.config.model.velocity:
            # Velocity is relative: the resynthesis takes its overall level from the recording.
            level = played.detach().norm(dim=-1, keepdim=True).clamp(min=1e-3)
            played = played * (heard.norm(dim=-1, keepdim=True) / level)
        return self.distance(played, heard)

    def state(self) -> dict[str, Any]:
        """Return all that a resumed training needs."""
        return {
            "config": asdict(self.config),
            "seed": self.seed,
            "step": self.step_number,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "templates": self.templates.get_state(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state, which must be of the same system, to as many items as this one has."""
        config = asdict(self.config)
        began_with = state["config"] | {"train": state["config"]["train"] | {"items": self.config.train.items}}
        if (began_with, state["seed"]) != (config, self.seed):
            raise ValueError("the checkpoint is of another config or seed: choose another --out, or what it began with")
        if state["step"] > self.total_steps:
            items = state["step"] * self.config.train.batch_size
            raise ValueError(f"the checkpoint has learned from {items} items already: ask for more, or another --out")
        self.step_number = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.templates.set_state(state["templates"])

    def _templates(self) -> Tensor:
        return random_templates(
            self.kits,
            self.config.model.instruments,
            generator=self.templates,
            duration_s=self.config.train.template_s,
        )

    def _schedule(self) -> float:
        if self.config.train.schedule == "constant":
            return 1.0
        warm = min(1.0, (self.step_number + 1) / (_WARM_UP * self.total_steps))
        return warm * 0.5 * (1 + math.cos(math.pi * self.step_number / self.total_steps))


def train(
    trainer: Trainer, out: str | Path, *, workers: int, progress: Callable[[int, dict[str, float]], None]
) -> Path:
    """Train to the end, with a checkpoint every minute and a row of `log.csv` for each step.

    Args:
        trainer: What to train.
        out: Folder of `checkpoint.pt`, `log.csv` and at the end `NAME.safetensors`; an unfinished training in it
            is resumed, and so is a finished one that had fewer items. Then the schedule is that of the larger number,
            so that the learning rate is not what it was in a training of as many items from the beginning.
        workers: Processes that render.
        progress: Called after each step with the steps done and the losses.

    Returns:
        The file of the weights.

    Raises:
        ValueError: If `out` holds a damaged checkpoint, or one of another config or seed.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        try:
            state = torch.load(checkpoint, weights_only=True)
        except (RuntimeError, EOFError, LookupError, pickle.UnpicklingError) as error:
            raise ValueError(f"{checkpoint}: damaged; remove it to begin anew") from error
        trainer.resume(state)
    saved_at = -math.inf
    rows = _logged(out / "log.csv", trainer.step_number)
    with (out / "log.csv").open("w", newline="") as file:
        log = csv.DictWriter(file, ["step", "items", "cycle", "reconstruction"])
        log.writeheader()
        log.writerows(rows)
        file.flush()
        for batch in trainer.batches(workers):
            losses = trainer.step(batch)
            items = trainer.step_number * trainer.config.train.batch_size
            log.writerow({"step": trainer.step_number, "items": items, **losses})
            progress(trainer.step_number, losses)
            if time.monotonic() - saved_at > _CHECKPOINT_S:
                file.flush()
                _save(trainer.state(), checkpoint)
                saved_at = time.monotonic()
    _save(trainer.state(), checkpoint)
    return save_weights(trainer.model, trainer.config, out / f"{trainer.config.name}.safetensors")


def _distance(config: Config) -> SpectralLoss:
    """Make the loss of a reconstruction; all three have one scale, because large gradients are clipped."""
    sample_rate, enhance = config.model.sample_rate, config.train.enhance
    cqt = OnsetCQTLoss(sample_rate, enhance=enhance)
    if config.train.distance == "cqt":
        return cqt
    if config.train.distance == "mel":
        mel = LogMel(sample_rate=sample_rate, n_mels=128)
        return SpectralLoss(mel, enhance=enhance, compression="none", scale=cqt.scale)
    if config.train.distance == "stft":
        return SpectralLoss(Spectrogram(), enhance=enhance, scale=cqt.scale)
    raise ValueError(f"distance must be 'cqt', 'mel' or 'stft', got {config.train.distance!r}")


def _logged(path: Path, steps: int) -> list[dict[str, str]]:
    """Read what was logged up to the checkpoint: later steps are taken again."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["step"]) <= steps]


def _save(state: dict[str, Any], path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_whole(path, buffer.getvalue())
