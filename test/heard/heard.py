"""Makes what apps feed their models of recordings, with the libraries that apps use.

    heard.py sound FOLDER     needs SciPy, librosa, soundfile: samples, and librosa's features
    heard.py tensorflow FOLDER
    heard.py micro FOLDER     needs pymicro-features

FOLDER/cases.json is a list of cases (heard.go). "sound" is first: it leaves what
the others go on with in ID.samples, raw, and results are ID.f32 with ID.shape.
"""

import json
import sys

import numpy as np

program, folder = sys.argv[1:]
with open(f"{folder}/cases.json") as file:
    cases = json.load(file)


def save(case, features):
    features = np.ascontiguousarray(features, np.float32)
    features.tofile(f"{folder}/{case['id']}.f32")
    with open(f"{folder}/{case['id']}.shape", "w") as file:
        json.dump(features.shape, file)


def resampled(x, rate, to, method):
    """Samples of another rate, in the precision that the method has."""
    import scipy.signal
    if method == "linear":
        times = np.arange(int(len(x) / rate * to)) / to
        return np.interp(times * rate, np.arange(len(x)), x)
    if method == "hold":
        return x[(np.arange(-(-len(x) * to // rate)) * (rate / to)).astype(int)]
    if method == "fourier":
        return scipy.signal.resample(x.astype(np.float64), len(x) * to // rate)
    if method == "soxr":
        import librosa
        return librosa.resample(x.astype(np.float64), orig_sr=rate, target_sr=to)
    divisor = np.gcd(rate, to)
    return scipy.signal.resample_poly(x.astype(np.float64), to // divisor, rate // divisor)


def spoiled(x, rate, how, random):
    """What no pipeline does."""
    import librosa
    import scipy.signal
    power = np.sqrt(np.mean(x ** 2))
    if how == "noise 20 dB":
        return x + random.normal(0, power / 10, len(x))
    if how == "noise 40 dB":
        return x + random.normal(0, power / 100, len(x))
    if how == "reverb":
        impulse = random.normal(size=rate // 4) * np.exp(-np.arange(rate // 4) / (rate / 25))
        impulse[0] = 3
        return np.convolve(x, impulse / 6)[:len(x)]
    if how == "stretched":
        return librosa.istft(librosa.phase_vocoder(librosa.stft(x), rate=1.1))
    if how == "pitch":
        slower = librosa.istft(librosa.phase_vocoder(librosa.stft(x), rate=0.9))
        return scipy.signal.resample(slower, len(x))
    if how == "codec":
        import io
        import soundfile
        file = io.BytesIO()
        soundfile.write(file, x / 32768, rate, format="OGG", subtype="VORBIS")
        file.seek(0)
        return soundfile.read(file)[0] * 32768
    if how == "mu-law":
        y = librosa.mu_compress(np.clip(x / 32768, -1, 1), mu=255)
        return librosa.mu_expand(y, mu=255) * 32768
    if how == "low pass":
        return scipy.signal.sosfilt(scipy.signal.butter(4, 2000, fs=rate, output="sos"), x)
    if how == "high pass":
        return scipy.signal.sosfilt(scipy.signal.butter(2, 300, "high", fs=rate, output="sos"), x)
    if how == "compressed":
        return np.tanh(x / 4000) * 4000
    if how == "reversed":
        return x[::-1]
    if how == "dropouts":
        y = x.copy()
        for at in range(1000, len(y), 4000):
            y[at:at + 200] = 0
        return y
    raise ValueError(how)


def samples(case):
    import soundfile
    x, rate = soundfile.read(case["recording"], dtype="int16", always_2d=True)
    if case.get("swap"):
        x = x.byteswap()
    if case["mono"] == "mean":
        x = x.mean(axis=1) if x.shape[1] > 1 else x[:, 0]
    else:
        x = x[:, {"left": 0, "right": 1}[case["mono"]]]
    if case.get("outside"):
        x = spoiled(x.astype(np.float64), rate, case["outside"], np.random.default_rng(len(x)))
    whole = case["front"] == "micro"
    for hop in case["resample"] or []:
        if hop["rate"] != rate:
            x = resampled(x, rate, hop["rate"], hop["method"])
            rate = hop["rate"]
            if whole:
                x = x.astype(np.int16)
        rate = hop.get("assume", rate)
    gain = float(case.get("gain", 1))
    if gain != 1:
        x = np.clip(x * gain, -32768, 32767) if case.get("clip") or whole else x * gain
    if whole:
        return x.astype(np.int16)
    x = (x / case.get("divide", 32768)).astype(np.float32)
    if case.get("level") == "peak":
        x = x / np.abs(x).max()
    if case.get("level") == "standard":
        x = (x - x.mean()) / x.std()
    if case.get("preemphasis"):
        import scipy.signal
        x = scipy.signal.lfilter([1, -case["preemphasis"]], [1], x)
    return x.astype(np.float32)


def librosa_features(case, x):
    import librosa
    f = case["features"]
    mel = librosa.feature.melspectrogram(
        y=x, sr=16000, n_fft=f["frame"], hop_length=f["step"], n_mels=f["bins"], fmin=f["low"], fmax=f["high"], window=f["window"],
        center=f["center"] != "", pad_mode=f["center"] or "constant", htk=f["mel"] == "htk", norm=f["norm"] or None, power=f["power"])
    if f["log"] == "db":
        mel = librosa.power_to_db(mel, amin=f["floor"], top_db=f["range"] or None)
    else:
        mel = np.log(np.maximum(mel, f["floor"]))
    if f["mfcc"]:
        mel = librosa.feature.mfcc(S=mel, n_mfcc=f["mfcc"])
    return mel.T


def tensorflow_features(case, x):
    import tensorflow as tf
    f = case["features"]
    windows = {"hann": tf.signal.hann_window, "hamming": tf.signal.hamming_window, "none": None,
               "hann symmetric": lambda n, dtype: tf.signal.hann_window(n, periodic=False, dtype=dtype)}
    spectrum = tf.abs(tf.signal.stft(x, f["frame"], f["step"], f["fft"], windows[f["window"]]))
    if f["power"] == 2:
        spectrum = spectrum ** 2
    weights = tf.signal.linear_to_mel_weight_matrix(f["bins"], spectrum.shape[-1], 16000, f["low"], f["high"])
    mel = tf.tensordot(spectrum, weights, 1)
    scale = {"e": 1, "10": np.log10(np.e), "db": 10 * np.log10(np.e)}[f["log"]]
    mel = tf.math.log(mel + f["offset"]) * np.float32(scale)
    if f["mfcc"]:
        mel = tf.signal.mfccs_from_log_mel_spectrograms(mel)[..., :f["mfcc"]]
    return mel.numpy()


def micro_features(case, x):
    from pymicro_features import MicroFrontend
    frontend, data, rows = MicroFrontend(), x.tobytes(), []
    while len(data) >= 320:
        output = frontend.process_samples(data[:320])
        data = data[output.samples_read * 2:]
        if output.features:
            rows.append(output.features)
    return rows


for case in cases:
    front, path = case["front"], f"{folder}/{case['id']}.samples"
    if program == "sound":
        x = samples(case)
        if front == "samples":
            save(case, x)
        elif front.startswith("librosa"):
            save(case, librosa_features(case, x))
        else:
            x.tofile(path)
    elif program == "tensorflow" and front.startswith("tf"):
        save(case, tensorflow_features(case, np.fromfile(path, np.float32)))
    elif program == "micro" and front == "micro":
        save(case, micro_features(case, np.fromfile(path, np.int16)))
