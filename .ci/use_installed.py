"""Use the installed package from another folder: its layers, and with the argument `recipe` a transcription as well."""

import re
import subprocess
import sys
import tempfile
from importlib.metadata import files, metadata
from importlib.util import find_spec
from pathlib import Path

import torch

import ddsp_drums as dd

CHECKOUT = Path(__file__).resolve().parents[1]
LICENCES = ("licenses/LICENSE", "licenses/NOTICE", "drummernet/weights/README.md")


def main() -> None:
    """Run what is asked for, and say so."""
    if CHECKOUT in Path(dd.__file__).parents and "site-packages" not in dd.__file__:
        sys.exit(f"not the installed package: {dd.__file__}")
    shipped = [file.as_posix() for file in files("ddsp_drums") or []]
    if missing := [name for name in LICENCES if not any(path.endswith(name) for path in shipped)]:
        sys.exit(f"not in the package: {missing}")
    if paths := re.findall(r"\]\((?!https?:)[^)]*\)", metadata("ddsp_drums").json["description"]):
        sys.exit(f"the description links to files, which are not on PyPI: {paths}")
    layers()
    if "recipe" in sys.argv:
        recipe()
    numba = "with" if find_spec("numba") else "without"
    print(f"ddsp_drums {dd.__version__} works on torch {torch.__version__} {numba} numba:", *sys.argv[1:] or ["layers"])


def layers() -> None:
    """Play sounds where a gate is open, compare with noise, and learn from it."""
    sounds = torch.randn(3, 4000, requires_grad=True)
    activations = dd.gated_sparsemax(torch.randn(2, 3, 128), window=64)
    played = dd.template_synthesis(activations, sounds, hop_length=16)
    dd.onset_cqt_loss(played, torch.randn_like(played), sample_rate=16_000).backward()
    if sounds.grad is None or not sounds.grad.isfinite().all() or not sounds.grad.any():
        sys.exit("no gradient")


def recipe() -> None:
    """Transcribe the demo loop in Python and by the command, with the weights of the package."""
    from drummernet import transcribe
    from drummernet.demo import demo_hits, write_demo_loop

    from ddsp_drums.metrics import count_onsets

    with tempfile.TemporaryDirectory() as folder:
        loop = Path(folder) / "loop.flac"
        write_demo_loop(loop)
        heard = transcribe(loop).hits
        kicks = [[hit.onset_s for hit in hits if hit.instrument == "KD"] for hits in (demo_hits(), heard)]
        if count_onsets(*kicks).f1 < 0.8:
            sys.exit(f"kicks at {kicks[1]}, played at {kicks[0]}")
        subprocess.run([Path(sys.executable).with_name("drummernet"), "transcribe", loop], check=True)
        if not loop.with_suffix(".mid").stat().st_size:
            sys.exit("no MIDI")


if __name__ == "__main__":
    main()
