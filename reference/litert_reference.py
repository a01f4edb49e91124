"""Runs models with LiteRT's Python interpreter. Usage: litert_reference.py REQUESTS REPORTS

Reads requests from one file and writes reports to the other, as JSON, one a
line; either may be a pipe. reference/protocol.go says what is in them.
"""

import importlib
import json
import os
import sys

PACKAGES = {  # LiteRT, and the names it went by before
    "ai_edge_litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}


def load_runtime():
    """Returns the first package that can be imported: its name and its module."""
    failed = []
    for package, module in PACKAGES.items():
        try:
            return package, importlib.import_module(module)
        except ImportError as error:
            failed.append(f"{package} ({error})")
    sys.exit(f"{sys.executable} can't import {', '.join(failed)}: "
             f"install one of them, with {sys.executable} -m pip install ai-edge-litert")


PACKAGE, RUNTIME = load_runtime()
import numpy as np  # every package needs it: when it is missing, the lines above have said so

KERNELS = {
    "reference": RUNTIME.OpResolverType.BUILTIN_REF,
    "builtin": RUNTIME.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
}


def runtime_name():
    from importlib.metadata import PackageNotFoundError, version
    try:
        return f"LiteRT ({PACKAGE} {version(PACKAGE)})"
    except PackageNotFoundError:
        return f"LiteRT ({PACKAGE})"


def prepare(interpreter, shapes):
    for detail, shape in zip(interpreter.get_input_details(), shapes):
        if detail["shape"].tolist() != shape:
            interpreter.resize_tensor_input(detail["index"], shape)
    interpreter.allocate_tensors()


def set_inputs(interpreter, file):
    for detail in interpreter.get_input_details():
        dtype, shape = np.dtype(detail["dtype"]), detail["shape"]
        data = file.read(int(np.prod(shape)) * dtype.itemsize)
        interpreter.set_tensor(detail["index"], np.frombuffer(data, dtype).reshape(shape))


def write_outputs(interpreter, file):
    """Returns the number of bytes of each."""
    return [file.write(interpreter.get_tensor(detail["index"]).tobytes())
            if detail["shape"].all() else 0  # the interpreter refuses to return a tensor without elements
            for detail in interpreter.get_output_details()]


def run(request, report):
    report(stage="loading")
    interpreter = RUNTIME.Interpreter(
        request["model"], num_threads=1, experimental_op_resolver_type=KERNELS[request["kernels"]])
    prepared, sizes = None, []
    with open(request["inputs"], "rb") as inputs, open(request["outputs"] or os.devnull, "wb") as outputs:
        for number, shapes in enumerate(request["invokes"], 1):
            if shapes != prepared:
                report(stage="preparing", invoke=number)
                prepare(interpreter, shapes)
                prepared = shapes
            report(stage="invoking", invoke=number)
            set_inputs(interpreter, inputs)
            interpreter.invoke()
            if request["outputs"]:
                sizes += write_outputs(interpreter, outputs)
    report(stage="done", sizes=sizes)


def main(requests, reports):
    def report(**fields):
        reports.write(json.dumps(fields) + "\n")
        reports.flush()

    report(runtime=runtime_name())
    for line in requests:
        try:
            run(json.loads(line), report)
        except Exception as error:  # the next request may go well
            report(error=str(error))


with open(sys.argv[1]) as requests_file, open(sys.argv[2], "w") as reports_file:
    main(requests_file, reports_file)
