"""Estimates of the multiply-adds of each way to synthesise."""

import math

from benchmarks.operations.template_synthesis.case import Case


def _fft(points: float) -> float:
    return 1.25 * points * math.log2(points)  # multiply-adds of a real one


def _passes(backward: bool) -> int:
    return 3 if backward else 1  # the gradient of each input costs as much as the output


def polyphase(case: Case, backward: bool) -> float:
    """Estimate as of one block."""
    points = case.frames + case.length / case.hop
    kits = case.batch if case.kits == "item" else 1
    ffts = case.batch * case.instruments + (kits * case.instruments + case.batch) * case.hop
    mixed = 2 * points * case.batch * case.instruments * case.hop
    return _passes(backward) * (ffts * _fft(points) + mixed)


def sparse(case: Case, backward: bool, *, dense_gradient: bool = False) -> float:
    """Count the samples added, without those that ring past the end."""
    samples = case.frames * case.hop
    ringing = case.length * (1 - case.length / (2 * samples)) if case.length < samples else samples / 2
    added = case.batch * min(case.nonzeros, case.instruments * case.frames) * ringing
    if backward and dense_gradient:
        return 2 * added + polyphase(case, False)
    return _passes(backward) * added


def chosen(case: Case, backward: bool, *, dense_gradient: bool = False) -> float:
    """Take the smaller estimate."""
    return min(polyphase(case, backward), sparse(case, backward, dense_gradient=dense_gradient))


def torchaudio(case: Case, backward: bool) -> float:
    """Count the FFTs as if their length were a good one."""
    full = case.frames * case.hop + case.length - 1
    kits = case.batch if case.kits == "item" else 1
    return _passes(backward) * case.instruments * (2 * case.batch + kits) * _fft(full)


def transposed(case: Case, backward: bool) -> float:
    """Count a template for each activation, zero or not."""
    return _passes(backward) * float(case.batch * case.instruments * case.frames * case.length)


def convolution(case: Case, backward: bool) -> float:
    """Count a template for each sample of each instrument."""
    return case.hop * transposed(case, backward)
