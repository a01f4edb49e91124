"""Preprocesses sound with SciPy and librosa: FOLDER has mono.i16 and stereo.i16
(16 kHz, raw); each case's result goes to FOLDER/NAME.f64, raw.
"""

import sys

import librosa
import numpy as np
import scipy.fft
import scipy.signal

folder = sys.argv[1]
mono = np.fromfile(f"{folder}/mono.i16", np.int16)
stereo = np.fromfile(f"{folder}/stereo.i16", np.int16).reshape(-1, 2)
y = mono.astype(np.float32) / 32768


def interpolate(x, to):
    times = np.arange(int(len(x) / 16000 * to)) / to
    return np.interp(times * 16000, np.arange(len(x)), x)


def mel(**options):
    return librosa.feature.melspectrogram(y=y, sr=16000, n_fft=512, **options).T


cases = {
    "mean": lambda: stereo.mean(axis=1),
    "librosa mono": lambda: librosa.to_mono(stereo.T.astype(np.float32) / 32768),
    "linear 8000": lambda: interpolate(mono, 8000),
    "linear 11025": lambda: interpolate(mono, 11025),
    "linear 22050": lambda: interpolate(mono, 22050),
    "linear int16": lambda: interpolate(mono, 11025).astype(np.int16),
    "every second": lambda: mono[::2],
    "polyphase 8000": lambda: scipy.signal.resample_poly(mono, 1, 2),
    "polyphase 44100": lambda: scipy.signal.resample_poly(mono, 441, 160),
    "polyphase 11025": lambda: scipy.signal.resample_poly(mono, 441, 640),
    "fourier 8000": lambda: scipy.signal.resample(mono, len(mono) // 2),
    "fourier 11025": lambda: scipy.signal.resample(mono, len(mono) * 11025 // 16000),
    "fourier 22050": lambda: scipy.signal.resample(mono, len(mono) * 22050 // 16000),
    "preemphasis": lambda: scipy.signal.lfilter([1, -0.97], [1], y),
    "stft": lambda: np.abs(librosa.stft(y, n_fft=512, hop_length=160, win_length=400)).T,
    "stft reflect": lambda: np.abs(librosa.stft(y, n_fft=512, hop_length=160, pad_mode="reflect")).T,
    "hamming": lambda: np.abs(np.fft.rfft(librosa.util.frame(y, frame_length=400, hop_length=160).T * np.hamming(400), 512)),
    "blackman": lambda: scipy.signal.get_window("blackman", 400),
    "mel slaney": lambda: mel(hop_length=160, n_mels=40, fmin=20, fmax=7600),
    "mel htk": lambda: mel(hop_length=160, n_mels=64, fmin=0, fmax=8000, htk=True, norm=None),
    "db": lambda: librosa.power_to_db(mel(hop_length=256, n_mels=64, fmin=0, fmax=8000).T).T,
    "mfcc": lambda: librosa.feature.mfcc(y=y, sr=16000, n_mfcc=13, n_fft=512, hop_length=160, n_mels=40).T,
    "peak": lambda: librosa.util.normalize(y),
}

for name, case in cases.items():
    np.ascontiguousarray(case(), np.float64).tofile(f"{folder}/{name}.f64")
