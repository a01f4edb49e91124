"""Counts the multiplications and additions of the paper's image classifiers
with TensorFlow's own profiler, independently of .tflite files, and prints the
table of docs/work.md. Needs the Python of `go run ./test/parts/cmd keras`.
"""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf

profiler = tf.compat.v1.profiler
applications = tf.keras.applications

CLASSIFIERS = {
    "mobilenet_v1": (applications.MobileNet, 224),
    "mobilenet_v2": (applications.MobileNetV2, 224),
    "mobilenet_v3_small": (applications.MobileNetV3Small, 224),
    "mobilenet_v3_large": (applications.MobileNetV3Large, 224),
    "inception_v3": (applications.InceptionV3, 299),
    "resnet50_v2": (applications.ResNet50V2, 224),
    "densenet121": (applications.DenseNet121, 224),
    "efficientnet_b0": (applications.EfficientNetB0, 224),
    "nasnet_mobile": (applications.NASNetMobile, 224),
}

# Ops of multiplications whose products are added up; the profiler counts both.
PRODUCTS = {"Conv2D", "DepthwiseConv2dNative", "MatMul"}


def float_ops(graph):
    """Float operations of a graph by type of op."""
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    counted = {}

    def walk(node):
        counted[node.name] = node.float_ops
        for child in node.children:
            walk(child)

    walk(profiler.profile(graph, cmd="op", options=options))
    return counted


for name, (build, size) in CLASSIFIERS.items():
    model = build(weights=None)
    image = tf.TensorSpec([1, size, size, 3])
    counted = float_ops(tf.function(model).get_concrete_function(image).graph)
    print(f"| `{name}` | {sum(counted.get(op, 0) for op in PRODUCTS) // 2} |", flush=True)
