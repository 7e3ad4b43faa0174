"""Kernels, one folder each: the public function, its specification in plain PyTorch, and its mathematics."""
