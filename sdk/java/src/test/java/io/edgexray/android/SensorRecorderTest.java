// SPDX-License-Identifier: Apache-2.0
package io.edgexray.android;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import android.content.Context;
import android.hardware.Sensor;
import android.hardware.SensorEvent;
import android.hardware.SensorManager;
import java.util.ArrayList;
import java.util.List;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.Shadows;
import org.robolectric.annotation.Config;
import org.robolectric.shadows.SensorEventBuilder;
import org.robolectric.shadows.ShadowSensor;
import org.robolectric.shadows.ShadowSensorManager;

/** What is marked here, test/java_test.go reads in the recording of this test. */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = 35, manifest = Config.NONE)
public class SensorRecorderTest {
	private final Context context = RuntimeEnvironment.getApplication();
	private final ShadowSensorManager manager = Shadows.shadowOf((SensorManager) context.getSystemService(Context.SENSOR_SERVICE));

	private Sensor have(int type) {
		Sensor sensor = ShadowSensor.newInstance(type);
		manager.addSensor(sensor);
		return sensor;
	}

	private static SensorEvent event(Sensor sensor, float... values) {
		return SensorEventBuilder.newBuilder().setSensor(sensor).setTimestamp(1).setValues(values).build();
	}

	private List<Integer> heard(SensorRecorder recorder, Sensor... sensors) {
		List<Integer> types = new ArrayList<>();
		for (Sensor s : sensors) {
			if (manager.hasListener(recorder, s)) {
				types.add(s.getType());
			}
		}
		return types;
	}

	@Test
	public void marksWhatThePhoneHas() {
		Sensor rotation = have(Sensor.TYPE_ROTATION_VECTOR), linear = have(Sensor.TYPE_LINEAR_ACCELERATION);
		Sensor acceleration = have(Sensor.TYPE_ACCELEROMETER), light = have(Sensor.TYPE_LIGHT);
		SensorRecorder recorder = SensorRecorder.start(context);
		assertEquals(List.of(Sensor.TYPE_ROTATION_VECTOR, Sensor.TYPE_LINEAR_ACCELERATION, Sensor.TYPE_LIGHT), heard(recorder, rotation, linear, acceleration, light));
		float half = (float) Math.sqrt(0.5); // of a quarter turn around z, to the left
		manager.sendSensorEventToListeners(event(rotation, 0, 0, half, half));
		manager.sendSensorEventToListeners(event(linear, 0.5f, -1.5f, 2));
		manager.sendSensorEventToListeners(event(light, 320));
		manager.sendSensorEventToListeners(event(light, 80));
		recorder.close();
		assertEquals(List.of(), heard(recorder, rotation, linear, acceleration, light));
	}

	@Test
	public void takesWhatThereIs() {
		Sensor acceleration = have(Sensor.TYPE_ACCELEROMETER);
		try (SensorRecorder recorder = SensorRecorder.start(context, SensorManager.SENSOR_DELAY_GAME)) {
			assertTrue(manager.hasListener(recorder));
			assertEquals(List.of(Sensor.TYPE_ACCELEROMETER), heard(recorder, acceleration));
		}
	}

	@Test
	public void aPhoneWithoutSensors() {
		try (SensorRecorder recorder = SensorRecorder.start(context)) {
			assertFalse(manager.hasListener(recorder));
		}
	}
}
