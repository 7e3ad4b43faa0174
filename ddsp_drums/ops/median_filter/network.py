"""The running median by a sorting network of which only the median's part is kept."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

_BLOCK = 1 << 15  # samples in flight on a wire: the wires of a block together fit a cache


class Comparator(NamedTuple):
    """Put the smaller of two wires on the first and the larger on the second, if anybody reads it there."""

    first: int
    second: int
    smaller: bool
    larger: bool


def median_by_network(padded: Tensor, kernel_size: int) -> Tensor:
    """Map mirrored samples (N + kernel_size - 1, M) to the medians (N, M) along the first axis."""
    size = padded.shape[0] - kernel_size + 1
    median = padded.new_empty(size, padded.shape[1])
    step = max(1, _BLOCK // size)
    for columns in range(0, padded.shape[1], step):
        block = padded[:, columns : columns + step].contiguous()
        wires = [block[shift : shift + size] for shift in range(kernel_size)]
        for first, second, smaller, larger in median_network(kernel_size):
            a, b = wires[first], wires[second]
            if smaller:
                wires[first] = torch.minimum(a, b)
            if larger:
                wires[second] = torch.maximum(a, b)
        median[:, columns : columns + step] = wires[kernel_size // 2]
    return median


@lru_cache(maxsize=16)
def median_network(size: int) -> tuple[Comparator, ...]:
    """Keep of a network that sorts `size` wires what the middle one needs: 152 comparators of 31 wires."""
    read = {size // 2}
    kept = []
    for first, second in reversed(_sorting_network(size)):
        smaller, larger = first in read, second in read
        if smaller or larger:
            kept.append(Comparator(first, second, smaller, larger))
            read |= {first, second}
    return tuple(reversed(kept))


def _sorting_network(size: int) -> list[tuple[int, int]]:
    """Batcher's odd-even merge sort; wires beyond `size` would hold infinity, so what touches them is left out."""
    comparators = []
    run = 1
    while run < size:
        step = run
        while step >= 1:
            for start in range(step % run, size - step, 2 * step):
                for first in range(start, min(start + step, size - step)):
                    if first // (2 * run) == (first + step) // (2 * run):
                        comparators.append((first, first + step))
            step //= 2
        run *= 2
    return comparators
