"""Many files at once with Ray Data, on one machine or a cluster."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import torch

from drummernet.hearing.transcriber import Transcriber
from drummernet.results.batch import Row, transcribe_row

__all__ = ["run"]

_BLOCK = 8  # files that a worker takes at a time: their rows come together


def run(paths: list[str], options: dict[str, Any]) -> Iterator[Row]:
    """Transcribe files with a worker on each core, each of which loads the network once.

    Args:
        paths: The files.
        options: Of `Transcriber`.

    Yields:
        The row of each file, as it is done.

    Raises:
        ImportError: If Ray is not installed.
        ValueError: If the options are none of `Transcriber`.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError("--engine ray needs Ray: pip install 'ddsp_drums[ray]'") from error
    Transcriber(**options)  # says what is wrong here, not in a worker
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    n_cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    files = ray.data.from_items([{"path": path} for path in paths], override_num_blocks=-(-len(paths) // _BLOCK))
    worker: Any = _Worker
    done = files.map(worker, fn_constructor_args=(options,), concurrency=(1, n_cores), num_cpus=1)
    for row in done.iter_rows():
        yield json.loads(row["row"])


class _Worker:
    def __init__(self, options: dict[str, Any]) -> None:
        torch.set_num_threads(1)
        self.transcriber = Transcriber(**options)

    def __call__(self, file: dict[str, str]) -> dict[str, str]:
        return {"row": json.dumps(transcribe_row(self.transcriber, file["path"]))}
