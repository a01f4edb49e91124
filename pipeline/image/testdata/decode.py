"""Writes pictures as files of all kinds, and what Pillow and OpenCV read of them: decode.py FOLDER.

FOLDER/cases.json names the files; each has what was read of it beside it, height x width x 3 of uint8: NAME.pillow, NAME.opencv
(turned as Exif says) and NAME.gray (OpenCV's, height x width).
"""
import json
import pathlib
import sys

import cv2
import numpy as np
from PIL import Image

folder = pathlib.Path(sys.argv[1])
cases = []


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width].astype(float)
    random = np.random.default_rng(width * height)
    channels = [128 + 90 * np.sin(x / (3 + 4 * c) + c) * np.cos(y / (5 + 2 * c)) for c in range(3)]
    channels[0][(x // 7 + y // 9) % 3 == 0] = 250
    return np.clip(np.stack(channels, 2) + random.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)


def save(name, image, **options):
    file = folder / name
    image.save(file, **options)
    read = np.asarray(Image.open(file).convert("RGB"))
    case = {"name": name, "width": read.shape[1], "height": read.shape[0]}
    (folder / (name + ".pillow")).write_bytes(read.tobytes())
    # As cv2.imread, by default, but read as bytes.
    content = np.frombuffer(file.read_bytes(), np.uint8)
    turned = cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    (folder / (name + ".opencv")).write_bytes(turned.tobytes())
    (folder / (name + ".gray")).write_bytes(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE).tobytes())
    case["turned"] = [turned.shape[1], turned.shape[0]]
    cases.append(case)


for width, height in [(64, 48), (67, 45), (1, 1), (3, 5), (5, 2), (17, 130)]:
    rgb = Image.fromarray(picture(width, height))
    size = f"{width}x{height}"
    for subsampling in ["4:4:4", "4:2:2", "4:2:0"]:
        for quality in [30, 75, 95]:
            save(f"{size}-{subsampling.replace(':', '')}-{quality}.jpg", rgb, quality=quality, subsampling=subsampling)
    save(f"{size}-progressive.jpg", rgb, quality=80, progressive=True)
    save(f"{size}-gray.jpg", rgb.convert("L"), quality=80)
    save(f"{size}-cmyk.jpg", rgb.convert("CMYK"), quality=90)
    save(f"{size}.png", rgb)
    save(f"{size}-gray.png", rgb.convert("L"))
    save(f"{size}-palette.png", rgb.quantize(40))
    save(f"{size}-alpha.png", rgb.convert("RGBA"))
    save(f"{size}.bmp", rgb)
    save(f"{size}-lossless.webp", rgb, lossless=True)
    save(f"{size}-lossy.webp", rgb, quality=80)

rgb = Image.fromarray(picture(40, 24))
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[274] = orientation
    save(f"orientation-{orientation}.jpg", rgb, quality=90, exif=exif)

(folder / "cases.json").write_text(json.dumps(cases))
