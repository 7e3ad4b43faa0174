"""Load a kit of any kind."""

from functools import partial
from pathlib import Path

from ddsp_drums._validate import require_count, require_positive
from ddsp_drums.kits.archive import unpacked
from ddsp_drums.kits.assemble import assemble
from ddsp_drums.kits.folder import find_in_folder
from ddsp_drums.kits.hydrogen import read_hydrogen
from ddsp_drums.kits.kit import Kit, KitError
from ddsp_drums.kits.sfz import find_in_sfz
from ddsp_drums.kits.taxonomy import TAXONOMY, Taxonomy

__all__ = ["load_kit"]

MIN_DURATION_S = 0.01  # what is shorter would be silence before the onset and a fade


def load_kit(
    path: str | Path, *, sample_rate: int = 16000, max_duration_s: float = 1.5, taxonomy: Taxonomy = TAXONOMY
) -> Kit:
    """Load a folder of one-shots, an SFZ instrument or a Hydrogen drum kit.

    =============================  =====================================================================
    path                           classes, drums and velocity layers
    =============================  =====================================================================
    a folder, with its subfolders  by the names of files and folders (see `classify`)
    `NAME.sfz`                     its regions; classes by the names of the samples, else by General MIDI key
    `drumkit.xml`                  its instruments; classes by their names, those of the samples, or the note
    `NAME.h2drumkit`               the `drumkit.xml` in the archive, of which nothing stays on the disk
    =============================  =====================================================================

    Each hit is mono, begins at its onset, and keeps its level. Toms that no name places are ranked by number
    (`Tom 1`, `12inch`), else by measured pitch; hats that nothing calls closed or open are told by their decay. At
    16 kHz and above, a drum that cannot be what it is named (see `unlike`) is left out. A `kit.toml` beside the
    sounds overrules all of it (see `Overrule`).

    Args:
        path: The kit.
        sample_rate: Rate of the kit in Hz.
        max_duration_s: Length in seconds after which a hit is cut; no more of a file is read.
        taxonomy: Classes, spellings and notes; those of `load_taxonomy` for instruments of your own.

    Returns:
        The kit. Its `left_out` names every sound that is not in it, and why; its `guessed`, what told the class where
        no name did.

    Raises:
        KitError: If there is no such kit, its file is broken or malicious, or no sound can be used.
        TypeError: If `sample_rate` is not an int.
        ValueError: If `sample_rate` is below 1 or `max_duration_s` below a hundredth.
        ImportError: If soundfile and soxr are not installed.

    Source:
        The formats: sfzformat.com, and hydrogen-music.org with the schema `drumkit.xsd`.

    Example:
        >>> import tempfile
        >>> import torch
        >>> from ddsp_drums.audio.files import write_audio
        >>> folder = tempfile.TemporaryDirectory()
        >>> for name in ("Kick-1.wav", "Kick-2.wav", "tom_floor.wav", "Cowbell.wav"):
        ...     write_audio(f"{folder.name}/{name}", torch.arange(1600).div(20).sin(), sample_rate=16000)
        >>> kit = load_kit(folder.name)
        >>> kit.classes, len(kit.drums["KD"][0].hits), dict(kit.left_out)
        (('KD', 'FT'), 2, {'Cowbell.wav': "named 'cowbell'"})
        >>> folder.cleanup()
    """
    require_count("sample_rate", sample_rate)
    require_positive("max_duration_s", max_duration_s)
    if max_duration_s < MIN_DURATION_S:
        raise ValueError(f"max_duration_s must be at least {MIN_DURATION_S}, got {max_duration_s}")
    path = Path(path)
    make = partial(assemble, source=str(path), sample_rate=sample_rate, max_duration_s=max_duration_s)
    kind = path.suffix.lower()
    if path.is_dir():
        return make(find_in_folder(path, taxonomy), path, name=path.resolve().name, licence=None)
    if kind == ".sfz":
        return make(find_in_sfz(path, taxonomy), path.parent, name=path.stem, licence=None)
    if kind == ".xml":
        hydrogen = read_hydrogen(path, taxonomy)
        return make(hydrogen.sounds, path.parent, name=hydrogen.name, licence=hydrogen.licence)
    if kind == ".h2drumkit":
        with unpacked(path) as folder:
            described = list(folder.rglob("drumkit.xml"))
            if len(described) != 1:
                raise KitError(f"{path}: has {len(described)} files named drumkit.xml; want one")
            try:
                hydrogen = read_hydrogen(described[0], taxonomy)
                return make(hydrogen.sounds, described[0].parent, name=hydrogen.name, licence=hydrogen.licence)
            except KitError as error:
                raise KitError(str(error).replace(str(folder), str(path))) from error
    if path.exists():
        raise KitError(f"{path}: no kit; want a folder, an .sfz, a Hydrogen drumkit.xml or .h2drumkit")
    raise KitError(f"{path}: no such folder or file")
