//go:build gotflite

// Command edgexray-gotflite runs models with a TensorFlow Lite C library, through go-tflite: the libtensorflowlite_c.so
// that the dynamic linker finds, named by LD_LIBRARY_PATH. It is a runner as package protocol says, for edgexray's verbs
// reference and compare.
//
// usage: edgexray-gotflite REQUESTS REPORTS
package main

// #include <tensorflow/lite/c/c_api.h>
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/edgexray/edgexray/reference/protocol"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "edgexray-gotflite:", err)
		os.Exit(2)
	}
}

func serve(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: edgexray-gotflite REQUESTS REPORTS")
	}
	requests, err := os.Open(args[0])
	if err != nil {
		return err
	}
	reports, err := os.OpenFile(args[1], os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	reader, writer := json.NewDecoder(requests), json.NewEncoder(reports)
	err = writer.Encode(protocol.Report{Runtime: "go-tflite (TensorFlow Lite " + C.GoString(C.TfLiteVersion()) + ")"})
	for err == nil {
		var request protocol.Request
		if err = reader.Decode(&request); err == io.EOF {
			return nil
		}
		if err == nil {
			err = run(request, writer)
		}
	}
	return err
}
