import re
from dataclasses import asdict, replace

import pytest

from benchmarks.operations import OPERATIONS, template_synthesis
from benchmarks.report import Results, keep_others, load_results, reached, save_results, summary, write_page
from benchmarks.report import text as markdown

pytest.importorskip("matplotlib", reason="plots need matplotlib")


def row(operation, provider, case, backward, milliseconds, goal=None, against=None):
    return {
        "operation": operation.name,
        "provider": provider,
        "backward": backward,
        "goal": goal,
        "case": asdict(case),
        "operations": 1e6,
        "peak_bytes": 2_000_000,
        "error": 1e-7,
        "gradient_error": 1e-7 if backward else None,
        "nonzero": 1.0,
        "bytes": 1e6,
        "against": against or {},
        "median_s": milliseconds / 1e3,
        "iqr_s": milliseconds / 1e4,
        "rounds": 7,
    }


@pytest.fixture
def found():
    operation = template_synthesis.OPERATION.quick()
    operation = replace(operation, sweeps=operation.sweeps[:3])  # drawing takes the time
    other = {"ratio": 31.5, "low": 29, "high": 33, "median_s": 0.315, "peak_bytes": None}
    goal = operation.goals[0]
    rows = [row(operation, goal.provider, goal.case, True, 10, goal.work, {goal.against: other})]
    for place, case in enumerate(dict.fromkeys(case for sweep in operation.sweeps for case in sweep.cases())):
        backends = {"polyphase": {**other, "ratio": 0.5 if place == 0 else 1.5}, "sparse": {**other, "ratio": 2.0}}
        rows += [
            row(operation, "auto", case, True, 4, against=backends),
            row(operation, "torchaudio fftconvolve", case, True, 400),
            row(operation, "conv_transpose1d", case, True, 3 if place == 1 else 40),
        ]
    not_run = [
        {**row(operation, "zeros and conv1d", operation.tiny, True, 0), "reason": "more than 3e+09 multiply-adds"}
    ]
    return {
        "machine": {
            "device": "cpu", "name": "A Processor", "cpu": "A Processor", "instructions": "AVX2", "cores": 2,
            "threads": 1, "system": "Linux", "python": "3.11", "versions": {"torch": "2", "triton": None},
            "date": "2026-01-01",
        },
        "ceilings": {"bytes_per_s": 1e10, "operations_per_s": 2e10},
        "operations": [operation.describe("cpu")],
        "rows": rows,
        "not_run": not_run,
    }  # fmt: skip


@pytest.fixture
def results(found, tmp_path):
    save_results(found, tmp_path / "results" / "a-processor.json")
    return load_results(tmp_path / "results" / "a-processor.json")


def test_saving_keeps_everything_but_needless_digits(found, results):
    assert isinstance(results, Results)
    assert len(results.rows) == len(found["rows"])
    assert results.rows[1]["case"] == found["rows"][1]["case"]
    assert [goal["work"] for goal in results.operations[0]["goals"]] == [
        goal["work"] for goal in found["operations"][0]["goals"]
    ]


def test_the_headline_sets_goals_beside_what_was_measured(results):
    lines = reached(results).splitlines()
    polyphase = next(line for line in lines if "polyphase |" in line)
    assert "30x | **32x** (29x to 33x) | 10.0 | 315 | 2.00 | - | 1 % | yes" in polyphase
    assert sum("not run" in line for line in lines) == 4
    assert "| 2.00 |" in lines[-1]  # the first point took twice as long as the best backend
    assert "no, 1 beyond" in lines[-1]


def test_the_summary_has_every_choice_beside_the_best(results):
    points = {tuple(row["case"].values()) for row in results.rows if row["provider"] == "auto"}
    assert summary(results).startswith(reached(results))
    assert summary(results).count("| both | auto |") == len(points)


def test_the_page_states_wins_losses_and_what_is_missing(results, tmp_path):
    write_page([results], tmp_path / "docs" / "benchmarks.md")
    page = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "faster** than what runs by default: one row." in page
    assert "in turns: one row of " in page
    assert "| auto / best, in turns |" in page
    assert "| auto | 4.00 | polyphase | 315 | **2.00** | 0.03 to 0.03 |" in page
    assert "| zeros and conv1d | more than 3e+09 multiply-adds | 1 |" in page
    assert "Not yet measured on a GPU" in page
    images = re.findall(r"\]\((.*\.png)\)", page)
    assert len(images) == 3
    assert all((tmp_path / "docs" / image).stat().st_size > 1000 for image in images)


def test_the_page_takes_a_gpu_too(found, tmp_path):
    found["machine"] |= {"device": "cuda", "name": "A GPU", "memory_gb": 80, "cuda": "13"}
    save_results(found, tmp_path / "gpu.json")
    write_page([load_results(tmp_path / "gpu.json")], tmp_path / "benchmarks.md")
    page = (tmp_path / "benchmarks.md").read_text()
    assert "A GPU, 80 GB, CUDA 13" in page
    assert "Not yet measured on a CPU" in page


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_description_is_json(operation, tmp_path):
    save_results({"machine": {}, "operations": [operation.describe("cpu")]}, tmp_path / "some.json")
    assert operation.title in (tmp_path / "some.json").read_text()


def test_numbers_have_three_digits():
    assert [markdown.number(x) for x in (0, 0.0123, 1.234, 56.78, 999, 1234, 1e7)] == [
        "0", "0.0123", "1.23", "56.8", "999", "1,234", "1.0e+07",
    ]  # fmt: skip
    assert [markdown.times(x) for x in (0.5, 3.14, 74.4)] == ["0.50x", "3.1x", "74x"]
    assert markdown.mb(None) == markdown.tiny(None) == "-"


def test_figures_stand_to_the_right():
    assert markdown.table(("a", "b"), [("x", "1"), ("y", "-")]).splitlines()[1] == "| --- | --: |"


def test_measuring_one_operation_keeps_the_results_of_the_others(tmp_path):
    def found(*names, median_s):
        rows = [{"operation": name, "median_s": median_s} for name in names]
        return {
            "machine": {},
            "ceilings": {},
            "operations": [{"name": n} for n in names],
            "rows": rows,
            "not_run": rows,
        }

    path = tmp_path / "results.json"
    assert keep_others(found("a", median_s=1.0), path) == found("a", median_s=1.0)
    save_results(found("a", "b", median_s=1.0), path)
    together = keep_others(found("a", median_s=2.0), path)
    assert [operation["name"] for operation in together["operations"]] == ["a", "b"]
    assert {(row["operation"], row["median_s"]) for row in together["rows"]} == {("a", 2.0), ("b", 1.0)}
    assert together["not_run"] == together["rows"]
