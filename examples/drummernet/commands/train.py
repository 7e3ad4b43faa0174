"""The `drummernet train` command."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from ddsp_drums.kits import Kit
    from drummernet.config import Config

__all__ = ["train"]

_LISTED = 5  # files that are named of those left out
_PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}


def train(
    kits: Annotated[
        list[Path], typer.Option(metavar="KIT_DIR", help="One-shots named by instrument. May be repeated.")
    ],
    audio: Annotated[
        Path | None,
        typer.Argument(metavar="AUDIO_DIR", help="Recordings, without annotation. Default: learn from the kits alone."),
    ] = None,
    taxonomy: Annotated[
        Path | None, typer.Option(help="Instruments of your own, a TOML file: learn exactly those that the kits hold.")
    ] = None,
    midi: Annotated[
        list[Path] | None, typer.Option(metavar="MIDI_DIR", help="Performances to render. Default: made up.")
    ] = None,
    config: Annotated[str, typer.Option(help="default, paper, paper-conv or paper-silent.")] = "default",
    out: Annotated[
        Path, typer.Option(help="Folder for checkpoint, log, pictures and weights; resumed if it has a checkpoint.")
    ] = Path("runs/default"),
    items: Annotated[int | None, typer.Option(min=1, help="Segments to train on. Default: the config's.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Segments in a step, over all processes. Default: the config's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the initial weights and all data.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that render. Default: half as many as processors.")
    ] = None,
) -> None:
    """Train a network on your own recordings and sounds.

    Several processes, GPUs or machines share the work under `torchrun ... -m drummernet train ...`, or under
    `accelerate launch -m drummernet train ...`, which knows mixed precision as well. Ctrl-C saves the last step, and
    the same command goes on.
    """
    import torch

    from ddsp_drums.kits import TAXONOMY, load_kit, load_taxonomy
    from drummernet.config import with_classes
    from drummernet.training.curves import Curves, has_tensorboard
    from drummernet.training.data import load_performances
    from drummernet.training.progress import TrainingProgress
    from drummernet.training.train import Trainer
    from drummernet.training.train import train as run

    system = _system(config, items, batch_size)
    first = os.environ.get("RANK", "0") == "0"
    console, errors = Console(quiet=not first), Console(stderr=True, quiet=not first)
    known = load_taxonomy(taxonomy) if taxonomy else TAXONOMY
    sounds = [load_kit(folder, sample_rate=system.model.sample_rate, taxonomy=known) for folder in kits]
    for kit in sounds:
        errors.print(_kit_line(kit), **_PLAIN)
    if taxonomy:
        system = with_classes(system, {name for kit in sounds for name in kit.classes}, known)
    if audio is None and system.train.cycle:
        system = replace(system, train=replace(system.train, reconstruction=0.0))
    performances = [hits for folder in midi or [] for hits in load_performances(folder, taxonomy=known)]
    if workers is None:
        workers = max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) // 2)
    torch.set_num_threads(max(1, torch.get_num_threads() - workers))
    trainer = Trainer(system, sounds, performances=performances, recordings=audio, seed=seed)
    if not has_tensorboard():
        errors.print(f"curves need TensorBoard: pip install tensorboard; the losses are in {out / 'log.csv'}", **_PLAIN)
    with TrainingProgress(trainer, errors) as progress, Curves(trainer, out) as curves:

        def note(step: int, losses: dict[str, float]) -> None:
            progress(step, losses)
            curves(step, losses)

        try:
            weights = run(trainer, out, workers=workers, progress=note)
        except KeyboardInterrupt:
            errors.print(f"stopped after step {trainer.step_number}, saved; the same command goes on", **_PLAIN)
            raise
        except (ValueError, OSError, RuntimeError) as error:
            raise _of_worker(error) from error
    if (out / "skipped.txt").exists():
        errors.print(_skipped(out / "skipped.txt"), **_PLAIN)
    console.print(f"wrote {weights}", **_PLAIN)
    trainer.accelerator.end_training()


def _system(name: str, items: int | None, batch_size: int | None) -> "Config":
    from drummernet.config import CONFIGS

    if name not in CONFIGS:
        raise ValueError(f"--config must be one of {', '.join(CONFIGS)}, got {name}")
    system = CONFIGS[name]
    options = system.train
    if batch_size:
        share = options.reconstruction_batch_size / options.batch_size  # recordings in a step grow with it
        recordings = max(1, round(share * batch_size))
        options = replace(options, batch_size=batch_size, reconstruction_batch_size=recordings)
    return replace(system, train=replace(options, items=items or options.items))


def _kit_line(kit: "Kit") -> str:
    left_out = [f"{file} ({reason})" for file, reason in kit.left_out.items()]
    listed = f"; left out: {_some(left_out, ', ')}" if left_out else ""
    return f"kit {kit.name}: {', '.join(kit.classes)}{listed}"


def _skipped(path: Path) -> str:
    reasons = path.read_text().splitlines()
    return f"skipped, all in {path}:\n{_some(reasons, chr(10))}"


def _some(lines: Sequence[str], separator: str) -> str:
    more = f"{separator}and {len(lines) - _LISTED} more" if len(lines) > _LISTED else ""
    return separator.join(lines[:_LISTED]) + more


def _of_worker(error: Exception) -> Exception:
    """Put an error of a process that renders, which comes with the whole traceback, into one line."""
    text = str(error).strip()
    if "DataLoader worker" not in text:
        return error
    if isinstance(error, RuntimeError) and "Traceback" not in text:
        return OSError(f"a process that renders was ended ({text.splitlines()[0]}): try fewer --workers")
    return type(error)(text.splitlines()[-1].partition(": ")[2])
