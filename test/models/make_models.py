"""Makes the .tflite files that the tests run. Usage: make_models.py OUT_DIR

The paper's image classifiers come from tf.keras.applications with random
weights from a fixed seed: latency, memory and shapes don't depend on them.
The small ones each have one thing that a profiler finds hard.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
import flatbuffers

SEED = 20
IMAGE = (1, 224, 224, 3)

CLASSIFIERS = {
    "mobilenet_v1": tf.keras.applications.MobileNet,
    "mobilenet_v2": tf.keras.applications.MobileNetV2,
    "mobilenet_v3_small": tf.keras.applications.MobileNetV3Small,
}


def representative_images():
    rng = np.random.default_rng(SEED)
    for _ in range(4):
        yield [rng.uniform(-1, 1, IMAGE).astype(np.float32)]


def convert_classifier(build, activation, int8):
    """Converts one classifier; int8 means weights, activations, input, output.

    activation=None leaves out the final softmax: with random weights the
    logits' scale is so small that LiteRT's reference SOFTMAX aborts on it in
    int8 models.
    """
    tf.keras.utils.set_random_seed(SEED)
    image = tf.keras.Input(batch_shape=IMAGE, name="image")
    model = build(weights=None, input_tensor=image, classifier_activation=activation)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative_images
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter.convert()


def convert_function(function, *specs):
    traced = tf.function(function, input_signature=specs)
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [traced.get_concrete_function()]).convert()


def if_model():
    """IF whose branches are subgraphs of their own, one with a nested IF."""
    def nested(x):
        return tf.cond(tf.reduce_max(x) > 10.0, lambda: tf.sin(x), lambda: x * x)

    def branch(x):
        return tf.cond(tf.reduce_sum(x) > 0.0, lambda: nested(x) + 1.0, lambda: tf.exp(x) - 1.0)
    return convert_function(branch, tf.TensorSpec([1, 8], tf.float32, "x"))


def while_model():
    """WHILE with ten iterations; its condition and body are subgraphs."""
    def loop(x):
        _, y = tf.while_loop(
            lambda i, y: i < 10,
            lambda i, y: (i + 1, tf.tanh(y) * 0.5 + x),
            [tf.constant(0), x])
        return y
    return convert_function(loop, tf.TensorSpec([1, 8], tf.float32, "x"))


def dynamic_model():
    """An input of any height and width, and outputs whose shape depends on
    its values, so that tensors are sized while the model runs."""
    def select(x):
        positive = tf.boolean_mask(x, x > 0.0)
        return tf.sqrt(positive), tf.where(x > 0.0)
    return convert_function(select, tf.TensorSpec([1, None, None, 3], tf.float32, "x"))


def custom_model():
    """ADD, the custom op EdgexrayTestCustom, ADD, on float[1,8]. No converter
    is involved: the file is written from the schema."""
    model = schema.ModelT()
    model.version = 3
    model.description = "custom op"
    model.buffers = [schema.BufferT()]

    add, custom = schema.OperatorCodeT(), schema.OperatorCodeT()
    add.builtinCode = schema.BuiltinOperator.ADD
    add.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    custom.builtinCode = schema.BuiltinOperator.CUSTOM
    custom.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    custom.customCode = "EdgexrayTestCustom"
    for code in (add, custom):
        code.version = 1
    model.operatorCodes = [add, custom]

    subgraph = schema.SubGraphT()
    subgraph.name = "main"
    for name in ("x", "doubled", "customized", "y"):
        tensor = schema.TensorT()
        tensor.name = name
        tensor.type = schema.TensorType.FLOAT32
        tensor.shape = [1, 8]
        tensor.buffer = 0
        subgraph.tensors = (subgraph.tensors or []) + [tensor]
    subgraph.inputs, subgraph.outputs = [0], [3]
    subgraph.operators = []
    for code, inputs, outputs in ((0, [0, 0], [1]), (1, [1], [2]), (0, [2, 0], [3])):
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, outputs
        if code == 0:
            operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
            operator.builtinOptions = schema.AddOptionsT()
        subgraph.operators.append(operator)
    model.subgraphs = [subgraph]

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def main(out_dir):
    def write(name, content):
        with open(os.path.join(out_dir, name + ".tflite"), "wb") as file:
            file.write(content)

    write("if", if_model())
    write("while", while_model())
    write("dynamic", dynamic_model())
    write("custom", custom_model())
    for name, build in CLASSIFIERS.items():
        write(name + "_float", convert_classifier(build, "softmax", int8=False))
        write(name + "_int8", convert_classifier(build, "softmax", int8=True))
        write(name + "_int8_logits", convert_classifier(build, None, int8=True))


main(sys.argv[1])
