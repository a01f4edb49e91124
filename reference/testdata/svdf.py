"""Writes a model of one SVDF, which has a state, runs it twice, and prints the
hex of what it had and gave in the second invoke. Usage: svdf.py MODEL
"""

import json
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

BATCH, INPUTS, FILTERS, MEMORY = 1, 3, 4, 5
TENSORS = (  # name, shape, whether it is constant
    ("input", [BATCH, INPUTS], False),
    ("feature weights", [FILTERS, INPUTS], True),
    ("time weights", [FILTERS, MEMORY], True),
    ("bias", [FILTERS], True),
    ("state", [BATCH, MEMORY * FILTERS], False),
    ("output", [BATCH, FILTERS], False),
)


def make_model(rng):
    model, graph, buffer = schema.ModelT(), schema.SubGraphT(), schema.BufferT()
    model.version, model.subgraphs, model.buffers, graph.tensors = 3, [graph], [buffer], []
    for name, shape, constant in TENSORS:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, shape, 0
        tensor.isVariable = name == "state"
        if constant:
            buffer = schema.BufferT()
            buffer.data = rng.uniform(-1, 1, shape).astype(np.float32).view(np.uint8).ravel()
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
        graph.tensors.append(tensor)
    code, op = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SVDF
    code.version, model.operatorCodes, graph.operators = 1, [code], [op]
    op.builtinOptionsType, op.builtinOptions = schema.BuiltinOptions.SVDFOptions, schema.SVDFOptionsT()
    op.builtinOptions.rank = 1
    op.inputs, op.outputs = [0, 1, 2, 3, 4], [5]
    graph.inputs, graph.outputs = [0], [5]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


rng = np.random.default_rng(3)
with open(sys.argv[1], "wb") as file:
    file.write(make_model(rng))
interpreter = Interpreter(sys.argv[1], experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
interpreter.allocate_tensors()
for _ in range(2):
    state = interpreter.get_tensor(4).tobytes().hex()
    interpreter.set_tensor(0, rng.uniform(-1, 1, (BATCH, INPUTS)).astype(np.float32))
    interpreter.invoke()
print(json.dumps({"input": interpreter.get_tensor(0).tobytes().hex(), "state": state,
                  "output": interpreter.get_tensor(5).tobytes().hex()}))
