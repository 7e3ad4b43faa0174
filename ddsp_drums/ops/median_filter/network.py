"""A network of minima and maxima that finds the medians of neighbouring windows at once.

All windows of a group hold the samples in the middle. These are sorted once; then the group is halved again and again,
and what the windows of a half have in common beside them is sorted and merged in. Of a sorted list only those that the
samples still to come can leave in the middle are kept, so that the lists shrink while the windows fill.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Step(NamedTuple):
    """Put the larger or the smaller of what two slots hold into a third, which may be one of them."""

    larger: bool
    first: int
    second: int
    target: int


class MedianNetwork(NamedTuple):
    """The slots begin with `inputs` neighbouring samples, and in `medians` end with those of windows 0, 1, 2 ..."""

    inputs: int
    steps: tuple[Step, ...]
    medians: tuple[int, ...]


@lru_cache(maxsize=32)
def median_network(kernel_size: int) -> MedianNetwork:
    """Build the network for windows of `kernel_size` samples: 34 operations a median for 31 samples."""
    group = 1
    while 4 * group <= kernel_size + 1:
        group *= 2
    inputs = kernel_size + group - 1
    builder = _Builder(inputs, kernel_size)
    medians = builder.halve(builder.sort(range(group - 1, kernel_size)), 0, group)
    return _in_slots(inputs, builder.steps, medians)


class _Builder:
    """Records steps whose target is a value of its own, the first `inputs` being the samples."""

    def __init__(self, inputs: int, kernel_size: int) -> None:
        self.kernel_size = kernel_size
        self.values = inputs
        self.steps: list[Step] = []

    def halve(self, common: list[int], start: int, group: int) -> list[int]:
        """Return the medians of `group` windows from `start` on, of which `common` is sorted."""
        spare = (len(common) - group) // 2
        common = common[spare : spare + group]  # group - 1 samples are missing: further out none can be the median
        if group == 1:
            return common
        half, end = group // 2, start + self.kernel_size
        left = self.merge(common, self.sort(range(start + half - 1, start + group - 1)))
        medians = self.halve(left, start, half)
        right = self.merge(common, self.sort(range(end, end + half)))
        return medians + self.halve(right, start + half, half)

    def sort(self, values: Iterable[int]) -> list[int]:
        values = list(values)
        if len(values) < 2:
            return values
        half = len(values) // 2
        return self.merge(self.sort(values[:half]), self.sort(values[half:]))

    def merge(self, first: list[int], second: list[int]) -> list[int]:
        """Batcher's odd-even merge of two sorted lists of any lengths."""
        if not first or not second:
            return first + second
        if len(first) == len(second) == 1:
            return self.order(first[0], second[0])
        even, odd = self.merge(first[::2], second[::2]), self.merge(first[1::2], second[1::2])
        merged, pairs = even[:1], min(len(even) - 1, len(odd))
        for pair in range(pairs):
            merged += self.order(even[pair + 1], odd[pair])
        return merged + even[pairs + 1 :] + odd[pairs:]

    def order(self, first: int, second: int) -> list[int]:
        ordered = [self.values, self.values + 1]
        self.steps += [Step(larger, first, second, self.values + larger) for larger in (False, True)]
        self.values += 2
        return ordered


def _in_slots(inputs: int, steps: list[Step], medians: list[int]) -> MedianNetwork:
    """Leave out what no median needs, and use a slot again once nobody reads it any more."""
    last_read = dict.fromkeys(medians, len(steps))
    for now in reversed(range(len(steps))):
        if steps[now].target in last_read:
            last_read.setdefault(steps[now].first, now)
            last_read.setdefault(steps[now].second, now)
    slot = {value: value for value in range(inputs)}
    free: list[int] = []
    kept: list[Step] = []
    for now, (larger, first, second, target) in enumerate(steps):
        if target in last_read:
            read = slot[first], slot[second]
            free += [slot[value] for value in (first, second) if last_read[value] == now]
            slot[target] = free.pop() if free else max(slot.values()) + 1
            kept.append(Step(larger, *read, slot[target]))
    return MedianNetwork(inputs, tuple(kept), tuple(slot[median] for median in medians))
