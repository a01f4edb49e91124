// Package image has the steps of pipelines that make a model's input of a picture. Each does what a library does that
// apps use, to the last bit where that library is exact.
package image

import "github.com/edgexray/edgexray/pipeline/step"

// Makers are the steps of this package.
var Makers []step.Maker
