"""Runs a model once with LiteRT, keeping all tensors, and prints a JSON object:
of each node its inputs and outputs, and where their data lies in OUT.
Usage: preserve.py MODEL BUILTIN_REF|BUILTIN_WITHOUT_DEFAULT_DELEGATES OUT

Inputs depend only on the model. What isn't numbers, such as resources, has no data.
"""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

model, kernels, out = sys.argv[1:]
interpreter = Interpreter(model, experimental_op_resolver_type=OpResolverType[kernels],
                          experimental_preserve_all_tensors=True)
for detail in interpreter.get_input_details():
    shape = [n if n > 0 else 7 for n in detail["shape_signature"]]
    if shape != detail["shape"].tolist():
        interpreter.resize_tensor_input(detail["index"], shape)
interpreter.allocate_tensors()
rng = np.random.default_rng(5)
for detail in interpreter.get_input_details():
    dtype, shape = detail["dtype"], detail["shape"]
    if np.issubdtype(dtype, np.floating):
        data = rng.uniform(-1, 1, shape).astype(dtype)
    else:
        data = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)
    interpreter.set_tensor(detail["index"], data)
interpreter.invoke()

numeric = {int(d["index"]) for d in interpreter.get_tensor_details()
           if np.issubdtype(d["dtype"], np.number) or d["dtype"] == np.bool_}
tensors = {}
nodes = []
with open(out, "wb") as file:
    for node in interpreter._get_ops_details():
        ends = [int(i) for i in [*node["inputs"], *node["outputs"]] if i >= 0]
        for index in ends:
            if index in tensors or index not in numeric:
                continue
            try:
                value = interpreter.get_tensor(index)
            except ValueError:
                continue
            if value is None:
                continue
            data = np.asarray(value).tobytes()
            tensors[index] = {"offset": file.tell(), "size": len(data), "shape": list(np.shape(value))}
            file.write(data)
        nodes.append({"op": node["op_name"], "outputs": [int(i) for i in node["outputs"]]})
print(json.dumps({"nodes": nodes, "tensors": tensors}))
