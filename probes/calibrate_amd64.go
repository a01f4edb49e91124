package probes

import _ "embed"

//go:embed calibration/target_amd64
var calibrationProgram []byte
