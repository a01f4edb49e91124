package pipeline

import "github.com/edgexray/edgexray/pipeline/step"

// makers are the steps that are for any kind of data.
var makers []step.Maker
