package probes

import _ "embed"

//go:embed calibration/target_arm64
var calibrationProgram []byte
