"""What pytest must not import for its doctests: kernels whose compiler is not installed."""

from ddsp_drums._compilers import has_numba, has_triton

collect_ignore_glob = [
    pattern
    for pattern, installed in [("*/numba_kernels.py", has_numba()), ("*/triton_kernels.py", has_triton())]
    if not installed
]
