"""Writes models of one built-in op each, named after it, to a folder: vectors
of 8 floats go in and come out."""

import pathlib
import sys

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

OPS = {  # inputs
    "ABS": 1,
    "ADD": 2,
    "EXP": 1,
    "FLOOR_MOD": 2,
    "RELU": 1,
    "SOFTMAX": 1,
}


def tensor(name):
    t = schema.TensorT()
    t.name, t.shape, t.type, t.buffer = name, [1, 8], schema.TensorType.FLOAT32, 0
    return t


def model(op, inputs):
    code, operator, subgraph, m = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = getattr(schema.BuiltinOperator, op)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    subgraph.tensors = [tensor(f"in{i}") for i in range(inputs)] + [tensor("out")]
    subgraph.inputs = operator.inputs = list(range(inputs))
    subgraph.outputs = operator.outputs = [inputs]
    if op == "ADD":
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    if op == "SOFTMAX":
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.SoftmaxOptions, schema.SoftmaxOptionsT()
        operator.builtinOptions.beta = 1
    operator.opcodeIndex = 0
    subgraph.operators = [operator]
    m.version, m.operatorCodes, m.subgraphs, m.buffers = 3, [code], [subgraph], [schema.BufferT()]
    builder = flatbuffers.Builder()
    builder.Finish(m.Pack(builder), b"TFL3")
    return bytes(builder.Output())


folder = pathlib.Path(sys.argv[1])
for op, inputs in OPS.items():
    (folder / f"{op}.tflite").write_bytes(model(op, inputs))
