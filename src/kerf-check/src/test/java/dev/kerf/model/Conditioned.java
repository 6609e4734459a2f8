package dev.kerf.model;

import dev.kerf.check.golden.GoldenCase;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * Networks that make as little of rounding errors as trained ones do. No trained SAM 2 or Mask R-CNN is at hand, and the golden cases'
 * random weights make much more of them: their attentions are saturated, so that a thousandth of noise in the image embeddings
 * changes a mask's logits by 7 %, and their boxes are moved far, each in a way of its own. So some weights are scaled down:
 *
 * <ul>
 *   <li>the last layer of each residual branch, to 0.3: of the image encoder's stream a branch is then 0.02 to 0.18 in root mean square
 *       (0.05 to 0.69 before); in trained networks, too, it is small beside its stream (Touvron et al. 2021, "Going deeper with image
 *       transformers", figure 3; in a ResNet the last norm of a block starts from 0, Goyal et al. 2017);
 *   <li>projections of queries and keys, to 0.2: scores stay where a softmax isn't saturated;
 *   <li>box deltas, to 0.2: a trained detector's boxes lie near its anchors and proposals.
 * </ul>
 *
 * What comes of it is judged by what can be measured of trained networks too, of which two U-Nets are at hand (the one that comes with
 * Kerf and a published one, on pictures of their kinds): noise in the image changes their logits by 0.15 to 1.93 times as much, relative
 * to each, and of a picture's pixels 0.15 to 0.25 % lie within 1 % of the logits' size of the border between labels.
 */
final class Conditioned {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    private static final double BRANCH = 0.3;
    private static final double SCORES = 0.2;
    private static final double DELTAS = 0.2;
    private static final Map<String, Double> SAM2 = Map.of(
            ".*(attn\\.proj|blocks\\.\\d+\\.mlp\\.layers\\.1|out_proj|layers\\.\\d+\\.mlp\\.layers\\.1|linear2)\\.(weight|bias)",
            BRANCH,
            ".*(q_proj|k_proj)\\.(weight|bias)", SCORES);
    private static final Map<String, Double> MASK_RCNN = Map.of(
            ".*bn3\\.(weight|bias)", BRANCH,
            ".*bbox_pred\\.(weight|bias)", DELTAS);

    private Conditioned() {}

    static Weights sam2() {
        return scaled("sam2-quick", SAM2);
    }

    static Weights maskRcnn() {
        return scaled("maskrcnn-quick", MASK_RCNN);
    }

    /** The picture of Mask R-CNN's golden case. */
    static Image picture() {
        return Image.read(GoldenCase.open(GOLDENS.resolve("maskrcnn-quick")).file("image")).toRgb8();
    }

    private static Weights scaled(String golden, Map<String, Double> scales) {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        try (Weights from = GoldenCase.open(GOLDENS.resolve(golden)).weights()) {
            for (String name : from.names()) {
                double scale = scales.entrySet().stream().filter(s -> name.matches(s.getKey())).mapToDouble(Map.Entry::getValue)
                        .findFirst().orElse(1);
                all.put(name, times(from.tensor(name), scale));
            }
        }
        return Weights.of(all);
    }

    private static HostTensor times(HostTensor t, double scale) {
        float[] v = t.toFloatArray();
        for (int i = 0; i < v.length; i++) {
            v[i] *= (float) scale;
        }
        return HostTensor.of(t.shape(), v);
    }

    /** A frame of a video: a bright disk that wanders over a dark ground, both with noise, 256 pixels to a side. */
    static Image frame(int index, double radius) {
        Image image = Image.blank(256, 256, PixelFormat.RGB8);
        Random random = new Random(9 + index);
        for (int y = 0; y < 256; y++) {
            for (int x = 0; x < 256; x++) {
                boolean in = Math.hypot(x - 110 - 6 * index, y - 100 - 3 * index) < radius;
                int n = random.nextInt(13) - 6;
                image.setSample(x, y, 0, (in ? 215 : 40) + n);
                image.setSample(x, y, 1, (in ? 90 : 70) + n);
                image.setSample(x, y, 2, (in ? 40 : 150) + n);
            }
        }
        return image;
    }

    /** The image with each sample one more, one less or as it was: what nobody sees. */
    static Image noisy(Image image, long seed) {
        Random random = new Random(seed);
        Image noisy = Image.blank(image.width(), image.height(), PixelFormat.RGB8);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                for (int c = 0; c < 3; c++) {
                    noisy.setSample(x, y, c, Math.clamp(image.sample(x, y, c) + random.nextInt(3) - 1, 0, 255));
                }
            }
        }
        return noisy;
    }

    /** ‖b − a‖ / ‖a‖ of images as the network sees them, by ImageNet's mean and deviation. */
    static double distance(Image a, Image b) {
        double[] mean = {123.675, 116.28, 103.53};
        double[] deviation = {58.395, 57.12, 57.375};
        double difference = 0;
        double size = 0;
        for (int y = 0; y < a.height(); y++) {
            for (int x = 0; x < a.width(); x++) {
                for (int c = 0; c < 3; c++) {
                    double u = (a.sample(x, y, c) - mean[c]) / deviation[c];
                    double v = (b.sample(x, y, c) - mean[c]) / deviation[c];
                    difference += (u - v) * (u - v);
                    size += u * u;
                }
            }
        }
        return Math.sqrt(difference / size);
    }
}
