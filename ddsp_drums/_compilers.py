"""Which of the optional compilers for kernels are installed, and how compiled kernels use the cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

import torch

_NUMBA = find_spec("numba") is not None
_TRITON = find_spec("triton") is not None


def has_numba() -> bool:
    """Tell whether kernels for the CPU can be compiled: the extra `cpu`."""
    return _NUMBA


def has_triton() -> bool:
    """Tell whether kernels for a CUDA device can be compiled: Triton comes with torch for CUDA."""
    return _TRITON


def in_threads(kernel: Callable[..., None], count: int, *arguments: Any) -> None:
    """Run `kernel(first, last, *arguments)`, which must not hold the GIL, over all of `count` in torch's threads."""
    threads = min(torch.get_num_threads(), count)
    if threads == 1:
        kernel(0, count, *arguments)
        return
    parts = min(count, 4 * threads)  # more than threads, because some take longer
    bounds = [count * i // parts for i in range(parts + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(kernel, *bounds[i : i + 2], *arguments) for i in range(parts)]:
            done.result()
