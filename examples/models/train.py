"""Trains the models of the examples and writes them as .tflite files, float and int8: train.py OUT_DIR [NAME...]

Everything is made here, from fixed seeds: scenes.py, speech.py and reviews.py make the data. It prints what each model
gets right of data that it has not seen.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf

import detection
import features
import networks
import reviews
import scenes
import speech

SEED = 20
TRAINING, HELD_OUT = 1, 2  # seeds of data; make_data.py uses others than 1

# How each family wants its pixels: as the paper's versions of these models do. BGR or not, mean and deviation of 0..255.
NORMALIZATIONS = {
    "mobilenet": (False, 127.5, 127.5),
    "inception": (True, 127.5, 127.5),
    "resnet": (True, (103.939, 116.779, 123.68), 1.0),
    "densenet": (False, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}


def small(image, side):
    return np.floor(scenes.area(image, side, side) + 0.5)


def normalized(images, bgr, mean, deviation):
    return ((images[..., ::-1] if bgr else images) - np.float32(mean)) / np.float32(deviation)


def fabrics(seed, each):
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(len(scenes.FABRICS)), each)
    return np.stack([small(scenes.classified(rng, i), networks.SIDE) for i in labels]), labels


def convert(model, examples, int8, inputs=tf.int8):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    return converted(converter, examples, int8, inputs)


def converted(converter, examples, int8, inputs=tf.int8):
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([e[None]] for e in examples)
        if inputs == tf.int8:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def write(folder, name, model, examples, **options):
    fixed = tf.keras.Input(batch_shape=(1, *model.input_shape[1:]), dtype=model.inputs[0].dtype, name=model.inputs[0].name)
    fixed = tf.keras.Model(fixed, model(fixed))
    for form in ("float", "int8"):
        save(folder, f"{name}_{form}", convert(fixed, examples, form == "int8", **options))


def save(folder, name, content):
    with open(os.path.join(folder, name + ".tflite"), "wb") as file:
        file.write(content)
    print(f"  {name}: {len(content)} bytes", flush=True)


def learn(model, x, y, epochs, batch=32, rate=4e-3, loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    steps = epochs * -(-len(x) // batch)
    rates = tf.keras.optimizers.schedules.CosineDecay(rate, steps, warmup_target=rate, warmup_steps=steps // 10)
    model.compile(tf.keras.optimizers.Adam(rates), loss=loss, metrics=list(metrics))
    model.fit(x, y, batch, epochs, verbose=0)


def told(name, model, x, y):
    print(f"{name}: {model.count_params()} weights, {model.evaluate(x, y, verbose=0)[1]:.3f} of {len(x)} held out are right", flush=True)


def train_family(folder, name):
    if not hasattr(train_family, "data"):
        train_family.data = fabrics(TRAINING, 160), fabrics(HELD_OUT, 25)
    (x, y), (tx, ty) = [(normalized(images, *NORMALIZATIONS[name]), labels) for images, labels in train_family.data]
    model = networks.classifier(networks.FAMILIES[name], len(scenes.FABRICS))
    learn(model, x, y, 10)
    told(name, model, tx, ty)
    write(folder, f"fabrics_{name}", model, x[:140])


def train_segmenter(folder, name):
    def data(seed, count):
        rng = np.random.default_rng(seed)
        pairs = [scenes.segmented(rng) for _ in range(count)]
        rows, columns = (np.arange(64) * 144 + 72) // 64, (np.arange(64) * 192 + 96) // 64
        x = np.stack([small(image, networks.SIDE) for image, _ in pairs])
        return x / 127.5 - 1, np.stack([regions[rows][:, columns] for _, regions in pairs])
    x, y = data(TRAINING, 500)
    model = networks.segmenter(len(scenes.REGIONS))
    learn(model, x, y, 8, 8, 5e-3, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    told(name, model, *data(HELD_OUT, 60))
    write(folder, "regions", model, x[:100])


def train_detector(folder, name):
    def data(seed, count):
        rng = np.random.default_rng(seed)
        pairs = [scenes.detected(rng) for _ in range(count)]
        x = np.stack([small(image, networks.DETECTOR_SIDE) for image, _ in pairs])
        return x / 127.5 - 1, np.stack([detection.targets(objects) for _, objects in pairs])
    x, y = data(TRAINING, 1800)
    model = networks.detector(len(scenes.OBJECTS))
    learn(model, x, y, 12, 16, 4e-3, detection.loss, ())
    tx, ty = data(HELD_OUT, 100)
    print(f"{name}: {model.count_params()} weights, loss {model.evaluate(tx, ty, verbose=0):.3f}", flush=True)
    for form in ("float", "int8"):
        save(folder, f"objects_{form}", detection.convert(model, lambda c: converted(c, x[:100], form == "int8", None)))


def clips(seed, held_out, times):
    rng = np.random.default_rng(seed)
    spoken = [(index, speech.recorded(rng, samples)) for index, samples in speech.utterances(held_out) for _ in range(times)]
    return np.stack([clip for _, clip in spoken]) / 32768, np.array([index for index, _ in spoken])


def train_spotters(folder, name):
    (sounds, y), (held, ty) = clips(TRAINING, False, 3), clips(HELD_OUT, True, 1)
    for kind, front in (("log_mel", features.log_mel), ("spectrogram", features.spectrogram)):
        x, tx = (np.stack([front(clip) for clip in some])[..., None] for some in (sounds, held))
        if kind == "log_mel":
            model = networks.log_mel_spotter(len(speech.WORDS))
        else:
            normalization = tf.keras.layers.Normalization(axis=None)
            normalization.adapt(tf.image.resize(x[:500], (32, 32)))
            model = networks.spectrogram_spotter(len(speech.WORDS), normalization)
        learn(model, x, y, 12)
        told(f"words_{kind}", model, tx, ty)
        write(folder, f"words_{kind}", model, x[:200])


def train_reviews(folder, name):
    vocabulary = reviews.vocabulary()
    index = {word: i for i, word in enumerate(vocabulary)}
    def data(seed, count):
        rng = np.random.default_rng(seed)
        y = np.arange(count) % 2
        return np.array([reviews.tokens(reviews.review(rng, label), index) for label in y], np.int32), y
    model = networks.word_average(len(vocabulary), reviews.LENGTH)
    x, y = data(TRAINING, 3000)
    learn(model, x, y, 12)
    told(name, model, *data(HELD_OUT, 400))
    write(folder, "reviews", model, x[:100], inputs=None)
    for file, lines in (("reviews.vocabulary.txt", vocabulary), ("reviews.labels.txt", reviews.LABELS)):
        with open(os.path.join(folder, file), "w") as out:
            out.write("\n".join(lines) + "\n")


TRAINERS = {
    **{family: train_family for family in networks.FAMILIES},
    "objects": train_detector, "regions": train_segmenter, "words": train_spotters, "reviews": train_reviews,
}
LABELS = {"fabrics": scenes.FABRICS, "objects": scenes.OBJECTS, "regions": scenes.REGIONS, "words": speech.WORDS}


def main(folder, *names):
    tf.config.threading.set_intra_op_parallelism_threads(1)  # sums in the same order each time
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    for name in names or TRAINERS:
        tf.keras.utils.set_random_seed(SEED)
        TRAINERS[name](folder, name)
    for name, labels in LABELS.items():
        with open(os.path.join(folder, f"{name}.labels.txt"), "w") as file:
            file.write("\n".join(labels) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
