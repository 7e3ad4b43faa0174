"""What stands between a sound and its recording, on batches (..., T); what begins at a sample stays there."""

from ddsp_drums.audio.degradations.chain import degrade
from ddsp_drums.audio.degradations.digital import mp3, mu_law, quantise, resample
from ddsp_drums.audio.degradations.dynamics import amplify, compress, saturate
from ddsp_drums.audio.degradations.filters import convolve, equalise, high_cut, low_cut, room_response
from ddsp_drums.audio.degradations.mixing import add_noise, bleed, coloured_noise, crackle

__all__ = [
    "add_noise",
    "amplify",
    "bleed",
    "coloured_noise",
    "compress",
    "convolve",
    "crackle",
    "degrade",
    "equalise",
    "high_cut",
    "low_cut",
    "mp3",
    "mu_law",
    "quantise",
    "resample",
    "room_response",
    "saturate",
]
