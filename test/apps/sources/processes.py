"""Runs a model in this process, in workers that it forks and spawns, and once
more in a child that has its interpreter from this one. Prints one JSON object
with the SHA-256 of the outputs of each process, in the order in which it began.
"""

import hashlib
import json
import multiprocessing
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def build(model):
    interpreter = Interpreter(model, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    interpreter.allocate_tensors()
    return interpreter


def invoke(interpreter, seed):
    detail = interpreter.get_input_details()[0]
    values = np.random.default_rng(seed).uniform(-1, 1, detail["shape"])
    interpreter.set_tensor(detail["index"], values.astype(detail["dtype"]))
    interpreter.invoke()
    outputs = [interpreter.get_tensor(d["index"]).tobytes() for d in interpreter.get_output_details()]
    return hashlib.sha256(b"".join(outputs)).hexdigest()


def work(model, seed, queue):
    queue.put(invoke(build(model), seed))


def run_inherited(interpreter, seed):
    """The output in a child that has the interpreter from its parent."""
    receive, send = os.pipe()
    if os.fork() == 0:
        os.write(send, invoke(interpreter, seed).encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as pipe:
        result = pipe.read()
    os.wait()
    return result


def main():
    model = sys.argv[1]
    interpreter = build(model)
    hashes = [invoke(interpreter, 1)]
    for seed, method in enumerate(["fork", "spawn"], 2):
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        worker = context.Process(target=work, args=(model, seed, queue))
        worker.start()
        hashes.append(queue.get())
        worker.join()
    hashes.append(run_inherited(interpreter, 4))
    print(json.dumps({"sha256": "".join(hashes), "again": invoke(interpreter, 5)}))


if __name__ == "__main__":
    main()
