import re
import shlex
import tomllib
from pathlib import Path

import pytest
import torch
import typer
from drummernet.commands.app import app
from drummernet.weights import SHIPPED

from ddsp_drums.audio import write_audio
from ddsp_drums.events import Hit, write_midi
from ddsp_drums.kits import load_kit, load_taxonomy, procedural_kit, render

ROOT = Path(__file__).parents[3]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]


def blocks(language):
    return [
        (page, block)
        for page in PAGES
        for block in re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    ]


def arguments(line):
    """What follows `drummernet` in a line of the shell, in a launcher too; nothing if it calls something else."""
    words = shlex.split(line.partition(" < ")[0], comments=True)
    return [word for word in words[words.index("drummernet") + 1 :] if word != "..."] if "drummernet" in words else []


LINES = {line for _, block in blocks("bash") for line in block.replace("\\\n", " ").splitlines()}
COMMANDS = sorted({shlex.join(words) for line in LINES if (words := arguments(line))})
QUICK = [one for one in COMMANDS if re.match(r"transcribe [^-]|render|kit|evaluate [a-z]", one) and "--jobs" not in one]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What the pages' commands are given, very short."""
    monkeypatch.chdir(tmp_path)
    hits = [Hit(0.1, "KD", 110), Hit(0.4, "SD", 100), Hit(0.7, "CHH", 90)]
    kit = procedural_kit(sample_rate=16_000)
    audio = render(hits, kit, duration_s=1.0)
    audio = 0.9 * audio / audio.abs().max()
    names = ("my_drums.wav", "song.wav", "song.mp3", "loop.wav", "take.wav")
    for name in (*names, "recordings/take.wav", "my_annotated/take.wav"):
        Path(name).parent.mkdir(exist_ok=True)
        write_audio(name, audio, sample_rate=16_000)
    for name in ("groove.mid", "recordings/take.mid", "my_annotated/take.mid"):
        write_midi(name, hits)
    for name, sounds in kit.drums.items():
        Path("my_kit").mkdir(exist_ok=True)
        write_audio(f"my_kit/{name}.wav", sounds[0].hits[-1], sample_rate=16_000)
    Path("runs/mine").mkdir(parents=True)
    Path("runs/mine/default.safetensors").write_bytes(SHIPPED.read_bytes())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_understood(command):
    def mute(of):
        for each in getattr(of, "commands", {}).values():
            mute(each)
            each.callback = lambda **_: None

    parsed = typer.main.get_command(app)
    mute(parsed)
    parsed.main(shlex.split(command), standalone_mode=False)


@pytest.mark.parametrize("command", QUICK)
def test_a_quick_command_does_what_it_is_for(command, folder, run):
    code, _, err = run(*shlex.split(command))
    assert (code, err) == (0, "")


def test_the_kit_toml_of_the_page_puts_a_kit_right(tmp_path):
    kit_toml, taxonomy = (block for page, block in blocks("toml") if page.name == "train.md")
    (tmp_path / "taxonomy.toml").write_text(taxonomy)
    (tmp_path / "kit.toml").write_text(kit_toml)
    (tmp_path / "bells").mkdir()
    for name in ("boom_1", "bells/1", "bells/5"):
        write_audio(tmp_path / f"{name}.wav", torch.arange(1600).div(20).sin(), sample_rate=16_000)
    kit = load_kit(tmp_path, taxonomy=load_taxonomy(tmp_path / "taxonomy.toml"))
    assert kit.classes == ("KD", "COW")
    assert list(kit.left_out) == ["bells/5.wav"]


@pytest.mark.parametrize("block", [block for _, block in blocks("toml")])
def test_toml_is_toml(block):
    assert tomllib.loads(block)
