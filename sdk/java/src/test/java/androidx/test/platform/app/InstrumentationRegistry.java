// SPDX-License-Identifier: Apache-2.0
//
// Stands in for androidx.test:monitor, which is not on Maven Central: what Robolectric calls of it in a test of a sensor.
package androidx.test.platform.app;

public final class InstrumentationRegistry {
	private static android.app.Instrumentation instrumentation;

	public static void registerInstance(android.app.Instrumentation i, android.os.Bundle arguments) {
		instrumentation = i;
	}

	public static android.app.Instrumentation getInstrumentation() {
		return instrumentation;
	}

	public static android.os.Bundle getArguments() {
		return new android.os.Bundle();
	}
}
