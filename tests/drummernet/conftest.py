"""A recipe small enough to train in a second."""

from dataclasses import replace

import pytest
from drummernet.config import CONFIGS, Config

from ddsp_drums.kits import Kit
from ddsp_drums.kits.procedural import procedural_kit


@pytest.fixture(scope="session")
def kit() -> Kit:
    return procedural_kit()


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
