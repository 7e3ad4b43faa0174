"""Calling a layer imports no compiler, which takes longer than the layer."""

import subprocess
import sys

CALLS = """
import sys, torch
from ddsp_drums import damped_synthesis, gated_sparsemax, median_filter, template_synthesis
from ddsp_drums.kits import procedural_kit, render

x = torch.rand(2, 3, 64, requires_grad=True)
templates = torch.rand(3, 100)
heard = gated_sparsemax(x, window=8)
audio = template_synthesis(heard, templates, hop_length=4) + damped_synthesis(heard, heard, templates, hop_length=4)
audio.sum().backward()
render([], procedural_kit(sample_rate=16000), duration_s=1.0)
assert "sympy" not in sys.modules
median_filter(x, kernel_size=5).sum().backward()
assert "torch._dynamo" not in sys.modules
"""


def test_no_layer_imports_a_compiler():
    subprocess.run([sys.executable, "-c", CALLS], check=True)
