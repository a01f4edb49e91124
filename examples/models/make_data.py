"""Makes data that the models have not seen: make_data.py TASK OUT_DIR [COUNT]

    fabrics   OUT_DIR/CLASS/NNNN.png
    objects   OUT_DIR/NNNN.png, OUT_DIR/objects.csv (name, class, ymin, xmin, ymax, xmax in parts of the image)
    regions   OUT_DIR/NNNN.png, OUT_DIR/regions/NNNN.png (gray: the index of each pixel's region)
    words     OUT_DIR/WORD/NNNN.wav
    reviews   OUT_DIR/LABEL/NNNN.txt

COUNT is how many there are in all. The same count gives the same data; NNNN counts up over the classes in turns.
"""

import csv
import os
import sys
import wave

import numpy as np
from PIL import Image

import reviews
import scenes
import speech

SEED = 3  # train.py has 1 and 2


def place(folder, *names):
    path = os.path.join(folder, *names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def make_fabrics(rng, folder, count):
    for i in range(count):
        kind = i % len(scenes.FABRICS)
        Image.fromarray(scenes.classified(rng, kind)).save(place(folder, scenes.FABRICS[kind], f"{i:04}.png"))


def make_objects(rng, folder, count):
    with open(place(folder, "objects.csv"), "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("name", "class", "ymin", "xmin", "ymax", "xmax"))
        for i in range(count):
            image, objects = scenes.detected(rng)
            Image.fromarray(image).save(place(folder, f"{i:04}.png"))
            rows.writerows((f"{i:04}.png", scenes.OBJECTS[int(kind)], *(f"{b:.4f}" for b in box)) for kind, *box in objects)


def make_regions(rng, folder, count):
    for i in range(count):
        image, regions = scenes.segmented(rng)
        Image.fromarray(image).save(place(folder, f"{i:04}.png"))
        Image.fromarray(regions).save(place(folder, "regions", f"{i:04}.png"))


def make_words(rng, folder, count):
    spoken = list(speech.utterances(held_out=True, most=count))
    for i, (index, samples) in enumerate(spoken):
        with wave.open(place(folder, speech.WORDS[index], f"{i:04}.wav"), "wb") as file:
            file.setparams((1, 2, speech.RATE, 0, "NONE", ""))
            file.writeframes(speech.recorded(rng, samples).tobytes())


def make_reviews(rng, folder, count):
    for i in range(count):
        with open(place(folder, reviews.LABELS[i % 2], f"{i:04}.txt"), "w") as file:
            file.write(reviews.review(rng, i % 2) + "\n")


MAKERS = {"fabrics": make_fabrics, "objects": make_objects, "regions": make_regions, "words": make_words, "reviews": make_reviews}

if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in MAKERS:
        sys.exit(f"usage: make_data.py {'|'.join(MAKERS)} OUT_DIR [COUNT]")
    MAKERS[sys.argv[1]](np.random.default_rng(SEED), sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 100)
