"""Resizes pictures with libraries: resize.py FOLDER.

FOLDER/cases.json has the cases in order, FOLDER/pictures their elements one behind the other. The results go to
FOLDER/resized in the same way, all as float32.
"""
import json
import pathlib
import sys

import numpy as np


def pillow(picture, case):
    from PIL import Image

    method = getattr(Image.Resampling, case["name"].upper())
    size = (case["to_width"], case["to_height"])

    def one(channel):
        return np.asarray(Image.fromarray(channel).resize(size, method))

    if picture.dtype == np.uint8 and picture.shape[2] == 3:
        return one(picture)
    return np.stack([one(np.ascontiguousarray(picture[:, :, c])) for c in range(picture.shape[2])], axis=2)


def opencv(picture, case):
    import cv2

    # What Intel's library makes is made on no other processor.
    cv2.ipp.setUseIPP(False)
    method = getattr(cv2, "INTER_" + case["name"].upper().replace("-", "_"))
    return cv2.resize(picture, (case["to_width"], case["to_height"]), interpolation=method)


def draw(picture, case):
    import skia

    height, width, channels = picture.shape
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[:, :, :channels] = picture
    image = skia.Image.fromarray(rgba, colorType=skia.kRGBA_8888_ColorType)
    to_width, to_height = case["to_width"], case["to_height"]
    info = skia.ImageInfo.Make(to_width, to_height, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    surface = skia.Surface.MakeRaster(info)
    with surface as canvas:
        canvas.scale(to_width / width, to_height / height)
        linear = case["name"] == "bilinear"
        canvas.drawImage(image, 0, 0, skia.SamplingOptions(skia.FilterMode.kLinear if linear else skia.FilterMode.kNearest))
    return surface.toarray(colorType=skia.kRGBA_8888_ColorType)[:, :, :channels]


def tf1(picture, case):
    import tensorflow as tf

    images = tf.compat.v1.image
    method = {
        "nearest": images.resize_nearest_neighbor,
        "bilinear": images.resize_bilinear,
        "bicubic": images.resize_bicubic,
        "area": images.resize_area,
    }[case["name"]]
    size = (case["to_height"], case["to_width"])
    return method(picture[None], size, align_corners=case["option"] == "align-corners").numpy()[0]


def tf2(picture, case):
    import tensorflow as tf

    size = (case["to_height"], case["to_width"])
    return tf.image.resize(picture, size, method=case["name"], antialias=case["option"] == "antialias").numpy()


def main(folder):
    libraries = {"pillow": pillow, "opencv": opencv, "skia": draw, "tf1": tf1, "tf2": tf2}
    pictures = (folder / "pictures").read_bytes()
    at = 0
    with open(folder / "resized", "wb") as out:
        for case in json.loads((folder / "cases.json").read_text()):
            shape = (case["height"], case["width"], case["channels"])
            count = int(np.prod(shape))
            picture = np.frombuffer(pictures, case["type"], count, at).reshape(shape)
            at += picture.nbytes
            made = np.ascontiguousarray(libraries[case["family"]](picture, case))
            want = count // (shape[0] * shape[1]) * case["to_width"] * case["to_height"]
            if made.size != want or made.dtype not in (np.uint8, np.float32):
                sys.exit(f"{case}: it made {made.dtype} {made.shape}")
            out.write(made.astype(np.float32).tobytes())


main(pathlib.Path(sys.argv[1]))
