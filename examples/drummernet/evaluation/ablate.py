"""Train the published system, each change that its authors tried, and ours with less to learn from; score them all.

What is varied: one thing a variant. What is not: recordings, number and length of the segments and their order,
optimiser, schedule, the peak picking of each family (the paper's and ours), and, where they are not what is varied,
kits and performances. The paper's variants have its classes, level, gate, heads, distances and synthesis, but stand on
the log-mel encoder of `default` at 125 frames a second: the waveform U-net would take ten times as long.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple

import torch
from torch import multiprocessing

from ddsp_drums._atomic import write_whole
from ddsp_drums.events import Hit
from ddsp_drums.kits import Kit, load_kit, procedural_kit
from drummernet.config import CONFIGS, Config
from drummernet.evaluation.datasets import find_tracks
from drummernet.evaluation.evaluate import evaluate, read_reference
from drummernet.evaluation.json import write_json
from drummernet.hearing.transcriber import Transcriber
from drummernet.training.data import load_performances
from drummernet.training.train import Trainer, train

__all__ = ["VARIANTS", "Data", "Run", "Variant", "ablate", "skipped"]

_ITEMS = 3200
_SEGMENT_S = 2.048  # 32,768 samples, as published
_BATCH_SIZE = 4
_LEARNING_RATE = 1.5e-3
_POLL_S = 0.5


@dataclass(frozen=True)
class Variant:
    """A system to train.

    Attributes:
        config: The system.
        against: Name of the variant that it differs from in one thing; None for those that others differ from.
        published: F1 of the paper: mean of its three test sets; None where it has none.
        without: What it does not learn from: `"performances"`, `"recorded kits"`, or all kits but the first
            (`"other kits"`).
    """

    config: Config
    against: str | None = None
    published: float | None = None
    without: str | None = None


@dataclass(frozen=True)
class Data:
    """What every variant learns from and is scored on.

    Attributes:
        recordings: Folder of recordings, for reconstruction.
        annotated: Folder of annotated recordings, for scores only.
        kits: Folders of sounds; a synthesised kit if there are none.
        midi: Folders of performances; made up if there are none.
    """

    recordings: Path
    annotated: Path
    kits: tuple[Path, ...] = ()
    midi: tuple[Path, ...] = ()

    def lacking(self, what: str | None) -> "Data":
        """Leave out what a variant does not learn from."""
        if what == "performances":
            return replace(self, midi=())
        if what == "recorded kits":
            return replace(self, kits=())
        return replace(self, kits=self.kits[:1]) if what == "other kits" else self

    def sounds(self, sample_rate: int) -> list[Kit]:
        """Load the kits."""
        return [load_kit(folder, sample_rate=sample_rate) for folder in self.kits] or [
            procedural_kit(sample_rate=sample_rate)
        ]


class Run(NamedTuple):
    """One training: a variant with a seed, and the folder of its results."""

    variant: str
    seed: int
    folder: Path

    @property
    def scores(self) -> Path:
        """What is there once it is finished."""
        return self.folder / "evaluation.json"


def _variants() -> dict[str, Variant]:
    def small(config: Config, name: str, **options: object) -> Config:
        training = replace(
            config.train,
            items=_ITEMS,
            batch_size=_BATCH_SIZE,
            reconstruction_batch_size=_BATCH_SIZE,
            segment_s=_SEGMENT_S,
            learning_rate=_LEARNING_RATE,
            schedule="cosine",
        )
        return replace(config, name=name, train=replace(training, **options))  # type: ignore[arg-type]

    published = CONFIGS["paper"]
    mel = replace(published, model=replace(published.model, encoder="mel", hop_length=128, window=8))  # 64 ms
    paper = small(mel, "paper")
    ours = small(CONFIGS["default"], "both")
    cycle = partial(small, CONFIGS["default"], reconstruction=0.0)
    halved = cycle("half-rate")

    def gate(alpha: float) -> Config:
        return replace(paper, name="softmax", model=replace(paper.model, alpha=alpha))

    return {
        "paper": Variant(paper, None, 0.718),
        "softmax": Variant(gate(1.0), "paper", 0.576),
        "mel": Variant(small(mel, "mel", distance="mel"), "paper", 0.659),
        "stft": Variant(small(mel, "stft", distance="stft"), "paper", 0.684),
        "no-enhancement": Variant(small(mel, "no-enhancement", enhance=False), "paper", 0.701),
        "conv": Variant(replace(paper, name="conv", model=replace(paper.model, head="conv")), "paper", 0.707),
        "both": Variant(ours),
        "cycle": Variant(cycle("cycle"), "both"),
        "reconstruction": Variant(
            small(CONFIGS["default"], "reconstruction", cycle=0.0, reconstruction=1.0, reconstruction_every=1), "both"
        ),
        "clean": Variant(cycle("clean", degraded=0.0), "cycle"),
        "half-rate": Variant(replace(halved, model=replace(halved.model, sample_rate=16_000, hop_length=128)), "cycle"),
        "made-up-rhythms": Variant(cycle("made-up-rhythms"), "cycle", without="performances"),
        "one-kit": Variant(cycle("one-kit"), "cycle", without="other kits"),
        "synthesised-kit": Variant(cycle("synthesised-kit"), "cycle", without="recorded kits"),
    }


VARIANTS = _variants()


def ablate(
    data: Data,
    out: str | Path,
    *,
    variants: Mapping[str, Variant] = VARIANTS,
    scale: float = 1.0,
    seeds: int = 3,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Run]:
    """Train and score every variant with every seed; what is finished in `out` is left as it is, the rest goes on.

    Args:
        data: What they learn from and are scored on.
        out: Folder of `settings.json` and of a folder VARIANT/SEED for each training, which ends with
            `evaluation.json` in it.
        variants: By name.
        scale: How many times the items of each variant's config to train on.
        seeds: How often each variant is trained; a later call may ask for more.
        jobs: Processes, of one thread each.
        progress: Called with the number of finished trainings and of all, twice a second.

    Returns:
        The trainings, variant by variant.

    Raises:
        ValueError: If `out` holds an ablation of other data, variants or scale, or what is given cannot be learned
            from or scored.
        torch.multiprocessing.ProcessRaisedException: If a training fails for another reason; it has the traceback.
    """
    for name, value in {"scale": scale, "seeds": seeds, "jobs": jobs}.items():
        if not value > 0:
            raise ValueError(f"{name} must be greater than 0, got {value}")
    out = Path(out)
    scaled = {name: _scaled(one, scale) for name, one in variants.items()}
    _require_usable(data, scaled)
    _settle(out / "settings.json", data, scaled)
    runs = [Run(name, seed, out / name / str(seed)) for name in scaled for seed in range(seeds)]
    by_seed = sorted(runs, key=lambda run: run.seed)  # if stopped, what is there can be compared
    todo = [run for run in by_seed if not run.scores.exists()]
    if todo:
        shares = [todo[first::jobs] for first in range(min(jobs, len(todo)))]
        workers = multiprocessing.start_processes(  # type: ignore[attr-defined]
            _work, (data, scaled, shares), nprocs=len(shares), join=False, daemon=True, start_method="spawn"
        )
        while not workers.join(timeout=_POLL_S):
            progress(sum(run.scores.exists() for run in runs), len(runs))
    progress(len(runs), len(runs))
    return runs


def skipped(runs: Sequence[Run]) -> Iterator[str]:
    """Yield a line for each recording that could not be read in any of the trainings."""
    files = [run.folder / "skipped.txt" for run in runs]
    yield from dict.fromkeys(line for file in files if file.exists() for line in file.read_text().splitlines())


def _scaled(variant: Variant, scale: float) -> Variant:
    items = max(1, round(scale * variant.config.train.items))
    return replace(variant, config=replace(variant.config, train=replace(variant.config.train, items=items)))


def _require_usable(data: Data, variants: Mapping[str, Variant]) -> None:
    """Raise here, not hours later, what any training or scoring would raise."""
    for track in find_tracks(data.annotated):
        read_reference(track)
    for folder in data.midi:
        if not folder.is_dir():
            raise ValueError(f"{folder}: no such folder of performances")
    kits = _Kits(data)
    for variant in variants.values():
        Trainer(variant.config, kits.of(variant), recordings=data.recordings)


def _settle(path: Path, data: Data, variants: Mapping[str, Variant]) -> None:
    """Write down what is compared, or see that it is what was written."""
    settings = {
        "recordings": str(data.recordings.resolve()),
        "annotated": str(data.annotated.resolve()),
        "kits": [str(folder.resolve()) for folder in data.kits],
        "midi": [str(folder.resolve()) for folder in data.midi],
        "variants": {name: asdict(one.config) | {"without": one.without} for name, one in variants.items()},
    }
    text = json.dumps(settings, indent=1) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write_whole(path, text.encode())
    elif path.read_text() != text:
        raise ValueError(f"{path}: an ablation of other data, variants or scale: choose another --out")


class _Kits:
    """The sounds of each variant, loaded once."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.loaded: dict[tuple[int, str | None], list[Kit]] = {}

    def of(self, variant: Variant) -> list[Kit]:
        key = variant.config.model.sample_rate, variant.without
        if key not in self.loaded:
            self.loaded[key] = self.data.lacking(variant.without).sounds(key[0])
        return self.loaded[key]


def _work(index: int, data: Data, variants: Mapping[str, Variant], shares: Sequence[Sequence[Run]]) -> None:
    """Do one share of the trainings."""
    torch.set_num_threads(1)
    performances = [hits for folder in data.midi for hits in load_performances(folder)]
    tracks = find_tracks(data.annotated)
    kits = _Kits(data)
    for run in shares[index]:
        variant = variants[run.variant]
        played = performances if data.lacking(variant.without).midi else []
        trainer = Trainer(
            variant.config, kits.of(variant), performances=played, recordings=data.recordings, seed=run.seed
        )
        weights = train(trainer, run.folder, workers=0, progress=_stop_with_parent)
        hear = Transcriber(weights, refined=False)
        evaluation = evaluate(tracks, _hits(hear), system=f"{run.variant}, seed {run.seed}")
        for reason in evaluation.failures.values():
            raise ValueError(reason)
        write_json(run.scores, [evaluation])


def _stop_with_parent(*_: object) -> None:
    """End with the process that started this one, however that ended: two must not write to one folder."""
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(1)


def _hits(transcriber: Transcriber) -> Callable[[Path], list[Hit]]:
    return lambda path: transcriber.file(path).hits
