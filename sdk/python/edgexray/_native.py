# SPDX-License-Identifier: Apache-2.0
"""The native library: where it is, and what it shares. Layouts are those of sdk/c/edgexray.h."""

import ctypes
import os
import platform
import struct
import sys

# The events of edgexray.h.
RANK = 8
NUMBERS = 3


class Event(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32), ("kind", ctypes.c_uint32), ("type", ctypes.c_uint32), ("format", ctypes.c_uint32),
        ("rate", ctypes.c_uint32), ("rank", ctypes.c_uint32), ("dims", ctypes.c_int64 * RANK), ("numbers", ctypes.c_uint32),
        ("stride", ctypes.c_uint32), ("number", ctypes.c_double * NUMBERS), ("key", ctypes.c_uint64), ("text", ctypes.c_uint64),
        ("data", ctypes.c_uint64), ("bytes", ctypes.c_uint64), ("replay", ctypes.c_uint32), ("pad", ctypes.c_uint32),
    ]


assert ctypes.sizeof(Event) == 160


def _architecture():
    machine, bits = platform.machine().lower(), 8 * struct.calcsize("P")
    if machine in ("x86_64", "amd64") and bits == 64:
        return "amd64"
    if machine in ("aarch64", "arm64") and bits == 64:
        return "arm64"
    if machine.startswith(("arm", "aarch64")) and sys.byteorder == "little":
        return "arm"  # also 32-bit Python on a 64-bit Linux
    return None


def _load():
    architecture = _architecture()
    if not sys.platform.startswith(("linux", "android")) or architecture is None:
        return None
    try:
        return ctypes.CDLL(os.path.join(os.path.dirname(__file__), "lib", "edgexray_%s.so" % architecture))
    except OSError:
        return None


_library = _load()
if _library is None:
    LISTENING = (0,)

    def say(event):
        return 0
else:
    _library.edgexray_python_listening.restype = ctypes.c_void_p
    # A look at an element of a memoryview is the fastest that Python has.
    LISTENING = memoryview((ctypes.c_uint32 * 1).from_address(_library.edgexray_python_listening())).cast("B").cast("I")
    say = _library.edgexray_python_say  # without the interpreter's lock: it may have to wait
    say.argtypes = [ctypes.POINTER(Event)]
    say.restype = ctypes.c_int
