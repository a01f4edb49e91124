// SPDX-License-Identifier: Apache-2.0
package io.edgexray;

/** The type of an array's elements, with TfLiteType's numbers (tensorflow/lite/c/c_api_types.h). */
public enum ElementType {
	FLOAT32(1, 4), INT32(2, 4), UINT8(3, 1), INT64(4, 8), BOOL(6, 1), INT16(7, 2), COMPLEX64(8, 8), INT8(9, 1), FLOAT16(10, 2),
	FLOAT64(11, 8), COMPLEX128(12, 16), UINT64(13, 8), UINT32(16, 4), UINT16(17, 2);

	final int number;
	final int bytes;

	ElementType(int number, int bytes) {
		this.number = number;
		this.bytes = bytes;
	}
}
