"""What a figure depends on: the machine, the versions, and how fast the machine can be at all."""

import datetime
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import seconds

_PACKAGES = ("torch", "torchaudio", "numba", "triton", "entmax", "liger-kernel", "numpy")


def describe(device: torch.device) -> dict[str, Any]:
    """Describe the machine without naming it."""
    described = {
        "device": device.type,
        "name": _cpu() if device.type == "cpu" else torch.cuda.get_device_name(device),
        "cpu": _cpu(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in _PACKAGES},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    if device.type == "cuda":
        described["memory_gb"] = round(torch.cuda.get_device_properties(device).total_memory / 1e9)
        described["cuda"] = torch.version.cuda
    return described


def ceilings(device: torch.device) -> dict[str, float]:
    """Measure the best that the device does in float32: bytes a second copied, multiply-adds a second of a product."""
    large = 1 << (28 if device.type == "cuda" else 25)
    source = torch.ones(large, device=device)
    target = torch.empty_like(source)
    side = 8192 if device.type == "cuda" else 1024
    matrix = torch.randn(side, side, device=device)
    product = torch.empty_like(matrix)
    copied = min(seconds(lambda: target.copy_(source), device) for _ in range(8))
    multiplied = min(seconds(lambda: torch.mm(matrix, matrix, out=product), device) for _ in range(8))
    return {"bytes_per_s": 2 * 4 * large / copied, "operations_per_s": side**3 / multiplied}


def file_name(machine: dict[str, Any]) -> str:
    """Return the name of the file for a machine's results."""
    return "-".join(re.findall("[a-z0-9]+", machine["name"].lower())) + ".json"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
