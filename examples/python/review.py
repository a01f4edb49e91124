"""Says whether reviews are kind: review.py MODEL LABELS VOCABULARY FOLDER [--bug NAME] [--count N]

FOLDER has a folder of text files per label. Prints a JSON object a review. --bug turns on one mistake that real apps have made.
"""

import argparse
import json
import pathlib
import re

import edgexray
import numpy as np
from ai_edge_litert.interpreter import Interpreter

BUGS = {
    "none": "",
    "case": "capitals are left as they are",
    "offset": "indices of words are off by one, as if the vocabulary began without <PAD>",
    "start": "no <START> before the first word",
    "pad": "short reviews are padded in front",
}


def tokens(text, index, length, bug):
    """int32 [1, length]."""
    words = [w for w in re.split(r"[^\w']+", text if bug == "case" else text.lower()) if w]
    row = [] if bug == "start" else [index["<START>"]]
    row = (row + [index.get(w, index["<UNKNOWN>"]) for w in words])[:length]
    padding = [index["<PAD>"]] * (length - len(row))
    row = np.array([padding + row if bug == "pad" else row + padding], np.int32)
    return np.maximum(row - 1, 0) if bug == "offset" else row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("labels", type=pathlib.Path)
    parser.add_argument("vocabulary", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--bug", choices=BUGS, default="none")
    parser.add_argument("--count", type=int, default=10**9)
    args = parser.parse_args()
    interpreter = Interpreter(args.model, num_threads=1)
    interpreter.allocate_tensors()
    (wanted,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    labels = args.labels.read_text().split()
    index = {word: i for i, word in enumerate(args.vocabulary.read_text().split("\n"))}
    for path in sorted(args.folder.glob("*/*.txt"), key=lambda p: p.name)[:args.count]:
        text = path.read_text()
        with edgexray.frame():
            edgexray.text("review", text)
            edgexray.label(path.parent.name)
            interpreter.set_tensor(wanted["index"], tokens(text, index, wanted["shape"][1], args.bug))
            interpreter.invoke()
            opinion = labels[interpreter.get_tensor(given["index"])[0].argmax()]
            edgexray.result("opinion", opinion)
        print(json.dumps({"name": path.name, "label": path.parent.name, "result": opinion}))


if __name__ == "__main__":
    main()
