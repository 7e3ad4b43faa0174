"""Long recordings come in pieces, and are needed in others."""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator

import torch.nn.functional as F
from torch import Tensor

__all__ = ["Reader", "cut"]

Reader = Callable[[], Iterable[Tensor]]
"""Reads a recording anew, (n,) a piece, so that hours need not stand in memory."""


def cut(pieces: Iterable[Tensor], spans: Iterable[tuple[int, int]]) -> Iterator[Tensor]:
    """Cut spans out of what comes in pieces, holding only those that a span still needs.

    Args:
        pieces: At least one, (..., n) each.
        spans: Where each begins and ends, in samples from the beginning of the first piece; both ascend. They may
            overlap, and lie beyond what comes, where there are zeros.

    Yields:
        What lies in each span, (..., end - begin).

    Example:
        >>> import torch
        >>> [each.tolist() for each in cut([torch.ones(2), torch.tensor([5.0, 6.0])], [(-1, 3), (2, 5)])]
        [[0.0, 1.0, 1.0, 5.0], [5.0, 6.0, 0.0]]
    """
    coming = _located(pieces)
    held = [next(coming)]  # pieces that the next span needs, too
    empty = held[0][1][..., :0].clone()
    for (begin, end), (later, _) in itertools.pairwise([*spans, (sys.maxsize, sys.maxsize)]):
        window = F.pad(empty, (0, end - begin))
        before, held = iter(held), []
        for first, piece in itertools.chain(before, coming):
            last = first + piece.shape[-1]
            here = piece[..., max(begin - first, 0) : max(end - first, 0)]
            window[..., max(first - begin, 0) : max(last - begin, 0)] = here
            if last > later:
                held.append((first, piece))
            if last >= end:
                break
        held += before
        yield window


def _located(pieces: Iterable[Tensor]) -> Iterator[tuple[int, Tensor]]:
    """Tell of each piece (..., n) where it begins."""
    first = 0
    for piece in pieces:
        yield first, piece
        first += piece.shape[-1]
