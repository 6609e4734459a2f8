package dev.kerf.model.maskrcnn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.op.RunCost;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.Panoptic;
import dev.kerf.model.maskrcnn.RcnnRequest.Size;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Small networks of every layout: what they find, alone and together, and what is said of files that are none. */
class MaskRcnnTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final DetectOptions OPTIONS = DetectOptions.of().size(64, 120).proposals(60).most(20);

    private static Image picture(int width, int height, int seed) {
        Image image = Image.blank(width, height, PixelFormat.RGB8);
        for (int i = 0; i < width * height; i++) {
            int x = i % width;
            int y = i / width;
            for (int c = 0; c < 3; c++) {
                int disc = Math.hypot(x - 20 - 5 * seed, y - 25) < 14 ? 90 : 0;
                image.setSample(x, y, c, (x * (3 + c) + y * (7 - c) + seed * 31 + disc) % 256);
            }
        }
        return image;
    }

    private static Stream<Map<String, HostTensor>> layouts() {
        return Stream.of(SmallRcnns.torchvision(6, true), SmallRcnns.torchvision(6, false), SmallRcnns.second(6),
                SmallRcnns.detectron(6));
    }

    /** The back end finds what float64 loops over the same graph find: a scalar reading of upstream's formulas. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void everyLayoutFindsWhatTheOracleFinds(String id) {
        try (Device device = Backends.open(id)) {
            layouts().forEach(tensors -> {
                try (Weights weights = SmallRcnns.weights(tensors); MaskRcnn net = MaskRcnn.load(device, weights)) {
                    findsWhatTheOracleFinds(id + " " + MaskRcnn.KIND.describe(weights), weights, net);
                }
            });
        }
    }

    private static void findsWhatTheOracleFinds(String what, Weights weights, MaskRcnn net) {
        Image image = picture(75, 50, 0);
        // Detectron2's resized pixels are rounded, and float32 may round a half otherwise: its image stays as it is.
        DetectOptions options = RcnnConfig.of(weights).detectron() ? OPTIONS.size(50, 120) : OPTIONS;
        Instances found = net.detect(image, options);
        Graph graph = MaskRcnn.graph(weights, 50, 75, options);
        Map<String, HostTensor> expected = Oracle.run(graph, weights,
                Map.of("image", image.toTensor().reshape(Shape.of(1, 50, 75, 3))), Map.of(), Oracle.Rounding.NONE).outputs();
        assertTrue(found.size() >= 3, what + ": " + found.size());
        int n = (int) expected.get("count").getLong(0);
        int same = 0;
        for (int i = 0; i < n; i++) {
            same += has(found, expected, i) ? 1 : 0;
        }
        // Where scores or overlaps are within float32's error of each other or of a limit, one may go astray.
        assertTrue(same >= n - 1 && found.size() >= n - 1, what + ": " + same + " of " + n + ", " + found.size());
    }

    /** Each part is looked at as a picture of its own; the whole is one more. */
    @Test
    void partsOfAnImageAreLookedAtAsImages() {
        Image image = picture(150, 50, 0);
        try (Device device = Backends.open("cpu");
                Weights weights = SmallRcnns.weights(SmallRcnns.torchvision(6, true));
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            Crops halves = new Crops(75, 50, 0, false, 0.5);
            Instances left = net.detect(image.crop(0, 0, 75, 50).packed(), OPTIONS);
            Instances right = net.detect(image.crop(75, 0, 75, 50).packed(), OPTIONS);
            Instances both = net.detect(image, OPTIONS, halves);
            assertTrue(left.size() > 0 && right.size() > 0);
            assertEquals(left.size() + right.size(), both.size());
            for (Instance i : right.items()) {
                assertTrue(both.items().stream().anyMatch(b -> b.score() == i.score() && b.box().x() == i.box().x() + 75
                        && b.mask().equals(i.mask().placed(75, 0, 150, 50))), i.toString());
            }
            Instances plain = net.detect(image, OPTIONS);
            assertEquals(plain.items(), net.detect(image, OPTIONS, Crops.of(150)).items(), "one part is the whole");
            assertTrue(net.detect(image, OPTIONS, halves.whole(true)).size() >= both.size());
        }
    }

    private static boolean has(Instances found, Map<String, HostTensor> expected, int i) {
        for (Instance f : found.items()) {
            boolean box = Math.abs(f.box().x() - expected.get("boxes").getDouble(4L * i)) < 0.02
                    && Math.abs(f.box().y() - expected.get("boxes").getDouble(4L * i + 1)) < 0.02
                    && Math.abs(f.box().x() + f.box().width() - expected.get("boxes").getDouble(4L * i + 2)) < 0.02
                    && Math.abs(f.box().y() + f.box().height() - expected.get("boxes").getDouble(4L * i + 3)) < 0.02;
            if (box && f.category() == expected.get("labels").getLong(i)
                    && Math.abs(f.score() - expected.get("scores").getDouble(i)) < 1e-3) {
                return true;
            }
        }
        return false;
    }

    @Test
    void olderNamesAreTheSameNetwork() {
        Image image = picture(90, 60, 1);
        Instances[] found = new Instances[2];
        for (int i = 0; i < 2; i++) {
            try (Device device = Backends.open("cpu");
                    Weights weights = SmallRcnns.weights(SmallRcnns.torchvision(5, i == 0));
                    MaskRcnn net = MaskRcnn.load(device, weights)) {
                found[i] = net.detect(image, OPTIONS);
            }
        }
        assertTrue(found[0].size() > 0);
        assertEquals(found[0], found[1]);
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void severalImagesAreAsEachAlone(String id) {
        List<Image> images = List.of(picture(75, 50, 0), picture(75, 50, 1), picture(40, 80, 2), picture(75, 50, 3),
                picture(75, 50, 4), picture(75, 50, 5));
        try (Device device = Backends.open(id);
                Weights weights = SmallRcnns.weights(SmallRcnns.torchvision(6, true));
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            List<Instances> together = net.detect(images, OPTIONS);
            for (int i = 0; i < images.size(); i++) {
                Instances alone = net.detect(images.get(i), OPTIONS);
                assertTrue(alone.size() > 0);
                assertEquals(alone, together.get(i), id + ", image " + i);
            }
            assertTrue(net.plans() <= MaskRcnn.PLANS);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void nothingFoundIsAResult(String id) {
        Image image = picture(64, 64, 0);
        try (Device device = Backends.open(id);
                Weights weights = SmallRcnns.weights(SmallRcnns.panoptic(6, 4));
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            Instances none = net.detect(image, OPTIONS.score(1));
            assertEquals(0, none.size());
            assertEquals("[]", none.toCocoResults(1).toString());
            assertEquals(64, Overlay.of(net::className).draw(image, none).width());
            Panoptic stuff = net.panoptic(image, OPTIONS.score(1), new Panoptic.Merge(0.5, 0.5, 0));
            assertTrue(stuff.segments().stream().allMatch(s -> net.stuffCategories().contains(s.category())));
        }
    }

    /** A network that shrinks every anchor to nothing has no proposals, and the heads nothing to do. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void withoutProposalsNothingIsFound(String id) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>(SmallRcnns.torchvision(6, true));
        float[] none = new float[12];
        Arrays.fill(none, -100);
        tensors.put("rpn.head.bbox_pred.bias", HostTensor.of(Shape.of(12), none));
        try (Device device = Backends.open(id);
                Weights weights = SmallRcnns.weights(tensors);
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            assertEquals(0, net.detect(picture(75, 50, 0), OPTIONS).size());
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void everyPixelHasOneSegmentAtMost(String id) {
        Image image = picture(100, 70, 2);
        try (Device device = Backends.open(id);
                Weights weights = SmallRcnns.weights(SmallRcnns.panoptic(6, 4));
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            assertTrue(net.isPanoptic());
            assertEquals(List.of(0, 1, 2, 3, 4), net.categories());
            assertEquals(List.of(5, 6, 7), net.stuffCategories());
            Panoptic p = net.panoptic(image, OPTIONS, new Panoptic.Merge(0.1, 0.5, 10));
            assertFalse(p.segments().isEmpty());
            long pixels = p.segments().stream().mapToLong(s -> s.area()).sum() + p.mask(0).area();
            assertEquals(100 * 70, pixels);
            assertEquals(net.detect(image, OPTIONS).size(), net.trace(image, OPTIONS).get("count").getLong(0));
        }
    }

    /** From pixels to masks nothing goes to the Java heap, whatever is found. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void runsAllocateNothing(String id) {
        try (Device device = Backends.open(id);
                Weights weights = SmallRcnns.weights(SmallRcnns.panoptic(6, 4));
                DeviceWeights loaded = device.load(weights)) {
            assumeTrue(RunCost.excused(device).isEmpty(), RunCost.excused(device));
            RcnnRequest request = new RcnnRequest(picture(75, 50, 0).form(), 1, true, OPTIONS);
            Graph graph = RcnnGraph.detect(RcnnConfig.of(weights), weights, request, true);
            try (Executable e = device.compile(graph, loaded, CompileOptions.of())) {
                e.input("image").upload(picture(75, 50, 0).toTensor().data());
                assertEquals(List.of(), RunCost.runsAllocateNothing(e).failures());
                assertTrue(e.output("count").toHost().getLong(0) > 0);
            }
        }
    }

    @Test
    void semanticsNeedTheirBranch() {
        try (Device device = Backends.open("cpu");
                Weights weights = SmallRcnns.weights(SmallRcnns.detectron(4));
                MaskRcnn net = MaskRcnn.load(device, weights)) {
            assertFalse(net.isPanoptic());
            String message = assertThrows(BadInputException.class,
                    () -> net.panoptic(picture(64, 64, 0), OPTIONS, Panoptic.Merge.DEFAULT)).getMessage();
            assertTrue(message.contains("sem_seg_head"), message);
        }
    }

    private static String refusal(Map<String, HostTensor> tensors) {
        try (Device device = Backends.open("cpu"); Weights weights = SmallRcnns.weights(tensors)) {
            return assertThrows(BadWeightsException.class, () -> MaskRcnn.load(device, weights)).getMessage();
        }
    }

    @Test
    void filesThatAreNoneAreRefused() {
        Map<String, HostTensor> missing = new LinkedHashMap<>(SmallRcnns.torchvision(4, true));
        missing.remove("rpn.head.bbox_pred.bias");
        assertTrue(refusal(missing).contains("rpn.head.bbox_pred.bias"), refusal(missing));
        Map<String, HostTensor> misshapen = new LinkedHashMap<>(SmallRcnns.torchvision(4, true));
        misshapen.put("roi_heads.box_head.fc7.weight", HostTensor.of(Shape.of(2, 2), new float[4]));
        assertTrue(refusal(misshapen).contains("roi_heads.box_head.fc7.weight")
                && refusal(misshapen).contains("[2, 24]"), refusal(misshapen));
        Map<String, HostTensor> more = new LinkedHashMap<>(SmallRcnns.detectron(4));
        more.put("roi_heads.keypoint_head.weight", HostTensor.of(Shape.of(1), new float[1]));
        assertTrue(refusal(more).contains("keypoint_head"), refusal(more));
        Map<String, HostTensor> shallow = new LinkedHashMap<>(SmallRcnns.torchvision(4, true));
        shallow.keySet().removeIf(k -> k.contains("layer1.0.conv3"));
        assertTrue(refusal(shallow).contains("bottleneck"), refusal(shallow));
        assertTrue(refusal(Map.of("a", HostTensor.of(Shape.of(1), new float[1]))).contains("no Mask R-CNN"));
    }

    @Test
    void namesAreCocosOrTheFilesOwn() {
        try (Weights coco = Weights.of(Map.of());
                Weights own = Weights.of(Map.of(), Map.of("kerf.classes", "[\"a\", \"b\"]"))) {
            ClassNames torchvision = ClassNames.of(coco, config(false, 91));
            assertEquals("person", torchvision.name(torchvision.category(1)));
            assertEquals("toothbrush", torchvision.name(torchvision.category(90)));
            assertEquals(80, torchvision.categories().size());
            ClassNames detectron = ClassNames.of(coco, config(true, 81));
            assertEquals(1, detectron.category(0));
            assertEquals(90, detectron.category(79));
            assertEquals("stop sign", detectron.name(detectron.category(11)));
            assertEquals(13, detectron.category(11));
            assertEquals("b", ClassNames.of(own, config(false, 3)).name(2));
            assertThrows(BadWeightsException.class, () -> ClassNames.of(own, config(false, 4)));
            ClassNames panoptic = ClassNames.of(coco, new RcnnConfig(new RcnnNames(RcnnNames.Layout.DETECTRON2, false),
                    List.of(3, 4, 6, 3), 81, 0, List.of(), List.of(), 54));
            assertEquals(-1, panoptic.stuff(0));
            assertEquals(92, panoptic.stuff(1));
            assertEquals(200, panoptic.stuff(53));
            assertEquals("rug-merged", panoptic.name(200));
            assertEquals("sky-other-merged", panoptic.name(187));
        }
    }

    private static RcnnConfig config(boolean detectron, int classes) {
        RcnnNames names = new RcnnNames(
                detectron ? RcnnNames.Layout.DETECTRON2 : RcnnNames.Layout.TORCHVISION, false);
        return new RcnnConfig(names, List.of(3, 4, 6, 3), classes, 0, List.of(), List.of(), 0);
    }

    /** torchvision 0.29.1 cuts the product with a factor in double off, at times one below the side asked for. */
    @ParameterizedTest
    @CsvSource({"427, 640, 800, 1199", "640, 427, 1199, 800", "500, 375, 1066, 800", "334, 500, 799, 1197",
        "480, 640, 800, 1066", "612, 612, 800, 800", "1080, 1920, 749, 1333", "4000, 1000, 1333, 333"})
    void sizesAreTorchvisions(int height, int width, int rows, int columns) {
        assertEquals(new Size(rows, columns), resized(height, width, 800, 1333, false));
    }

    /** Detectron2 rounds. */
    @Test
    void sizesAreUpstreams() {
        assertEquals(new Size(223, 306), resized(190, 260, 224, 352, false));
        assertEquals(new Size(224, 336), resized(200, 300, 224, 352, false));
        assertEquals(new Size(800, 1199), resized(427, 640, 800, 1333, true));
        assertEquals(new Size(1333, 333), resized(4000, 1000, 800, 1333, true));
        assertEquals(new Size(800, 1216), resized(427, 640, 800, 1333, false).padded(32));
    }

    private static Size resized(int height, int width, int min, int max, boolean detectron) {
        return new RcnnRequest(new Picture.Form(width, height, PixelFormat.RGB8), 1, false, DetectOptions.of().size(min, max))
                .resized(detectron);
    }

    @Test
    void anchorsAreUpstreams() {
        assertArrayEquals(new float[] {-23, -11, 23, 11, -16, -16, 16, 16, -11, -23, 11, 23}, Anchors.shapes(0, true));
        float[] exact = Anchors.shapes(1, false);
        assertEquals(-45.2548, exact[0], 1e-4);
        assertEquals(22.6274, exact[3], 1e-4);
        HostTensor all = Anchors.of(0, true, 2, 3, 4, 5);
        assertEquals(Shape.of(18, 4), all.shape());
        assertEquals(-16 + 2 * 5, all.getDouble((1 * 3 + 2) * 12 + 4));
        assertEquals(-16 + 1 * 4, all.getDouble((1 * 3 + 2) * 12 + 5));
    }
}
