"""What one would take without labels and without a network: systems to compare with.

Each is made with no argument and has what the network's `Transcriber` has: `.file(path)` gives a transcription.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from drummernet.evaluation.baselines.baseline import Baseline
from drummernet.evaluation.baselines.flux import FluxBaseline
from drummernet.evaluation.baselines.left_out import evaluate_left_out
from drummernet.evaluation.baselines.nmfd import NMFDBaseline

__all__ = ["BASELINES", "Baseline", "FluxBaseline", "NMFDBaseline", "evaluate_left_out"]

BASELINES: Mapping[str, Callable[[], Baseline]] = MappingProxyType({"flux": FluxBaseline, "nmfd": NMFDBaseline})
