// SPDX-License-Identifier: Apache-2.0
package io.edgexray;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Markers: points of an app that it marks itself, because they can't be seen from outside: the raw frame before preprocessing, what
 * a step made of it, a label, a sensor, where a frame begins and ends.
 *
 * <pre>
 * Markers.frameBegin();
 * Markers.image("camera", pixels, 640, 480, 0, PixelFormat.RGBA);
 * ...                                        preprocess, run the model
 * Markers.result("top1", name);
 * Markers.frameEnd();
 * </pre>
 *
 * No call before the first, any thread; nothing is thrown. With nobody listening a marker is a read of memory, and arguments are not
 * looked at: make them cheap, or ask {@link #listening} first. {@code edgexray snapshot} keeps all of a marker, {@code edgexray
 * record} all but the elements of arrays. Arguments are not kept beyond the call. A key says what a value is, the same each time: at
 * most 63 bytes of UTF-8. Arrays that are shorter than they are said to be are marked without their elements.
 *
 * <p>Linux and Android on x86-64, arm64 and 32-bit arm. Elsewhere, and where the native library can't be loaded, markers do nothing.
 */
public final class Markers {
	private static final ByteBuffer HOOK = Native.HOOK;

	// enum edgexray_kind of sdk/c/edgexray.h.
	private static final int FRAME_BEGIN = 1, FRAME_END = 2, BEFORE = 3, AFTER = 4, LABEL = 5, METRIC = 6, SENSOR = 7;

	private Markers() {}

	/** Whether anybody listens: for what is expensive to find out only for a marker. */
	public static boolean listening() {
		return HOOK != null && HOOK.getInt(0) != 0;
	}

	/** What this thread does from here until frameEnd belongs together: usually one invoke and all around it. */
	public static void frameBegin() {
		if (listening()) {
			say(FRAME_BEGIN, null, null);
		}
	}

	/** The end of what frameBegin began. */
	public static void frameEnd() {
		if (listening()) {
			say(FRAME_END, null, null);
		}
	}

	/** An image on its way into the model: bytes from the buffer's position on. stride: from a row to the next; 0: no gaps. */
	public static void image(String key, ByteBuffer data, int width, int height, int stride, PixelFormat format) {
		if (listening()) {
			say(key, Data.of(data), width, height, stride, format);
		}
	}

	/** As with a buffer. */
	public static void image(String key, byte[] data, int width, int height, int stride, PixelFormat format) {
		if (listening()) {
			say(key, Data.of(data), width, height, stride, format);
		}
	}

	/** Pixels as android.graphics.Bitmap.getPixels has them: 0xAARRGGBB, which is BGRA in memory. */
	public static void image(String key, int[] pixels, int width, int height) {
		if (listening()) {
			say(key, Data.of(pixels), width, height, 0, PixelFormat.BGRA);
		}
	}

	/** Sound on its way into the model: channels interleaved, rate in frames a second. */
	public static void audio(String key, short[] samples, int channels, int rate) {
		if (listening()) {
			say(BEFORE, key, Data.of(samples), ElementType.INT16, rate, frames(samples == null ? 0 : samples.length, channels));
		}
	}

	/** As with 16-bit samples. */
	public static void audio(String key, float[] samples, int channels, int rate) {
		if (listening()) {
			say(BEFORE, key, Data.of(samples), ElementType.FLOAT32, rate, frames(samples == null ? 0 : samples.length, channels));
		}
	}

	/** Any array on its way into the model: row-major, from the buffer's position on. Without dims it is one element. */
	public static void before(String key, ByteBuffer data, ElementType type, int... dims) {
		if (listening()) {
			say(BEFORE, key, Data.of(data), type, 0, dims);
		}
	}

	/** As with a buffer. */
	public static void before(String key, byte[] data, ElementType type, int... dims) {
		if (listening()) {
			say(BEFORE, key, Data.of(data), type, 0, dims);
		}
	}

	/** As with a buffer. */
	public static void before(String key, float[] data, int... dims) {
		if (listening()) {
			say(BEFORE, key, Data.of(data), ElementType.FLOAT32, 0, dims);
		}
	}

	/** As with a buffer. */
	public static void before(String key, int[] data, int... dims) {
		if (listening()) {
			say(BEFORE, key, Data.of(data), ElementType.INT32, 0, dims);
		}
	}

	/** Any array that comes out of the model: row-major, from the buffer's position on. Without dims it is one element. */
	public static void after(String key, ByteBuffer data, ElementType type, int... dims) {
		if (listening()) {
			say(AFTER, key, Data.of(data), type, 0, dims);
		}
	}

	/** As with a buffer. */
	public static void after(String key, byte[] data, ElementType type, int... dims) {
		if (listening()) {
			say(AFTER, key, Data.of(data), type, 0, dims);
		}
	}

	/** As with a buffer. */
	public static void after(String key, float[] data, int... dims) {
		if (listening()) {
			say(AFTER, key, Data.of(data), ElementType.FLOAT32, 0, dims);
		}
	}

	/** As with a buffer. */
	public static void after(String key, int[] data, int... dims) {
		if (listening()) {
			say(AFTER, key, Data.of(data), ElementType.INT32, 0, dims);
		}
	}

	/** Text on its way into the model. */
	public static void text(String key, String text) {
		if (listening()) {
			say(BEFORE, key, text);
		}
	}

	/** What the app made of the model's outputs. */
	public static void result(String key, String text) {
		if (listening()) {
			say(AFTER, key, text);
		}
	}

	/** The right answer for this frame. */
	public static void label(String text) {
		if (listening()) {
			say(LABEL, null, text);
		}
	}

	/** A number that says how well or how fast something went. */
	public static void metric(String key, double value) {
		if (listening()) {
			say(METRIC, key, 1, value, 0, 0);
		}
	}

	/** What a sensor of the device says. */
	public static void sensor(String key, double value) {
		if (listening()) {
			say(SENSOR, key, 1, value, 0, 0);
		}
	}

	/** What a sensor with three axes says. */
	public static void sensor(String key, double x, double y, double z) {
		if (listening()) {
			say(SENSOR, key, 3, x, y, z);
		}
	}

	/**
	 * Offers data, which the app has from a sensor or is about to read from it, to a player. True when all of it was overwritten with
	 * what was recorded under this key; false when nobody plays, or what comes next has another size: then data is as it was. A
	 * buffer has to be direct or backed by an array that can be written.
	 */
	public static boolean replay(String key, ByteBuffer data) {
		return listening() && data != null && !data.isReadOnly() && ask(key, Data.of(data));
	}

	/** As with a buffer. */
	public static boolean replay(String key, byte[] data) {
		return listening() && ask(key, Data.of(data));
	}

	/** As with a buffer. */
	public static boolean replay(String key, short[] data) {
		return listening() && ask(key, Data.of(data));
	}

	/** As with a buffer. */
	public static boolean replay(String key, int[] data) {
		return listening() && ask(key, Data.of(data));
	}

	/** As with a buffer. */
	public static boolean replay(String key, float[] data) {
		return listening() && ask(key, Data.of(data));
	}

	// What follows runs only while somebody listens. Whatever goes wrong, the app is not told.

	private static void say(int kind, String key, String text) {
		try {
			Native.text(kind, utf8(key), utf8(text));
		} catch (Throwable e) {
			// the marker is missing
		}
	}

	private static void say(int kind, String key, int count, double x, double y, double z) {
		try {
			Native.numbers(kind, utf8(key), count, Double.doubleToRawLongBits(x), Double.doubleToRawLongBits(y), Double.doubleToRawLongBits(z));
		} catch (Throwable e) {
			// the marker is missing
		}
	}

	private static void say(String key, Data data, int width, int height, int stride, PixelFormat format) {
		try {
			Object there = data.with(format.size(width, height, stride));
			Native.image(utf8(key), there, data.kind, data.offset, width, height, stride, format.number());
		} catch (Throwable e) {
			// the marker is missing
		}
	}

	private static void say(int kind, String key, Data data, ElementType type, int rate, int[] dims) {
		try {
			long bytes = bytes(type, dims);
			Native.array(kind, utf8(key), data.with(bytes), data.kind, data.offset, bytes, type.number, dims.length, dims, rate);
		} catch (Throwable e) {
			// the marker is missing
		}
	}

	private static boolean ask(String key, Data data) {
		try {
			return Native.replay(utf8(key), data.object, data.kind, data.offset, data.bytes);
		} catch (Throwable e) {
			return false;
		}
	}

	private static int[] frames(int samples, int channels) {
		return new int[] {channels > 0 ? samples / channels : 0, channels};
	}

	/** How many bytes elements take; -1, which is the most of all as C reads it, if there can't be such an array. */
	private static long bytes(ElementType type, int[] dims) {
		long n = type.bytes;
		for (int d : dims) {
			if (d < 0 || d != 0 && n > Long.MAX_VALUE / d) {
				return -1;
			}
			n *= d;
		}
		return n;
	}

	private static byte[] utf8(String text) {
		if (text == null) {
			return null;
		}
		byte[] b = text.getBytes(StandardCharsets.UTF_8);
		return Arrays.copyOf(b, b.length + 1);
	}
}
