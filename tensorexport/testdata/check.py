"""Checks what was exported of the sample snapshot: with NumPy's own reader, and by the safetensors specification."""
import json
import struct
import sys

import numpy as np

nan, inf = np.nan, np.inf
# Tensor index in node 2: NumPy's type, safetensors' type, elements.
EXPECTED = {
    10: (np.float32, "F32", [[1, -2.5, nan], [inf, 0, 1e-3]]),
    11: (np.float16, "F16", [[1, -2.5, 0], [2**-24, 65504, 0.33325195]]),
    12: (np.uint16, "BF16", [[0x3F80, 0xC020, 0], [1, 0x4000, 0x3EAB]]),
    13: (np.float64, "F64", [[1, -2.5, 1e300], [0, 3, 4]]),
    14: (np.int8, "I8", [[-128, -1, 0], [1, 126, 127]]),
    15: (np.uint8, "U8", [[0, 1, 2], [3, 254, 255]]),
    16: (np.int16, "I16", [[-32768, -1, 0], [1, 2, 32767]]),
    17: (np.uint16, "U16", [[0, 1, 2], [3, 4, 65535]]),
    18: (np.int32, "I32", [[-(2**31), -1, 0], [1, 2, 2**31 - 1]]),
    19: (np.uint32, "U32", [[0, 1, 2], [3, 4, 2**32 - 1]]),
    20: (np.int64, "I64", [[-(2**63), -1, 0], [1, 2, 2**63 - 1]]),
    21: (np.uint64, "U64", [[0, 1, 2], [3, 4, 2**64 - 1]]),
    22: (np.bool_, "BOOL", [[False, True, True], [False, False, True]]),
    23: (np.int8, "I8", [[7, -8, -1], [1, 0, 2]]),  # INT4
    24: (np.uint8, "U8", list(struct.pack("<4i", 1, 12, 14, 0x6968))),  # STRING
}
KEYS = {f"s{s}/n2/t{t}/i{i}": t for t in EXPECTED for s, i in ((1, 1), (1, 2), (2, 1))}


def check_about(about):
    assert about.keys() >= KEYS.keys()
    quantized = about["s1/n1/t2/i1"]
    assert quantized["scales"] == [0.5, 2] and quantized["zero_points"] == [0, 1] and quantized["op"] == "DEQUANTIZE", quantized
    assert about["s1/n0/t0/i1/input"]["scale"] == 1 / 255 and about["s1/n0/t1/i1"]["zero_point"] == -10
    assert about["s2/n2/t23/i1"]["type"] == "INT4" and about["s2/n2/t24/i1"]["bytes_only"]


def check_npz(path):
    arrays = np.load(path)
    about = json.loads(arrays["index.json"])
    assert {*about, "index.json"} == set(arrays.files), arrays.files
    check_about(about)
    for key, tensor in KEYS.items():
        dtype, _, elements = EXPECTED[tensor]
        assert arrays[key].dtype == dtype, (key, arrays[key].dtype)
        np.testing.assert_array_equal(arrays[key], np.array(elements, dtype))
    np.testing.assert_array_equal(arrays["s3/n0/t1/i2/2"], np.float32([3, 4, 5]))  # captured twice


def check_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        text = file.read(length)
        data = file.read()
    assert length % 8 == 0 and text.startswith(b"{"), text[:10]
    header = json.loads(text, object_pairs_hook=unique)
    metadata = header.pop("__metadata__")
    assert all(isinstance(value, str) for value in metadata.values())
    assert metadata.pop("writer") == "edgexray" and metadata.keys() == header.keys()
    check_about({key: json.loads(value) for key, value in metadata.items()})
    end = 0
    for tensor in header.values():  # in order, without gaps
        assert tensor["data_offsets"][0] == end
        end = tensor["data_offsets"][1]
    assert end == len(data)
    for key, tensor in KEYS.items():
        dtype, name, elements = EXPECTED[tensor]
        begin, end = header[key]["data_offsets"]
        want = np.array(elements, dtype)
        assert header[key]["dtype"] == name and header[key]["shape"] == list(want.shape), header[key]
        np.testing.assert_array_equal(np.frombuffer(data[begin:end], dtype).reshape(want.shape), want)


def unique(pairs):
    assert len(dict(pairs)) == len(pairs), "a name comes twice"
    return dict(pairs)


check_npz(sys.argv[1])
check_safetensors(sys.argv[2])
