// Package text has the steps of pipelines that make a model's input of text.
package text

import "github.com/edgexray/edgexray/pipeline/step"

// Makers are the steps of this package.
var Makers []step.Maker
