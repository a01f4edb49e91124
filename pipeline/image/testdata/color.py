"""What OpenCV and Pillow make of a frame of random bytes, 8 x 6, on stdin: RGB for each format, then gray for each library."""
import sys

import cv2
import numpy as np
from PIL import Image

frame = np.frombuffer(sys.stdin.buffer.read(), np.uint8)
made = []
for name in ["NV12", "NV21", "I420", "YV12"]:
    made.append(cv2.cvtColor(frame[:72].reshape(9, 8), getattr(cv2, "COLOR_YUV2RGB_" + name)))
for name in ["YUYV", "UYVY"]:
    made.append(cv2.cvtColor(frame[:96].reshape(6, 8, 2), getattr(cv2, "COLOR_YUV2RGB_" + name)))
y, uv = frame[:48].reshape(6, 8), frame[48:72].reshape(3, 4, 2).repeat(2, 0).repeat(2, 1)
made.append(np.asarray(Image.fromarray(np.dstack([y, uv]), "YCbCr").convert("RGB")))
rgb = frame[:144].reshape(6, 8, 3)
made.append(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
made.append(np.asarray(Image.fromarray(rgb).convert("L")))
for array in made:
    sys.stdout.buffer.write(np.ascontiguousarray(array).tobytes())
