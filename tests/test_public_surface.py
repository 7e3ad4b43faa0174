import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import ddsp_drums
from ddsp_drums import functional
from tests.surface import surface

FUNCTIONS = {name: getattr(functional, name) for name in functional.__all__}
CLASSES: dict[str, Any] = {
    name: value for name in ddsp_drums.__all__ if isinstance(value := getattr(ddsp_drums, name), type)
}
MODULES = {
    match[1]: cls
    for cls in CLASSES.values()
    if (match := re.match(r"Module of :func:`ddsp_drums\.(\w+)`", inspect.getdoc(cls) or ""))
}


def options_of(*callables):
    """Every parameter that is not a tensor, in order, with its default."""
    return [
        (parameter.name, parameter.default)
        for function in callables
        for parameter in inspect.signature(function).parameters.values()
        if parameter.annotation != "Tensor" and getattr(parameter.annotation, "__name__", "") != "Tensor"
        if parameter.name != "self"
    ]


def test_import_is_light_and_silent():
    code = "import torch, sys; before = set(sys.modules); import ddsp_drums; print(':', *set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    printed, loaded = done.stdout.split(":")
    assert (printed, done.stderr) == ("", "")
    packages = {name.split(".")[0] for name in loaded.split()}
    assert "ddsp_drums" in packages
    assert packages.isdisjoint({"triton", "torchaudio", "librosa", "matplotlib", "nnAudio", "scipy", "drummernet"})


def test_what_is_public_is_written_down():
    written = Path(__file__).with_name("public_surface.txt").read_text().splitlines()
    assert list(surface()) == written, "if this change is meant: make surface, and tell CHANGELOG.md of it"


def test_every_layer_is_a_module_or_in_functional():
    assert {*ddsp_drums.__all__} - {*CLASSES} == {*FUNCTIONS} == {*MODULES}
    assert all(issubclass(cls, nn.Module) for cls in CLASSES.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_module_with_the_same_options(name):
    assert name in MODULES, f"no exported module says 'Module of :func:`ddsp_drums.{name}`'"
    module = MODULES[name]
    theirs = [option for option in options_of(module.__init__, module.forward) if option[0] != "trainable"]
    assert theirs == options_of(FUNCTIONS[name])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tensors_come_first_and_options_by_keyword(name):
    for parameter in inspect.signature(FUNCTIONS[name]).parameters.values():
        is_tensor = getattr(parameter.annotation, "__name__", parameter.annotation) == "Tensor"
        assert is_tensor == (parameter.kind is not inspect.Parameter.KEYWORD_ONLY), parameter.name
