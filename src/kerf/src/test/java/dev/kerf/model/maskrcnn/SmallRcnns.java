package dev.kerf.model.maskrcnn;

import dev.kerf.model.maskrcnn.RcnnNames.Layout;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Mask R-CNNs of a few channels with made-up weights that keep activations near 1, under upstream names. */
public final class SmallRcnns {
    private static final int PYRAMID = 32;
    private static final int HIDDEN = 24;
    private static final int ANCHORS = 3;

    private final RcnnNames names;
    private final int classes;
    private final Random random = new Random(7);
    private final Map<String, HostTensor> tensors = new LinkedHashMap<>();

    private SmallRcnns(Layout layout, boolean nested, int classes) {
        this.names = new RcnnNames(layout, nested);
        this.classes = classes;
    }

    /** torchvision's first version, with the newer or the older names. */
    public static Map<String, HostTensor> torchvision(int classes, boolean nested) {
        return new SmallRcnns(Layout.TORCHVISION, nested, classes).build();
    }

    /** torchvision's second version. */
    public static Map<String, HostTensor> second(int classes) {
        return new SmallRcnns(Layout.TORCHVISION_V2, true, classes).build();
    }

    /** Detectron2's. */
    public static Map<String, HostTensor> detectron(int classes) {
        return new SmallRcnns(Layout.DETECTRON2, false, classes).build();
    }

    /** Detectron2's Panoptic FPN. */
    public static Map<String, HostTensor> panoptic(int classes, int labels) {
        SmallRcnns r = new SmallRcnns(Layout.DETECTRON2, false, classes);
        r.build();
        for (int level = 0; level < 4; level++) {
            for (int k = 0; k < Math.max(1, level); k++) {
                String conv = "sem_seg_head.p" + (level + 2) + "." + 2 * k;
                r.weight(conv, PYRAMID, PYRAMID, 3);
                r.vector(conv + ".norm.weight", PYRAMID, 1, 0.1);
                r.vector(conv + ".norm.bias", PYRAMID, 0, 0.1);
            }
        }
        r.biased("sem_seg_head.predictor", labels, PYRAMID, 1, 2);
        return r.tensors;
    }

    /** As a weight file would be. */
    public static Weights weights(Map<String, HostTensor> tensors) {
        return Weights.of(tensors);
    }

    private Map<String, HostTensor> build() {
        normed(names.stem(), names.norm(names.stem()), 8, 3, 7);
        if (names.layout() == Layout.DETECTRON2) {
            // Its pixels reach from about -120 to 130, torchvision's from -2 to 2.6.
            tensors.put(names.stem() + ".weight", normal(Math.sqrt(1.5 / 147) / 60, 0, 8, 3, 7, 7));
        }
        int channels = 8;
        for (int stage = 0; stage < 4; stage++) {
            int width = 8 << Math.min(stage, 2);
            for (int i = 0; i < (stage == 2 ? 2 : 1); i++) {
                String block = names.block(stage, i);
                norm(block + ".conv1", width, channels, 1);
                norm(block + ".conv2", width, width, 3);
                norm(block + ".conv3", 2 * width, width, 1);
                if (i == 0) {
                    norm(names.shortcut(block), 2 * width, channels, 1);
                }
                channels = 2 * width;
            }
            head(names.lateral(stage), PYRAMID, channels, 1);
            head(names.output(stage), PYRAMID, PYRAMID, 3);
        }
        boolean second = names.layout() == Layout.TORCHVISION_V2;
        for (int i = 0; i < (second ? 2 : 1); i++) {
            biased(names.proposalConv(i), PYRAMID, PYRAMID, 3, 1);
        }
        biased(names.objectness(), ANCHORS, PYRAMID, 1, 2);
        biased(names.anchorDeltas(), 4 * ANCHORS, PYRAMID, 1, 0.5);
        for (int i = 0; i < (second ? 4 : 0); i++) {
            head(names.boxConv(i), PYRAMID, PYRAMID, 3);
        }
        int features = PYRAMID * 49;
        for (int i = 0; names.boxLinear(i) != null; i++) {
            linear(names.boxLinear(i), HIDDEN, features, 1);
            features = HIDDEN;
        }
        int boxClasses = names.layout() == Layout.DETECTRON2 ? classes - 1 : classes;
        // Where the pyramid has no norms its features are larger: float32 has to tell the scores apart.
        linear(names.classScores(), classes, HIDDEN, names.layout() == Layout.TORCHVISION ? 0.75 : 3);
        linear(names.boxDeltas(), 4 * boxClasses, HIDDEN, 1);
        for (int i = 0; i < 4; i++) {
            head(names.maskConv(i), PYRAMID, PYRAMID, 3);
        }
        tensors.put(names.maskUp() + ".weight", normal(Math.sqrt(1.0 / PYRAMID), 0, PYRAMID, PYRAMID, 2, 2));
        vector(names.maskUp() + ".bias", PYRAMID, 0, 0.1);
        biased(names.maskLogits(), boxClasses, PYRAMID, 1, 2);
        return tensors;
    }

    private void norm(String conv, int out, int in, int k) {
        normed(conv, names.norm(conv), out, in, k);
    }

    private void normed(String conv, String norm, int out, int in, int k) {
        weight(conv, out, in, k);
        vector(norm + ".weight", out, 1, 0.1);
        vector(norm + ".bias", out, 0, 0.1);
        vector(norm + ".running_mean", out, 0, 0.1);
        tensors.put(norm + ".running_var", positive(out));
    }

    private void head(String conv, int out, int in, int k) {
        if (names.layout() == Layout.TORCHVISION_V2) {
            normed(conv, RcnnNames.blockNorm(conv), out, in, k);
        } else {
            biased(conv, out, in, k, 1);
        }
    }

    private void biased(String conv, int out, int in, int k, double gain) {
        tensors.put(conv + ".weight", normal(gain * Math.sqrt(1.0 / (in * k * k)), 0, out, in, k, k));
        vector(conv + ".bias", out, 0, 0.1);
    }

    private void linear(String module, int out, int in, double gain) {
        tensors.put(module + ".weight", normal(gain * Math.sqrt(1.0 / in), 0, out, in));
        vector(module + ".bias", out, 0, 0.1);
    }

    private void weight(String conv, int out, int in, int k) {
        tensors.put(conv + ".weight", normal(Math.sqrt(1.5 / (in * k * k)), 0, out, in, k, k));
    }

    private void vector(String name, int n, double mean, double deviation) {
        tensors.put(name, normal(deviation, mean, n));
    }

    private HostTensor positive(int n) {
        HostTensor t = normal(0.2, 1, n);
        for (int i = 0; i < n; i++) {
            t.setDouble(i, Math.max(0.3, t.getDouble(i)));
        }
        return t;
    }

    private HostTensor normal(double deviation, double mean, long... dims) {
        float[] v = new float[Math.toIntExact(Shape.of(dims).elements())];
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return HostTensor.of(Shape.of(dims), v);
    }

    /** Stripes and a disc: U8 (1, 50, 75, 3). */
    public static HostTensor picture() {
        HostTensor image = HostTensor.zeros(DType.U8, Shape.of(1, 50, 75, 3));
        for (int i = 0; i < image.elements(); i++) {
            int x = i / 3 % 75;
            int y = i / 225;
            int disc = Math.hypot(x - 20, y - 25) < 14 ? 90 : 0;
            image.setDouble(i, (x * (3 + i % 3) + y * (7 - i % 3) + disc) % 256);
        }
        return image;
    }

    /** For {@link #picture}: Detectron2's resized pixels are rounded, and float32 may round a half otherwise: its stays as it is. */
    public static DetectOptions options(Map<String, HostTensor> tensors) {
        int side = tensors.containsKey("backbone.body.conv1.weight") ? 64 : 50;
        return DetectOptions.of().size(side, 120).proposals(60).most(20).score(0.02f).overlap(0.8f);
    }
}
