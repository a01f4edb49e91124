package image

import "encoding/binary"

// Orientation is how a JPEG file's Exif says that its picture is to be turned: 1 to 8, 1 (as it is) when it doesn't say.
// OpenCV applies it, Android's and Pillow's decoders and TensorFlow don't. Source: Exif 2.32, 4.6.4 A, tag 274.
func Orientation(file []byte) int {
	const startOfScan, app1 = 0xda, 0xe1
	for at := 2; at+4 <= len(file) && file[0] == 0xff && file[1] == 0xd8 && file[at] == 0xff && file[at+1] != startOfScan; {
		length := int(binary.BigEndian.Uint16(file[at+2:])) // of the segment, with these two bytes
		end := at + 2 + length
		if length < 2 || end > len(file) {
			break
		}
		if segment := file[at+4 : end]; file[at+1] == app1 && begins(segment, "Exif\x00\x00") {
			return orientationOf(segment[6:])
		}
		at = end
	}
	return 1
}

// orientationOf looks through the first directory of a TIFF header.
func orientationOf(tiff []byte) int {
	const entrySize, orientation = 12, 274
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(tiff) < 8:
		return 1
	case tiff[0] == 'M':
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at > int64(len(tiff)-2) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entrySize {
			break
		}
		if order.Uint16(entries) == orientation {
			if value := int(order.Uint16(entries[8:])); value >= 1 && value <= 8 {
				return value
			}
			break
		}
		entries = entries[entrySize:]
	}
	return 1
}

// Oriented turns a picture as an orientation says.
func Oriented(m Image, orientation int) Image {
	switch orientation {
	case 2:
		return FlipHorizontal(m)
	case 3:
		return Rotate(m, 180)
	case 4:
		return FlipVertical(m)
	case 5:
		return transposed(m)
	case 6:
		return Rotate(m, 90)
	case 7:
		return Rotate(transposed(m), 180)
	case 8:
		return Rotate(m, 270)
	}
	return m
}
