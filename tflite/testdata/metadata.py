"""Made metadata-*.tflite: metadata.py FOLDER, first `models` with TensorFlow 2.20, then `metadata` with tflite-support 0.4.4.

tflite-support has the writers that models on TensorFlow Hub got their metadata from.
"""
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])


def models():
    import numpy as np
    import tensorflow as tf

    def convert(name, shape, quantized):
        model = tf.keras.Sequential([tf.keras.layers.Input(shape, batch_size=1), tf.keras.layers.Flatten(), tf.keras.layers.Dense(2)])
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if quantized:
            data = np.random.default_rng(0)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([data.uniform(-1, 1, (1, *shape)).astype(np.float32)] for _ in range(20))
            converter.inference_input_type = converter.inference_output_type = tf.uint8
        (folder / name).write_bytes(converter.convert())

    convert("metadata-image.tflite", (6, 8, 3), False)
    convert("metadata-quantized.tflite", (6, 8, 3), True)
    convert("metadata-audio.tflite", (100,), False)


def metadata():
    from tensorflow_lite_support.metadata.python.metadata_writers import audio_classifier, image_classifier

    labels = folder / "labels.txt"
    labels.write_text("cat\ndog\n")

    def write(name, writer, *arguments):
        content = bytearray((folder / name).read_bytes())
        (folder / name).write_bytes(writer.create_for_inference(content, *arguments, [str(labels)]).populate())

    image = image_classifier.MetadataWriter
    write("metadata-image.tflite", image, [127.5], [127.5])
    write("metadata-quantized.tflite", image, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
    write("metadata-audio.tflite", audio_classifier.MetadataWriter, 16000, 1)
    labels.unlink()


{"models": models, "metadata": metadata}[sys.argv[2]]()
