"""What was heard in a recording, and all that can be made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ddsp_drums.events import (
    Event,
    Hit,
    TempoMap,
    estimate_tempo,
    quantise,
    write_csv,
    write_jams,
    write_json,
    write_midi,
)
from ddsp_drums.kits import TAXONOMY, Kit, Taxonomy, procedural_kit, render

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Event", "Transcription"]


@dataclass(frozen=True, eq=False)
class Transcription:
    """What was heard.

    Attributes:
        events: In order of time.
        activations: Probability of each instrument, (K, N) in [0, 1], in half precision.
        instruments: The K instruments.
        frame_rate_hz: Frames a second.
        duration_s: Length of the audio in seconds.
        taxonomy: Knows the instruments.
    """

    events: Sequence[Event]
    activations: Tensor
    instruments: tuple[str, ...]
    frame_rate_hz: float
    duration_s: float
    taxonomy: Taxonomy = TAXONOMY

    @property
    def hits(self) -> list[Hit]:
        """The events without their confidence."""
        return [event.hit for event in self.events]

    @cached_property
    def tempo(self) -> TempoMap | None:
        """Tempo and bars of the hits, see :func:`ddsp_drums.events.estimate_tempo`; None where there are too few."""
        return estimate_tempo(self.events)

    def to_midi(
        self, path: str | Path, *, tempo: TempoMap | None = None, strength: float = 0.0, swing: float = 0.5
    ) -> None:
        """Write a General MIDI drum track, see :func:`ddsp_drums.events.write_midi`.

        Args:
            path: The file.
            tempo: Where its beats and bars are, such as `self.tempo`; 120 beats a minute from time zero by default.
            strength: How far hits are moved to the sixteenths of this tempo, see :func:`ddsp_drums.events.quantise`.
            swing: Where the second sixteenth of each eighth is, 0.5 to 0.75.

        Raises:
            ValueError: If `strength` or `swing` is out of its range.
        """
        tempo = tempo or TempoMap.constant()
        to_move = self.events if strength else ()  # hours need not stand in memory twice
        moved = quantise(to_move, tempo, strength=strength, swing=swing)
        write_midi(path, moved or self.events, tempo=tempo, taxonomy=self.taxonomy)

    def to_csv(self, path: str | Path) -> None:
        """Write a table, see :func:`ddsp_drums.events.write_csv`."""
        write_csv(path, self.events, taxonomy=self.taxonomy)

    def to_json(self, path: str | Path) -> None:
        """Write JSON with tempo and confidences, see :func:`ddsp_drums.events.write_json`."""
        write_json(path, self.events, duration_s=self.duration_s, tempo=self.tempo, taxonomy=self.taxonomy)

    def to_jams(self, path: str | Path, *, title: str = "") -> None:
        """Write JAMS with tempo and confidences, see :func:`ddsp_drums.events.write_jams`."""
        tempo, taxonomy = self.tempo, self.taxonomy
        write_jams(path, self.events, duration_s=self.duration_s, title=title, tempo=tempo, taxonomy=taxonomy)

    def table(self, title: str | None = None) -> "Table":
        """Lay the events out as a table that `rich` prints."""
        from rich.table import Table
        from rich.text import Text

        grid = Table("onset, s", "class", "instrument", "note", "velocity", "confidence", title=title and Text(title))
        for onset_s, name, velocity, confidence in self.events:
            known = self.taxonomy.by_id[name]
            row = (f"{onset_s:.3f}", name, known.name, str(known.gm_note), str(velocity), f"{confidence:.2f}")
            grid.add_row(*row, style=known.colour)
        return grid

    def plot(self, path: str | Path, audio: Tensor, *, title: str = "") -> None:
        """Draw waveform (T,) and hits into a PNG, see :func:`drummernet.results.plot.plot_transcription`."""
        from drummernet.results.plot import plot_transcription

        plot_transcription(path, [audio], self, sample_rate=audio.numel() / self.duration_s, title=title)

    def audio(self, kit: Kit | None = None) -> Tensor:
        """Play what was heard on a kit, by default the synthesised one at 44.1 kHz.

        Args:
            kit: The sounds; what it lacks does not play.

        Returns:
            Audio (T,) at the kit's sample rate, T = half a second more than the recording; levels are the kit's.
            :func:`drummernet.results.resynthesis.resynthesise` gives the instruments apart.
        """
        from drummernet.results.resynthesis import TAIL_S

        kit = kit or procedural_kit(sample_rate=44_100)
        known = [hit for hit in self.hits if hit.instrument in kit.classes]
        return render(known, kit, duration_s=self.duration_s + TAIL_S)
