"""Which of the optional compilers for kernels are installed."""

from functools import cache
from importlib.util import find_spec


@cache
def has_numba() -> bool:
    """Tell whether kernels for the CPU can be compiled: the extra `cpu`."""
    return find_spec("numba") is not None


@cache
def has_triton() -> bool:
    """Tell whether kernels for a CUDA device can be compiled: Triton comes with torch for CUDA."""
    return find_spec("triton") is not None
