"""Speed, memory and agreement of the layers beside what one would write without them: `python -m benchmarks`."""
