"""How the C library gives memory out."""

import ctypes
import platform

__all__ = ["give_memory_back", "keep_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_BYTES = 1 << 30


def keep_freed_memory(*, largest_bytes: int = _BYTES, total_bytes: int = _BYTES) -> None:
    """Let glibc keep freed memory for the next tensors instead of asking the system for zeroed pages each time.

    Other C libraries are left as they are, and so is an allocator that was put in its place.

    Args:
        largest_bytes: Tensors from this size on are given back all the same, so that none lies between those that stay.
        total_bytes: What is kept at most, where it lies at the end of the heap.

    Source:
        mallopt(3).
    """
    if libc := _glibc():
        libc.mallopt(_M_MMAP_THRESHOLD, largest_bytes)
        libc.mallopt(_M_TRIM_THRESHOLD, total_bytes)


def give_memory_back() -> None:
    """Let glibc give all freed memory back, also what lies between tensors that stay: a few milliseconds.

    Source:
        malloc_trim(3).
    """
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
