"""How kernels for the CPU are compiled."""

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any], *, reorder_sums: bool = False) -> Any:
    """Compile a function when it is first called, without the GIL, and keep the result on disk where that can be.

    With `reorder_sums` sums may be reordered, hence vectorised; NaN and infinity keep their meaning either way.
    """
    fastmath = {"reassoc", "nsz", "contract"} if reorder_sums else False
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package nor the home can be written to: compile in each process
        return njit(**options)(function)
