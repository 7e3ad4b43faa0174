import subprocess
import sys

import pytest
import torch

from ddsp_drums import _compilers

NOWHERE_TO_CACHE = """
from numba.core import caching
caching.CacheImpl._locator_classes = []
import torch
import ddsp_drums
audio = ddsp_drums.template_synthesis(torch.ones(1, 2), torch.tensor([[1.0, 2.0]]), hop_length=2, backend="sparse")
gate = ddsp_drums.gated_sparsemax(torch.tensor([[9.0, 0.0]]), window=2)
median = ddsp_drums.median_filter(torch.tensor([1.0, 9.0, 2.0]), kernel_size=3)
print(audio.tolist(), gate.tolist(), median.tolist())
"""


@pytest.mark.skipif(not _compilers.has_numba(), reason="numba is not installed")
def test_kernels_work_where_nothing_can_be_cached():
    done = subprocess.run([sys.executable, "-c", NOWHERE_TO_CACHE], capture_output=True, text=True)
    assert done.stdout == "[1.0, 2.0, 1.0, 2.0] [[1.0, 0.0]] [1.0, 2.0, 2.0]\n", done.stderr


@pytest.mark.parametrize(("threads", "count"), [(1, 5), (2, 1), (3, 100)])
def test_threads_do_everything_once(threads, count):
    done: list[int] = []
    torch.set_num_threads(threads)
    try:
        _compilers.in_threads(lambda first, last, out: out.extend(range(first, last)), count, done)
    finally:
        torch.set_num_threads(1)
    assert sorted(done) == list(range(count))


def test_an_error_in_a_thread_is_raised():
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError):
            _compilers.in_threads(lambda first, last: 1 // 0, 10)
    finally:
        torch.set_num_threads(1)
