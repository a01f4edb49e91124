// SPDX-License-Identifier: Apache-2.0
package io.edgexray;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The native library: Android has it in the app's lib folder, a Java virtual machine in the jar. */
final class Native {
	/** Not 0 while somebody listens; null when the library can't be loaded: then nobody can. */
	static final ByteBuffer HOOK = load();

	private Native() {}

	private static ByteBuffer load() {
		try {
			if ("Dalvik".equals(System.getProperty("java.vm.name"))) {
				System.loadLibrary("edgexray");
			} else {
				loadFromJar();
			}
			ByteBuffer hook = hook();
			return hook == null ? null : hook.order(ByteOrder.nativeOrder());
		} catch (Throwable e) { // whatever it is: an app runs as well without markers
			return null;
		}
	}

	private static void loadFromJar() throws IOException {
		String name = "native/libedgexray-" + architecture() + ".so";
		try (InputStream in = Native.class.getResourceAsStream(name)) {
			if (in == null) {
				throw new IOException(name + " is not in the jar");
			}
			Path file = Files.createTempFile("edgexray", ".so");
			try {
				Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
				System.load(file.toString());
			} finally {
				Files.delete(file); // what is mapped stays, and nothing is left behind
			}
		}
	}

	private static String architecture() throws IOException {
		if (!"Linux".equals(System.getProperty("os.name"))) {
			throw new IOException("only for Linux");
		}
		String arch = System.getProperty("os.arch");
		switch (arch) {
			case "x86_64":
				return "amd64";
			case "aarch64":
				return "arm64";
			default:
				return arch;
		}
	}

	// Keys and texts are UTF-8 with a NUL at their end. Data is a direct buffer or an array, as Data.kind says.

	static native ByteBuffer hook();

	static native void text(int kind, byte[] key, byte[] text);

	static native void numbers(int kind, byte[] key, int count, long x, long y, long z);

	static native void image(byte[] key, Object data, int dataKind, long offset, int width, int height, int stride, int format);

	static native void array(int kind, byte[] key, Object data, int dataKind, long offset, long bytes, int type, int rank, int[] dims, int rate);

	static native boolean replay(byte[] key, Object data, int dataKind, long offset, long bytes);
}
