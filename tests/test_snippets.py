import re
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

import pytest
import torch

from ddsp_drums import losses, nn
from ddsp_drums.audio import write_audio

ROOT = Path(__file__).parents[1]
BLOCKS = {
    f"{path.name}:{text.count(chr(10), 0, match.start()) + 1}": match[1]
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "ddsp_drums").rglob("*.md")]
    if path.name != "your_kit.md"  # a notebook, whose blocks run one after the other in its own test
    for text in [path.read_text()]
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
}


@pytest.mark.parametrize("place", BLOCKS)
def test_a_python_block_runs_and_prints_what_it_says(place, tmp_path, monkeypatch, capsys):
    if "import torchaudio" in BLOCKS[place]:
        pytest.importorskip("torchaudio", reason="torchaudio is installed beside torch 2.11 alone")
    monkeypatch.chdir(tmp_path)  # it may write files, and may read recordings/
    (tmp_path / "recordings").mkdir()
    write_audio(tmp_path / "recordings" / "take.wav", torch.zeros(16000), sample_rate=16000)
    (tmp_path / "recordings" / "take.csv").write_text("0.5,KD\n")
    exec(compile(BLOCKS[place], place, "exec"), {})
    said = re.findall(r"^print\(.*\)  # (.*\n)", BLOCKS[place], re.MULTILINE)
    printed = capsys.readouterr().out
    if said:
        assert OutputChecker().check_output("".join(said), printed, ELLIPSIS), f"printed {printed}, but says {said}"


def test_a_layer_alone_takes_few_lines():
    lines = {place: len(re.findall(r"\S.*", block)) for place, block in BLOCKS.items() if place.startswith("layers.md")}
    assert len(lines) > 10
    assert max(lines.values()) < 15


def test_every_layer_stands_alone_as_a_module_or_a_function():
    blocks = [block for place, block in BLOCKS.items() if place.startswith("layers.md")]
    shown = set(re.findall(r"\w+", "".join(blocks)))
    layers = [each for module in (nn, losses) for each in vars(module).values() if isinstance(each, type)]
    functions = {layer: re.match(r"Module of :func:`ddsp_drums\.(\w+)`", layer.__doc__) for layer in layers}
    assert len(layers) > 15
    assert not [layer for layer, found in functions.items() if not shown & {layer.__name__, found and found[1]}]
