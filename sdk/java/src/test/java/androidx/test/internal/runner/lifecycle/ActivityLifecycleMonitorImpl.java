// SPDX-License-Identifier: Apache-2.0
//
// Stands in for androidx.test:monitor, which is not on Maven Central: what Robolectric calls of it in a test of a sensor.
package androidx.test.internal.runner.lifecycle;

public class ActivityLifecycleMonitorImpl implements androidx.test.runner.lifecycle.ActivityLifecycleMonitor {
	public void signalLifecycleChange(androidx.test.runner.lifecycle.Stage stage, android.app.Activity activity) {}
}
