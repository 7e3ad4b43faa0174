"""What pytest must not import for its doctests (kernels whose compiler is not installed, a notebook), and Ctrl-C."""

import signal

from ddsp_drums._compilers import has_numba, has_triton

collect_ignore_glob = [
    pattern
    for pattern, installed in [("*/numba_kernels.py", has_numba()), ("*/triton_kernels.py", has_triton())]
    if not installed
]
collect_ignore_glob.append("*/your_kit/your_kit.py")  # a notebook, which trains a network when it is imported

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell starts in the background
