package main

import (
	"bytes"
	stdimage "image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/npy"
)

func TestPipeline(t *testing.T) {
	dir := t.TempDir()
	photo, mine, array := filepath.Join(dir, "photo.png"), filepath.Join(dir, "mine.pipeline"), filepath.Join(dir, "input.npy")
	var file bytes.Buffer
	if err := png.Encode(&file, stdimage.NewRGBA(stdimage.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{photo: file.String(), mine: "decode\nresize 6x4 tf2.bilinear\nnormalize mean=127.5 std=127.5\n"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		want string // of what is printed, or of the error
	}{
		{nil, "mobilenet_v2"},
		{[]string{"--steps"}, "letterbox WIDTHxHEIGHT METHOD"},
		{[]string{"--steps"}, "opencv.area"},
		{[]string{"mobilenet_v2"}, "\nnormalize mean=127.5 std=127.5\n"},
		{[]string{mine}, "resize 6x4 tf2.bilinear\n"},
		{[]string{mine, "--data", photo, "-o", array}, "a FLOAT32 array 4x6x3, -1 to -1"},
		{[]string{mine, "--data", mine}, "no picture of a known format"},
		{[]string{"--model", "../../tflite/testdata/metadata-image.tflite"}, "resize 8x6 tf2.bilinear\nnormalize mean=127.5 std=127.5\n"},
		{[]string{"--model", "../../tflite/testdata/metadata-image.tflite", "--data", photo}, "a FLOAT32 array 1x6x8x3"},
		{[]string{mine, "--model", "../../tflite/testdata/metadata-image.tflite", "--data", photo}, "the pipeline makes a FLOAT32 array 4x6x3"},
		{[]string{"nothing"}, "neither a file nor"},
		{[]string{mine, "-o", array}, "-o is for --data"},
		{[]string{mine, "--model", "../../tflite/testdata/metadata-image.tflite"}, "--model is for --data"},
		{[]string{"--data", photo}, "name one"},
	} {
		command := pipelineCommand()
		var out bytes.Buffer
		command.SetOut(&out)
		command.SetErr(&out)
		command.SetArgs(c.args)
		if err := command.Execute(); err != nil {
			out.WriteString(err.Error())
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: it says %q, without %q", c.args, out.String(), c.want)
		}
	}
	written, err := os.Open(array)
	if err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	if a, err := npy.Read(written, 1<<20); err != nil || a.Type != "<f4" || len(a.Data) != 4*6*3*4 {
		t.Errorf("it wrote %v %v, %v", a.Type, a.Shape, err)
	}
}
