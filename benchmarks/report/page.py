"""The page: what must be reached, how it is measured, and all that was found on each machine."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import file_name
from benchmarks.report import tables, text
from benchmarks.report.headline import ALLOWED, HEADS, headline
from benchmarks.report.plots import draw_roofline, draw_sweeps
from benchmarks.report.results import Entry, Results

_INTRODUCTION = """\
How fast the layers are, what they need, and how exact they are, beside what one would write without them: wins and
losses alike. Drawn by `python -m benchmarks`."""

_METHOD = """\
## How it is measured

- **Agreement first.** In each row the output and all gradients are compared with the operation's specification in
  float64. The error is the largest difference relative to the largest value; beyond the tolerance the row fails and is
  not reported. A gradient that is only defined on the support (`gradient="support"`, which the recipe uses behind gated
  sparsemax and which is exact there) is compared there, and must be zero elsewhere.
- **Times** are medians of pytest-benchmark over the rounds stated, after a round to warm up. Each round gets copies of
  the inputs, made untimed; kernels are compiled before. The backward pass computes the gradients of all inputs from a
  random gradient of the output. On a GPU each call is timed until the device is done, caches are not flushed, and
  TF32 is off.
- **Ratios** are medians of ratios of neighbours: the two run in turns (A B A B), so that a slow moment of the machine
  hits both; the quartiles stand in brackets. They need not equal the ratio of the medians. The spread of a time is the
  distance of its quartiles over its median.
- **Choices.** What chooses a backend is timed in turns with each that it chooses from; the last columns of a sweep say
  how many times as long as the best of these it took. The milliseconds beside them were measured each by itself,
  minutes apart, and differ by what else the machine did.
- **Memory** is the peak beyond what was held before the call, outputs and gradients included, of the first call after
  compilation: the resident set on Linux, the allocator's count on a GPU. Inputs are not counted.
- **The ceiling** is the larger of two least times: all inputs and outputs copied once at the bandwidth, and the
  multiply-adds that the algorithm needs (estimated) at the rate of a large matrix product, both measured in the same
  run. Data that stay in a cache may beat the bandwidth.
- **Not run** is what a provider would take too long for, by a limit of estimated multiply-adds, what was left when the
  time for the whole run was up, and what did not agree. All such rows are listed, with the reason.
- float32, one thread."""

_REPRODUCE = """\
## Reproduce

```bash
pip install ".[bench]"            # with torchaudio, which needs torch 2.11
python -m benchmarks              # all of this page, on a GPU if there is one: some forty minutes on a CPU
python -m benchmarks --quick      # tiny shapes, to see that everything runs
benchmarks/on_gpu.sh              # the GPU's tests and this page on a GPU, in ten minutes
```

Results go to `benchmarks/results/`, a file a machine, from which this page is drawn with no figure written by hand. A
single row: `python -m pytest benchmarks -k 'auto-both-8-11-2000-16000-16-100-shared'`. Another operation is a module of
`benchmarks/operations` with an `OPERATION`: its inputs, its specification, who computes it, and where."""


def write_page(found: Sequence[Results], page: Path) -> None:
    """Write the page and, into `images/benchmarks` beside it, its plots."""
    images = page.parent / "images" / "benchmarks"
    parts = [
        "# Benchmarks",
        _INTRODUCTION,
        "## What must be reached",
        *(reached(results) for results in found),
        *_not_measured(found),
        _METHOD,
        _REPRODUCE,
        *(part for results in found for part in _machine(results, images)),
    ]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n\n".join(parts) + "\n")


def reached(results: Results) -> str:
    """Set the goals beside what was measured on a machine."""
    return f"On {_device(results)}:\n\n{text.table(HEADS, headline(results))}"


def summary(results: Results) -> str:
    """Set the goals beside what was measured on a machine, and every choice of a backend beside the best one."""
    choices = [tables.choices(results, one) for one in results.operations if any(results.choices(one))]
    return "\n\n".join([reached(results), *choices])


def _device(results: Results) -> str:
    return f"{results.name} ({'GPU' if results.machine['device'] == 'cuda' else 'CPU'})"


def _not_measured(found: Sequence[Results]) -> list[str]:
    missing = [
        name
        for device, name in (("cpu", "a CPU"), ("cuda", "a GPU"))
        if not any(results.machine["device"] == device for results in found)
    ]
    return [f"**Not yet measured on {name}**: `benchmarks/on_gpu.sh` does it all." for name in missing]


def _machine(results: Results, images: Path) -> list[str]:
    slug = file_name(results.machine).removesuffix(".json")
    roofline = images / f"{slug}-roofline.png"
    draw_roofline(results, roofline)
    return [
        f"## {_device(results)}",
        _description(results),
        *(part for operation in results.operations for part in _operation(results, operation, images, slug)),
        "### Roofline",
        _image(roofline, f"Rate against intensity under the ceilings of {results.name}"),
    ]


def _description(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version or 'not installed'}" for name, version in machine["versions"].items())
    facts = [
        ("processor", f"{machine['cpu']}, {machine['cores']} cores, {machine['instructions']}"),
        ("threads", str(machine["threads"])),
        ("system", f"{machine['system']}, Python {machine['python']}"),
        ("versions", versions),
        ("bandwidth of a copy", f"{text.number(results.ceilings['bytes_per_s'] / 1e9)} GB/s"),
        ("float32 matrix product", f"{text.number(2 * results.ceilings['operations_per_s'] / 1e9)} GFLOP/s"),
        ("measured on", machine["date"]),
    ]
    if "memory_gb" in machine:
        facts.insert(0, ("GPU", f"{machine['name']}, {machine['memory_gb']} GB, CUDA {machine['cuda']}"))
    return text.table(("", ""), facts)


def _operation(results: Results, operation: Entry, images: Path, slug: str) -> list[str]:
    base = text.case(operation["sweeps"][0]["base"])
    parts = [
        f"### {operation['title']}",
        f"Where nothing else is said: {base}. Tolerance {operation['tolerance']:.0e}.",
    ]
    for backward, name in ((True, "forward and backward"), (False, "forward")):
        path = images / f"{slug}-{operation['name']}-{name.replace(' ', '-')}.png"
        draw_sweeps(results, operation, backward, path)
        parts.append(_image(path, f"{operation['title']}, {name}: time against each size"))
    for sweep in operation["sweeps"]:
        parts += [
            f"**{sweep['title']}**, forward and backward, ms:",
            tables.sweep_table(results, operation, sweep, True),
        ]
    parts += _outcome(results, operation)
    parts.append(text.folded("Every row", tables.every_row(results, operation)))
    parts.append(text.folded("Not run", tables.not_run(results, operation)))
    return parts


def _outcome(results: Results, operation: Entry) -> list[str]:
    """Say where the toolkit is not the best, and where it does not take its own best."""
    losses = tables.losses(results, operation)
    parts = [f"**Where something else is faster** than what runs by default: {_rows(len(losses))}."]
    if losses:
        heads = ("point", "pass", "ours", "ms", "theirs", "ms", "ours / theirs")
        parts.append(text.table(heads, losses))
    return [*parts, *_choices(results, operation)]


def _choices(results: Results, operation: Entry) -> list[str]:
    ratios = [choice.ratio for choice in results.choices(operation)]
    if not ratios:
        return []
    title = f"**Where the chosen backend takes more than {ALLOWED:g} times as long as the best**"
    misses = sum(ratio > ALLOWED for ratio in ratios)
    return [
        f"{title}, both timed in turns: {_rows(misses)} of {len(ratios)}.",
        text.folded("Every choice", tables.choices(results, operation)),
    ]


def _rows(number: int) -> str:
    return "one row" if number == 1 else f"{number or 'no'} rows"


def _image(path: Path, title: str) -> str:
    return f"![{title}](images/benchmarks/{path.name})"
