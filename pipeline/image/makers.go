package image

import "github.com/edgexray/edgexray/pipeline/step"

// Makers are the steps of this package.
var Makers = []step.Maker{
	{Name: "decode", Usage: "[exif] [gray] [fast]", About: "a file (JPEG, PNG, BMP, WebP) as a picture: RGB, UINT8; exif turns it as it was held; fast reads JPEG as TensorFlow does by default", Make: makeDecode},
	{Name: "yuv", Usage: "WIDTHxHEIGHT nv12|nv21|i420|yv12|yuyv|uyvy [full]", About: "a camera's frame as a picture: RGB, UINT8; its luma goes from 16 to 235, or full from 0 to 255", Make: makeYUV},
	{Name: "color", Usage: "rgb|bgr|rbg|grb|gbr|brg|gray [opencv|tf]", About: "put channels in an order, or make one of them", Make: makeColor},
	{Name: "crop", Usage: "WIDTHxHEIGHT | central=PART | square[=PART] [round-up] | x= y= width= height=", About: "take a part of it, the middle or where it says", Make: makeCrop},
	{Name: "resize", Usage: "WIDTHxHEIGHT|short=LENGTH METHOD [align-corners|antialias]", About: "make it as large as the model takes it; METHOD is a library's: tf2.bilinear, opencv.area", Make: makeResize},
	{Name: "letterbox", Usage: "WIDTHxHEIGHT METHOD [align-corners|antialias] [round] [fill=0]", About: "resize it so that all of it fits, and pad it", Make: makeLetterbox},
	{Name: "pad", Usage: "WIDTHxHEIGHT|square [x= y=] [fill=0]", About: "put it in the middle of a larger one, or where it says", Make: makePad},
	{Name: "rotate", Usage: "90|180|270", About: "turn it clockwise", Make: makeRotate},
	{Name: "flip", Usage: "horizontal|vertical", About: "make left right, or up down", Make: makeFlip},
}
