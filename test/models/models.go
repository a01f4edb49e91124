// Package models holds the script that makes the tests' models, and the Python
// packages it needs. Package parts runs it.
package models

import _ "embed"

// Script is make_models.py. It takes the folder to write models to, and needs
// no network.
//
//go:embed make_models.py
var Script string

// Classifiers is make_classifiers.py, which makes the larger ones that only
// benchmarks run. It is used as Script is.
//
//go:embed make_classifiers.py
var Classifiers string

// Requirements pins every Python package that Script needs, by version and
// SHA-256: TensorFlow and what it stands on.
//
//go:embed requirements.txt
var Requirements string
