"""Makes float weights int8, as the converter's dynamic range quantization does.
Usage: hybrid.py FLOAT_MODEL HYBRID_MODEL

Inputs and outputs of ops stay FLOAT32: kernels quantize their inputs as they
run. Weights are symmetric, of convolutions with a scale for each channel.
"""

import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

OPS = schema.BuiltinOperator
KINDS = {  # op: dimension of the channels, None for one scale, and a version that has hybrid kernels
    OPS.CONV_2D: (0, 5),
    OPS.DEPTHWISE_CONV_2D: (3, 6),
    OPS.FULLY_CONNECTED: (None, 9),
}


def quantize(weights, dimension):
    """Returns int8 values and scales."""
    over = tuple(d for d in range(weights.ndim) if dimension is not None and d != dimension) or None
    largest = np.abs(weights).max(axis=over, keepdims=True)
    scales = np.maximum(largest, np.finfo(np.float32).tiny) / 127
    return np.rint(weights / scales).astype(np.int8), scales.ravel().astype(np.float32)


def make_hybrid(model):
    """Returns how many ops it changed."""
    changed = 0
    for graph in model.subgraphs:
        for op in graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            weights = graph.tensors[op.inputs[1]] if len(op.inputs) > 1 else None
            if code.builtinCode not in KINDS or weights.type != schema.TensorType.FLOAT32:
                continue
            buffer = model.buffers[weights.buffer]
            if buffer.data is None or not len(buffer.data):
                continue  # made by another op
            dimension, code.version = KINDS[code.builtinCode]
            values, scales = quantize(np.asarray(buffer.data).view(np.float32).reshape(weights.shape), dimension)
            buffer.data, weights.type = values.view(np.uint8).ravel(), schema.TensorType.INT8
            weights.quantization = schema.QuantizationParametersT()
            weights.quantization.scale, weights.quantization.zeroPoint = scales, np.zeros(len(scales), np.int64)
            weights.quantization.quantizedDimension = dimension or 0
            changed += 1
    return changed


with open(sys.argv[1], "rb") as file:
    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file.read(), 0))
if not make_hybrid(whole):
    sys.exit(f"{sys.argv[1]} has no constant float weights")
builder = flatbuffers.Builder(1 << 20)
builder.Finish(whole.Pack(builder), b"TFL3")
with open(sys.argv[2], "wb") as file:
    file.write(bytes(builder.Output()))
