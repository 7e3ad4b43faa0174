"""The `drummernet kit` commands."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from drummernet.commands.terminal import RESULTS, say

if TYPE_CHECKING:
    from ddsp_drums.kits import Kit, Taxonomy

__all__ = ["app"]

app = typer.Typer(help="Look at kits of sounds.", no_args_is_help=True)
_EXAMPLES = 3  # files that stand for all with the same reason


@app.callback()
def kit() -> None:
    """Look at kits of sounds."""  # with a callback, a single command keeps its name


@app.command()
def show(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[KIT]", help="A folder, an .sfz, a Hydrogen drumkit.xml or .h2drumkit. Default: synthesised."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="SHEET.png", help="Draw the sounds into this picture.")] = None,
    preset: Annotated[str | None, typer.Option(metavar="808|909", help="Which drum machine to synthesise.")] = None,
    taxonomy: Annotated[Path | None, typer.Option(metavar="TOML", help="Instruments of your own.")] = None,
) -> None:
    """Show what each sound of a kit was taken for, what was guessed, what was left out, and why.

    What is wrong, a kit.toml beside the sounds puts right.
    """
    from ddsp_drums.kits import TAXONOMY, load_kit, load_taxonomy, procedural_kit

    if path and preset:
        raise ValueError("--preset is of the synthesised kit: leave out KIT or --preset")
    if out and not out.absolute().parent.is_dir():
        raise ValueError(f"--out {out}: no such folder")
    classes = load_taxonomy(taxonomy) if taxonomy else TAXONOMY
    loaded = load_kit(path, taxonomy=classes) if path else procedural_kit(preset=preset)
    say(f"{loaded.name}: licence {loaded.licence or 'unknown'}")
    RESULTS.print(_drums(loaded, classes))
    for title, reasons in (("guessed", loaded.guessed), ("left out", loaded.left_out)):
        if reasons:
            RESULTS.print(_reasons(title, reasons))
    if out:
        from drummernet.commands.kit_sheet import plot_kit

        plot_kit(out, loaded, taxonomy=classes)
        say(f"wrote {out}")


def _drums(kit: "Kit", taxonomy: "Taxonomy") -> Table:
    table = Table("class", "instrument", "drums", "layers", "hits", "names")
    for name in kit.classes:
        drums = kit.drums[name]
        known = taxonomy.by_id.get(name)
        counts = (len(drums), sum(len(drum.layers) for drum in drums), sum(len(drum.hits) for drum in drums))
        listed = Text(", ".join(drum.name for drum in drums))
        style = known.colour if known else None
        table.add_row(Text(name, style or ""), Text(known.name if known else ""), *map(str, counts), listed)
    return table


def _reasons(title: str, reasons: Mapping[str, str]) -> Table:
    """List the files of each reason, numbers in brackets apart."""
    groups: dict[str, list[str]] = defaultdict(list)
    for file, reason in reasons.items():
        groups[reason.partition(" (")[0]].append(file)
    table = Table(title, "files", "such as")
    for reason, files in groups.items():
        more = ", ..." if len(files) > _EXAMPLES else ""
        table.add_row(Text(reason), str(len(files)), Text(", ".join(files[:_EXAMPLES]) + more))
    return table
