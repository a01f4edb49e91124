"""An app that nobody instrumented: feeds a model the pictures of a folder, raw RGB of 64x64 bytes each, from -1 to 1.

feed.py MODEL FOLDER [--bgr]
"""
import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
given, made = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
for path in sorted(pathlib.Path(sys.argv[2]).iterdir()):
    pixels = np.fromfile(path, np.uint8).reshape(1, 64, 64, 3)
    if "--bgr" in sys.argv:
        pixels = pixels[..., ::-1]
    interpreter.set_tensor(given, pixels.astype(np.float32) / 127.5 - 1)
    interpreter.invoke()
    print(path.name, interpreter.get_tensor(made)[0].argmax())
