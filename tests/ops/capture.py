"""Whether a CUDA graph can hold a step."""

from collections.abc import Callable

import torch
from torch import Tensor

from tests.tolerances import assert_equal


def assert_capturable(step: Callable[[], tuple[Tensor, ...]], x: Tensor) -> None:
    """Hold a step to never synchronising, and to a replay that follows its input `x`, which is turned around."""
    before = step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = step()
    x.copy_(x.flip(-1))
    graph.replay()
    for replayed, expected in zip(captured, step(), strict=True):
        assert_equal(replayed, expected)
    assert not torch.equal(captured[0], before[0])
