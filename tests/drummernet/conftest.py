"""A recipe small enough to train in a second, and its commands as they are typed."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from drummernet.commands.app import main
from drummernet.config import CONFIGS, Config
from drummernet.demo import write_demo_loop

from ddsp_drums.kits import Kit
from ddsp_drums.kits.procedural import procedural_kit


@pytest.fixture(scope="session")
def kit() -> Kit:
    return procedural_kit(sample_rate=CONFIGS["default"].model.sample_rate)


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loop") / "loop.flac"
    write_demo_loop(path)
    return path


@pytest.fixture
def tiny() -> Config:
    system = CONFIGS["default"]
    return replace(
        system,
        model=replace(system.model, channels=16, dilations=(1, 2)),
        train=replace(
            system.train,
            items=8,
            batch_size=2,
            segment_s=1.0,
            reconstruction_every=2,
            reconstruction_batch_size=1,
            template_s=0.25,
        ),
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command as the shell would: exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["drummernet", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run
