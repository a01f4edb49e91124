"""Hears words in recordings of a second: listen.py MODEL LABELS FOLDER [--front log_mel|spectrogram] [--bug NAME] [--count N]

FOLDER has a folder of WAV files per word: 16 kHz, 16 bits, one channel. Prints a JSON object a recording. --bug turns on one
mistake that real apps have made.
"""

import argparse
import json
import pathlib
import wave

import edgexray
import numpy as np
from ai_edge_litert.interpreter import Interpreter

BUGS = {
    "none": "",
    "rate": "the microphone gives 8000 samples a second, which are taken for 16000",
    "level": "half as loud: scaled by 1/65536 instead of 1/32768",
    "unscaled": "16-bit samples as they are instead of in [-1, 1]",
    "window": "a rectangular window instead of Hann's",
    "log": "the logarithm to base 10 (of the spectrogram: one that isn't wanted)",
    "normalization": "features scaled to [0, 1], as another model wants them",
}
RATE = 16000


def samples_of(path):
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def waveform(samples, bug):
    """float64 [16000] in [-1, 1]."""
    if bug == "rate":
        samples = samples[::2]
    samples = np.pad(samples, (0, RATE - len(samples)))
    return samples / {"level": 65536, "unscaled": 1}.get(bug, 32768)


def spectrum(sound, length, step, fft, bug):
    """[n, fft/2+1]: magnitudes of each stretch of length samples."""
    at = np.arange(length) + step * np.arange(1 + (len(sound) - length) // step)[:, None]
    window = 1 if bug == "window" else 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return abs(np.fft.rfft(sound[at] * window, fft))


def mel_weights(bins, fft, low, high):
    """[fft/2+1, bins]: HTK's scale, triangles of height 1."""
    def mel(hertz):
        return 1127 * np.log1p(hertz / 700)
    edges = np.linspace(mel(low), mel(high), bins + 2)
    lines = mel(np.arange(1, fft // 2 + 1) * RATE / fft)[:, None]
    up, down = (lines - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - lines) / (edges[2:] - edges[1:-1])
    return np.pad(np.maximum(0, np.minimum(up, down)), ((1, 0), (0, 0)))


def log_mel(sound, bug):
    """[98, 40]: as YAMNet's, 25 ms every 10 ms."""
    power = spectrum(sound, 400, 160, 512, bug) @ mel_weights(40, 512, 125, 7500)
    return (np.log10 if bug == "log" else np.log)(power + 0.001)


def spectrogram(sound, bug):
    """[124, 129]: as TensorFlow's tutorial on simple audio recognition."""
    power = spectrum(sound, 255, 128, 256, bug)
    return np.log(power + 1e-6) if bug == "log" else power


FRONTS = {"log_mel": log_mel, "spectrogram": spectrogram}


def fed(features, wanted, bug):
    """What the model takes for features."""
    if bug == "normalization":
        features = (features - features.min()) / (features.max() - features.min())
    features = features.astype(np.float32)[None, ..., None]
    if wanted["dtype"] == np.float32:
        return features
    scale, zero = wanted["quantization"]
    return np.clip(np.round(features / scale) + zero, -128, 127).astype(np.int8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--front", choices=FRONTS, default="log_mel")
    parser.add_argument("--bug", choices=BUGS, default="none")
    parser.add_argument("--count", type=int, default=10**9)
    args = parser.parse_args()
    interpreter = Interpreter(args.model, num_threads=1)
    interpreter.allocate_tensors()
    (wanted,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    labels = args.labels.read_text().split()
    for path in sorted(args.folder.glob("*/*.wav"), key=lambda p: p.name)[:args.count]:
        samples = samples_of(path)
        with edgexray.frame():
            edgexray.audio("microphone", samples, RATE)
            edgexray.label(path.parent.name)
            sound = waveform(samples, args.bug)
            interpreter.set_tensor(wanted["index"], fed(FRONTS[args.front](sound, args.bug), wanted, args.bug))
            interpreter.invoke()
            word = labels[interpreter.get_tensor(given["index"])[0].argmax()]
            edgexray.result("word", word)
        print(json.dumps({"name": path.name, "label": path.parent.name, "result": word}))


if __name__ == "__main__":
    main()
