"""Makes what apps feed their models of photographs, with the libraries that apps use: fed.py FOLDER FAMILIES...

FOLDER/cases.json has the cases; those whose way to resize is of one of the families are made: FOLDER/ID.fed has the
elements of one. FOLDER/PHOTO.rgb has those of a photograph, FOLDER/ID.rgb those that are known of it in a case that
says so.
"""
import io
import json
import pathlib
import sys

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps


def read(path, width):
    picture = Image.open(path).convert("RGB")
    if width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def pillow(picture, name, option, size):
    return np.asarray(Image.fromarray(picture).resize(size, getattr(Image.Resampling, name.upper())))


def opencv(picture, name, option, size):
    import cv2

    # What Intel's library makes is made on no other processor.
    cv2.ipp.setUseIPP(False)
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=getattr(cv2, "INTER_" + name.upper().replace("-", "_")))


def tf1(picture, name, option, size):
    import tensorflow as tf

    images = tf.compat.v1.image
    method = {"nearest": images.resize_nearest_neighbor, "bilinear": images.resize_bilinear,
              "bicubic": images.resize_bicubic, "area": images.resize_area}[name]
    return method(picture[None], size[::-1], align_corners=option == "align-corners").numpy()[0]


def tf2(picture, name, option, size):
    import tensorflow as tf

    return tf.image.resize(picture, size[::-1], method=name, antialias=option == "antialias").numpy()


def resized(picture, case):
    family, _, name = case["resize"].partition(".")
    name, _, option = name.partition(" ")
    x, y, width, height = case.get("inside") or (0, 0, case["width"], case["height"])
    small = {"pillow": pillow, "opencv": opencv, "tf1": tf1, "tf2": tf2}[family](picture, name, option, (width, height))
    if not case.get("inside"):
        return small
    out = np.full((case["height"], case["width"], picture.shape[2]), case["fill"], small.dtype)
    out[y:y + height, x:x + width] = small
    return out


def cropped(picture, box, fill):
    """Takes a part of a picture, which may reach beyond it."""
    x, y, width, height = box
    reach = max(0, -x, -y, x + width - picture.shape[1], y + height - picture.shape[0])
    padded = np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), constant_values=fill)
    return padded[y + reach:y + reach + height, x + reach:x + reach + width]


TURNS = {
    "rotate 90": lambda a: np.rot90(a, -1), "rotate 180": lambda a: np.rot90(a, 2), "rotate 270": lambda a: np.rot90(a, 1),
    "flip horizontal": lambda a: a[:, ::-1], "flip vertical": lambda a: a[::-1],
}


def turned(picture, turns):
    for turn in turns or []:
        picture = TURNS[turn](picture)
    return np.ascontiguousarray(picture)


def channels(picture, order):
    if order == "gray":
        return picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return picture[:, :, ["rgb".index(c) for c in order]]


def normalized(picture, how):
    if "keras" in how:
        from keras.applications import imagenet_utils

        return imagenet_utils.preprocess_input(picture.astype(np.float32), data_format="channels_last", mode=how["keras"])
    if how.get("standardize"):
        import tensorflow as tf

        return tf.image.per_image_standardization(picture).numpy()
    if not how.get("std"):
        return picture
    return ((picture.astype(np.float32) - np.array(how["mean"], np.float32)) / np.array(how["std"], np.float32)).astype(np.float32)


def quantized(picture, how):
    type_ = np.dtype(how["type"])
    limits = np.iinfo(type_)
    if how["way"] == "wrapped":  # a picture's bytes, as they are
        return picture.astype(np.uint8).view(type_)
    if how["way"] == "cast":  # nobody quantises
        return np.clip(np.trunc(picture), limits.min, limits.max).astype(type_)
    q = picture / np.float32(how["scale"]) + (0 if how["way"] == "unmoved" else how["zero_point"])
    q = np.trunc(q) if how["way"] == "truncated" else np.floor(q + 0.5)
    return np.clip(q, limits.min, limits.max).astype(type_)


def outside(picture, name, random):
    """Does to a picture what no pipeline says."""
    import cv2

    height, width = picture.shape[:2]
    image = Image.fromarray(picture)

    def lut(f):
        return (f(np.arange(256) / 255).clip(0, 1) * 255).round().astype(np.uint8)[picture]

    def warped(points):
        corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        matrix = cv2.getPerspectiveTransform(corners, np.float32(np.multiply(points, [width, height])))
        return cv2.warpPerspective(picture, matrix.astype(np.float64), (width, height), borderMode=cv2.BORDER_REFLECT)

    def spun(degrees):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)

    def jpeg(quality):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))

    def hsv(change):
        h = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV_FULL).astype(np.int32)
        return cv2.cvtColor(change(h).astype(np.uint8), cv2.COLOR_HSV2RGB_FULL)

    def clahe():
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
        lab[:, :, 0] = cv2.createCLAHE(2.0, (8, 8)).apply(np.ascontiguousarray(lab[:, :, 0]))
        return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)

    def noise(sigma):
        return (picture + random.normal(0, sigma, picture.shape)).round().clip(0, 255).astype(np.uint8)

    def salted():
        out = picture.copy()
        where = random.random(picture.shape[:2])
        out[where < 0.02], out[where > 0.98] = 0, 255
        return out

    def cutout():
        out = picture.copy()
        out[height // 4:height // 2, width // 3:width // 3 + width // 4] = 0
        return out

    def rolled():
        return np.roll(picture, (height // 3, width // 4), (0, 1))

    def barrel():
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        u, v = (x - width / 2) / width, (y - height / 2) / height
        r = 1 + 0.3 * (u * u + v * v)
        return cv2.remap(picture, u * r * width + width / 2, v * r * height + height / 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    def vignette():
        y, x = np.mgrid[0:height, 0:width]
        fall = 1 - 0.5 * (((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2)
        return (picture * fall[:, :, None]).astype(np.uint8)

    def mosaic():
        half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        return np.tile(half, (2, 2, 1))

    return {
        "gamma 1.5": lambda: lut(lambda v: v ** 1.5),
        "gamma 0.8": lambda: lut(lambda v: v ** 0.8),
        "srgb to linear": lambda: lut(lambda v: np.where(v < 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)),
        "solarized": lambda: lut(lambda v: np.where(v < 0.5, v, 1 - v)),
        "posterized": lambda: np.asarray(ImageOps.posterize(image, 3)),
        "equalized": lambda: np.asarray(ImageOps.equalize(image)),
        "clahe": clahe,
        "blurred": lambda: cv2.GaussianBlur(picture, (0, 0), max(width, height) / 150),
        "boxed": lambda: cv2.blur(picture, (max(width, height) // 64,) * 2),
        "median": lambda: cv2.medianBlur(picture, 9),
        "bilateral": lambda: cv2.bilateralFilter(picture, 9, 60, 60),
        "moved": lambda: cv2.filter2D(picture, -1, np.eye(max(width, height) // 48) / (max(width, height) // 48)),
        "sharpened": lambda: np.asarray(image.filter(ImageFilter.UnsharpMask(8, 150, 0))),
        "embossed": lambda: np.asarray(image.filter(ImageFilter.EMBOSS)),
        "noise 25": lambda: noise(25),
        "noise 60": lambda: noise(60),
        "salted": salted,
        "jpeg 30": lambda: jpeg(30),
        "jpeg 10": lambda: jpeg(10),
        "hue": lambda: hsv(lambda h: (h + [40, 0, 0]) % 256),
        "saturation": lambda: np.asarray(ImageEnhance.Color(image).enhance(1.8)),
        "contrast": lambda: np.asarray(ImageEnhance.Contrast(image).enhance(2.2)),
        "turned 7 degrees": lambda: spun(7),
        "turned 45 degrees": lambda: spun(45),
        "perspective": lambda: warped([[0.05, 0.1], [0.95, 0], [1, 0.9], [0, 1]]),
        "sheared": lambda: warped([[0.1, 0], [1.1, 0], [0.9, 1], [-0.1, 1]]),
        "barrel": barrel,
        "vignette": vignette,
        "cutout": cutout,
        "rolled": rolled,
        "mosaic": mosaic,
        "negative with a curve": lambda: lut(lambda v: (1 - v) ** 1.8),
    }[name]()


def made(case, photos):
    random = np.random.default_rng(case["seed"])
    picture = photos[case["photo"]]
    what = case.get("outside", "")
    if what == "another photo":
        picture = photos[case["other"]]
    elif what == "two photos":
        other = np.asarray(Image.fromarray(photos[case["other"]]).resize(picture.shape[1::-1]))
        picture = (picture * 0.5 + other * 0.5).astype(np.uint8)
    elif what and what not in ("mean picture", "shuffled"):
        picture = outside(picture, what, random)
    if case.get("crop"):
        picture = cropped(picture, case["crop"], case["fill"])
    if case.get("turned_first"):
        picture = turned(picture, case.get("turn"))
    picture = resized(picture, case)
    if case.get("crop_after"):
        picture = cropped(picture, case["crop_after"], 0)
    if not case.get("turned_first"):
        picture = turned(picture, case.get("turn"))
    if case.get("cast") == "truncate":
        picture = picture.astype(np.int32).clip(0, 255).astype(np.uint8)
    if case.get("cast") == "round":
        picture = np.floor(picture + 0.5).clip(0, 255).astype(np.uint8)
    picture = channels(picture, case["channels"])
    picture = normalized(picture, case["normalize"])
    if what == "mean picture":
        picture = picture - random.normal(0, picture.std(), picture.shape).astype(np.float32)
    if what == "shuffled":
        picture = random.permutation(picture.reshape(-1)).reshape(picture.shape)
    if case.get("quantize"):
        picture = quantized(picture, case["quantize"])
    elif picture.dtype != np.uint8 or case["float"]:
        picture = picture.astype(np.float32)
    if case["layout"] == "nchw" and picture.ndim == 3:
        picture = picture.transpose(2, 0, 1)
    return np.ascontiguousarray(picture)


def known(picture, noise, random):
    """What is known of a photograph when it isn't the same to the last bit."""
    if noise == "one":
        return (picture.astype(np.int16) + random.integers(-1, 2, picture.shape)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=int(noise), subsampling=0)
    return np.asarray(Image.open(file).convert("RGB"))


def main(folder, families):
    described = json.loads((folder / "cases.json").read_text())
    photos = {}
    for photo in described["photos"]:
        photos[photo["name"]] = read(photo["path"], photo.get("width", 0))
        (folder / (photo["name"] + ".rgb")).write_bytes(photos[photo["name"]].tobytes())
    done = {"photos": {name: list(p.shape) for name, p in photos.items()}, "fed": {}}
    for case in described["cases"]:
        if case["resize"].partition(".")[0] not in families:
            continue
        fed = made(case, photos)
        (folder / (case["id"] + ".fed")).write_bytes(fed.tobytes())
        done["fed"][case["id"]] = {"shape": list(fed.shape), "type": fed.dtype.name}
        if case.get("noise"):
            picture = known(photos[case["photo"]], case["noise"], np.random.default_rng(case["seed"]))
            (folder / (case["id"] + ".rgb")).write_bytes(picture.tobytes())
    print(json.dumps(done))


main(pathlib.Path(sys.argv[1]), sys.argv[2:])
