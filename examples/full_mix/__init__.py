"""Hear drums inside music: the shipped network, taught further with unlabelled accompaniment under its drums."""
