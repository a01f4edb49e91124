"""Runs a model on what a camera gives, which is noise, and marks what it does; without a model, marks all sorts of things, also what
can't be. One JSON object on
stdout says how much was replayed, and the SHA-256 of all that the app fed to the model and got from it.
"""

import argparse
import hashlib
import itertools
import json
import time

import numpy as np

import edgexray


def run(model, frames):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(model, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    interpreter.allocate_tensors()
    fed, made = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    sha, replayed = hashlib.sha256(), 0
    for i in range(frames):
        with edgexray.frame():
            pixels = np.random.default_rng().integers(0, 256, (48, 64, 3), np.uint8)
            replayed += edgexray.replay("camera", pixels)
            edgexray.image("camera", pixels)
            edgexray.image("crop", pixels[4:44, 8:56, ::-1], "bgr")
            rows, columns = (np.arange(n) * size // n for n, size in zip(fed["shape"][1:3], pixels.shape))
            resized = pixels[rows][:, columns][None] / np.float32(127.5) - 1
            edgexray.before("resized", resized)
            edgexray.sensor("orientation", 0, 0.25, i)
            interpreter.set_tensor(fed["index"], resized)
            interpreter.invoke()
            scores = interpreter.get_tensor(made["index"])
            edgexray.after("scores", scores)
            edgexray.result("top1", "class %d" % scores.argmax())
            edgexray.label("cat")
            edgexray.metric("confidence", scores.max())
            for array in (pixels, resized, scores):
                sha.update(array.tobytes())
    print(json.dumps({"sha256": sha.hexdigest(), "replayed": replayed}))


class Unwilling:
    def __array__(self):
        raise RuntimeError("on another device")


class Tensor:  # as of PyTorch
    def __init__(self, values):
        self.values = values

    def __array__(self):
        return self.values


class Picture:  # as of Pillow
    def __init__(self, values, typestr="|u1"):
        self.__array_interface__ = {"shape": values.shape, "typestr": typestr, "data": values.tobytes(), "version": 3}


def mark_all():
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    edgexray.frame_end()
    edgexray.image("picture", Picture(pixels))
    edgexray.image("bytes", pixels.tobytes(), width=5, height=4)
    edgexray.image("nv12", bytes(5 * 4 + 2 * 3 * 2), "nv12", 5, 4)
    edgexray.image("read-only", np.broadcast_to(pixels, (1, 4, 5, 3)))
    edgexray.image("gray", pixels[..., 0], "gray")
    edgexray.audio("bytes", b"\1\2\3\4", 16000)
    edgexray.audio("stereo", np.zeros((8, 2), np.float32), 8000)
    edgexray.before("tensor", Tensor(np.ones((2, 3), np.float16)))
    for name in ("int8", "uint16", "int32", "uint32", "int64", "uint64", "float64", "bool", "complex64", "complex128"):
        edgexray.before(name, np.ones(2, name))
    edgexray.before("scalar", np.float32(3))
    edgexray.before("empty", np.zeros((0, 3)))
    edgexray.text("text", "gr\u00fc\u00df dich")
    edgexray.text("surrogate", "\ud800")
    edgexray.label(3)
    edgexray.metric("nan", float("nan"))
    # What can't be marked.
    edgexray.image("channels", pixels, "gray")
    edgexray.image("format", pixels, "rbg")
    edgexray.image("wide picture", Picture(pixels, "<u2"))
    edgexray.image("few bytes", b"123", width=5, height=4)
    edgexray.audio("sound", np.zeros((2, 2, 2), np.int16), 16000)
    edgexray.audio("rate", np.zeros(2, np.int16), "fast")
    edgexray.before("big-endian", np.ones(2, ">f4"))
    edgexray.before("objects", np.array([None]))
    edgexray.before("none", None)
    edgexray.before("unwilling", Unwilling())
    edgexray.before("dimensions", np.zeros((1,) * 9))
    edgexray.before(["key"], None)
    edgexray.metric("word", "much")
    edgexray.sensor("many", 1, 2, 3, 4)
    print(json.dumps({"replayed": edgexray.replay("read-only", b"1234") + edgexray.replay("gaps", pixels[::2])}))


def measure(calls):
    """What markers take, in turns with what they are compared with: nanoseconds each, the least of several rounds."""
    pixels = np.random.default_rng().integers(0, 256, (224, 224, 3), np.uint8)
    copies = np.ones((400, 224, 224, 3), np.uint8)
    places = itertools.cycle(copies)  # nothing of them is in a cache yet, as where a recorder copies to
    measured = {
        "loop_ns": (calls, lambda: None), "scalar_ns": (calls, lambda: edgexray.metric("cost", 0.5)),
        "memcpy_ns": (calls // 100 + 1, lambda: np.copyto(next(places), pixels)), "image_ns": (calls // 100 + 1, lambda: edgexray.image("cost", pixels)),
    }
    best = dict.fromkeys(measured, float("inf"))
    for _ in range(15):
        for name, (n, call) in measured.items():
            began = time.perf_counter_ns()
            for _ in range(n):
                call()
            best[name] = min(best[name], (time.perf_counter_ns() - began) / n)
    print(json.dumps(best))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--cost", type=int, help="calls of a marker in a round")
    arguments = parser.parse_args()
    if arguments.cost:
        measure(arguments.cost)
    elif arguments.model:
        run(arguments.model, arguments.frames)
    else:
        mark_all()
