// SPDX-License-Identifier: Apache-2.0
package io.edgexray;

import java.nio.ByteBuffer;

/** Where the elements of an array are, as native/markers.c wants to know it. */
final class Data {
	private static final int BUFFER = -1;
	private static final int BYTE = 1, SHORT = 3, INT = 4, LONG = 5, FLOAT = 6, DOUBLE = 7; // places in JNI's order of types

	final Object object;
	final int kind;
	final long offset; // bytes
	final long bytes; // from there

	private Data(Object object, int kind, long offset, long bytes) {
		this.object = object;
		this.kind = kind;
		this.offset = offset;
		this.bytes = bytes;
	}

	/** The bytes between a buffer's position and its limit; a copy where they can't be reached otherwise. */
	static Data of(ByteBuffer b) {
		if (b == null) {
			return new Data(null, BYTE, 0, 0);
		}
		if (b.isDirect()) {
			return new Data(b, BUFFER, b.position(), b.remaining());
		}
		if (b.hasArray()) {
			return new Data(b.array(), BYTE, b.arrayOffset() + b.position(), b.remaining());
		}
		byte[] copy = new byte[b.remaining()];
		b.duplicate().get(copy);
		return of(copy);
	}

	static Data of(byte[] a) {
		return new Data(a, BYTE, 0, a == null ? 0 : a.length);
	}

	static Data of(short[] a) {
		return new Data(a, SHORT, 0, a == null ? 0 : 2L * a.length);
	}

	static Data of(int[] a) {
		return new Data(a, INT, 0, a == null ? 0 : 4L * a.length);
	}

	static Data of(long[] a) {
		return new Data(a, LONG, 0, a == null ? 0 : 8L * a.length);
	}

	static Data of(float[] a) {
		return new Data(a, FLOAT, 0, a == null ? 0 : 4L * a.length);
	}

	static Data of(double[] a) {
		return new Data(a, DOUBLE, 0, a == null ? 0 : 8L * a.length);
	}

	/** The data, if all of these bytes are there; else none. */
	Object with(long needed) {
		return needed >= 0 && needed <= bytes ? object : null;
	}
}
