"""Synthesises the words that the keyword spotters learn and are judged by, with espeak-ng: many voices, paces and pitches,
then noise, another loudness and another place in the second.

A clip is int16 [16000], one second at 16 kHz.
"""

import os
import subprocess
import tempfile
import wave

import numpy as np

WORDS = ("yes", "no", "up", "down", "left", "right", "stop", "go")
RATE = 16000
VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-us+f2", "en-us+f4", "en-us+m3", "en-us+m7", "en-gb+f3", "en-gb+m5")
PACES = (120, 150, 180, 210)  # words a minute
PITCHES = (30, 50, 70)


def synthesise(word, voice, pace, pitch):
    """Real-valued samples at RATE in [-1, 1], without silence around them."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "word.wav")
        subprocess.run(["espeak-ng", "-v", voice, "-s", str(pace), "-p", str(pitch), "-w", path, word], check=True)
        with wave.open(path) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
            samples = resample(samples, file.getframerate(), RATE)
    loud = np.flatnonzero(abs(samples) > 0.02)
    return samples[loud[0]:loud[-1] + 1][:RATE]


def resample(samples, rate, wanted):
    """By its spectrum: no aliases, no loss below half of the lower rate."""
    count = len(samples) * wanted // rate
    spectrum = np.fft.rfft(samples)
    out = np.zeros(count // 2 + 1, complex)
    kept = min(len(out), len(spectrum))
    out[:kept] = spectrum[:kept]
    return np.fft.irfft(out, count) * count / len(samples)


def utterances(held_out, most=10**6):
    """Every (word index, samples), the words in turns. Each fifth way to speak is held out of training."""
    ways = [(v, s, p) for v in VOICES for s in PACES for p in PITCHES]
    spoken = [(index, way) for i, way in enumerate(ways) if (i % 5 == 4) == held_out for index in range(len(WORDS))]
    for index, way in spoken[:most]:
        yield index, synthesise(WORDS[index], *way)


def recorded(rng, samples):
    """What a microphone makes of a word: a clip."""
    clip = np.zeros(RATE)
    start = int(rng.integers(0, RATE - len(samples) + 1))
    clip[start:start + len(samples)] = samples * rng.uniform(0.3, 0.9) / abs(samples).max()
    hum = np.cumsum(rng.normal(0, 1, RATE))
    hum -= np.convolve(hum, np.ones(200) / 200, "same")
    clip += rng.uniform(0.0005, 0.006) * hum / hum.std() + rng.normal(0, rng.uniform(0.0003, 0.004), RATE)
    return (np.clip(clip, -1, 1) * 32767).astype(np.int16)
