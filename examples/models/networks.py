"""The networks: the paper's families of image classifiers in small, a single-shot detector, a U-net, two keyword spotters
and an average of word vectors. None has more than 70,000 weights."""

import tensorflow as tf

L = tf.keras.layers
SIDE = 64  # pixels, of classifiers and segmentation
DETECTOR_SIDE, GRID, ANCHOR_SIZES = 96, 12, (0.22, 0.34)


def convolution(x, channels, size=3, strides=1, activation="relu6"):
    x = L.Conv2D(channels, size, strides, "same", use_bias=False)(x)
    x = L.BatchNormalization(momentum=0.9)(x)
    return L.Activation(activation)(x) if activation else x


def depthwise(x, strides=1):
    x = L.DepthwiseConv2D(3, strides, "same", use_bias=False)(x)
    return L.Activation("relu6")(L.BatchNormalization(momentum=0.9)(x))


def bottleneck(x, channels, strides):
    """MobileNetV2's inverted residual."""
    y = convolution(x, 4 * x.shape[-1], 1)
    y = convolution(depthwise(y, strides), channels, 1, activation=None)
    return L.Add()([x, y]) if strides == 1 and x.shape[-1] == channels else y


def mobilenet(x):
    x = convolution(x, 12, strides=2)
    for channels, strides in ((12, 1), (20, 2), (20, 1), (28, 2), (28, 1), (36, 2)):
        x = bottleneck(x, channels, strides)
    return convolution(x, 96, 1)


def mixed(x):
    """Inception's module: four branches side by side."""
    pool = L.AveragePooling2D(3, 1, "same")(x)
    return L.Concatenate()([
        convolution(x, 12, 1), convolution(convolution(x, 12, 1), 16),
        convolution(convolution(convolution(x, 8, 1), 12), 12), convolution(pool, 12, 1)])


def inception(x):
    x = L.MaxPooling2D(3, 2, "same")(convolution(convolution(x, 12, strides=2), 20))
    x = L.MaxPooling2D(3, 2, "same")(mixed(mixed(x)))
    return mixed(mixed(x))


def residual(x, channels, strides):
    """ResNet's block of the first version."""
    y = convolution(convolution(x, channels, strides=strides), channels, activation=None)
    if strides > 1 or x.shape[-1] != channels:
        x = convolution(x, channels, 1, strides, activation=None)
    return L.Activation("relu")(L.Add()([x, y]))


def resnet(x):
    x = convolution(x, 12, strides=2)
    for channels, strides in ((12, 1), (20, 2), (20, 1), (32, 2), (40, 2)):
        x = residual(x, channels, strides)
    return x


def densenet(x):
    x = L.MaxPooling2D(2)(convolution(x, 16, strides=2))
    for block in range(3):
        for _ in range(4):
            y = L.Activation("relu")(L.BatchNormalization(momentum=0.9)(x))
            x = L.Concatenate()([x, L.Conv2D(8, 3, padding="same")(convolution(y, 16, 1))])
        if block < 2:
            x = L.AveragePooling2D(2)(convolution(x, x.shape[-1] // 2, 1))
    return x


FAMILIES = {"mobilenet": mobilenet, "inception": inception, "resnet": resnet, "densenet": densenet}


def classifier(body, classes):
    image = tf.keras.Input((SIDE, SIDE, 3), name="image")
    x = L.GlobalAveragePooling2D()(body(image))
    return tf.keras.Model(image, L.Dense(classes, activation="softmax", name="scores")(x))


def detector(classes):
    """Outputs [288, 4 + classes]: SSD's offsets from each anchor, then logits."""
    image = tf.keras.Input((DETECTOR_SIDE, DETECTOR_SIDE, 3), name="image")
    x = convolution(convolution(image, 12, strides=2), 16)
    x = convolution(convolution(x, 24, strides=2), 24)
    x = convolution(convolution(convolution(x, 32, strides=2), 32), 32)
    x = L.Conv2D(len(ANCHOR_SIZES) * (4 + classes), 3, padding="same")(x)
    return tf.keras.Model(image, L.Reshape((GRID * GRID * len(ANCHOR_SIZES), 4 + classes))(x))


def segmenter(classes):
    image = tf.keras.Input((SIDE, SIDE, 3), name="image")
    a = convolution(image, 12)
    b = convolution(L.MaxPooling2D(2)(a), 16)
    c = convolution(convolution(L.MaxPooling2D(2)(b), 24), 24)
    x = convolution(L.Concatenate()([L.UpSampling2D(2)(c), b]), 16)
    x = convolution(L.Concatenate()([L.UpSampling2D(2)(x), a]), 12)
    return tf.keras.Model(image, L.Conv2D(classes, 1, name="regions")(x))


def log_mel_spotter(words):
    sound = tf.keras.Input((98, 40, 1), name="features")
    x = convolution(sound, 24, (10, 4), 2)
    for strides in (1, 2, 1):
        x = convolution(depthwise(x, strides), 32, 1)
    return tf.keras.Model(sound, L.Dense(words, activation="softmax", name="scores")(L.GlobalAveragePooling2D()(x)))


def spectrogram_spotter(words, normalization):
    sound = tf.keras.Input((124, 129, 1), name="features")
    x = normalization(L.Resizing(32, 32)(sound))
    x = L.MaxPooling2D(2)(convolution(x, 16))
    x = L.MaxPooling2D(2)(convolution(x, 32))
    x = L.Dropout(0.2)(L.Flatten()(convolution(x, 24)))
    return tf.keras.Model(sound, L.Dense(words, activation="softmax", name="scores")(x))


def word_average(words, length):
    text = tf.keras.Input((length,), dtype="int32", name="tokens")
    x = L.GlobalAveragePooling1D()(L.Embedding(words, 16)(text))
    return tf.keras.Model(text, L.Dense(2, activation="softmax", name="scores")(L.Dense(16, activation="relu")(x)))
