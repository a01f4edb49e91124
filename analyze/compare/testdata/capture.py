"""Runs a model with LiteRT, keeping all tensors, and prints a JSON object that says where in OUT the data of each lies.
Usage: capture.py MODEL BUILTIN_REF|BUILTIN_WITHOUT_DEFAULT_DELEGATES OUT

Inputs come from a fixed seed as floats between -1 and 1, which an integer input gets quantized: so a float model and its
quantized twin get the same.
"""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

model, kernels, out = sys.argv[1:]
interpreter = Interpreter(model, experimental_op_resolver_type=OpResolverType[kernels],
                          experimental_preserve_all_tensors=True, num_threads=1)
interpreter.allocate_tensors()
rng = np.random.default_rng(7)
for detail in interpreter.get_input_details():
    data = rng.uniform(-1, 1, detail["shape"])
    if np.issubdtype(detail["dtype"], np.integer):
        scale, zero = detail["quantization"]
        limits = np.iinfo(detail["dtype"])
        data = np.clip(np.round(data / (scale or 1) + zero), limits.min, limits.max)
    interpreter.set_tensor(detail["index"], data.astype(detail["dtype"]))
interpreter.invoke()

tensors = {}
with open(out, "wb") as file:
    for detail in interpreter.get_tensor_details():
        if not (np.issubdtype(detail["dtype"], np.number) or detail["dtype"] == np.bool_):
            continue
        try:
            data = interpreter.get_tensor(detail["index"]).tobytes()
        except (ValueError, AttributeError):  # it has no data
            continue
        tensors[int(detail["index"])] = {"offset": file.tell(), "size": len(data)}
        file.write(data)
print(json.dumps(tensors))
