import android.graphics.Bitmap;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.annotation.Config;
import org.robolectric.annotation.GraphicsMode;

/**
 * Makes scaled-bitmaps.gz: what Android's Bitmap.createScaledBitmap makes of pictures of noise. It ran with Robolectric 4.14.1
 * and nativeruntime-dist-compat 1.0.16, which draw with Android 14's own graphics code, built for Linux on x86-64. Stubs stood
 * in for those classes of androidx.test that Robolectric looks for.
 *
 * <p>A case is five big-endian numbers (width, height, new width, new height, filter), then RGB before and after.
 */
@RunWith(RobolectricTestRunner.class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = 34)
public class ScaledBitmaps {
  static final int[][] CASES = {
    {10, 8, 20, 16}, {7, 5, 20, 13}, {97, 3, 5, 7}, {1, 1, 3, 5}, {40, 30, 39, 31}, {60, 45, 22, 22}, {101, 57, 257, 29}, {37, 29, 333, 3},
    {224, 10, 100, 30}, {31, 70, 9, 24},
  };

  @Test
  public void write() throws Exception {
    Random random = new Random(7);
    try (DataOutputStream out = new DataOutputStream(new GZIPOutputStream(new FileOutputStream("scaled-bitmaps.gz")))) {
      for (int[] c : CASES) {
        for (int filter = 0; filter < 2; filter++) {
          int[] pixels = new int[c[0] * c[1]];
          for (int i = 0; i < pixels.length; i++) {
            pixels[i] = 0xff000000 | random.nextInt(1 << 24);
          }
          Bitmap bitmap = Bitmap.createBitmap(pixels, c[0], c[1], Bitmap.Config.ARGB_8888);
          int[] scaled = new int[c[2] * c[3]];
          Bitmap.createScaledBitmap(bitmap, c[2], c[3], filter == 1).getPixels(scaled, 0, c[2], 0, 0, c[2], c[3]);
          for (int number : new int[] {c[0], c[1], c[2], c[3], filter}) {
            out.writeInt(number);
          }
          writeRgb(out, pixels);
          writeRgb(out, scaled);
        }
      }
    }
  }

  static void writeRgb(DataOutputStream out, int[] pixels) throws Exception {
    for (int pixel : pixels) {
      out.write(pixel >> 16);
      out.write(pixel >> 8);
      out.write(pixel);
    }
  }
}
