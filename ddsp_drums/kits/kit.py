"""A drum kit as tensors: classes, the drums of each class, and their hits from soft to loud."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ddsp_drums._validate import require_float, require_positive
from ddsp_drums.kits.taxonomy import BY_ID

__all__ = ["Drum", "Kit", "KitError", "random_templates"]

FADE_S = 0.005  # at a cut, so that a cymbal cut while it rings does not end in a click


class KitError(ValueError):
    """A kit that cannot serve. The message is one line: the kit, the reason, the remedy."""


@dataclass(frozen=True, eq=False)
class Drum:
    """One physical instrument.

    Args:
        name: What tells it from the other drums of its kit.
        hits: Its one-shots, each (T,) and beginning at its onset, from the softest to the loudest. Their levels
            are as recorded; many kits record every layer at full scale.
        files: The file of each hit, relative to the kit; empty for sounds that come from no file.
        velocities: The highest MIDI velocity at which each hit plays, above 0 and up to 127, rising. Hits that share
            one are alternates of one layer (round robins). By default each hit is a layer, and all are equally wide.

    Raises:
        KitError: If there is no hit, a hit is not finite audio (T,), or `velocities` are not as said.

    Example:
        >>> soft, loud, again = torch.tensor([0.1]), torch.tensor([0.8]), torch.tensor([0.9])
        >>> drum = Drum("snare", (soft, loud, again), velocities=(64, 127, 127))
        >>> [len(layer) for layer in drum.layers], drum.layer(64) == (soft,), drum.layer(65) == (loud, again)
        ([1, 2], True, True)
    """

    name: str
    hits: tuple[Tensor, ...]
    files: tuple[str, ...] = ()
    velocities: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.hits:
            raise KitError(f"drum {self.name}: has no hit; give it at least one sound")
        for hit in self.hits:
            require_float(f"hits of drum {self.name}", hit, "(T,)")
            peak = float(hit.abs().max()) if hit.dim() == 1 and len(hit) else 0.0
            if not 0 < peak < math.inf:  # as a NaN is not either
                raise KitError(f"drum {self.name}: a hit must be finite audio (T,), not silent, got {tuple(hit.shape)}")
        if not self.velocities:
            spread = tuple(127 * (layer + 1) / len(self.hits) for layer in range(len(self.hits)))
            object.__setattr__(self, "velocities", spread)
        rising = list(self.velocities) == sorted(self.velocities)
        if len(self.velocities) != len(self.hits) or not rising or not all(0 < v <= 127 for v in self.velocities):
            raise KitError(
                f"drum {self.name}: velocities must be one a hit, above 0 and up to 127, rising, got {self.velocities}"
            )

    @property
    def layers(self) -> tuple[tuple[Tensor, ...], ...]:
        """The alternates of each velocity layer, from the softest layer to the loudest."""
        return tuple(self.layer(velocity) for velocity in sorted(set(self.velocities)))

    def layer(self, velocity: float) -> tuple[Tensor, ...]:
        """The alternates that play at a MIDI velocity; the loudest ones above the highest velocity of the drum."""
        top = self.velocities[min(bisect_left(self.velocities, velocity), len(self.velocities) - 1)]
        return tuple(hit for hit, own in zip(self.hits, self.velocities, strict=True) if own == top)


@dataclass(frozen=True, eq=False)
class Kit:
    """A drum kit.

    Args:
        name: Readable name.
        sample_rate: Rate of every hit in Hz.
        drums: Class id to the drums of that class.
        licence: Licence of the sounds, where known.
        source: Where they come from, where known.
        left_out: Files found but not used, each with the reason.
        guessed: Files whose class no name says outright, each with what told it.

    Raises:
        KitError: If the kit has no drum.

    Example:
        >>> kick = Drum("kick", (torch.tensor([3.0, -4.0]),))
        >>> kit = Kit("tiny", 8, {"KD": (kick,)})
        >>> kit.templates(["KD"], duration_s=0.5)
        tensor([[ 6., -8.,  0.,  0.]])
    """

    name: str
    sample_rate: int
    drums: Mapping[str, tuple[Drum, ...]]
    licence: str | None = None
    source: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    guessed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_positive("sample_rate", self.sample_rate)
        if not any(self.drums.values()):
            raise KitError(f"kit {self.name}: has no drum; give it at least one")

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that have a drum, in the order of the taxonomy, then others."""
        order = list(BY_ID)
        present = [name for name, drums in self.drums.items() if drums]
        return tuple(sorted(present, key=lambda name: order.index(name) if name in BY_ID else len(order)))

    def templates(self, classes: Sequence[str], *, duration_s: float = 1.0, norm: float = 10.0) -> Tensor:
        r"""Take one sound of each class: the loudest hit of its first drum.

        Each is cut or zero-padded to $L$ samples and scaled to $\lVert w \rVert_2 =$ `norm`.

        Args:
            classes: The K class ids, in the order wanted.
            duration_s: Length in seconds.
            norm: L2 norm of every template.

        Returns:
            Templates (K, L), L = `duration_s` times `sample_rate`, rounded.

        Raises:
            KitError: If the kit lacks one of the classes.
            ValueError: If `duration_s` or `norm` is not greater than 0.

        Source:
            Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019; the norm of 10 from its code.
        """
        missing = [name for name in classes if not self.drums.get(name)]
        if missing:
            raise KitError(
                f"kit {self.name}: has no {', '.join(missing)} (it has {', '.join(self.classes)}); "
                "add such a sound or leave the class out"
            )
        hits = [self.drums[name][0].hits[-1] for name in classes]
        return _stack(hits, self.sample_rate, duration_s, norm)

    def report(self) -> str:
        """Say in lines of text which drums each class has, what was guessed and how, what was left out and why."""
        lines = [f"{self.name}: {self.sample_rate} Hz, licence {self.licence or 'unknown'}"]
        for name in self.classes:
            drums = self.drums[name]
            lines.append(f"{name}: {len(drums)} drums, {sum(len(drum.hits) for drum in drums)} hits")
            lines += [f"  {drum.name}: {len(drum.layers)} layers, {len(drum.hits)} hits" for drum in drums]
        for title, files in (("guessed", self.guessed), ("left out", self.left_out)):
            if files:
                lines.append(f"{title}: {len(files)} files")
                lines += [f"  {file}: {reason}" for file, reason in files.items()]
        return "\n".join(lines)


def random_templates(
    kits: Sequence[Kit],
    classes: Sequence[str],
    *,
    generator: torch.Generator | None = None,
    duration_s: float = 1.0,
    norm: float = 10.0,
) -> Tensor:
    """Draw one sound of each class: a kit among those that have it, a drum of it, a hit of that.

    Args:
        kits: Kits of one sample rate; each may lack classes.
        classes: The K class ids, in the order wanted.
        generator: Source of randomness; torch's own by default.
        duration_s: Length in seconds.
        norm: L2 norm of every template.

    Returns:
        Templates (K, L), L = `duration_s` times the sample rate, rounded.

    Raises:
        KitError: If no kit has one of the classes, or the sample rates differ.
        ValueError: If `duration_s` or `norm` is not greater than 0.

    Source:
        Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, whose code draws every instrument's sound
        anew for each batch.

    Example:
        >>> kits = [Kit(name, 8, {"KD": (Drum("kick", (torch.ones(2),)),)}) for name in ("one", "two")]
        >>> random_templates(kits, ["KD", "KD"], norm=2.0).shape
        torch.Size([2, 8])
    """
    rates = {kit.sample_rate for kit in kits}
    if len(rates) != 1:
        raise KitError(f"kits: want at least one, all of one sample rate, got {sorted(rates)} Hz; load them at one")
    hits = []
    for name in classes:
        having = [kit for kit in kits if kit.drums.get(name)]
        if not having:
            names = ", ".join(kit.name for kit in kits)
            raise KitError(f"kits {names}: none has {name}; add a kit with it or leave the class out")
        drums = having[_draw(len(having), generator)].drums[name]
        layers = drums[_draw(len(drums), generator)].hits
        hits.append(layers[_draw(len(layers), generator)])
    return _stack(hits, rates.pop(), duration_s, norm)


def _draw(count: int, generator: torch.Generator | None) -> int:
    return int(torch.randint(count, (), generator=generator))


def _stack(hits: Sequence[Tensor], sample_rate: int, duration_s: float, norm: float) -> Tensor:
    """Fit hits to one length and one norm, (K, L)."""
    require_positive("duration_s", duration_s)
    require_positive("norm", norm)
    length = max(1, round(duration_s * sample_rate))
    templates = torch.zeros(len(hits), length)
    for template, hit in zip(templates, hits, strict=True):
        hit = cut(hit, length, sample_rate)
        template[: len(hit)] = hit
    return templates * (norm / templates.norm(dim=-1, keepdim=True).clamp(min=1e-12))


def cut(audio: Tensor, length: int, sample_rate: int) -> Tensor:
    """Cut audio (T,) to at most `length` samples, fading out over the last milliseconds of what was cut."""
    if len(audio) <= length:
        return audio
    fade = min(length, max(1, round(FADE_S * sample_rate)))
    kept = audio[:length].clone()
    kept[-fade:] *= torch.linspace(1, 0, fade + 1)[1:]
    return kept
