# SPDX-License-Identifier: Apache-2.0
"""Markers: points of an app that it marks itself, because they can't be seen from outside.

    import edgexray

    with edgexray.frame():
        edgexray.image("camera", pixels)            # an array of height, width and channels
        ...                                         # preprocess, invoke
        edgexray.result("top1", name)

`edgexray snapshot -- python3 app.py` keeps all of a marker, `edgexray record` all but the elements of arrays. With nobody
listening a marker is a call and a look at one number. No marker ever raises an exception because of what it is given: what
can't be marked is told on stderr, once for each key; an array is marked without its data then. Where there is no native
library for the machine, markers do nothing.

Keys say what a value is, the same each time; they are at most 63 bytes of UTF-8. Arrays are whatever has the buffer
protocol (NumPy's, bytes, array.array), or is made an array by `__array__` or `__array_interface__` (PyTorch, TensorFlow, Pillow).
One that isn't contiguous is copied, while somebody listens.
"""

from edgexray._native import LISTENING as _listening
from edgexray import _say

__all__ = ["after", "audio", "before", "frame", "frame_begin", "frame_end", "image", "label", "listening", "metric", "replay",
           "result", "sensor", "text"]
__version__ = "0.1.0"


def listening():
    """Tells whether anybody listens: for what is expensive to find out only for a marker."""
    return _listening[0] != 0


def frame_begin():
    """What this thread does from here until its frame's end belongs together: usually one invoke and all around it."""
    if _listening[0]:
        _say.text(None, _say.FRAME_BEGIN, None)


def frame_end():
    if _listening[0]:
        _say.text(None, _say.FRAME_END, None)


class _Frame:
    __slots__ = ()

    def __enter__(self):
        if _listening[0]:
            frame_begin()

    def __exit__(self, *_):
        if _listening[0]:
            frame_end()


_frame = _Frame()


def frame():
    """Returns a context manager: what happens within it is one frame."""
    return _frame


def image(key, data, format="rgb", width=None, height=None):
    """Marks an image on its way into the model.

    data is an array of height, width and channels, of height and width, or bytes with the width and height given. format is
    "rgb", "bgr", "rgba", "bgra", "argb", "gray", "nv12", "nv21", "i420" or "yuyv": its channels have to be as many. The rows
    of an array of "nv12", "nv21" or "i420" are those of luma and then of chroma, as in OpenCV.
    """
    if _listening[0]:
        _say.image(key, data, format, width, height)


def audio(key, samples, rate):
    """Marks sound on its way into the model: an array of samples, or of samples and channels; bytes are of 16-bit ones.

    rate is in samples a second.
    """
    if _listening[0]:
        _say.audio(key, samples, rate)


def before(key, array):
    """Marks an array on its way into the model, such as the output of a step of preprocessing."""
    if _listening[0]:
        _say.array(key, _say.BEFORE, array)


def after(key, array):
    """Marks an array that comes out of the model, or of a step after it."""
    if _listening[0]:
        _say.array(key, _say.AFTER, array)


def text(key, value):
    """Marks text on its way into the model."""
    if _listening[0]:
        _say.text(key, _say.BEFORE, value)


def result(key, value):
    """Marks what the app made of the model's outputs, as text."""
    if _listening[0]:
        _say.text(key, _say.AFTER, value)


def label(value):
    """Marks the right answer for this frame."""
    if _listening[0]:
        _say.text(None, _say.LABEL, value)


def metric(key, value):
    """Marks a number that says how well or how fast something went."""
    if _listening[0]:
        _say.numbers(key, _say.METRIC, value)


def sensor(key, x, *yz):
    """Marks what a sensor of the device says, up to three numbers: orientation, motion, light."""
    if _listening[0]:
        _say.numbers(key, _say.SENSOR, x, *yz)


def replay(key, array):
    """Offers an array, which has data of a sensor or is about to get it, to a player (`edgexray snapshot --replay`).

    Returns True when all of it was overwritten with what was recorded under this key, in the order of the recording; False
    when nobody plays, when what comes next has another size, and when there is no more: then the array is as it was. It has to
    be writable and contiguous.
    """
    return _say.replay(key, array) if _listening[0] else False
