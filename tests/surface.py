"""What is public, as text: `python -m tests.surface > tests/public_surface.txt`, which is `make surface`."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import drummernet
import typer
from drummernet.commands.app import app
from torch import nn

import ddsp_drums


def public_modules() -> list[ModuleType]:
    """Return what users import from: the toolkit's packages, `functional`, and the recipe."""
    packages = [module.name for module in pkgutil.walk_packages(ddsp_drums.__path__, "ddsp_drums.") if module.ispkg]
    names = ["ddsp_drums", *sorted(["ddsp_drums.functional", *packages]), "drummernet"]
    return [module for name in names if hasattr(module := import_module(name), "__all__")]


def surface() -> Iterator[str]:
    """Return a line for each public name, each public member of a class, and each command."""
    named: dict[int, str] = {}
    for module in public_modules():
        for name in module.__all__:
            value = getattr(module, name)
            path = f"{module.__name__}.{name}"
            if isinstance(value, type) and issubclass(value, Exception):
                yield f"{path}: {value.__base__.__name__}"
            elif not callable(value):
                yield f"{path}: {type(value).__name__}"
            elif id(value) in named:
                yield f"{path} = {named[id(value)]}"
            else:
                named[id(value)] = path
                yield path + _signature(value)
                if isinstance(value, type):
                    yield from (f"{path}.{member}" for member in _members(value))
    yield from _commands(typer.main.get_command(app), drummernet.__name__)


def _members(cls: type) -> Iterator[str]:
    fields = {*getattr(cls, "_fields", ()), *getattr(cls, "__dataclass_fields__", ())}
    inherited = set(dir(nn.Module)) - {"forward"}
    for name, value in sorted(vars(cls).items()):
        if not name.startswith("_") and name not in fields | inherited:
            yield name + (_signature(getattr(cls, name)) if callable(value) or isinstance(value, classmethod) else "")


def _signature(value: Any) -> str:
    shown: list[str] = []
    for name, parameter in inspect.signature(value).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        default = parameter.default
        if default is parameter.empty:
            shown.append(name)
        else:
            simple = default is None or isinstance(default, (bool, int, float, str, tuple))
            shown.append(f"{name}={default!r}" if simple else f"{name}=...")
    return f"({', '.join(name for name in shown if name != 'self')})"


def _commands(command: Any, path: str) -> Iterator[str]:
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(inner, f"{path} {name}")
    options = [" / ".join([*option.opts, *option.secondary_opts]) for option in command.params]
    if not hasattr(command, "commands"):
        yield " ".join([path, *(f"[{option}]" for option in options)])


if __name__ == "__main__":
    print(*surface(), sep="\n")
