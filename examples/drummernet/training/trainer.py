"""A network, its optimiser, and the step that makes it better, in one process or shared by many."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ddsp_drums.events import Hit
from ddsp_drums.functional import template_synthesis
from ddsp_drums.kits import Kit, KitError, random_templates
from ddsp_drums.losses import CycleConsistencyLoss, OnsetCQTLoss, SpectralLoss
from ddsp_drums.nn import LogMel, Spectrogram
from drummernet.config import Config
from drummernet.model import DrummerNet
from drummernet.training.batch_norm import share_statistics
from drummernet.training.batches import Batch, Batches
from drummernet.training.data import Recordings, Rendered
from drummernet.training.interrupt import ignore

try:
    from accelerate import Accelerator
except ImportError as error:
    raise ImportError("training needs accelerate: pip install 'ddsp_drums[train]'") from error

__all__ = ["Trainer"]

_WARM_UP = 0.02  # share of the steps
_SHOWN = 1 << 40  # number of the first item that is only looked at: no training comes so far


class Trainer:
    """A network, its optimiser, and the step that makes it better.

    Under `accelerate launch` or `torchrun` every process has an equal share of every batch. Gradients, the statistics
    of batch normalisation and the mean over the hits are those of the whole batch, so that the result is that of one
    process but for rounding.

    Args:
        config: The system.
        kits: Sounds for rendering and reconstruction, at the network's sample rate.
        performances: What to render; made up where there is none.
        recordings: A folder of audio for reconstruction; may be None where its weight is 0.
        seed: Of the initial weights and all data.

    Raises:
        AudioFileError: If there are recordings, but none that can be read.
        KitError: If an instrument of the network is in no kit, or a kit has another sample rate.
        ValueError: If reconstruction has a weight but there is no recording, or cycle consistency has one but the
            network does not tell velocity, or the processes cannot share a batch equally.
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
        for kit in kits:
            if kit.sample_rate != config.model.sample_rate:
                raise KitError(f"kit {kit.name} must have {config.model.sample_rate} Hz, has {kit.sample_rate}")
        self.config = config
        self.kits = kits
        self.seed = seed
        self.step_number = 0
        # Without being told that there is no GPU, each of several processes would believe itself alone.
        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.data = self._data(performances, recordings)
        self.recordings = self.data.recordings
        torch.manual_seed(seed)
        self.model = DrummerNet(config.model)
        if self.accelerator.num_processes > 1:
            share_statistics(self.model)
        optimiser = torch.optim.Adam(self.model.parameters(), config.train.learning_rate)
        self.network, self.optimiser = self.accelerator.prepare(self.model, optimiser)
        self.distance = _distance(config).to(self.accelerator.device)
        self.read_back = CycleConsistencyLoss(
            positive_weight=config.train.positive_weight, velocity_weight=config.train.velocity_weight
        )
        self.templates = torch.Generator().manual_seed(seed)

    @property
    def total_steps(self) -> int:
        """Steps of a whole training."""
        return math.ceil(self.config.train.items / self.config.train.batch_size)

    def batches(self, workers: int) -> Iterable[Batch]:
        """Return this process's share of the batches from the present step on, made by so many other processes."""
        return DataLoader(
            self.data,
            batch_size=None,
            sampler=range(self.step_number, self.total_steps),
            num_workers=workers,
            worker_init_fn=ignore,
            pin_memory=self.accelerator.device.type == "cuda",
            generator=torch.Generator(),  # otherwise it draws a number from the training's
        )

    def step(self, batch: Batch) -> dict[str, float]:
        """Take one step and return its losses by name, those of the whole batch."""
        options = self.config.train
        for group in self.optimiser.param_groups:
            group["lr"] = options.learning_rate * self._schedule()
        self.model.train()
        processes = self.accelerator.num_processes
        losses, parts = {}, []  # gradients are averaged over the processes, of which each sees its share of a loss
        if batch.rendered is not None:
            audio, played, velocity = map(self._placed, batch.rendered)
            prediction = self.network(audio)
            whole = map(self._whole, (*prediction, played, velocity))
            losses["cycle"] = options.cycle * self.read_back(*whole)
            parts.append(processes * losses["cycle"])
        if batch.recorded is not None:
            own = options.reconstruction * self.reconstruction_loss(self._placed(batch.recorded))
            losses["reconstruction"] = self.accelerator.reduce(own.detach(), reduction="mean")
            parts.append(own)
        self.optimiser.zero_grad()
        self.accelerator.backward(torch.stack(parts).sum())
        self.accelerator.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step_number += 1
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def reconstruction_loss(self, audio: Tensor) -> Tensor:
        """Transcribe recordings (B, T), play the result on random kits, and compare what is heard."""
        activations = self.model.activations(self.network(audio))
        hop_length = self.config.model.hop_length
        templates = self._templates()
        played = template_synthesis(activations, templates, hop_length=hop_length, gradient="support")  # gated
        heard = self.model.heard(audio)
        played = played[..., : heard.shape[-1]]
        if self.config.model.velocity:
            # Velocity is relative: the resynthesis takes its overall level from the recording.
            level = played.detach().norm(dim=-1, keepdim=True).clamp(min=1e-3)
            played = played * (heard.norm(dim=-1, keepdim=True) / level)
        return self.distance(played, heard)

    def state(self) -> dict[str, Any]:
        """Return all that a resumed training needs; its position in the data is the number of the step."""
        scaler = self.accelerator.scaler
        return {
            "config": asdict(self.config),
            "seed": self.seed,
            "step": self.step_number,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": scaler.state_dict() if scaler else None,
            "random": torch.get_rng_state(),
            "templates": self.templates.get_state(),
            "threads": torch.get_num_threads(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state, which must be of the same system, to as many items as this one has.

        Other threads would sum in another order: they are as many as there were.
        """
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
        if self.accelerator.scaler and state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"])
        self.templates.set_state(state["templates"])
        torch.set_num_threads(state["threads"])

    def any_process(self, flag: bool) -> bool:
        """Tell whether a flag is set in any of the processes."""
        flags = torch.tensor(float(flag), device=self.accelerator.device)
        return bool(self.accelerator.reduce(flags, reduction="sum"))

    def shown(self) -> Batch:
        """Return segments to look at, which nothing is learned from: the same at any time."""
        return self.data[_SHOWN * self.config.train.reconstruction_every]

    def _data(self, performances: Sequence[list[Hit]], recordings: str | Path | None) -> Batches:
        options = self.config.train
        rendered = heard = None
        if options.cycle:
            items = self.total_steps * options.batch_size
            rendered = Rendered(
                self.kits,
                performances,
                self.config.model,
                segment_s=options.segment_s,
                items=items,
                degraded=options.degraded,
                seed=self.seed,
            )
        if options.reconstruction and recordings is not None:
            length_s = min(options.segment_s, 2.048)
            heard = Recordings(recordings, self.config.model, segment_s=length_s, seed=self.seed)
            heard[0]  # if none can be read, this is the time to say it
        place = {"rank": self.accelerator.process_index, "processes": self.accelerator.num_processes}
        return Batches(rendered, heard, options, **place)

    def _placed(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.accelerator.device, non_blocking=True)

    def _whole(self, own: Tensor) -> Tensor:
        """Put the shares of all processes together; the gradient goes to one's own."""
        processes = self.accelerator.num_processes
        if processes == 1:
            return own
        shares = list(self.accelerator.gather(own.detach()).chunk(processes))
        shares[self.accelerator.process_index] = own
        return torch.cat(shares)

    def _templates(self) -> Tensor:
        templates = random_templates(
            self.kits,
            self.config.model.instruments,
            generator=self.templates,
            duration_s=self.config.train.template_s,
        )
        return self._placed(templates)

    def _schedule(self) -> float:
        if self.config.train.schedule == "constant":
            return 1.0
        warm = min(1.0, (self.step_number + 1) / (_WARM_UP * self.total_steps))
        return warm * 0.5 * (1 + math.cos(math.pi * self.step_number / self.total_steps))


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
