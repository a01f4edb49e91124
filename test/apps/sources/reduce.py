"""Writes a model of one SUM of INT8, over height and width. Usage: reduce.py MODEL"""

import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

INPUT, OUTPUT, AXES = ("input", [1, 8, 8, 16], 0.05, -3), ("output", [1, 16], 0.4, 5), [1, 2]


def quantized(name, shape, scale, zero_point):
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, schema.TensorType.INT8, 0
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
    return tensor


model, graph, axes = schema.ModelT(), schema.SubGraphT(), schema.TensorT()
axes.name, axes.shape, axes.type, axes.buffer = "axes", [len(AXES)], schema.TensorType.INT32, 1
constant = schema.BufferT()
constant.data = np.array(AXES, np.int32).view(np.uint8)
code, op = schema.OperatorCodeT(), schema.OperatorT()
code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SUM
code.version = 2
op.inputs, op.outputs, op.builtinOptionsType = [0, 1], [2], schema.BuiltinOptions.ReducerOptions
op.builtinOptions = schema.ReducerOptionsT()
graph.tensors, graph.inputs, graph.outputs, graph.operators = [quantized(*INPUT), axes, quantized(*OUTPUT)], [0], [2], [op]
model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], [schema.BufferT(), constant], [code]
builder = flatbuffers.Builder(1024)
builder.Finish(model.Pack(builder), b"TFL3")
with open(sys.argv[1], "wb") as file:
    file.write(bytes(builder.Output()))
