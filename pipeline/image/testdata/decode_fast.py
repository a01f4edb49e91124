"""Writes photographs' parts as JPEG files, and what TensorFlow reads of them by default: decode_fast.py FOLDER PHOTO...

FOLDER/NAME.jpg has what was read of it beside it, NAME.jpg.WIDTHxHEIGHT: height x width x 3 of uint8.
"""
import io
import pathlib
import sys

import numpy as np
import tensorflow as tf
from PIL import Image


def save(name, content):
    file = folder / f"{name}.jpg"
    file.write_bytes(content)
    read = tf.io.decode_jpeg(content, channels=3).numpy()
    (folder / f"{name}.jpg.{read.shape[1]}x{read.shape[0]}").write_bytes(read.tobytes())


folder = pathlib.Path(sys.argv[1])
for path in map(pathlib.Path, sys.argv[2:]):
    image = Image.open(path).convert("RGB").resize((333, 251))
    for quality, subsampling in ((95, 0), (90, 2), (75, 1), (40, 2)):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, subsampling=subsampling, progressive=quality == 75)
        save(f"{path.stem}-{quality}-{subsampling}", out.getvalue())
    for progressive in (False, True):
        out = io.BytesIO()
        image.convert("L").save(out, "JPEG", quality=90, progressive=progressive)
        save(f"{path.stem}-gray-{progressive}", out.getvalue())
    for width, height in ((1, 1), (5, 3), (17, 130)):
        out = io.BytesIO()
        image.crop((90, 90, 90 + width, 90 + height)).save(out, "JPEG", quality=80, subsampling=2, progressive=height > 100)
        save(f"{path.stem}-{width}x{height}", out.getvalue())
    out = io.BytesIO()
    image.save(out, "JPEG", quality=100, restart_marker_blocks=3)
    save(f"{path.stem}-restart", out.getvalue())
