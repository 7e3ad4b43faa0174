import time

import pytest
import torch

from benchmarks.machine import ceilings, describe, file_name
from benchmarks.measure import Turns, error, peak_memory, seconds

CPU = torch.device("cpu")
MB = 1 << 20


def test_peak_memory_sees_what_was_freed_again():
    def run():
        large = torch.ones(64 * MB // 4)
        return large[:1].clone()

    _, peak = peak_memory(run, CPU)
    if peak is None:
        pytest.skip("the peak of a process cannot be read here")
    assert 60 * MB < peak < 72 * MB  # some of it may have been held before, and free


def test_peak_memory_leaves_out_what_was_held_before():
    held = torch.ones(64 * MB // 4)
    _, peak = peak_memory(lambda: held[:1].clone(), CPU)
    assert peak is None or peak < 4 * MB


def test_peak_memory_returns_the_result():
    assert peak_memory(lambda: 7, CPU)[0] == 7


def test_the_error_is_relative_to_the_largest_value():
    assert error(torch.tensor([1.0, 101.0]), torch.tensor([0.0, 100.0]).double()) == pytest.approx(0.01)
    assert error(torch.zeros(3), torch.zeros(3)) == 0
    assert error(torch.full((3,), float("nan")), torch.zeros(3)) != 0


def test_another_shape_is_an_error():
    assert error(torch.zeros(2), torch.zeros(3)) == float("inf")


def test_opponents_take_turns_at_going_first_with_inputs_of_their_own():
    calls = []

    def fresh(name):
        def make():
            mine = object()
            return lambda: calls.append((name, mine))

        return make

    turns = Turns("ours", {"ours": fresh("ours"), "a": fresh("a"), "b": fresh("b")}, CPU)
    for _ in range(3):
        arguments, keywords = turns.setup()
        turns.target(*arguments, **keywords)
    assert [name for name, _ in calls] == ["a", "b", "ours", "b", "a", "ours", "a", "b", "ours"]
    assert len({id(mine) for _, mine in calls}) == 9


def test_a_ratio_is_of_two_rounds_without_the_first():
    turns = Turns("ours", {"ours": lambda: lambda: None, "other": lambda: lambda: None}, CPU)
    turns.times = {"ours": [9.0, 1.0, 2.0, 8.0, 2.0, 1.0], "other": [1.0, 4.0, 5.0, 10.0, 40.0, 7.0]}
    assert turns.ratios("other") == [3, 5]
    assert turns.median("ours") == 2
    turns.times = {"ours": [9.0, 2.0], "other": [1.0, 4.0]}
    assert turns.ratios("other") == [2]


def test_seconds_are_seconds():
    assert seconds(lambda: time.sleep(0.02), CPU) >= 0.02


def test_the_description_names_no_one():
    described = describe(CPU)
    assert described["device"] == "cpu"
    assert described["versions"]["torch"]
    assert not {"node", "host", "user", "path"} & described.keys()
    assert file_name({"name": "NVIDIA H200 (80 GB)"}) == "nvidia-h200-80-gb.json"


def test_ceilings_are_measured():
    assert all(rate > 1e7 for rate in ceilings(CPU).values())
