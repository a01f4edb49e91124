"""Makes the larger image classifiers of the paper as .tflite files, for
benchmarks. Usage: make_classifiers.py OUT_DIR

They come from tf.keras.applications with random weights from a fixed seed:
times and sizes don't depend on them. Without their softmax, because LiteRT's
reference SOFTMAX aborts on the tiny scale that random logits have in int8.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf

SEED = 20

CLASSIFIERS = {
    "resnet50_v2": (tf.keras.applications.ResNet50V2, 224),
    "inception_v3": (tf.keras.applications.InceptionV3, 299),
    "densenet121": (tf.keras.applications.DenseNet121, 224),
}


def convert(build, size, int8):
    def images():
        rng = np.random.default_rng(SEED)
        for _ in range(2):
            yield [rng.uniform(-1, 1, (1, size, size, 3)).astype(np.float32)]

    tf.keras.utils.set_random_seed(SEED)
    image = tf.keras.Input(batch_shape=(1, size, size, 3), name="image")
    model = build(weights=None, input_tensor=image, classifier_activation=None)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = images
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter.convert()


for name, (build, size) in CLASSIFIERS.items():
    for form in ("float", "int8"):
        with open(os.path.join(sys.argv[1], f"{name}_{form}.tflite"), "wb") as file:
            file.write(convert(build, size, form == "int8"))
