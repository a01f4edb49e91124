"""Preprocesses sound with TensorFlow, as its examples and YAMNet do: FOLDER has
mono.i16 (16 kHz, raw); each case's result goes to FOLDER/NAME.f64, raw.
"""

import sys

import numpy as np
import tensorflow as tf

folder = sys.argv[1]
x = np.fromfile(f"{folder}/mono.i16", np.int16).astype(np.float32) / 32768


def spectrogram(length, step, fft=None, **options):
    return tf.abs(tf.signal.stft(x, length, step, fft, **options))


def mel(magnitudes, bins, low, high):
    weights = tf.signal.linear_to_mel_weight_matrix(bins, magnitudes.shape[-1], 16000, low, high)
    return tf.tensordot(magnitudes, weights, 1)


def yamnet():
    features = tf.math.log(mel(spectrogram(400, 160, 512), 64, 125, 7500) + 0.001)
    return tf.signal.frame(features, 96, 48, axis=0)


def op_spectrogram(size, stride):
    return tf.raw_ops.AudioSpectrogram(input=x[:, None], window_size=size, stride=stride, magnitude_squared=True)


cases = {
    # https://www.tensorflow.org/tutorials/audio/simple_audio
    "simple audio": lambda: spectrogram(255, 128),
    "padded": lambda: spectrogram(400, 160, pad_end=True),
    "hamming": lambda: spectrogram(480, 160, window_fn=tf.signal.hamming_window),
    "mel": lambda: mel(spectrogram(1024, 256), 80, 80, 7600),
    "mfcc": lambda: tf.signal.mfccs_from_log_mel_spectrograms(
        tf.math.log(mel(spectrogram(640, 320), 40, 20, 4000) + 1e-6))[..., :13],
    "yamnet": yamnet,
    # tensorflow/examples/speech_commands
    "op": lambda: op_spectrogram(480, 160),
    "op mfcc": lambda: tf.raw_ops.Mfcc(spectrogram=op_spectrogram(480, 320), sample_rate=16000, dct_coefficient_count=40),
}

for name, case in cases.items():
    np.asarray(case(), np.float64).tofile(f"{folder}/tf {name}.f64")
