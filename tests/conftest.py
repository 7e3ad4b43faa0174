"""What every test shares: determinism, the shared data if it is there, and the tolerances."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

settings.register_profile(
    "ddsp_drums",
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is
)
settings.load_profile("ddsp_drums")
torch.set_num_threads(1)

DATA = Path(os.environ.get("DDSP_DRUMS_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(autouse=True)
def fresh() -> None:
    torch.manual_seed(0)
    if "torch._dynamo" in sys.modules:  # its limit on compilations of a function is for a program, not for its tests
        torch.compiler.reset()


@pytest.fixture(scope="session")
def data() -> Path:
    """Real recordings and kits, which are not part of the project."""
    if not DATA.is_dir():
        pytest.skip(f"no test data at {DATA}: set DDSP_DRUMS_DATA to the folder that holds kits/ and eval/")
    return DATA


@pytest.fixture
def triton_device() -> str:
    """Where Triton kernels run: on a GPU, or on the CPU through Triton's interpreter."""
    pytest.importorskip("triton", reason="Triton is not installed")
    if torch.cuda.is_available():
        return "cuda"
    if os.environ.get("TRITON_INTERPRET") == "1":
        return "cpu"
    pytest.skip("no CUDA device: run with TRITON_INTERPRET=1 to interpret the kernels on the CPU")


@pytest.fixture
def cuda() -> str:
    """Where kernels run that an interpreter cannot stand in for."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return "cuda"


@pytest.fixture
def poisoned_memory() -> Iterator[None]:
    """Fill what `torch.empty` returns with NaN, so that memory read before it is written shows."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)
