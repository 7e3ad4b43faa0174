#!/usr/bin/env bash
# Test the kernels on a GPU and measure everything there, in one go of at most ten minutes.
# Results, page and plots go to $OUT, or the results to benchmarks/results and the rest to docs.
# Nothing is downloaded: what is needed must be installed, `pip install ".[bench,test]" liger-kernel`. PYTHON names the interpreter.
set -uo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
begin=$SECONDS

"$python" - <<'CHECK' || exit 1
import importlib.util
import sys

import torch

if not torch.cuda.is_available():
    sys.exit("no CUDA device: nothing was measured")
print(torch.cuda.get_device_name(), "torch", torch.__version__)
missing = [name for name in ("pytest", "pytest_benchmark", "hypothesis", "matplotlib", "triton", "entmax") if not importlib.util.find_spec(name)]
if missing:
    sys.exit(f"not installed: {', '.join(missing)}")
for name in ("torchaudio", "liger_kernel"):
    print(name, "is installed" if importlib.util.find_spec(name) else "is not installed: its rows are left out")
CHECK

timeout 180 "$python" -m pytest -q -m gpu tests/ops # where all of them are: the rest would only be imported
tested=$?
# What the tests left of nine and a half minutes; drawing takes the rest.
timeout "$((590 - SECONDS + begin))" "$python" -m benchmarks --device cuda --time-limit "$((520 - SECONDS + begin))" ${OUT:+--out "$OUT"}
measured=$?

echo "GPU tests: exit status $tested; benchmarks: $measured; $((SECONDS - begin)) s"
[ "$tested" -eq 0 ] && [ "$measured" -eq 0 ]
