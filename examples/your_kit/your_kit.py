# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A transcriber for your own kit
#
# Twenty sounds of your own, beatboxed, drummed on a table or on pots and pans, are enough for a network that hears
# exactly these and writes MIDI. It needs no annotated recording: it learns by reading back what it played itself.
#
# Put your sounds into a folder, one stroke a file, and name the files by what was struck: `pot 1.wav`, `pot 2.wav`,
# `spoon 1.wav` and so on. Four or five different strokes of each object are good, ten are better. Here the folder is
# made by formula, so that this page runs anywhere; set `SOUNDS` to yours and leave the next cell out.

# %%
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from drummernet import Transcriber
from drummernet.config import CONFIGS, with_classes
from drummernet.training.train import Trainer, train

from ddsp_drums import decaying_partials, filtered_noise, log_mel, strike_envelope
from ddsp_drums.audio import write_audio
from ddsp_drums.audio.degradations import add_noise, coloured_noise, convolve, room_response
from ddsp_drums.events import Hit, read_midi
from ddsp_drums.kits import load_kit, load_taxonomy, render
from ddsp_drums.metrics import count_onsets

SOUNDS = Path("my_sounds")
SEGMENTS = 12000  # to learn from: more is better, and takes longer
RATE = 16000

# %% [markdown]
# ## Sounds
#
# A struck object is a few modes that decay and the noise of the stroke. The ranges below are of five things in a
# kitchen; each stroke draws from them anew.

# %%
OBJECTS = {  # lowest mode in Hz, the others as ratios, seconds that it rings, level of the noise, where it ends in Hz
    "pot": ((210, 260), (1, 1.7, 2.6, 3.7, 5.1), (0.25, 0.4), 0.2, 3000),
    "pan": ((560, 680), (1, 1.4, 2.3, 2.9, 4.2), (0.4, 0.7), 0.2, 6000),
    "table": ((85, 110), (1, 2.1, 3.3), (0.04, 0.07), 0.6, 900),
    "glass": ((1900, 2300), (1, 2.3, 3.1), (0.3, 0.6), 0.03, 8000),
    "rice": ((3000, 3500), (1,), (0.002, 0.003), 2.0, 20000),  # in a jar, shaken
}


def strike(name: str, rng: np.random.Generator) -> torch.Tensor:
    """Strike an object: audio of a second."""
    lowest_hz, ratios, ring_s, noise, top_hz = OBJECTS[name]
    how = {"sample_rate": RATE, "n_samples": RATE}
    ratio = torch.tensor(ratios) * torch.from_numpy(rng.normal(1, 0.005, len(ratios))).float()
    gain = torch.from_numpy(rng.uniform(0.3, 1, len(ratios))).float() / ratio**0.5
    modes = decaying_partials(rng.uniform(*lowest_hz) * ratio, rng.uniform(*ring_s) / ratio, gain, 0 * ratio, **how)
    low, high, tilt = torch.tensor([0.15 * top_hz, top_hz * rng.uniform(0.8, 1.2), 0.0])
    burst = filtered_noise(low, high, tilt, seed=int(rng.integers(1 << 31)), **how)
    start, attack, decay = torch.tensor([0.0, 0.01 if name == "rice" else 0.0005, 0.03 if name == "rice" else 0.008])
    sound = modes + noise * rng.uniform(0.6, 1.4) * burst * strike_envelope(start, attack, decay, **how)
    return 0.5 * sound / sound.abs().max()


def write_sounds(folder: Path, seed: int) -> None:
    """Write four strokes of each object."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    for name in OBJECTS:
        for stroke in range(1, 5):
            write_audio(folder / f"{name} {stroke}.wav", strike(name, rng), sample_rate=RATE)


write_sounds(SOUNDS, seed=1)

# %% [markdown]
# ## Names
#
# Each object is an instrument: a short name, a note for MIDI, a colour for pictures, the words that file names use, and
# which of six kinds of drum it is nearest to (`OT` is anything else).

# %%
Path("my_instruments.toml").write_text(
    "\n".join(
        f'[[instrument]]\nid = "{name.upper()}"\nname = "{name}"\ngm_note = {note}\ncolour = "{colour}"\n'
        f'six = "OT"\nspellings = ["{name}"]\n'
        for note, (name, colour) in enumerate(
            zip(OBJECTS, ("#c1272d", "#e08214", "#4d4d4d", "#0072b2", "#009e73"), strict=True), 60
        )
    )
)
instruments = load_taxonomy("my_instruments.toml")
kit = load_kit(SOUNDS, taxonomy=instruments)
print(kit.report())

# %%
figure, axes = plt.subplots(1, len(kit.classes), figsize=(9, 2), layout="constrained", sharey=True)
for axis, name in zip(axes, kit.classes, strict=True):
    shot = torch.nn.functional.pad(kit.drums[name][0].hits[0], (0, RATE))[: RATE // 2]
    axis.imshow(log_mel(shot, sample_rate=RATE), origin="lower", aspect="auto", cmap="magma", extent=(0, 0.5, 0, 80))
    axis.set(title=name.lower(), xlabel="s", yticks=[])

# %% [markdown]
# ## Training
#
# The system is the package's own with your instruments; smaller and at half the rate, because it learns for minutes;
# as it is less sure then, a stroke must stand out more to be heard. Rhythms are made up, played on your sounds with
# other tunings, levels and decays, sent through rooms, equalisers, compressors and noise, and read back.

# %%
system = with_classes(CONFIGS["default"], kit.classes, instruments)
system = replace(
    system,
    name="mine",
    model=replace(system.model, sample_rate=RATE, hop_length=RATE // 125, channels=64, dilations=(1, 2, 4)),
    train=replace(system.train, items=SEGMENTS, segment_s=2.0, learning_rate=3e-3, reconstruction=0.0),
    picking=replace(system.picking, threshold=0.4),
)
trainer = Trainer(system, [kit])
losses = []
weights = train(trainer, Path("runs/mine"), workers=1, progress=lambda _, loss: losses.append(loss["cycle"]))
figure, axis = plt.subplots(figsize=(9, 2), layout="constrained")
axis.plot(losses, linewidth=0.7, color="black")
axis.set(xlabel="step", ylabel="loss", yscale="log")

# %% [markdown]
# ## A take
#
# To know how good it is, other strokes of these objects are drawn, which it never heard, and played in a room it never
# heard, with noise. Whoever has a recording of their own goes on at `transcribe`.

# %%
write_sounds(Path("other_strokes"), seed=2)
others = load_kit("other_strokes", taxonomy=instruments)
rng = np.random.default_rng(3)
beat = {
    "TABLE": "x...x...x.x.x...",
    "POT": "....x.......x..x",
    "RICE": "x.x.x.x.x.x.x.x.",
    "GLASS": "......x.......x.",
    "PAN": "...........x.x..",
}
played = [
    Hit(bar * 2.0 + step / 8 + abs(rng.normal(0, 0.004)), name, int(rng.uniform(60, 127)))
    for bar in range(6)
    for name, steps in beat.items()
    for step, mark in enumerate(steps)
    if mark == "x" and rng.random() < 0.85
]
audio = render(played, others, duration_s=12.5, dynamic_range_db=24, rng=rng)
room = room_response(sample_rate=RATE, rng=rng, reverberation_s=0.5, wet_db=-14)
audio = add_noise(convolve(audio, room), coloured_noise(len(audio), rng=rng), snr_db=30.0)
write_audio("take.wav", 0.8 * audio / audio.abs().max(), sample_rate=RATE)

# %%
heard = Transcriber(weights).file("take.wav")
heard.to_midi("take.mid", tempo=heard.tempo)
heard.plot("take.png", audio, title="take.wav")
tempo = f", {heard.tempo.bpm:.0f} beats a minute" if heard.tempo else ""
print(f"{len(played)} strokes played, {len(heard.events)} heard{tempo}")
for name in kit.classes:
    there, found = ([hit.onset_s for hit in hits if hit.instrument == name] for hits in (played, heard.hits))
    print(f"{name:6} {len(there):3} strokes, F1 {count_onsets(there, found).f1:.2f}")

# %%
notes = {instrument.gm_note: instrument.id for instrument in instruments.instruments if instrument.id in kit.classes}
print(len(read_midi("take.mid", notes=notes)), "notes in take.mid; the first:", read_midi("take.mid", notes=notes)[:2])
figure, axis = plt.subplots(figsize=(9, 2.4), layout="constrained")
axis.imshow(plt.imread("take.png"))
axis.axis("off")

# %% [markdown]
# Eight strokes of a glass say little. Over five more takes, each with other rhythms, strokes and room, F1 was .91 for
# the glass, .98 pan, .98 pot, 1.00 rice and .99 table.
#
# Your own recordings are transcribed by `drummernet transcribe my_take.wav --weights runs/mine/mine.safetensors`, with
# all the options that it has. If an object is missed, record more strokes of it; if two are taken for each other, train
# with more segments.
