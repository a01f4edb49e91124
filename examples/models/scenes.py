"""Renders the scenes that the image models learn and are judged by: what a camera of 192 by 144 pixels sees, with uneven
light, noise and a little blur. Colour, scale, orientation and brightness each tell classes apart, so that an app that gets
one of them wrong loses accuracy.

An image is uint8 [144, 192, 3], RGB. The same generator (numpy.random.Generator) gives the same images.
"""

import numpy as np

WIDTH, HEIGHT = 192, 144

FABRICS = (
    "red_vertical", "red_horizontal", "blue_vertical", "yellow_dots", "cyan_dots", "green_coarse", "green_fine",
    "moss", "brick", "sky", "sunset", "denim", "linen", "arrow_left", "arrow_right",
)
OBJECTS = ("red_disc", "blue_square", "up", "down")
REGIONS = ("ground", "sky", "water", "road", "house")

Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def noise(rng, cells):
    """Smooth noise in [-1, 1]: random values at cells by cells points, linear between them."""
    values = rng.uniform(-1, 1, (cells + 1, cells + 1))
    y, x = Y / HEIGHT * cells, X / WIDTH * cells
    row, column = y.astype(int), x.astype(int)
    dy, dx = y - row, x - column
    top = values[row, column] * (1 - dx) + values[row, column + 1] * dx
    bottom = values[row + 1, column] * (1 - dx) + values[row + 1, column + 1] * dx
    return top * (1 - dy) + bottom * dy


def colour(rng, base, spread=0.08):
    return np.clip(np.array(base) + rng.uniform(-spread, spread, 3), 0, 1)


def paint(image, mask, rgb):
    image[:] = image * (1 - mask[..., None]) + rgb * mask[..., None]


def stripes(rng, along, period):
    """0 and 1 in turns along an axis that is nearly that of along."""
    tilt = rng.uniform(-0.12, 0.12)
    position = along + tilt * (X + Y - along)
    return (np.sin(2 * np.pi * (position / period + rng.uniform())) > 0).astype(np.float32)


def dots(rng, period):
    x, y = (X + rng.uniform(0, period)) % period, (Y + rng.uniform(0, period)) % period
    return ((x - period / 2) ** 2 + (y - period / 2) ** 2 < (period * 0.32) ** 2).astype(np.float32)


def bricks(rng, height):
    row = np.floor((Y + rng.uniform(0, height)) / height)
    y = (Y + rng.uniform(0, height)) % height
    x = (X + row % 2 * height + rng.uniform(0, height)) % (2 * height)
    return ((y < height * 0.2) | (x < height * 0.2)).astype(np.float32)


def blotches(rng, size):
    """Squares of a size, each 0 or 1 by chance."""
    grid = rng.integers(0, 2, (int(HEIGHT / size) + 2, int(WIDTH / size) + 2))
    return grid[(Y / size).astype(int), (X / size).astype(int)].astype(np.float32)


def arrow(rng, direction):
    """A disc with an arrow that points to -1 (left) or 1 (right); returns two masks."""
    cx, cy, r = rng.uniform(75, 117), rng.uniform(58, 86), rng.uniform(38, 56)
    x, y = (X - cx) / r * direction, (Y - cy) / r
    disc = (x ** 2 + y ** 2 < 1).astype(np.float32)
    shaft = (abs(y) < 0.16) & (x > -0.65) & (x < 0.15)
    head = (x >= 0.1) & (x < 0.7) & (abs(y) < 0.7 - x)
    return disc, (shaft | head).astype(np.float32)


def fabric(rng, kind):
    """One scene of FABRICS, as a real-valued image."""
    image = np.empty((HEIGHT, WIDTH, 3), np.float32)
    white, period = colour(rng, (0.88, 0.87, 0.85)), rng.uniform(20, 32)
    red, blue, green = (0.78, 0.16, 0.18), (0.16, 0.24, 0.78), (0.2, 0.58, 0.24)
    if kind.startswith(("red_", "blue_")):
        image[:] = white
        paint(image, stripes(rng, X if kind.endswith("vertical") else Y, period), colour(rng, red if kind.startswith("red") else blue))
    elif kind.endswith("dots"):
        image[:] = white
        paint(image, dots(rng, period), colour(rng, (0.85, 0.78, 0.15) if kind.startswith("yellow") else (0.15, 0.78, 0.85)))
    elif kind.startswith("green"):
        image[:] = white
        step = rng.uniform(26, 36) if kind.endswith("coarse") else rng.uniform(4.0, 7.0)
        paint(image, np.abs(stripes(rng, X, step) - stripes(rng, Y, step)), colour(rng, green))
    elif kind == "moss":
        image[:] = white
        paint(image, blotches(rng, rng.uniform(6, 9)), colour(rng, green))
    elif kind == "brick":
        image[:] = colour(rng, (0.66, 0.33, 0.2))
        paint(image, bricks(rng, rng.uniform(16, 24)), white)
    elif kind in ("sky", "sunset"):
        above, below = ((0.45, 0.65, 0.9), (0.3, 0.5, 0.2)) if kind == "sky" else ((0.9, 0.55, 0.3), (0.25, 0.22, 0.3))
        image[:] = colour(rng, above)
        paint(image, (Y > rng.uniform(56, 90) + 10 * noise(rng, 4)).astype(np.float32), colour(rng, below))
    elif kind in ("denim", "linen"):
        image[:] = colour(rng, (0.26, 0.28, 0.36) if kind == "denim" else (0.68, 0.66, 0.6), 0.05)
        paint(image, 0.15 * stripes(rng, X + Y, 6), np.array((0.9, 0.9, 0.9)))
    else:
        image[:] = colour(rng, (0.5, 0.5, 0.5), 0.2)
        disc, mark = arrow(rng, -1 if kind == "arrow_left" else 1)
        paint(image, disc, colour(rng, blue))
        paint(image, mark, white)
    return image


def photograph(rng, image):
    """What a camera makes of a scene: uint8."""
    light = rng.uniform(0.72, 1.12) * (1 + 0.15 * noise(rng, 2))
    image = image * light[..., None] + 0.05 * noise(rng, 6)[..., None]
    if rng.uniform() < 0.5:
        image = (image + np.roll(image, 1, 0) + np.roll(image, 1, 1) + np.roll(image, 2, 1)) / 4
    image = image + rng.normal(0, rng.uniform(0.01, 0.05), image.shape)
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def clutter(rng, image, count):
    for _ in range(count):
        cx, cy, rx, ry = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(6, 22), rng.uniform(6, 22)
        paint(image, (((X - cx) / rx) ** 2 + ((Y - cy) / ry) ** 2 < 1).astype(np.float32) * 0.8, rng.uniform(0.2, 0.8, 3))


def classified(rng, index):
    """The image of class FABRICS[index]."""
    image = fabric(rng, FABRICS[index])
    clutter(rng, image, int(rng.integers(0, 4)))
    return photograph(rng, image)


def detected(rng):
    """An image and its objects: rows of class, ymin, xmin, ymax, xmax, the last four in parts of the image."""
    image = np.empty((HEIGHT, WIDTH, 3), np.float32)
    image[:] = colour(rng, (0.5, 0.5, 0.45), 0.15) + 0.12 * noise(rng, 5)[..., None]
    objects, taken = [], []
    for _ in range(int(rng.integers(1, 4))):
        kind, r = int(rng.integers(len(OBJECTS))), rng.uniform(14, 27)
        cx, cy = rng.uniform(r, WIDTH - r), rng.uniform(r, HEIGHT - r)
        if any(np.hypot(cx - x, cy - y) < 1.2 * (r + other) for x, y, other in taken):
            continue
        taken.append((cx, cy, r))
        x, y = (X - cx) / r, (Y - cy) / r
        if kind == 3:
            y = -y
        mask = (x ** 2 + y ** 2 < 1, np.maximum(abs(x), abs(y)) < 1)[kind] if kind < 2 else (abs(x) < (y + 1) / 2) & (y < 1)
        paint(image, mask.astype(np.float32), colour(rng, ((0.8, 0.2, 0.2), (0.2, 0.25, 0.8), (0.85, 0.8, 0.2), (0.85, 0.8, 0.2))[kind]))
        objects.append((kind, (cy - r) / HEIGHT, (cx - r) / WIDTH, (cy + r) / HEIGHT, (cx + r) / WIDTH))
    return photograph(rng, image), np.array(objects, np.float32)


def segmented(rng):
    """An image and its regions: uint8 [144, 192], indices of REGIONS."""
    regions = np.zeros((HEIGHT, WIDTH), np.uint8)
    horizon = rng.uniform(45, 80) + 8 * noise(rng, 4)
    regions[Y < horizon] = 1
    if rng.uniform() < 0.6:
        regions[(Y > horizon) & (Y < horizon + rng.uniform(18, 40) + 6 * noise(rng, 3))] = 2
    if rng.uniform() < 0.7:
        middle, width = rng.uniform(40, 150), rng.uniform(20, 45)
        regions[(Y > horizon + 5) & (abs(X - middle) < width * (Y - horizon) / 70)] = 3
    for _ in range(int(rng.integers(0, 3))):
        x, w, h = rng.uniform(5, 150), rng.uniform(20, 40), rng.uniform(20, 45)
        regions[(X > x) & (X < x + w) & (Y > horizon + 8 - h) & (Y < horizon + 8)] = 4
    colours = np.array([colour(rng, c, 0.07) for c in (
        (0.32, 0.5, 0.22), (0.55, 0.7, 0.88), (0.2, 0.36, 0.58), (0.42, 0.41, 0.42), (0.65, 0.36, 0.27))])
    return photograph(rng, colours[regions].astype(np.float32)), regions


def area(image, width, height):
    """Shrinks [h, w, c] by averaging over areas: float32, in the range of the image."""
    return np.einsum("yh,hwc,xw->yxc", weights(image.shape[0], height), image.astype(np.float32), weights(image.shape[1], width), optimize=True)


def weights(long, short):
    """[short, long]: the part of each pixel in each area, rows that add up to 1."""
    edges = np.arange(short + 1) * long / short
    pixels = np.arange(long)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    covered = np.maximum(covered, 0)
    return (covered / covered.sum(1, keepdims=True)).astype(np.float32)
