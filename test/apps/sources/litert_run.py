"""Runs a model with LiteRT's Python interpreter and prints one JSON object:
the SHA-256 of all outputs of all invokes, the time they took, with
--describe what the runtime says of its nodes and tensors, with --addresses
where they are, and with --preserve what they hold after each invoke.

Inputs depend only on the model and the number of the invoke.
"""

import argparse
import hashlib
import json
import os
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

RESOLVERS = {
    "default": OpResolverType.AUTO,
    "builtin": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "builtin_ref": OpResolverType.BUILTIN_REF,
}


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--invokes", type=int, default=1)
    parser.add_argument("--resolver", choices=RESOLVERS, default="default",
                        help="default has XNNPACK, builtin the optimized kernels without it")
    parser.add_argument("--threads", type=int, default=1, help="threads of the interpreter")
    parser.add_argument("--resize", metavar="1,64,64,3", help="shape of the first input")
    parser.add_argument("--special", action="store_true",
                        help="some elements of inputs are NaN, infinite, subnormal or huge")
    parser.add_argument("--wait", action="store_true",
                        help='allocate tensors, print "ready", wait for a line on stdin')
    parser.add_argument("--steps", action="store_true",
                        help='print "ready" and do the invokes for each line on stdin, until it ends')
    parser.add_argument("--times", action="store_true",
                        help='print "invoke_ns" and what each invoke took, on one line after the last one')
    parser.add_argument("--describe", action="store_true")
    parser.add_argument("--preserve", action="store_true",
                        help="keep all tensors, and print the SHA-256 of each after each invoke")
    parser.add_argument("--addresses", action="store_true",
                        help="print where the main subgraph's tensors are at the end")
    return parser.parse_args()


SPECIAL = [np.nan, np.inf, -np.inf, 1e-45, -1e-39, 3e38, 0.0, -0.0]


def random_input(detail, rng, special):
    shape, dtype = detail["shape"], detail["dtype"]
    if np.issubdtype(dtype, np.floating):
        values = rng.uniform(-1, 1, shape).astype(dtype)
        if special:
            values.flat[rng.integers(0, values.size, len(SPECIAL))] = SPECIAL
        return values
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(max(limits.min, -128), min(limits.max, 255), shape, dtype=dtype, endpoint=True)


def describe(interpreter):
    """What the runtime says of its main subgraph. Nodes that a delegate took
    over are still listed; the delegate's own come after the model's. Tensors
    that the runtime gives no details of, such as scratch ones, are missing."""
    def tensor(detail):
        quantization = detail["quantization_parameters"]
        return {
            "index": int(detail["index"]),
            "name": detail["name"],
            "type": np.dtype(detail["dtype"]).name,
            "shape": [int(n) for n in detail["shape"]],
            "shape_signature": [int(n) for n in detail["shape_signature"]],
            "scales": [float(s) for s in quantization["scales"]],
            "zero_points": [int(z) for z in quantization["zero_points"]],
        }

    def node(detail):
        return {
            "index": detail["index"],
            "op": detail["op_name"],
            "inputs": [int(i) for i in detail["inputs"]],
            "outputs": [int(i) for i in detail["outputs"]],
        }

    return {
        "subgraphs": interpreter.num_subgraphs(),
        "nodes": [node(d) for d in interpreter._get_ops_details()],
        "tensors": [tensor(d) for d in interpreter.get_tensor_details()],
    }


def contents(interpreter):
    """SHA-256 of what tensors of numbers hold, by "subgraph:index"."""
    hashes = {}
    for subgraph in range(interpreter.num_subgraphs()):
        for detail in interpreter.get_tensor_details(subgraph):
            index = int(detail["index"])
            if not (np.issubdtype(detail["dtype"], np.number) or detail["dtype"] == np.bool_):
                continue  # asking for a resource crashes
            try:
                hashes[f"{subgraph}:{index}"] = hashlib.sha256(interpreter.get_tensor(index, subgraph).tobytes()).hexdigest()
            except ValueError:  # no memory
                pass
    return hashes


def addresses(interpreter):
    """Address and size in bytes, by index, of the tensors that have memory.
    Scalars, which NumPy would copy, and resources are left out."""
    found = {}
    for detail in interpreter.get_tensor_details():
        if not np.issubdtype(detail["dtype"], np.number) or len(detail["shape"]) == 0:
            continue
        try:
            array = interpreter.tensor(detail["index"])()
        except ValueError:  # no memory
            continue
        found[int(detail["index"])] = [array.__array_interface__["data"][0], array.nbytes]
    return found


def lines():
    """The lines of stdin, each after "ready"."""
    print("ready", flush=True)
    while sys.stdin.readline():
        yield
        print("ready", flush=True)


def main():
    args = parse_args()
    interpreter = Interpreter(args.model, num_threads=args.threads,
                              experimental_op_resolver_type=RESOLVERS[args.resolver],
                              experimental_preserve_all_tensors=args.preserve)
    inputs = interpreter.get_input_details()
    if args.resize:
        interpreter.resize_tensor_input(inputs[0]["index"], [int(n) for n in args.resize.split(",")])
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if args.wait:
        if next(lines(), "ended") == "ended":
            sys.exit("litert_run.py: stdin ended before a line came")

    outcome = {"pid": os.getpid(), "invokes": 0, "invoke_ns": 0}
    digest, preserved = hashlib.sha256(), []
    for _ in lines() if args.steps else [None]:
        times = []
        for i in range(args.invokes):
            rng = np.random.default_rng(i)
            for detail in inputs:
                interpreter.set_tensor(detail["index"], random_input(detail, rng, args.special))
            start = time.monotonic_ns()
            interpreter.invoke()
            times.append(time.monotonic_ns() - start)
            for detail in outputs:
                digest.update(interpreter.get_tensor(detail["index"]).tobytes())
            if args.preserve:
                preserved.append(contents(interpreter))
        if args.times:
            print("invoke_ns", *times, flush=True)
        outcome["invokes"] += len(times)
        outcome["invoke_ns"] += sum(times)
    outcome["sha256"] = digest.hexdigest()
    if args.preserve:
        outcome["preserved"] = preserved
    if args.addresses:
        outcome["addresses"] = addresses(interpreter)
    if args.describe:
        outcome.update(describe(interpreter))
    print(json.dumps(outcome))


main()
