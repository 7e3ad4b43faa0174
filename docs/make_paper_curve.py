"""Train `paper` as published, and with a silent slot, and draw F1 against segments: needs recordings and kits.

python docs/make_paper_curve.py RECORDINGS ANNOTATED --kits KIT --kits KIT ... [--most 16000] [--out runs/paper]

Four segments a step rather than 32, because so few segments would be few steps. Stopped, it goes on with the same
command: the learning rate is constant, so that a training gone on with is one that was never stopped.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import typer

IMAGE = Path(__file__).parent / "images" / "paper_curve.png"
SYSTEMS = {"paper": "as published", "paper-silent": "with a silent slot"}
SETS = {"mdb-drums": ("MDB Drums", "#c44e52", 0.664), "idmt-smt-drums": ("IDMT-SMT-Drums", "#4c72b0", 0.869)}
SEGMENTS = [500, 1000, *range(2000, 100_001, 2000)]
PUBLISHED_SEGMENTS = 6_000_000


def drummernet(*words: object) -> None:
    """Run a command of the recipe."""
    subprocess.run([sys.executable, "-m", "drummernet", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def measure(config: str, segments: int, recordings: Path, annotated: Path, kits: list[Path], out: Path) -> Path:
    """Train to so many segments and score the network alone, unless that was done; returns the scores' file."""
    scores = out / f"{config}-{segments}.json"
    if not scores.exists():
        options = [word for kit in kits for word in ("--kits", kit)]
        weights = out / config / f"{config}.safetensors"
        drummernet(
            "train", recordings, *options, "--config", config, "--items", segments, "--batch-size", 4,
            "--workers", 0, "--out", out / config,
        )  # fmt: skip
        drummernet("evaluate", annotated, "--fast", "--weights", weights, "--json", scores)
        shutil.copy(weights, scores.with_suffix(".safetensors"))
    return scores


def draw(found: dict[str, dict[int, Path]]) -> None:
    """Draw *mean* of each data set, and where the published network ended."""
    figure, axis = plt.subplots(figsize=(9, 4.2), layout="constrained")
    for data_set, (title, colour, published) in SETS.items():
        for config, style in zip(SYSTEMS, ("-", "--"), strict=True):
            points = {n: _summary(path).get(data_set) for n, path in found[config].items()}
            values = [(n, one["mean"][0]) for n, one in points.items() if one]
            axis.plot(*zip(*values, strict=True), style, color=colour, label=f"{title}, {SYSTEMS[config]}", marker=".")
        axis.plot(PUBLISHED_SEGMENTS, published, "*", color=colour, markersize=12, label=f"{title}, the paper's")
    axis.set(xscale="log", xlabel="segments of 2 s", ylabel="F1 of KD, SD and HH, mean", ylim=(0, 1))
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, ncols=2)
    figure.savefig(IMAGE, dpi=110)


def _summary(path: Path) -> dict:
    return json.loads(path.read_text())["systems"][0]["summaries"]


def main(
    recordings: Path,
    annotated: Path,
    kits: Annotated[list[Path], typer.Option()],
    most: int = 16_000,
    out: Path = Path("runs/paper"),
) -> None:
    """Measure both systems, the smallest number of segments first, and draw after each."""
    found: dict[str, dict[int, Path]] = {config: {} for config in SYSTEMS}
    for segments in (n for n in SEGMENTS if n <= most):
        for config in SYSTEMS:
            found[config][segments] = measure(config, segments, recordings, annotated, kits, out)
        row = [f"{_summary(found[config][segments])['all']['mean'][0]:.3f}" for config in SYSTEMS]
        print(segments, *row, flush=True)
        draw(found)


if __name__ == "__main__":
    typer.run(main)
