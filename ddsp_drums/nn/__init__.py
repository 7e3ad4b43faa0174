"""Every layer as a module."""

from ddsp_drums.nn.constant_q import CQT
from ddsp_drums.nn.cqt import PseudoCQT
from ddsp_drums.nn.damping import DampedSynthesizer
from ddsp_drums.nn.envelope import StrikeEnvelope
from ddsp_drums.nn.flux import SpectralFlux
from ddsp_drums.nn.heads import ConvHead, RecurrentHead
from ddsp_drums.nn.hpss import PercussiveEnhancer
from ddsp_drums.nn.median import MedianFilter
from ddsp_drums.nn.mel import LogMel
from ddsp_drums.nn.nmfd import NMFD
from ddsp_drums.nn.noise import FilteredNoise
from ddsp_drums.nn.partials import DecayingPartials
from ddsp_drums.nn.sparsemax import GatedSparsemax, Sparsemax
from ddsp_drums.nn.stft import Spectrogram
from ddsp_drums.nn.sweep import SweptSine
from ddsp_drums.nn.synthesis import TemplateSynthesizer
from ddsp_drums.nn.templates import LearnableTemplates
from ddsp_drums.nn.unet import UNetEncoder

__all__ = [
    "CQT",
    "NMFD",
    "ConvHead",
    "DampedSynthesizer",
    "DecayingPartials",
    "FilteredNoise",
    "GatedSparsemax",
    "LearnableTemplates",
    "LogMel",
    "MedianFilter",
    "PercussiveEnhancer",
    "PseudoCQT",
    "RecurrentHead",
    "Sparsemax",
    "SpectralFlux",
    "Spectrogram",
    "StrikeEnvelope",
    "SweptSine",
    "TemplateSynthesizer",
    "UNetEncoder",
]
