"""Every constant of the recipe: `paper` is the published system, `default` the one to use."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from ddsp_drums.kits import BY_ID, PUBLISHED_11, TAXONOMY, Instrument, Taxonomy

__all__ = ["CONFIGS", "Config", "ModelConfig", "PickingConfig", "TrainConfig", "with_classes"]

_RARER = {"SST", "RD", "CR", "TMB"}


@dataclass(frozen=True)
class ModelConfig:
    """What the network is made of.

    Attributes:
        encoder: `"unet"`, the waveform U-net of the paper, or `"mel"`, a small convolutional net on log-mel bands.
        head: `"recurrent"` or `"conv"`, the paper's two, or `"linear"`.
        instruments: The K classes, as identifiers of the taxonomy.
        sample_rate: Hz.
        level: How audio is scaled beforehand: `"loudness"` or `"peak"`, see `level.py`.
        hop_length: Samples between two frames of the activations.
        window: Frames in a window of gated sparsemax: 64 ms.
        alpha: Of the gate: 2 for sparsemax, 1 for softmax.
        silent_slot: Whether both sparsemaxes may choose that nothing plays.
        velocity: Whether a second output tells how hard each hit is, so that the first need only tell whether it is.
        channels: Width of the mel encoder.
        dilations: Dilation of each residual block of the mel encoder, in frames.
        own: Instruments that the toolkit's taxonomy has not, or has otherwise.
    """

    encoder: str = "mel"
    head: str = "linear"
    instruments: tuple[str, ...] = ("KD", "SD", "SST", "CHH", "OHH", "PHH", "HT", "MT", "FT", "RD", "CR", "TMB")
    sample_rate: int = 32000
    level: str = "loudness"
    hop_length: int = 256
    window: int = 8
    alpha: float = 2.0
    silent_slot: bool = True
    velocity: bool = True
    channels: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 1)
    own: tuple[Instrument, ...] = ()

    @property
    def taxonomy(self) -> Taxonomy:
        """What the instruments are called and which note each is written as."""
        return TAXONOMY.including(self.own)


@dataclass(frozen=True)
class TrainConfig:
    """What the network learns from.

    Attributes:
        items: Segments to train on. More than a finished training had goes on with it.
        batch_size: Segments in a step.
        segment_s: Seconds of a segment.
        learning_rate: Peak of the schedule.
        schedule: `"cosine"` (with a short warm-up) or `"constant"`.
        cycle: Weight of cycle consistency on rendered audio; 0 leaves it out.
        reconstruction: Weight of reconstruction of the recordings; 0 leaves it out.
        reconstruction_every: Steps from one reconstruction to the next.
        reconstruction_batch_size: Recordings in a reconstruction.
        distance: What reconstructions are compared in: `"cqt"`, or the paper's other two, `"mel"` and `"stft"`.
        enhance: Whether the reconstruction loss hears only the percussive part.
        degraded: Share of the rendered segments that go through a random chain of degradations.
        positive_weight: Weight of a frame with a hit against one without, in the cycle loss.
        velocity_weight: Weight of the velocity error in the cycle loss.
        template_s: Seconds of a one-shot in reconstruction.
    """

    items: int = 64_000
    batch_size: int = 8
    segment_s: float = 4.0
    learning_rate: float = 1.5e-3
    schedule: str = "cosine"
    cycle: float = 1.0
    reconstruction: float = 0.003
    reconstruction_every: int = 8
    reconstruction_batch_size: int = 4
    distance: str = "cqt"
    enhance: bool = False
    degraded: float = 0.5
    positive_weight: float = 3.0
    velocity_weight: float = 1.0
    template_s: float = 1.0


@dataclass(frozen=True)
class PickingConfig:
    """How onsets are picked, see :func:`ddsp_drums.events.pick_peaks`.

    Attributes:
        threshold: Rise above the mean.
        rarer_threshold: The same for side stick, cymbals and tambourine, which are made up more easily.
        max_window_s: Seconds.
        mean_window_s: Seconds.
        wait_s: Seconds.
    """

    threshold: float = 0.3
    rarer_threshold: float = 0.4
    max_window_s: float = 0.05
    mean_window_s: float = 0.2
    wait_s: float = 0.05

    def thresholds(self, instruments: Iterable[str]) -> dict[str, float]:
        """Tell the threshold of each instrument."""
        return {name: self.rarer_threshold if name in _RARER else self.threshold for name in instruments}


@dataclass(frozen=True)
class Config:
    """A whole system."""

    name: str = "default"
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    picking: PickingConfig = field(default_factory=PickingConfig)


def with_classes(config: Config, classes: Collection[str], taxonomy: Taxonomy) -> Config:
    """Let a system hear exactly these classes.

    Args:
        config: The system.
        classes: Identifiers of the taxonomy, such as a kit's classes.
        taxonomy: Knows them, see :func:`ddsp_drums.kits.load_taxonomy`.

    Returns:
        The system with these instruments, in the order of the taxonomy.
    """
    known = [instrument for instrument in taxonomy.instruments if instrument.id in classes]
    own = tuple(instrument for instrument in known if BY_ID.get(instrument.id) != instrument)
    instruments = tuple(instrument.id for instrument in known)
    return replace(config, model=replace(config.model, instruments=instruments, own=own))


_PAPER = Config(
    name="paper",
    model=ModelConfig(
        encoder="unet",
        head="recurrent",
        instruments=PUBLISHED_11,
        sample_rate=16000,
        level="peak",
        hop_length=16,
        window=64,
        silent_slot=False,
        velocity=False,
    ),
    train=TrainConfig(
        items=6_000_000,
        batch_size=32,
        segment_s=2.048,  # 32,768 samples
        learning_rate=4e-4,
        schedule="constant",
        cycle=0.0,
        reconstruction=1.0,
        reconstruction_every=1,
        reconstruction_batch_size=32,
        enhance=True,
    ),
    picking=PickingConfig(threshold=0.2, rarer_threshold=0.2, max_window_s=0.05, mean_window_s=0.1, wait_s=0.05),
)

CONFIGS = {
    "default": Config(),
    "paper": _PAPER,
    "paper-conv": replace(_PAPER, name="paper-conv", model=replace(_PAPER.model, head="conv")),
    "paper-silent": replace(_PAPER, name="paper-silent", model=replace(_PAPER.model, silent_slot=True)),
}
