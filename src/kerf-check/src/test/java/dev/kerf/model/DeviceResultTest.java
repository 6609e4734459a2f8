package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.Confusions;
import dev.kerf.metrics.Overlaps;
import dev.kerf.metrics.Overlaps.MaskSet;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Results that metrics read on the device are those that the host gets. */
class DeviceResultTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final int WIDTH = 72;
    private static final int HEIGHT = 56;

    private static Image picture(int seed) {
        Image image = Image.blank(WIDTH, HEIGHT, PixelFormat.RGB8);
        for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
            int x = i / 3 % WIDTH;
            image.setSample(x, i / 3 / WIDTH, i % 3, (int) (127 + 120 * Math.sin(0.2 * x + seed + i % 3)));
        }
        return image;
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void labelsOfAUNet(String id) {
        List<Image> pictures = List.of(picture(1), picture(2));
        try (Device device = Backends.open(id);
                Weights weights = SmallUNets.milesial(3, 5, List.of(4, 8), false).build();
                UNet net = UNet.load(device, weights, ModelOptions.of().plans(2));
                Confusions confusions = new Confusions(device, 5, Confusions.NO_IGNORE)) {
            var labels = net.segment(pictures, SegmentOptions.of());
            ConfusionMatrix expected = confusions.measure(labels.get(0).labels(), labels.get(1).labels());
            assertTrue(expected.pixels() == WIDTH * HEIGHT);
            try (DeviceResult first = net.segmentOnDevice(pictures.subList(0, 1), SegmentOptions.of());
                    DeviceResult second = net.segmentOnDevice(pictures.subList(1, 2), SegmentOptions.of())) {
                assertEquals(List.of(expected), confusions.measure(first.get("labels"), second.get("labels")));
                assertEquals(expected, confusions.measure(labels.get(0).labels(), second.get("labels")));
                assertEquals(Set.of("labels"), first.names());
                assertThrows(BadInputException.class, () -> first.get("masks"));
            }
            DeviceResult closed = net.segmentOnDevice(pictures.subList(0, 1), SegmentOptions.of());
            closed.close();
            assertThrows(ClosedException.class, () -> closed.get("labels"));
            assertThrows(BadInputException.class, () -> net.segmentOnDevice(
                    List.of(picture(1), Image.blank(8, 8, PixelFormat.RGB8)), SegmentOptions.of()));
            assertThrows(BadInputException.class, () -> net.segmentOnDevice(List.of(), SegmentOptions.of()));
            assertEquals(2, net.plans());
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void masksOfAMaskRcnn(String id) {
        DetectOptions options = DetectOptions.of().score(0.1f).proposals(40).most(10).size(56, 96);
        try (Device device = Backends.open(id);
                Weights weights = SmallRcnns.weights(SmallRcnns.torchvision(6, true));
                MaskRcnn net = MaskRcnn.load(device, weights);
                Overlaps overlaps = new Overlaps(device)) {
            Instances found = net.detect(picture(1), options);
            assertTrue(found.size() > 1);
            List<Mask> masks = found.items().stream().map(Instance::mask).map(m -> m.decode()).toList();
            Overlaps.Matrix expected = overlaps.measure(MaskSet.of(masks), MaskSet.of(masks));
            try (DeviceResult onDevice = net.detectOnDevice(List.of(picture(1)), options)) {
                assertEquals(found.size(), onDevice.get("count").toHost().getLong(0));
                MaskSet set = MaskSet.of(onDevice.get("masks"), new MaskForm.Bits(), WIDTH * HEIGHT);
                Overlaps.Matrix measured = overlaps.measure(set, MaskSet.of(masks));
                for (int i = 0; i < found.size(); i++) {
                    for (int k = 0; k < found.size(); k++) {
                        assertEquals(expected.get(i, k), measured.get(i, k));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void masksOfSam(String id) {
        try (Device device = Backends.open(id);
                Weights weights = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick")).weights();
                Sam2 sam = Sam2.load(device, weights, Sam2.Settings.of().imageSize(64), ModelOptions.of());
                ImageView view = sam.look(picture(1));
                Overlaps overlaps = new Overlaps(device)) {
            List<Prompt> prompts = List.of(Prompt.point(30, 20), Prompt.box(10, 10, 60, 50));
            List<Prediction> answers = view.predictAll(prompts);
            MaskSet masks = MaskSet.of(answers.stream().map(Prediction::mask).toList());
            Overlaps.Matrix expected = overlaps.measure(masks, masks);
            assertTrue(expected.get(1, 1).areaA() > 0);
            try (DeviceResult onDevice = view.predictOnDevice(prompts, false)) {
                MaskSet bytes = MaskSet.of(onDevice.get("masks"), new MaskForm.Bytes(), WIDTH * HEIGHT);
                MaskSet logits = MaskSet.of(onDevice.get("logits"), new MaskForm.Logits(0), WIDTH * HEIGHT);
                Overlaps.Matrix measured = overlaps.measure(bytes, logits);
                for (int i = 0; i < 4; i++) {
                    assertEquals(expected.get(i / 2, i % 2), measured.get(i / 2, i % 2));
                }
                assertEquals(answers.get(1).iou(), (float) onDevice.get("iou_predictions").toHost().getDouble(1));
            }
            assertThrows(BadInputException.class, () -> view.predictOnDevice(List.of(), false));
        }
    }
}
