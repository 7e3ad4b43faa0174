"""Differentiable layers for percussion, and for any instrument whose notes are repeated sounds."""

from ddsp_drums import functional, losses, nn
from ddsp_drums.functional import *
from ddsp_drums.losses import *
from ddsp_drums.nn import *

__all__ = sorted({*functional.__all__, *losses.__all__, *nn.__all__})

__version__ = "0.1.0"
