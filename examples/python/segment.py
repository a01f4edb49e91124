"""Says what each part of a picture is: segment.py MODEL FOLDER OUT [--bug NAME] [--count N]

Writes a gray PNG a picture to the folder OUT: the index of each pixel's region. --bug turns on one mistake that real apps have
made.
"""

import argparse
import pathlib

import edgexray
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

BUGS = {
    "none": "",
    "bgr": "red and blue change places",
    "scale": "pixels in [0, 1] instead of [-1, 1]",
    "resize": "the nearest pixel instead of averaging over areas",
    "rotate": "the camera's picture is upside down",
    "quantization": "an int8 model's scale and zero point are taken to be those of pixels in [0, 1]",
    "uint8": "an int8 model is given the bytes as they are",
}


def preprocess(image, side, bug):
    """float32 [1, side, side, 3] of a picture."""
    if bug == "rotate":
        image = image.transpose(Image.Transpose.ROTATE_180)
    pixels = np.asarray(image.resize((side, side), Image.Resampling.NEAREST if bug == "resize" else Image.Resampling.BOX), np.float32)
    if bug == "bgr":
        pixels = pixels[..., ::-1]
    if bug == "uint8":
        return pixels[None]
    return (pixels / 255 if bug == "scale" else pixels / 127.5 - 1)[None]


def fed(values, wanted, bug):
    """What the model takes for real numbers."""
    if wanted["dtype"] == np.float32:
        return values
    if bug == "uint8":
        return values.astype(np.uint8).view(np.int8)
    scale, zero = (1 / 255, -128) if bug == "quantization" else wanted["quantization"]
    return np.clip(np.round(values / scale) + zero, -128, 127).astype(np.int8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--bug", choices=BUGS, default="none")
    parser.add_argument("--count", type=int, default=10**9)
    args = parser.parse_args()
    interpreter = Interpreter(str(args.model), num_threads=1)
    interpreter.allocate_tensors()
    (wanted,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    args.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(args.folder.glob("*.png"))[:args.count]:
        image = Image.open(path).convert("RGB")
        with edgexray.frame():
            edgexray.image("camera", np.asarray(image), "rgb")
            interpreter.set_tensor(wanted["index"], fed(preprocess(image, wanted["shape"][1], args.bug), wanted, args.bug))
            interpreter.invoke()
            regions = interpreter.get_tensor(given["index"])[0].argmax(-1).astype(np.uint8)
            edgexray.after("regions", regions)
        Image.fromarray(regions).save(args.out / path.name)


if __name__ == "__main__":
    main()
