"""Listens for a wake word in a 16-bit mono WAV file with pymicro-wakeword, as
its own command does, and prints one JSON object: whether and how often the
word was heard, and how often the model was invoked.
"""

import argparse
import json
import os
import wave

import numpy as np
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wav")
    parser.add_argument("--model", choices=[m.value for m in Model], default=Model.OKAY_NABU.value)
    return parser.parse_args()


def read_samples(path):
    """Returns 16-bit samples at the 16 kHz that the models know."""
    with wave.open(path, "rb") as file:
        if (file.getsampwidth(), file.getnchannels()) != (2, 1):
            raise SystemExit(f"wakeword.py: {path} isn't 16-bit mono")
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    times = np.arange(int(len(samples) / rate * 16000)) / 16000
    return np.interp(times * rate, np.arange(len(samples)), samples).astype(np.int16).tobytes()


def main():
    args = parse_args()
    samples = read_samples(args.wav)
    detector = MicroWakeWord.from_builtin(Model(args.model))

    # The model runs each time that enough feature windows have come together.
    windows, heard = 0, 0
    for features in MicroWakeWordFeatures().process_streaming(samples):
        windows += 1
        heard += bool(detector.process_streaming(features))
    print(json.dumps({"pid": os.getpid(), "invokes": windows // detector.stride,
                      "heard": heard > 0, "windows_heard": heard}))


main()
