"""The two audio front ends, outside the models' graphs: as YAMNet's log mel spectrogram, and as the spectrogram of
TensorFlow's tutorial on simple audio recognition."""

import numpy as np

RATE = 16000


def frames(samples, length, step):
    """[n, length]: what fits."""
    count = 1 + (len(samples) - length) // step
    return samples[np.arange(length) + step * np.arange(count)[:, None]]


def hann(length):
    """Periodic, as tf.signal.hann_window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def mel_weights(bins, fft, low, high):
    """[fft/2+1, bins], as tf.signal.linear_to_mel_weight_matrix: HTK's scale, triangles of height 1, no weight at 0 Hz."""
    def mel(hertz):
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)
    edges = np.linspace(mel(low), mel(high), bins + 2)
    lines = mel(np.linspace(0, RATE / 2, fft // 2 + 1)[1:])[:, None]
    up = (lines - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - lines) / (edges[2:] - edges[1:-1])
    return np.pad(np.maximum(0, np.minimum(up, down)), ((1, 0), (0, 0)))


def log_mel(samples, window=hann, log=np.log):
    """float32 [98, 40] of one second of real-valued samples in [-1, 1]: 25 ms every 10 ms, 40 bands from 125 to 7500 Hz."""
    power = abs(np.fft.rfft(frames(samples, 400, 160) * window(400), 512))
    return log(power @ mel_weights(40, 512, 125, 7500) + 0.001).astype(np.float32)


def spectrogram(samples, window=hann):
    """float32 [124, 129]: magnitudes of 255 samples every 128."""
    return abs(np.fft.rfft(frames(samples, 255, 128) * window(255), 256)).astype(np.float32)
