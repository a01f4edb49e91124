"""Makes features with pymicro-features: FOLDER/NAME.i16 (16 kHz, raw) becomes
FOLDER/NAME.f64, raw, for each NAME.
"""

import sys

import numpy as np
from pymicro_features import MicroFrontend

folder, names = sys.argv[1], sys.argv[2:]
for name in names:
    with open(f"{folder}/{name}.i16", "rb") as file:
        samples = file.read()
    frontend, rows = MicroFrontend(), []
    while len(samples) >= 320:
        output = frontend.process_samples(samples[:320])
        samples = samples[output.samples_read * 2:]
        if output.features:
            rows.append(output.features)
    np.array(rows, np.float64).tofile(f"{folder}/{name}.f64")
