"""Writes the reference pipelines of the models, as edgexray reads them: what train.py fed each while it learned, and the
quantisation of the int8 ones: pipelines.py MODELS_DIR"""

import os
import sys

from ai_edge_litert.interpreter import Interpreter

IMAGE = ["decode", "resize {side}x{side} {method}"]
PLAIN = ["normalize mean=127.5 std=127.5"]
SPECTRUM = ["wav", "mono mean", "float", "length 16000"]

# What each model's data comes from, task first.
PIPELINES = {
    "fabrics_mobilenet": ["task classification", *IMAGE, *PLAIN],
    "fabrics_inception": ["task classification", *IMAGE, "color bgr", *PLAIN],
    "fabrics_resnet": ["task classification", *IMAGE, "color bgr", "normalize mean=103.939,116.779,123.68 std=1"],
    "fabrics_densenet": ["task classification", *IMAGE, "normalize mean=123.675,116.28,103.53 std=58.395,57.12,57.375"],
    "objects": ["task detection", *IMAGE, *PLAIN],
    "regions": ["task segmentation", *IMAGE, *PLAIN],
    "words_log_mel": ["task keywords", *SPECTRUM, "frame length=400 step=160", "window hann", "spectrogram magnitude fft=512",
                      "mel tf bins=40 low=125 high=7500", "log e offset=0.001"],
    "words_spectrogram": ["task keywords", *SPECTRUM, "frame length=255 step=128", "window hann", "spectrogram magnitude fft=256"],
    "reviews": ["task text", "lowercase", "words vocab=reviews.vocabulary.txt unicode", "length 48"],
}


def write(folder, name, form):
    model = Interpreter(os.path.join(folder, f"{name}_{form}.tflite"))
    wanted = model.get_input_details()[0]
    scale, zero = wanted["quantization"]
    # What the pictures' apps resize with; the one in C++ averages over areas as OpenCV does.
    method = "opencv.area" if name.startswith("fabrics") else "pillow.box"
    lines = [line.format(side=wanted["shape"][1], method=method) for line in PIPELINES[name]]
    if scale:
        lines.append(f"quantize scale={scale:.9g} zero-point={zero} type={wanted['dtype'].__name__}")
    with open(os.path.join(folder, f"{name}_{form}.pipeline"), "w") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    for name in PIPELINES:
        for form in ("float", "int8"):
            write(sys.argv[1], name, form)
