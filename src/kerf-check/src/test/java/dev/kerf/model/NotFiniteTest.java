package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Panoptic;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.matting.Matting;
import dev.kerf.model.matting.MattingOptions;
import dev.kerf.model.sam2.ClipTracker;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Drawn;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What isn't a finite number is an error, by name and on every back end, and never a mask. */
class NotFiniteTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final DetectOptions DETECT = DetectOptions.of().size(64, 96).proposals(40).most(10).score(0.1f);

    private static String refused(Executable call) {
        return assertThrows(BadInputException.class, call).getMessage();
    }

    private static Image picture() {
        Image image = Image.blank(72, 56, PixelFormat.RGB8);
        for (int i = 0; i < 3 * 72 * 56; i++) {
            image.setSample(i / 3 % 72, i / 3 / 72, i % 3, i * 7919 % 256);
        }
        return image;
    }

    /** A pixel that is no number, or of which the statistics are none, in the network that comes with Kerf. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void aPixel(String id) {
        try (Device device = Backends.open(id);
                Weights weights = Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            for (int tile : new int[] {SegmentOptions.WHOLE, 64}) {
                SegmentOptions options = SegmentOptions.of().tile(tile);
                HostTensor planes = Drawn.tensor("planes", Shape.of(96, 160), 1);
                int[] good = net.segment(planes, options).labels().toArray();
                for (double odd : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
                    HostTensor bad = HostTensor.of(planes.shape(), planes.toFloatArray());
                    bad.setDouble(3 * 160 + 7, odd);
                    assertTrue(refused(() -> net.segment(bad, options)).contains("element [3, 7] is " + odd), id + " " + odd);
                }
                HostTensor large = HostTensor.of(planes.shape(), planes.toFloatArray());
                large.setDouble(3 * 160 + 7, 1e20);
                assertTrue(refused(() -> net.segment(large, options)).contains("logits aren't finite"), id);
                assertArrayEquals(good, net.segment(planes, options).labels().toArray());
            }
        }
    }

    /** Logits that are none, of one class or of all, alone, together and on the device; traced, they are shown. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void logitsOfAUNet(String id) {
        try (Device device = Backends.open(id)) {
            for (int classes : new int[] {1, 3}) {
                for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                    logitsOfAUNet(device, classes, odd);
                }
            }
        }
    }

    private static void logitsOfAUNet(Device device, int classes, float odd) {
        float[] bias = new float[classes];
        bias[classes - 1] = odd;
        String id = device.info().id();
        try (Weights weights = SmallUNets.milesial(3, classes, List.of(4, 8), false)
                .with("outc.conv.bias", HostTensor.of(Shape.of(classes), bias)).build();
                UNet net = UNet.load(device, weights)) {
            SegmentOptions options = SegmentOptions.of();
            assertTrue(refused(() -> net.segment(picture(), options)).contains("the image: "), id);
            assertTrue(refused(() -> net.segment(picture(), options.scale(0.5).withLogits())).contains("logits"), id);
            assertTrue(refused(() -> net.segment(List.of(picture(), picture()), options)).contains("image 1 of 2"), id);
            assertTrue(refused(() -> net.segmentOnDevice(List.of(picture()), options)).contains("logits"), id);
            HostTensor shown = net.trace(picture(), options).get("logits");
            assertEquals(odd, (float) shown.getDouble(shown.elements() - 1));
            assertTrue(net.plans() <= UNet.PLANS);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void logitsOfAMaskRcnn(String id) {
        Map<String, HostTensor> stuff = new LinkedHashMap<>(SmallRcnns.panoptic(6, 4));
        stuff.get("sem_seg_head.predictor.bias").setDouble(1, Double.NaN);
        try (Device device = Backends.open(id)) {
            for (String name : List.of("rpn.head.cls_logits.bias", "rpn.head.bbox_pred.bias",
                    "roi_heads.box_predictor.cls_score.bias", "roi_heads.box_predictor.bbox_pred.bias",
                    "roi_heads.mask_predictor.mask_fcn_logits.bias")) {
                for (double odd : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
                    logitsOfAMaskRcnn(device, name, odd);
                }
            }
            try (Weights weights = SmallRcnns.weights(stuff); MaskRcnn net = MaskRcnn.load(device, weights)) {
                assertTrue(net.detect(picture(), DETECT).size() > 0);
                assertTrue(refused(() -> net.panoptic(picture(), DETECT, Panoptic.Merge.DEFAULT)).contains("logits"));
            }
        }
    }

    private static void logitsOfAMaskRcnn(Device device, String name, double odd) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>(SmallRcnns.torchvision(6, true));
        String key = tensors.keySet().stream()
                .filter(k -> k.equals(name) || k.equals(name.replace(".bias", ".0.0.bias"))).findFirst().orElseThrow();
        for (int i = 0; i < tensors.get(key).elements(); i++) {
            tensors.get(key).setDouble(i, odd);
        }
        try (Weights weights = SmallRcnns.weights(tensors); MaskRcnn net = MaskRcnn.load(device, weights)) {
            String what = device.info().id() + " " + name + " " + odd;
            assertTrue(refused(() -> net.detect(picture(), DETECT)).contains("the image: the network's logits"), what);
            assertTrue(refused(() -> net.detectOnDevice(List.of(picture()), DETECT)).contains("logits"), what);
            assertTrue(net.trace(picture(), DETECT).containsKey("class_logits"));
        }
    }

    /** One that fails leaves no trace in the next. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void goodPicturesGoOnInTheSameNetwork(String id) {
        try (Device device = Backends.open(id);
                Weights weights = SmallUNets.milesial(3, 3, List.of(4, 8), false).build();
                UNet net = UNet.load(device, weights)) {
            List<Segmentation> found = net.segment(List.of(picture(), picture()), SegmentOptions.of());
            HostTensor planes = Drawn.tensor("planes", Shape.of(3, 56, 72), 1);
            planes.setDouble(0, Double.NaN);
            refused(() -> net.segment(planes, SegmentOptions.of()));
            assertArrayEquals(found.get(1).labels().toArray(),
                    net.segment(picture(), SegmentOptions.of()).labels().toArray());
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void logitsOfSam(String id) {
        Map<String, HostTensor> good = new LinkedHashMap<>();
        try (Device device = Backends.open(id);
                Weights stored = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick")).weights()) {
            stored.names().forEach(n -> good.put(n, stored.tensor(n)));
            logitsOfSam(device, good);
        }
    }

    private static void logitsOfSam(Device device, Map<String, HostTensor> good) {
        String id = device.info().id();
        for (String name : List.of("", "sam_mask_decoder.iou_prediction_head.layers.2.bias",
                "sam_mask_decoder.output_upscaling.3.bias", "sam_mask_decoder.pred_obj_score_head.layers.2.bias",
                "image_encoder.trunk.patch_embed.proj.bias")) {
            try (Weights weights = Weights.of(name.isEmpty() ? good : spoilt(good, name));
                    Sam2 sam = Sam2.load(device, weights, Sam2.Settings.of().imageSize(64), ModelOptions.of());
                    ImageView view = sam.look(picture());
                    ClipTracker clip = sam.track(ClipTracker.Frames.of(List.of(picture(), picture())))) {
                Prompt point = Prompt.point(30, 20);
                if (name.isEmpty()) {
                    HostTensor low = view.predict(point).lowRes();
                    low.setDouble(5, Double.NaN);
                    assertTrue(refused(() -> view.predict(point.refining(low))).contains("[0, 5] is NaN"), id);
                    continue;
                }
                String what = id + " " + name;
                assertTrue(refused(() -> view.predict(point)).contains("the network's logits aren't finite"), what);
                assertTrue(refused(() -> view.candidates(point)).contains("logits"), what);
                assertTrue(refused(() -> view.predictOnDevice(List.of(point), true)).contains("logits"), what);
                assertTrue(refused(() -> clip.prompt(1, 1, point)).contains("frame 1: the network's logits"), what);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void mattes(String id) {
        Map<String, HostTensor> good = new LinkedHashMap<>();
        try (Device device = Backends.open(id);
                Weights stored = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/u2netp-quick")).weights()) {
            stored.names().forEach(n -> good.put(n, stored.tensor(n)));
            for (String name : List.of("outconv.bias", "stage6.rebnconvin.bn_s1.running_mean")) {
                try (Weights weights = Weights.of(spoilt(good, name));
                        Matting net = Matting.load(device, weights, MattingOptions.of().size(64, 96))) {
                    assertTrue(refused(() -> net.matte(picture())).contains("the network's matte isn't finite"),
                            id + " " + name);
                    HostTensor shown = net.trace(picture()).get("logits");
                    assertFalse(Double.isFinite(shown.getDouble(0)), id + " " + name);
                }
            }
        }
    }

    private static Map<String, HostTensor> spoilt(Map<String, HostTensor> good, String name) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>(good);
        float[] none = new float[(int) good.get(name).elements()];
        Arrays.fill(none, Float.NaN);
        tensors.put(name, HostTensor.of(good.get(name).shape(), none));
        return tensors;
    }
}
