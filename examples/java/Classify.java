import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import io.edgexray.Markers;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * Says what is in pictures, on a Java virtual machine, through TFLite's C library: Classify MODEL LABELS FOLDER [--bug NAME] [--count N]
 *
 * <p>FOLDER has a folder of PNG files per class. The model takes pixels in [-1, 1], as MobileNet does. --bug turns on one mistake that
 * real apps have made. The property jna.library.path says where libtensorflowlite_c.so is.
 */
public final class Classify {
    static final Map<String, String> BUGS = Map.of(
            "none", "",
            "bgr", "the bytes of getRGB's pixels are taken from the wrong end",
            "scale", "pixels in [0, 1]",
            "sign", "bytes are taken for signed ones",
            "resize", "Graphics2D's bilinear instead of averaging over areas",
            "rotate", "the camera's picture lies on its side",
            "flip", "it is a mirror image");

    /** What is used of tensorflow/lite/c/c_api.h. */
    public interface Lite extends Library {
        Lite API = Native.load("tensorflowlite_c", Lite.class);
        int FLOAT32 = 1;

        Pointer TfLiteModelCreateFromFile(String path);

        Pointer TfLiteInterpreterCreate(Pointer model, Pointer options);

        int TfLiteInterpreterAllocateTensors(Pointer interpreter);

        int TfLiteInterpreterInvoke(Pointer interpreter);

        Pointer TfLiteInterpreterGetInputTensor(Pointer interpreter, int index);

        Pointer TfLiteInterpreterGetOutputTensor(Pointer interpreter, int index);

        int TfLiteTensorType(Pointer tensor);

        int TfLiteTensorDim(Pointer tensor, int index);

        Quantization.ByValue TfLiteTensorQuantizationParams(Pointer tensor);

        int TfLiteTensorCopyFromBuffer(Pointer tensor, Pointer data, long bytes);

        Pointer TfLiteTensorData(Pointer tensor);
    }

    /** TfLiteQuantizationParams. */
    @Structure.FieldOrder({"scale", "zeroPoint"})
    public static class Quantization extends Structure {
        public float scale;
        public int zeroPoint;

        public static final class ByValue extends Quantization implements Structure.ByValue {}
    }

    private final Pointer interpreter;
    private final Pointer input;
    private final List<String> labels;
    private final String bug;

    Classify(String model, List<String> labels, String bug) throws IOException {
        Pointer file = Lite.API.TfLiteModelCreateFromFile(model);
        if (file == null) throw new IOException(model + ": it can't be read");
        interpreter = Lite.API.TfLiteInterpreterCreate(file, null);
        if (interpreter == null || Lite.API.TfLiteInterpreterAllocateTensors(interpreter) != 0) throw new IOException(model + ": the interpreter refuses it");
        input = Lite.API.TfLiteInterpreterGetInputTensor(interpreter, 0);
        this.labels = labels;
        this.bug = bug;
    }

    String classify(BufferedImage frame) throws IOException {
        float[] pixels = preprocess(frame, Lite.API.TfLiteTensorDim(input, 2), Lite.API.TfLiteTensorDim(input, 1));
        Memory data;
        if (Lite.API.TfLiteTensorType(input) == Lite.FLOAT32) {
            data = new Memory(4L * pixels.length);
            data.write(0, pixels, 0, pixels.length);
        } else {
            Quantization q = Lite.API.TfLiteTensorQuantizationParams(input);
            data = new Memory(pixels.length);
            for (int i = 0; i < pixels.length; i++)
                data.setByte(i, (byte) Math.max(-128, Math.min(127, Math.round(pixels[i] / q.scale) + q.zeroPoint)));
        }
        Lite.API.TfLiteTensorCopyFromBuffer(input, data, data.size());
        if (Lite.API.TfLiteInterpreterInvoke(interpreter) != 0) throw new IOException("the model doesn't run");
        return labels.get(best(Lite.API.TfLiteInterpreterGetOutputTensor(interpreter, 0)));
    }

    private int best(Pointer output) {
        boolean real = Lite.API.TfLiteTensorType(output) == Lite.FLOAT32;
        Pointer scores = Lite.API.TfLiteTensorData(output);
        int best = 0;
        for (int i = 1; i < labels.size(); i++)
            if (real ? scores.getFloat(4L * i) > scores.getFloat(4L * best) : scores.getByte(i) > scores.getByte(best)) best = i;
        return best;
    }

    /** The model's input, as real numbers. */
    private float[] preprocess(BufferedImage frame, int width, int height) {
        int[] pixels = turned(frame);
        BufferedImage image = new BufferedImage(bug.equals("rotate") ? frame.getHeight() : frame.getWidth(),
                bug.equals("rotate") ? frame.getWidth() : frame.getHeight(), BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, image.getWidth(), image.getHeight(), pixels, 0, image.getWidth());
        byte[] small = bug.equals("resize") ? bilinear(image, width, height) : area(image, width, height);
        float[] out = new float[small.length];
        for (int i = 0; i < out.length; i++) {
            byte b = small[bug.equals("bgr") ? i - i % 3 + 2 - i % 3 : i];
            int v = bug.equals("sign") ? b : b & 0xff;
            out[i] = bug.equals("scale") ? v / 255f : v / 127.5f - 1;
        }
        return out;
    }

    /** The pixels as the camera's orientation leaves them. */
    private int[] turned(BufferedImage frame) {
        int w = frame.getWidth(), h = frame.getHeight();
        int[] in = frame.getRGB(0, 0, w, h, null, 0, w), out = in.clone();
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                if (bug.equals("rotate")) out[x * h + h - 1 - y] = in[y * w + x];
                if (bug.equals("flip")) out[y * w + w - 1 - x] = in[y * w + x];
            }
        return out;
    }

    private static byte[] bilinear(BufferedImage in, int width, int height) {
        BufferedImage out = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = out.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        g.drawImage(in, 0, 0, width, height, null);
        g.dispose();
        return bytes(out.getRGB(0, 0, width, height, null, 0, width));
    }

    private static byte[] bytes(int[] pixels) {
        byte[] out = new byte[pixels.length * 3];
        for (int i = 0; i < out.length; i++) out[i] = (byte) (pixels[i / 3] >> (16 - 8 * (i % 3)));
        return out;
    }

    /** Averages over areas. */
    private static byte[] area(BufferedImage in, int width, int height) {
        byte[] from = bytes(in.getRGB(0, 0, in.getWidth(), in.getHeight(), null, 0, in.getWidth()));
        byte[] out = new byte[width * height * 3];
        double sx = (double) in.getWidth() / width, sy = (double) in.getHeight() / height;
        for (int i = 0; i < out.length; i++) {
            double left = i / 3 % width * sx, top = i / 3 / width * sy, sum = 0;
            for (int y = (int) top; y < top + sy - 1e-9; y++)
                for (int x = (int) left; x < left + sx - 1e-9; x++)
                    sum += (from[(y * in.getWidth() + x) * 3 + i % 3] & 0xff)
                            * (Math.min(left + sx, x + 1) - Math.max(left, x)) * (Math.min(top + sy, y + 1) - Math.max(top, y));
            out[i] = (byte) (sum / sx / sy + 0.5);
        }
        return out;
    }

    public static void main(String[] args) throws IOException {
        String bug = "none";
        int count = Integer.MAX_VALUE, right = 0, seen = 0;
        for (int i = 3; i + 1 < args.length; i += 2) {
            if (args[i].equals("--bug")) bug = args[i + 1];
            else if (args[i].equals("--count")) count = Integer.parseInt(args[i + 1]);
        }
        if (args.length < 3 || !BUGS.containsKey(bug)) {
            System.err.println("usage: Classify MODEL LABELS FOLDER [--bug NAME] [--count N]; bugs: " + BUGS);
            System.exit(2);
        }
        Classify classifier = new Classify(args[0], Files.readAllLines(Path.of(args[1])), bug);
        List<Path> paths;
        try (Stream<Path> all = Files.walk(Path.of(args[2]))) {
            paths = all.filter(p -> p.toString().endsWith(".png")).sorted(Comparator.comparing(Path::getFileName)).limit(count).toList();
        }
        for (Path path : paths) {
            BufferedImage frame = ImageIO.read(path.toFile());
            String label = path.getParent().getFileName().toString();
            Markers.frameBegin();
            Markers.image("camera", frame.getRGB(0, 0, frame.getWidth(), frame.getHeight(), null, 0, frame.getWidth()), frame.getWidth(), frame.getHeight());
            Markers.label(label);
            String result = classifier.classify(frame);
            Markers.result("class", result);
            Markers.frameEnd();
            right += result.equals(label) ? 1 : 0;
            seen++;
            System.out.println(label + " " + result);
        }
        System.out.println("right: " + right + " of " + seen);
    }
}
