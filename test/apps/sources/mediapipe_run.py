"""Detects faces in a drawn picture with MediaPipe, whose library has a TFLite
of its own, and prints one JSON object: the SHA-256 of what was detected in all
invokes.

The model gets the metadata that MediaPipe wants, so it isn't mapped from its
file.
"""

import argparse
import hashlib
import json
import os
import sys
from unittest import mock

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

# What MediaPipe draws with, which nothing does here, is larger than MediaPipe.
for name in "cv2", "matplotlib", "matplotlib.pyplot", "sounddevice":
    sys.modules[name] = mock.MagicMock()

import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata


def with_metadata(path):
    normalization = metadata.ProcessUnitT()
    normalization.optionsType = metadata.ProcessUnitOptions.NormalizationOptions
    normalization.options = metadata.NormalizationOptionsT()
    normalization.options.mean = normalization.options.std = [127.5]
    image = metadata.TensorMetadataT()
    image.processUnits = [normalization]
    image.content = metadata.ContentT()
    image.content.contentPropertiesType = metadata.ContentProperties.ImageProperties
    image.content.contentProperties = metadata.ImagePropertiesT()
    image.content.contentProperties.colorSpace = metadata.ColorSpaceType.RGB
    subgraph = metadata.SubGraphMetadataT()
    subgraph.inputTensorMetadata = [image]
    described = metadata.ModelMetadataT()
    described.subgraphMetadata = [subgraph]

    with open(path, "rb") as file:
        model = schema.ModelT.InitFromPackedBuf(file.read())
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = packed(described, b"M001")
    entry.name, entry.buffer = b"TFLITE_METADATA", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = (model.metadata or []) + [entry]
    return packed(model, b"TFL3")


def packed(table, identifier):
    builder = flatbuffers.Builder()
    builder.Finish(table.Pack(builder), identifier)
    return bytes(builder.Output())


def picture():
    x, y = np.mgrid[0:256, 0:256]
    image = np.linspace(0, 255, 256 * 256 * 3).reshape(256, 256, 3).astype(np.uint8)
    image[(x - 128) ** 2 / 80 ** 2 + (y - 128) ** 2 / 60 ** 2 < 1] = [220, 180, 150]
    for eye in 105, 150:
        image[(x - 110) ** 2 + (y - eye) ** 2 < 64] = [30, 20, 20]
    image[(abs(y - 128) < 25) & (abs(x - 165) < 5)] = [150, 40, 40]
    return image


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--invokes", type=int, default=1)
    args = parser.parse_args()
    options = vision.FaceDetectorOptions(min_detection_confidence=0.1,
                                         base_options=BaseOptions(model_asset_buffer=with_metadata(args.model)))
    image = mp.Image(image_format=mp.ImageFormat.SRGB, data=picture())
    digest, faces = hashlib.sha256(), 0
    with vision.FaceDetector.create_from_options(options) as detector:
        for _ in range(args.invokes):
            found = detector.detect(image)
            faces += len(found.detections)
            digest.update(repr(found).encode())
    print(json.dumps({"pid": os.getpid(), "invokes": args.invokes, "faces": faces, "sha256": digest.hexdigest()}))


main()
