"""How the C library gives memory out."""

import ctypes
import platform

__all__ = ["keep_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next tensors instead of asking the system for zeroed pages each time.

    Other C libraries are left as they are, and so is an allocator that was put in its place.

    Source:
        mallopt(3).
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _BYTES)
