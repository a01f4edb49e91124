// SPDX-License-Identifier: Apache-2.0
//
// Stands in for androidx.test:monitor, which is not on Maven Central: what Robolectric calls of it in a test of a sensor.
package androidx.test.runner.lifecycle;

public interface ActivityLifecycleMonitor {}
