"""Trained networks: a safetensors file each, with its config in the file's metadata."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ddsp_drums._atomic import write_whole
from ddsp_drums.kits import Instrument
from drummernet.config import Config, ModelConfig, PickingConfig, TrainConfig
from drummernet.model import DrummerNet

__all__ = ["SHIPPED", "WeightsError", "load_weights", "save_weights"]

SHIPPED = Path(__file__).parent / "default.safetensors"


class WeightsError(ValueError):
    """A file that holds no usable network. The message is one line: the file, the reason, the remedy."""


def save_weights(model: DrummerNet, config: Config, path: str | Path) -> Path:
    """Write a network with its config.

    Args:
        model: The network.
        config: What it was made and trained by.
        path: The file, written whole or not at all.

    Returns:
        The path.
    """
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    write_whole(path, save(tensors, {"config": json.dumps(asdict(config))}))
    return Path(path)


def load_weights(path: str | Path = SHIPPED) -> tuple[DrummerNet, Config]:
    """Read a network and its config.

    Args:
        path: A file that `save_weights` wrote; the shipped network by default.

    Returns:
        The network in evaluation mode, and its config.

    Raises:
        WeightsError: If the file is missing or damaged, or is not of this recipe.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights; train some with `drummernet train`, or leave --weights out")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a safetensors file ({error}); copy or train it again") from error
    try:
        config = _config(json.loads(metadata["config"]))
        model = DrummerNet(config.model)
        model.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path}: weights of another config ({reason}); train them with this version") from error
    return model.eval(), config


def _config(stored: dict[str, Any]) -> Config:
    model = dict(stored["model"])
    for name in ("instruments", "dilations"):  # JSON has lists only
        model[name] = tuple(model[name])
    own = [{**entry, "spellings": tuple(entry["spellings"])} for entry in model.pop("own", [])]
    return Config(
        name=stored["name"],
        model=ModelConfig(**model, own=tuple(Instrument(**entry) for entry in own)),
        train=TrainConfig(**stored["train"]),
        picking=PickingConfig(**stored["picking"]),
    )
