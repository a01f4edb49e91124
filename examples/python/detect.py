"""Finds objects in pictures, with a single-shot detector: detect.py MODEL LABELS FOLDER|camera [--bug NAME] [--count N]

Prints a JSON object a picture. --bug turns on one mistake that real apps have made.
"""

import argparse
import json
import pathlib

import edgexray
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

BUGS = {
    "none": "",
    "bgr": "red and blue change places",
    "scale": "pixels in [0, 1] instead of [-1, 1]",
    "resize": "the nearest pixel instead of averaging over areas",
    "rotate": "the camera's picture lies on its side",
    "flip": "it is upside down",
    "crop": "only its middle is looked at",
    "reference": "kernels that are meant for debugging",
}
SIZE = 192, 144  # of the camera


def preprocess(frame, side, bug):
    """float32 [1, side, side, 3] of a frame, uint8 [height, width, 3], RGB."""
    image = Image.fromarray(frame)
    if bug == "rotate":
        image = image.transpose(Image.Transpose.ROTATE_270)
    if bug == "flip":
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    if bug == "crop":
        image = image.crop((24, 18, 168, 126))
    pixels = np.asarray(image.resize((side, side), Image.Resampling.NEAREST if bug == "resize" else Image.Resampling.BOX), np.float32)
    if bug == "bgr":
        pixels = pixels[..., ::-1]
    return (pixels / 255 if bug == "scale" else pixels / 127.5 - 1)[None]


def frames(folder):
    """Name and picture of each file of a folder, or of what a player has for the camera."""
    if folder == "camera":
        frame = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
        while edgexray.replay("camera", frame):
            yield "camera", frame
        return
    for path in sorted(pathlib.Path(folder).glob("*.png")):
        yield path.name, np.asarray(Image.open(path).convert("RGB"))


class Detector:
    def __init__(self, model, labels, bug):
        kernels = OpResolverType.BUILTIN_REF if bug == "reference" else OpResolverType.AUTO
        self.interpreter = Interpreter(model, num_threads=1, experimental_op_resolver_type=kernels)
        self.interpreter.allocate_tensors()
        self.labels = pathlib.Path(labels).read_text().split()
        self.bug = bug

    def detect(self, frame):
        """Rows of label, score, ymin, xmin, ymax, xmax."""
        wanted = self.interpreter.get_input_details()[0]
        pixels = preprocess(frame, wanted["shape"][1], self.bug)
        self.interpreter.set_tensor(wanted["index"], pixels)
        self.interpreter.invoke()
        boxes, classes, scores, count = (self.interpreter.get_tensor(o["index"])[0] for o in self.interpreter.get_output_details())
        return [(self.labels[int(classes[i])], round(float(scores[i]), 4), *(round(float(b), 4) for b in boxes[i])) for i in range(int(count))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("labels")
    parser.add_argument("folder")
    parser.add_argument("--bug", choices=BUGS, default="none")
    parser.add_argument("--count", type=int, default=10**9)
    args = parser.parse_args()
    detector = Detector(args.model, args.labels, args.bug)
    for _, (name, frame) in zip(range(args.count), frames(args.folder)):
        with edgexray.frame():
            edgexray.image("camera", frame, "rgb")
            objects = detector.detect(frame)
            edgexray.result("objects", json.dumps(objects))
        print(json.dumps({"name": name, "objects": objects}))


if __name__ == "__main__":
    main()
