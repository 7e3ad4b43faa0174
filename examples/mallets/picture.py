"""A piano roll of what was played and what was found."""

from collections.abc import Sequence
from pathlib import Path

from ddsp_drums.events import Note

__all__ = ["draw"]

_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def draw(
    path: str | Path, rolls: Sequence[tuple[str, Sequence[Note], Sequence[Note]]], *, start_s: float, end_s: float
) -> None:
    """Draw references as grey bars and estimates as coloured ones within them, a row for each of `rolls`.

    Args:
        path: A PNG file.
        rolls: Title, reference and estimate of each row.
        start_s: First second shown.
        end_s: Last second shown.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 2.9 * len(rolls)), layout="constrained")
    for axes, (title, reference, estimate) in zip(figure.subplots(len(rolls), squeeze=False)[:, 0], rolls, strict=True):
        for notes, height, colour, label in (
            (reference, 0.9, "#c3c9d0", "played"),
            (estimate, 0.45, "#c2410c", "found"),
        ):
            shown = [note for note in notes if start_s <= note.end_s and note.onset_s <= end_s]
            axes.barh(
                [note.pitch for note in shown],
                [note.duration_s for note in shown],
                left=[note.onset_s for note in shown],
                height=height,
                color=colour,
                edgecolor="white",
                linewidth=0.5,
                label=label,
            )
        pitches = [note.pitch for note in (*reference, *estimate)] or [60]
        octaves = [pitch for pitch in range(min(pitches), max(pitches) + 1) if _NAMES[pitch % 12] in ("C", "F")]
        axes.set_yticks(octaves, [f"{_NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in octaves])
        axes.set(xlim=(start_s, end_s), ylim=(min(pitches) - 1, max(pitches) + 1), title=title)
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("seconds")
    axes.legend(loc="upper right", ncols=2, frameon=False)
    figure.savefig(path, dpi=110)
