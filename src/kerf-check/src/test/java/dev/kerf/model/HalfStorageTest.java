package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.image.Image;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Rectangle;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.sam2.ClipTracker;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What float16 and bfloat16 cost networks that make no more of rounding errors than trained ones ({@link Conditioned}). What float32
 * makes of noise is found out on {@code cpu}, whose float32 differs by less than the noise does.
 */
class HalfStorageTest {
    private static final List<Precision> HALVES = List.of(Precision.FLOAT16, Precision.BFLOAT16);
    private static final double SAME = 0.99;

    /** The most that trained networks make of noise, and the largest share of their pixels near the border between labels. */
    private static final double AMPLIFICATION = 2;
    private static final double NEAR = 0.0025;

    static Stream<String> devices() {
        return BackendsUnderTest.devices().filter(id -> {
            try (Device device = Backends.open(id)) {
                return device.info().precisions().containsAll(HALVES);
            }
        });
    }

    private static double iou(Mask a, Mask b) {
        long either = a.or(b).area();
        return either == 0 ? 1 : (double) a.and(b).area() / either;
    }

    /** The trained network that comes with Kerf. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void uNet(String id) {
        try (Device device = Backends.open(id); Weights weights = Kerf.embeddedWeights()) {
            for (String name : List.of("tissue-1", "tissue-2")) {
                Image image = Image.read(Path.of("src/main/samples", name + ".png"));
                int[] exact = labels(device, weights, image, Precision.FLOAT32);
                for (Precision p : HALVES) {
                    int[] labels = labels(device, weights, image, p);
                    for (int c = 0; c < 2; c++) {
                        int of = c;
                        long both = IntStream.range(0, exact.length).filter(i -> exact[i] == of && labels[i] == of).count();
                        long either = IntStream.range(0, exact.length).filter(i -> exact[i] == of || labels[i] == of).count();
                        assertTrue((double) both / either >= SAME,
                                name + " in " + p + ", class " + c + ": " + both + " of " + either);
                    }
                }
            }
        }
    }

    private static int[] labels(Device device, Weights weights, Image image, Precision precision) {
        try (UNet net = UNet.load(device, weights, ModelOptions.of().precision(precision))) {
            return net.segment(image, SegmentOptions.of()).labels().toArray();
        }
    }

    /** Points and boxes on an image: the masks that noise changes as little as a trained network's. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void sam2(String id) {
        masksStay(id, List.of(Conditioned.frame(0, 55)), 10, (sam, frames) -> {
            try (ImageView view = sam.look(frames.getFirst())) {
                return view.predictAll(prompts());
            }
        });
    }

    /** An object that is followed through the frames after the one where it was boxed. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void sam2Video(String id) {
        List<Image> video = IntStream.range(0, 5).mapToObj(i -> Conditioned.frame(i, 85)).toList();
        masksStay(id, video, 4, (sam, frames) -> {
            List<Prediction> all = new ArrayList<>();
            try (ClipTracker clip = sam.track(frames)) {
                clip.prompt(0, 1, Prompt.box(25, 15, 195, 185));
                clip.propagate(r -> all.add(r.objects().get(1)));
            }
            return all.subList(1, all.size());
        });
    }

    private static void masksStay(String id, List<Image> frames, int least,
            BiFunction<Sam2, List<Image>, List<Prediction>> ask) {
        List<Image> noisy = frames.stream().map(f -> Conditioned.noisy(f, 70)).toList();
        double most = AMPLIFICATION * Conditioned.distance(frames.getFirst(), noisy.getFirst());
        try (Device device = Backends.open(id); Device cpu = Backends.open("cpu"); Weights weights = Conditioned.sam2()) {
            List<Prediction> exact = masks(device, weights, Precision.FLOAT32, frames, ask);
            List<Prediction> changed = masks(cpu, weights, Precision.FLOAT32, noisy, ask);
            List<Integer> sound = IntStream.range(0, exact.size()).filter(i -> near(exact.get(i)) <= NEAR
                    && TensorDifference.of(changed.get(i).lowRes(), exact.get(i).lowRes()).relativeL2() <= most)
                    .boxed().toList();
            assertTrue(sound.size() >= least, "as trained networks': " + sound + " of " + exact.size());
            for (Precision p : HALVES) {
                List<Prediction> stored = masks(device, weights, p, frames, ask);
                for (int i : sound) {
                    double iou = iou(exact.get(i).mask(), stored.get(i).mask());
                    assertTrue(iou >= SAME, "mask " + i + " in " + p + ": " + iou);
                }
            }
        }
    }

    private static List<Prediction> masks(Device device, Weights weights, Precision precision, List<Image> frames,
            BiFunction<Sam2, List<Image>, List<Prediction>> ask) {
        try (Sam2 sam = Sam2.load(device, weights, new Sam2.Settings(256, false, true, 0),
                ModelOptions.of().precision(precision))) {
            return ask.apply(sam, frames);
        }
    }

    private static List<Prompt> prompts() {
        List<Prompt> all = new ArrayList<>();
        for (int y = 40; y < 256; y += 60) {
            for (int x = 40; x < 256; x += 60) {
                all.add(Prompt.point(x, y).foreground(x + 15, y + 10));
            }
        }
        all.addAll(List.of(Prompt.box(55, 45, 165, 155), Prompt.box(20, 20, 200, 240), Prompt.box(100, 120, 220, 180),
                Prompt.box(10, 150, 90, 240)));
        return all;
    }

    /** The share of pixels whose logit is within 1 % of the logits' root mean square of 0. */
    private static double near(Prediction p) {
        float[] logits = p.logits().toFloatArray();
        double squares = 0;
        for (float l : logits) {
            squares += l * l;
        }
        double border = 0.01 * Math.sqrt(squares / logits.length);
        long near = 0;
        for (float l : logits) {
            near += Math.abs(l) < border ? 1 : 0;
        }
        return (double) near / logits.length;
    }

    /** Of the detections that float32 finds again whatever noise nobody sees is in the picture, 95 of 100 are found. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void maskRcnn(String id) {
        Image image = Conditioned.picture();
        try (Device device = Backends.open(id); Device cpu = Backends.open("cpu"); Weights weights = Conditioned.maskRcnn()) {
            Instances exact;
            try (MaskRcnn net = MaskRcnn.load(device, weights)) {
                exact = detect(net, image);
            }
            Set<Integer> sound = new TreeSet<>(found(exact, exact));
            assertEquals(exact.items().size(), sound.size());
            try (MaskRcnn net = MaskRcnn.load(cpu, weights)) {
                for (int seed = 0; seed < 4; seed++) {
                    sound.retainAll(found(exact, detect(net, Conditioned.noisy(image, 30 + seed))));
                }
            }
            assertTrue(sound.size() >= 100, sound.size() + " of " + exact.items().size());
            for (Precision p : HALVES) {
                try (MaskRcnn net = MaskRcnn.load(device, weights, ModelOptions.of().precision(p))) {
                    Set<Integer> found = found(exact, detect(net, image));
                    found.retainAll(sound);
                    assertTrue(found.size() >= 0.95 * sound.size(), p + ": " + found.size() + " of " + sound.size());
                }
            }
        }
    }

    private static Instances detect(MaskRcnn net, Image image) {
        return net.detect(image, DetectOptions.of().size(224, 352).most(300));
    }

    /** Which of some detections are among others: of the same class, boxes and masks of an IoU of at least 0.9; each is used once. */
    private static Set<Integer> found(Instances of, Instances among) {
        Set<Integer> found = new TreeSet<>();
        List<Instance> left = new ArrayList<>(among.items());
        for (int i = 0; i < of.items().size(); i++) {
            Instance wanted = of.items().get(i);
            Optional<Instance> same = left.stream().filter(other -> same(other, wanted)).findFirst();
            if (same.isPresent()) {
                left.remove(same.get());
                found.add(i);
            }
        }
        return found;
    }

    private static boolean same(Instance a, Instance b) {
        return a.category() == b.category() && iou(a.box(), b.box()) >= 0.9
                && iou(a.mask().decode(), b.mask().decode()) >= 0.9;
    }

    private static double iou(Rectangle a, Rectangle b) {
        double w = Math.min(a.x() + a.width(), b.x() + b.width()) - Math.max(a.x(), b.x());
        double h = Math.min(a.y() + a.height(), b.y() + b.height()) - Math.max(a.y(), b.y());
        double both = Math.max(0, w) * Math.max(0, h);
        return both / (a.width() * a.height() + b.width() * b.height() - both);
    }
}
