// Package python holds the Python package edgexray, by which apps in Python mark what they do, with its native part built for each
// processor. docs/markers.md says how it is used.
package python

//go:generate native/build.sh
