// SPDX-License-Identifier: Apache-2.0
package io.edgexray;

/** How the bytes of an image follow each other, as enum edgexray_format of sdk/c/edgexray.h says. */
public enum PixelFormat {
	RGB(3), BGR(3), RGBA(4), BGRA(4), ARGB(4), GRAY(1), NV12(1), NV21(1), I420(1), YUYV(2);

	private final int bytes;

	PixelFormat(int bytes) {
		this.bytes = bytes;
	}

	int number() {
		return ordinal() + 1;
	}

	/** How many bytes an image takes whose rows are stride bytes apart, or without gaps for 0; -1 if there is none such. */
	long size(int width, int height, int stride) {
		long row = (long) width * bytes;
		if (width < 0 || height < 0 || stride < 0 || stride != 0 && stride < row) {
			return -1;
		}
		if (height == 0) {
			return 0;
		}
		long apart = stride == 0 ? row : stride;
		boolean dense = apart == row; // then rows of chroma follow each other, too
		long rows = (height + 1L) / 2, half = (width + 1L) / 2;
		switch (this) {
			case NV12:
			case NV21:
				return apart * height + (dense ? rows * 2 * half : apart * (rows - 1) + 2 * half);
			case I420:
				return apart * height + (dense ? 2 * rows * half : (apart + 1) / 2 * (2 * rows - 1) + half);
			default:
				return apart * (height - 1L) + row;
		}
	}
}
