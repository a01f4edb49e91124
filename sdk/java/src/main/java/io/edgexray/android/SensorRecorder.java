// SPDX-License-Identifier: Apache-2.0
package io.edgexray.android;

import android.content.Context;
import android.hardware.Sensor;
import android.hardware.SensorEvent;
import android.hardware.SensorEventListener;
import android.hardware.SensorManager;
import io.edgexray.Markers;

/**
 * Marks what a phone's sensors say while somebody listens, in one line.
 *
 * <pre>
 * SensorRecorder sensors = SensorRecorder.start(context);
 * ...
 * sensors.close();
 * </pre>
 *
 * <ul>
 *   <li>{@code orientation}: azimuth, pitch and roll in degrees, of the rotation vector (SensorManager.getOrientation)
 *   <li>{@code motion}: acceleration along x, y and z without gravity in m/s², where the phone knows it; else with gravity
 *   <li>{@code light}: lux
 * </ul>
 *
 * What a phone doesn't have is left out. Sensors take power while this is started, whether anybody listens or not.
 */
public final class SensorRecorder implements SensorEventListener, AutoCloseable {
	private final SensorManager manager;

	private SensorRecorder(SensorManager manager) {
		this.manager = manager;
	}

	/** Listens to the sensors about 16 times a second (SENSOR_DELAY_UI). */
	public static SensorRecorder start(Context context) {
		return start(context, SensorManager.SENSOR_DELAY_UI);
	}

	/** Listens to the sensors as often as the delay says: one of SensorManager's, or in us. */
	public static SensorRecorder start(Context context, int delay) {
		SensorRecorder recorder = new SensorRecorder((SensorManager) context.getSystemService(Context.SENSOR_SERVICE));
		recorder.listen(delay, Sensor.TYPE_ROTATION_VECTOR);
		recorder.listen(delay, Sensor.TYPE_LINEAR_ACCELERATION, Sensor.TYPE_ACCELEROMETER);
		recorder.listen(delay, Sensor.TYPE_LIGHT);
		return recorder;
	}

	/** Listens to the first of the types that the phone has. */
	private void listen(int delay, int... types) {
		for (int type : types) {
			Sensor sensor = manager == null ? null : manager.getDefaultSensor(type);
			if (sensor != null && manager.registerListener(this, sensor, delay)) {
				return;
			}
		}
	}

	/** Listens no more. */
	@Override
	public void close() {
		if (manager != null) {
			manager.unregisterListener(this);
		}
	}

	@Override
	public void onSensorChanged(SensorEvent event) {
		if (!Markers.listening()) {
			return;
		}
		float[] v = event.values;
		switch (event.sensor.getType()) {
			case Sensor.TYPE_ROTATION_VECTOR:
				float[] matrix = new float[9], angles = new float[3];
				SensorManager.getRotationMatrixFromVector(matrix, v);
				SensorManager.getOrientation(matrix, angles);
				Markers.sensor("orientation", Math.toDegrees(angles[0]), Math.toDegrees(angles[1]), Math.toDegrees(angles[2]));
				break;
			case Sensor.TYPE_LINEAR_ACCELERATION:
			case Sensor.TYPE_ACCELEROMETER:
				Markers.sensor("motion", v[0], v[1], v[2]);
				break;
			case Sensor.TYPE_LIGHT:
				Markers.sensor("light", v[0]);
				break;
			default: // none that was asked for
		}
	}

	@Override
	public void onAccuracyChanged(Sensor sensor, int accuracy) {}
}
