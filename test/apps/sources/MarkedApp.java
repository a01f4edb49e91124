// SPDX-License-Identifier: Apache-2.0
//
// An app on the Java virtual machine that marks what it does: frames, bad markers with --bad, what a marker costs with --cost.
// One JSON object on stdout says whether anybody listened and what was replayed.

import io.edgexray.ElementType;
import io.edgexray.Markers;
import io.edgexray.PixelFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

public final class MarkedApp {
	private static final int WIDTH = 4, HEIGHT = 3;

	public static void main(String[] args) {
		int frames = 0;
		for (int i = 0; i < args.length; i++) {
			switch (args[i]) {
				case "--frames":
					frames = Integer.parseInt(args[++i]);
					break;
				case "--bad":
					bad();
					break;
				case "--cost":
					cost(Integer.parseInt(args[++i]));
					return;
				default:
					throw new IllegalArgumentException(args[i]);
			}
		}
		int replayed = 0;
		long hash = 0;
		for (int i = 0; i < frames; i++) {
			byte[] camera = filled(i, WIDTH * HEIGHT * 3);
			short[] microphone = {(short) i, -1, 2, 3};
			Markers.frameBegin();
			replayed += Markers.replay("camera", camera) ? 1 : 0;
			replayed += Markers.replay("microphone", microphone) ? 1 : 0;
			Markers.image("camera", camera, WIDTH, HEIGHT, 0, PixelFormat.RGB);
			Markers.audio("microphone", microphone, 2, 16000);
			Markers.audio("speech", new float[] {0.5f, -0.5f}, 1, 8000);
			Markers.image("bitmap", new int[] {0xff102030, 0x80405060}, 2, 1);
			Markers.image("padded", direct(i, 2 * 16), WIDTH, 2, 16, PixelFormat.RGB);
			Markers.image("planes", ByteBuffer.wrap(filled(i, 6 + 6)).asReadOnlyBuffer(), 4, 2, 0, PixelFormat.NV21);
			ByteBuffer tail = direct(i, 20);
			tail.position(4);
			Markers.before("resized", tail, ElementType.FLOAT32, 1, 2, 2);
			Markers.text("question", "Grüße, \uD83D\uDE00?");
			Markers.after("scores", new float[] {0.25f, i}, 2);
			Markers.after("boxes", new int[] {1, 2, 3, 4}, 2, 2);
			Markers.result("top1", i % 2 == 0 ? "cat" : "dog");
			Markers.label("cat");
			Markers.metric("confidence", 0.25 * i);
			Markers.sensor("light", 100 + i);
			Markers.sensor("orientation", 1, -2.5, i);
			Markers.frameEnd();
			hash = 31 * (31 * hash + Arrays.hashCode(camera)) + Arrays.hashCode(microphone);
		}
		System.out.printf("{\"listening\": %b, \"replayed\": %d, \"hash\": \"%016x\"}%n", Markers.listening(), replayed, hash);
	}

	private static byte[] filled(int seed, int bytes) {
		byte[] b = new byte[bytes];
		for (int i = 0; i < bytes; i++) {
			b[i] = (byte) (i * 7 + seed);
		}
		return b;
	}

	private static ByteBuffer direct(int seed, int bytes) {
		ByteBuffer b = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
		b.put(filled(seed, bytes));
		b.position(0);
		return b;
	}

	/** What no app should do, and whose only effect is what is marked. */
	private static void bad() {
		Markers.frameEnd();
		Markers.metric(null, Double.NaN);
		Markers.result("nothing", null);
		Markers.label(null);
		Markers.text(new String(new char[1000]).replace('\0', 'k'), "\uD800 alone, \0 within");
		Markers.image("no data", (byte[]) null, 4, 4, 0, PixelFormat.RGB);
		Markers.image("no buffer", (ByteBuffer) null, 4, 4, 0, PixelFormat.RGB);
		Markers.image("no format", new byte[48], 4, 4, 0, null);
		Markers.image("too short", new byte[47], 4, 4, 0, PixelFormat.RGB);
		Markers.image("negative", new byte[48], -4, 4, 0, PixelFormat.RGB);
		Markers.image("narrow", new byte[48], 4, 4, 3, PixelFormat.RGB);
		Markers.image("short of chroma", new byte[19], 3, 4, 3, PixelFormat.NV12);
		Markers.image("huge", new byte[48], Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, PixelFormat.RGBA);
		Markers.audio("silence", (short[]) null, 0, -1);
		Markers.before("no type", new byte[4], null, 4);
		Markers.before("short", new float[3], 2, 2);
		Markers.before("minus", new float[4], -2, 2);
		Markers.before("many", new int[4], Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
		Markers.before("nine", new int[1], 1, 1, 1, 1, 1, 1, 1, 1, 1);
		Markers.before("no dims", new int[1], (int[]) null);
		Markers.before("scalar", new int[] {7});
		Markers.replay("camera", (byte[]) null);
		Markers.replay(null, new byte[0]);
		Markers.replay("read only", ByteBuffer.allocate(8).asReadOnlyBuffer());
	}

	private static volatile long sink;

	/** Nanoseconds of an empty loop, of a scalar marker, of copying an image and of marking it, the least of several rounds. */
	private static void cost(int calls) {
		byte[] pixels = new byte[224 * 224 * 3], copy = new byte[pixels.length];
		double[] best = {1e9, 1e9, 1e9, 1e9};
		for (int round = 0; round < 25; round++) {
			for (int what = 0; what < best.length; what++) {
				int n = what >= 2 ? calls / 100 + 1 : calls;
				long began = System.nanoTime();
				for (int i = 0; i < n; i++) {
					sink = i;
					if (what == 1) {
						Markers.metric("cost", 0.5);
					} else if (what == 2) {
						System.arraycopy(pixels, 0, copy, 0, copy.length);
					} else if (what == 3) {
						Markers.image("cost", pixels, 224, 224, 0, PixelFormat.RGB);
					}
				}
				best[what] = Math.min(best[what], (double) (System.nanoTime() - began) / n);
			}
		}
		System.out.printf("{\"loop_ns\": %.3f, \"scalar_ns\": %.3f, \"memcpy_ns\": %.1f, \"image_ns\": %.1f}%n", best[0], best[1], best[2], best[3]);
	}
}
