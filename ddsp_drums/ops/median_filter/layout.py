"""How samples are laid out before the kernels see them, and back: mirrored at the edges, or in phases."""

import torch
from torch import Tensor

from ddsp_drums.ops.median_filter.network import median_network


def mirror(x: Tensor, kernel_size: int) -> Tensor:
    """Mirror samples (O, N, M) at the edges of the middle axis: (O, N + kernel_size - 1, M)."""
    radius = kernel_size // 2
    return x.index_select(1, _mirrored(torch.arange(-radius, x.shape[1] + radius, device=x.device), x.shape[1]))


def fold(mirrored: Tensor, kernel_size: int) -> Tensor:
    """Add mirrored samples (O, N + kernel_size - 1, M) to the samples (O, N, M) that they mirror."""
    radius = kernel_size // 2
    size = mirrored.shape[1] - 2 * radius
    folded = mirrored.new_zeros(mirrored.shape[0], size, mirrored.shape[2])
    for start in range(
        -radius // size * size, size + radius, size
    ):  # an image of the samples, every other one mirrored
        first, last = max(start, -radius), min(start + size, size + radius)
        image = mirrored[:, first + radius : last + radius]
        if start // size % 2:
            folded[:, start + size - last : start + size - first] += image.flip(1)
        else:
            folded[:, first - start : last - start] += image
    return folded


def to_phases(x: Tensor, kernel_size: int) -> Tensor:
    """Mirror samples (O, N, M) and take groups of G, which the network works on at once, apart: (G, O, groups, M).

    Counted from the first of its group, sample j is then in phase j % G, and j // G * M further on, for all groups.
    """
    group = len(median_network(kernel_size).medians)
    groups = -(-x.shape[1] // group) + reach(kernel_size)
    position = torch.arange(groups * group, device=x.device).view(groups, group).T - kernel_size // 2
    phases = x.index_select(1, _mirrored(position.flatten(), x.shape[1]))
    return phases.unflatten(1, (group, groups)).transpose(0, 1).contiguous()


def from_phases(medians: Tensor, size: int) -> Tensor:
    """Put the first `size` samples of phases (G, O, groups, M) together: (O, N, M)."""
    group, _, groups, _ = medians.shape
    position = torch.arange(size, device=medians.device)
    return medians.transpose(0, 1).flatten(1, 2).index_select(1, position % group * groups + position // group)


def reach(kernel_size: int) -> int:
    """Return how many groups further on the network reads."""
    network = median_network(kernel_size)
    return (network.inputs - 1) // len(network.medians)


def _mirrored(position: Tensor, size: int) -> Tensor:
    """Return which of `size` samples is seen at a position, mirrored as often as it takes."""
    position = position % (2 * size)
    return torch.minimum(position, 2 * size - 1 - position)
