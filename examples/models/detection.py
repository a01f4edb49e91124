"""The detector's anchors, targets, loss, and the op that turns what it puts out into detections: SSD's, as in TensorFlow's
object detection (coordinates are encoded with the scales 10, 10, 5, 5), and TFLite's TFLite_Detection_PostProcess."""

import flatbuffers
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

import networks
import scenes

SCALES = (10.0, 10.0, 5.0, 5.0)  # y, x, height, width
DETECTIONS = 10


def anchors():
    """[288, 4]: middle y, middle x, height, width of each, in parts of the image."""
    at = (np.arange(networks.GRID) + 0.5) / networks.GRID
    aspect = scenes.WIDTH / scenes.HEIGHT
    return np.array([(y, x, size * aspect, size) for y in at for x in at for size in networks.ANCHOR_SIZES], np.float32)


def overlaps(boxes, objects):
    """[boxes, objects]: intersection over union of ymin, xmin, ymax, xmax."""
    top = np.maximum(boxes[:, None, :2], objects[None, :, :2])
    bottom = np.minimum(boxes[:, None, 2:], objects[None, :, 2:])
    shared = np.prod(np.maximum(bottom - top, 0), -1)
    def size(b):
        return np.prod(b[:, 2:] - b[:, :2], -1)
    return shared / (size(boxes)[:, None] + size(objects)[None] - shared)


def targets(objects):
    """[288, 6]: offsets of the anchor's object, its class (-1 for none), and whether the anchor counts."""
    a = anchors()
    boxes = np.concatenate([a[:, :2] - a[:, 2:] / 2, a[:, :2] + a[:, 2:] / 2], 1)
    out = np.zeros((len(a), 6), np.float32)
    out[:, 4], out[:, 5] = -1, 1
    if len(objects) == 0:
        return out
    shared = overlaps(boxes, objects[:, 1:])
    nearest = shared.argmax(1)
    mine = shared.max(1) >= 0.5
    mine[shared.argmax(0)] = True
    nearest[shared.argmax(0)] = np.arange(len(objects))
    out[~mine & (shared.max(1) > 0.4), 5] = 0
    o = objects[nearest[mine], 1:]
    middle, size = (o[:, :2] + o[:, 2:]) / 2, o[:, 2:] - o[:, :2]
    out[mine, :2] = (middle - a[mine, :2]) / a[mine, 2:] * SCALES[0]
    out[mine, 2:4] = np.log(size / a[mine, 2:]) * SCALES[2]
    out[mine, 4] = objects[nearest[mine], 0]
    return out


def loss(wanted, got):
    """Focal loss of classes (alpha 0.25, gamma 2) and Huber's of offsets, per object."""
    classes = tf.one_hot(tf.cast(wanted[..., 4], tf.int32), len(scenes.OBJECTS))
    mine = tf.cast(wanted[..., 4] >= 0, tf.float32)
    p = tf.sigmoid(got[..., 4:])
    cross = tf.nn.sigmoid_cross_entropy_with_logits(classes, got[..., 4:])
    focal = cross * (classes * 0.25 * (1 - p) ** 2 + (1 - classes) * 0.75 * p ** 2)
    focal = tf.reduce_sum(tf.reduce_sum(focal, -1) * wanted[..., 5])
    difference = abs(wanted[..., :4] - got[..., :4])
    huber = tf.where(difference < 1, difference ** 2 / 2, difference - 0.5)
    boxes = tf.reduce_sum(tf.reduce_sum(huber, -1) * mine)
    return (4 * focal + 0.5 * boxes) / (tf.reduce_sum(mine) + 1)


def convert(model, converted):
    """The model with the op behind it. Its outputs: boxes [1, 10, 4], classes, scores [1, 10], and how many there are [1]."""
    attributes = {"max_detections": ("i", DETECTIONS), "max_classes_per_detection": ("i", 1), "detections_per_class": ("i", 10),
                  "num_classes": ("i", len(scenes.OBJECTS)), "use_regular_nms": ("b", "true"),
                  "nms_score_threshold": ("f", 0.3), "nms_iou_threshold": ("f", 0.4),
                  "y_scale": ("f", SCALES[0]), "x_scale": ("f", SCALES[1]), "h_scale": ("f", SCALES[2]), "w_scale": ("f", SCALES[3])}
    signature = 'name: "TFLite_Detection_PostProcess"' + "".join(
        f' attr {{ key: "{key}" value {{ {kind}: {value} }} }}' for key, (kind, value) in attributes.items())

    @tf.function(experimental_implements=signature)
    def post_process(boxes, scores, anchors):  # the converter puts the op in its place
        return (tf.zeros((1, DETECTIONS, 4)), tf.zeros((1, DETECTIONS)), tf.zeros((1, DETECTIONS)), tf.zeros((1,)))

    spec = tf.TensorSpec((1, networks.DETECTOR_SIDE, networks.DETECTOR_SIDE, 3), tf.float32, "image")
    traced = tf.function(lambda image: model(image, training=False), input_signature=[spec]).get_concrete_function()
    frozen = convert_variables_to_constants_v2(traced)  # the converter leaves variables beside a function that it replaces

    @tf.function(input_signature=[spec])
    def detect(image):
        got = frozen(image)[0]
        return post_process(got[..., :4], tf.sigmoid(got[..., 4:]), tf.constant(anchors()))

    converter = tf.lite.TFLiteConverter.from_concrete_functions([detect.get_concrete_function()], tf.Module())
    converter.allow_custom_ops = True
    return ordered(converted(converter))


def ordered(content):
    """The model with its outputs in the order of the op's: the converter's is another."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    graph.outputs = next(op.outputs for op in graph.operators if len(op.outputs) == 4)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
