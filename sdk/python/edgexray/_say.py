# SPDX-License-Identifier: Apache-2.0
"""What markers do while somebody listens. Nothing here raises an exception: a marker must not change what the app does."""

import ctypes
import functools
import sys

from edgexray._native import NUMBERS, RANK, Event, say

# Kinds of markers (trace.proto, MarkerKind).
FRAME_BEGIN, FRAME_END, BEFORE, AFTER, LABEL, METRIC, SENSOR = range(1, 8)
REPLAY = 0

# TfLiteType by the format of a buffer's element, as module struct and NumPy name it, and its size in bytes.
_TYPES = {
    ("f", 4): 1, ("i", 4): 2, ("l", 4): 2, ("B", 1): 3, ("c", 1): 3, ("l", 8): 4, ("q", 8): 4, ("?", 1): 6, ("h", 2): 7,
    ("Zf", 8): 8, ("b", 1): 9, ("e", 2): 10, ("d", 8): 11, ("Zd", 16): 12, ("L", 8): 13, ("Q", 8): 13, ("I", 4): 16, ("L", 4): 16,
    ("H", 2): 17,
}
_UINT8, _INT16 = 3, 7
_UNMARKABLE = 0xFFFF

# Formats of images: their numbers in edgexray.h, and the channels that an array of them has.
_FORMATS = {
    "rgb": (1, 3), "bgr": (2, 3), "rgba": (3, 4), "bgra": (4, 4), "argb": (5, 4), "gray": (6, 1), "nv12": (7, 1), "nv21": (8, 1),
    "i420": (9, 1), "yuyv": (10, 2),
}
_HALVED = ("nv12", "nv21", "i420")  # rows of luma, then half as many of chroma

_told = set()


def _tell(key, why):
    """Says on stderr why something can't be marked, once for each key."""
    if key not in _told and len(_told) < 1000:
        _told.add(key)
        print("edgexray: marker %r can't be marked: %s" % (key, why), file=sys.stderr)


def _guarded(function):
    """What goes wrong is told, and marked without data."""

    @functools.wraps(function)
    def guarded(key, *args):
        try:
            return function(key, *args)
        except Exception as error:  # an object that is marked may raise any
            try:
                if function.__name__ in ("array", "image", "audio"):
                    kind = args[0] if function.__name__ == "array" else BEFORE
                    _say(key, kind, type=_UNMARKABLE)
                _tell(key, error)
            except Exception:  # a key may be anything, too, and there may be no stderr
                pass
            return False

    return guarded


def _address(data):
    return ctypes.cast(data, ctypes.c_void_p).value


def _say(key, kind, text=None, **fields):
    """Says an event. Returns whether something was replayed."""
    event = Event(ctypes.sizeof(Event), kind, **fields)
    if key is not None:
        name = ctypes.c_char_p(str(key).encode("utf-8", "replace"))  # has to live until it was said
        event.key = _address(name)
    if text is not None:
        value = ctypes.c_char_p(str(text).encode("utf-8", "replace"))
        event.text = _address(value)
    return bool(say(event))


def _say_array(key, kind, memory, shape, **fields):
    """Says an array whose elements lie in a contiguous memory."""
    view = _Bytes(memory)
    dims = (ctypes.c_int64 * RANK)(*shape)
    return _say(key, kind, data=view.address, bytes=memory.nbytes, rank=len(shape), dims=dims, **fields)


class _Bytes:
    """The address of a contiguous memory, as long as this lives. What can't be written to has to be copied for that."""

    def __init__(self, memory):
        if memory.nbytes == 0:
            self.address, self.owner = 0, None
        elif memory.readonly:
            self.owner = memory.obj if isinstance(memory.obj, bytes) and len(memory.obj) == memory.nbytes else memory.tobytes()
            self.address = _address(ctypes.c_char_p(self.owner))
        else:
            self.owner = (ctypes.c_ubyte * memory.nbytes).from_buffer(memory)
            self.address = ctypes.addressof(self.owner)


def _memory(value):
    """Returns what a value has in memory, contiguous, with its shape and the type of its elements."""
    try:
        memory = memoryview(value)
    except TypeError:
        if hasattr(value, "__array__"):  # PyTorch, TensorFlow
            memory = memoryview(value.__array__())
        elif isinstance(getattr(value, "__array_interface__", {}).get("data"), bytes):  # Pillow
            described = value.__array_interface__
            if described["typestr"] != "|u1":
                raise TypeError("its elements are %s, not bytes (convert it first)" % described["typestr"])
            return memoryview(described["data"]), tuple(described["shape"]), _UINT8
        else:
            raise TypeError("%s is no array (give one of NumPy, or anything with the buffer protocol)" % type(value).__name__)
    if memory.ndim > RANK:
        raise TypeError("it has %d dimensions, more than %d" % (memory.ndim, RANK))
    shape, of = memory.shape, _type(memory)
    return memory if memory.c_contiguous else memoryview(memory.tobytes()), shape, of


def _type(memory):
    """Returns the type of the elements."""
    order, element = memory.format[:1], memory.format.lstrip("@=<|")
    found = None if order in ">!" and memory.itemsize > 1 else _TYPES.get((element, memory.itemsize))
    if found is None:
        raise TypeError("elements %r of %d bytes have no TFLite type (convert it first)" % (memory.format, memory.itemsize))
    return found


@_guarded
def text(key, kind, value):
    _say(key, kind, text=value)


@_guarded
def numbers(key, kind, *values):
    values = [float(v) for v in values]
    if len(values) > NUMBERS:
        raise TypeError("%d numbers are more than %d" % (len(values), NUMBERS))
    _say(key, kind, numbers=len(values), number=(ctypes.c_double * NUMBERS)(*values))


@_guarded
def array(key, kind, value):
    memory, shape, of = _memory(value)
    _say_array(key, kind, memory, shape, type=of)


def _image_shape(shape, channels, format, width, height):
    """Returns height, width and channels of an array's shape, or of bytes of a width and a height."""
    if width is not None and height is not None:
        rows = height + (height + 1) // 2 if format in _HALVED else height
        return (rows, width, channels)
    while len(shape) > 2 and shape[0] == 1 and len(shape) + (channels == 1) > 3:
        shape = shape[1:]  # a batch of one
    if len(shape) == 2 and channels == 1:
        shape = (*shape, 1)
    if len(shape) != 3 or shape[2] != channels:
        raise TypeError('an array of shape %s is no image of format "%s": it has to have height, width and %d channels '
                        "(or give width and height)" % (tuple(shape), format, channels))
    return shape


@_guarded
def image(key, value, format, width, height):
    if format not in _FORMATS:
        raise TypeError("%r is no format of images (%s)" % (format, ", ".join(_FORMATS)))
    number, channels = _FORMATS[format]
    memory, shape, of = _memory(value)
    shape = _image_shape(shape, channels, format, width, height)
    _say_array(key, BEFORE, memory, shape, type=of, format=number)


@_guarded
def audio(key, value, rate):
    memory, shape, of = _memory(value)
    if of == _UINT8 and isinstance(value, (bytes, bytearray)):
        of, shape = _INT16, (memory.nbytes // 2,)
    if len(shape) == 1:
        shape = (*shape, 1)
    if len(shape) != 2:
        raise TypeError("sound of shape %s has to have samples, or samples and channels" % (tuple(shape),))
    _say_array(key, BEFORE, memory, shape, type=of, rate=int(rate))


@_guarded
def replay(key, value):
    memory = memoryview(value)
    if memory.readonly or not memory.c_contiguous:
        raise TypeError("nothing can be replayed into it: it isn't %s (give a copy)" % ("writable" if memory.readonly else "contiguous"))
    return _say_array(key, REPLAY, memory, (), replay=1)
