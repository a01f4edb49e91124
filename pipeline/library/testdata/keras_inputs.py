"""Prepares a photograph as models' own code does: keras_inputs.py PHOTO FOLDER. FOLDER/NAME is NAME's input, as float32."""
import pathlib
import sys

import numpy as np
import tensorflow as tf
from tensorflow.keras import applications

photo = tf.io.decode_image(pathlib.Path(sys.argv[1]).read_bytes(), channels=3)
folder = pathlib.Path(sys.argv[2])


def slim(size):
    central = tf.image.central_crop(tf.image.convert_image_dtype(photo, tf.float32), 0.875)
    return tf.compat.v1.image.resize_bilinear(central[None], [size, size], align_corners=False)[0] * 255


def middle(resize, whole=int):
    height, width = photo.shape[:2]
    short = min(height, width)
    picture = resize(256 * height // short, 256 * width // short)
    top, left = whole((picture.shape[0] - 224) / 2), whole((picture.shape[1] - 224) / 2)
    return tf.cast(picture[top : top + 224, left : left + 224], tf.float32)


def tensorflow(height, width):
    return tf.image.resize(photo, [height, width])


def pillow(height, width):
    from PIL import Image

    return np.asarray(Image.fromarray(photo.numpy()).resize((width, height), Image.Resampling.BILINEAR))


def padded(size):
    height, width = photo.shape[:2]
    side = tf.cast(size / (size + 32) * tf.cast(min(height, width), tf.float32), tf.int32)
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    part = tf.image.crop_to_bounding_box(photo, top, left, side, side)
    return tf.compat.v1.image.resize_bicubic(part[None], [size, size])[0]


inputs = {
    "mobilenet_v1": applications.mobilenet.preprocess_input(slim(224)),
    "mobilenet_v2": applications.mobilenet_v2.preprocess_input(slim(224)),
    "mobilenet_v3": applications.mobilenet_v3.preprocess_input(slim(224)),
    "inception_v3": applications.inception_v3.preprocess_input(slim(299)),
    "nasnet_mobile": applications.nasnet.preprocess_input(slim(224)),
    "resnet50": applications.resnet50.preprocess_input(middle(tensorflow)),
    "resnet50_v2": applications.resnet_v2.preprocess_input(middle(tensorflow)),
    "densenet121": applications.densenet.preprocess_input(middle(pillow, round)),  # as torchvision.transforms.v2.functional.center_crop
    "efficientnet_b0": applications.efficientnet.preprocess_input(padded(224)),
    "efficientnet_lite0": (padded(224) - 127) / 128,
}
for name, made in inputs.items():
    (folder / name).write_bytes(np.asarray(made, np.float32).tobytes())
