package dev.kerf.model.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UNetTest {
    private static Image noise(int width, int height, PixelFormat format, long seed) {
        byte[] pixels = new byte[width * height * format.pixelBytes()];
        new Random(seed).nextBytes(pixels);
        return Image.of(width, height, format, pixels);
    }

    /** Labels are equal and logits within float32's rounding, whatever the image's remainder mod 2^depth. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void tiledEqualsUntiled(String backend) {
        try (Device device = Backends.open(backend);
                Weights weights = SmallUNets.plain(1, 3, List.of(4, 8, 8)).build();
                UNet net = UNet.load(device, weights)) {
            assertTrue(net.tilesExactly());
            for (int[] size : new int[][] {{160, 96}, {161, 98}, {99, 203}}) {
                Image image = noise(size[0], size[1], PixelFormat.GRAY8, 7);
                SegmentOptions options = SegmentOptions.of().withLogits();
                Segmentation whole = net.segment(image, options.tile(SegmentOptions.WHOLE));
                Segmentation tiled = net.segment(image, options.tile(64));
                assertEquals(1, whole.tiles());
                assertTrue(tiled.tiles() > 4, tiled.tiles() + " tiles");
                double worst = TensorDifference.of(tiled.logits(), whole.logits()).relativeL2();
                assertTrue(worst <= 1e-6, size[0] + "×" + size[1] + ": " + worst);
                assertArrayEquals(whole.labels().toArray(), tiled.labels().toArray());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void aTiledAndResizedImageEqualsTheWholeOne(String backend) {
        try (Device device = Backends.open(backend);
                Weights weights = SmallUNets.milesial(3, 1, List.of(4, 8), false).build();
                UNet net = UNet.load(device, weights)) {
            Image image = noise(150, 131, PixelFormat.RGB8, 3);
            SegmentOptions options = SegmentOptions.of().scale(0.7).withLogits();
            Segmentation whole = net.segment(image, options.tile(SegmentOptions.WHOLE));
            Segmentation tiled = net.segment(image, options.tile(48));
            assertEquals(131, whole.labels().height());
            assertEquals(150, whole.labels().width());
            assertTrue(tiled.tiles() > 1);
            assertTrue(TensorDifference.of(tiled.logits(), whole.logits()).relativeL2() <= 1e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void manyThreadsGetTheAnswerOfOne(String backend) throws Exception {
        try (Device device = Backends.open(backend);
                Weights weights = SmallUNets.milesial(1, 2, List.of(4, 8), false).build();
                UNet net = UNet.load(device, weights);
                ExecutorService threads = Executors.newFixedThreadPool(6)) {
            List<Image> images = List.of(noise(64, 48, PixelFormat.GRAY8, 1), noise(50, 70, PixelFormat.GRAY8, 2),
                    noise(64, 48, PixelFormat.GRAY8, 3));
            List<float[]> alone = new ArrayList<>();
            for (Image i : images) {
                alone.add(net.segment(i, SegmentOptions.of().withLogits()).logits().toFloatArray());
            }
            List<Callable<float[]>> calls = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                Image image = images.get(i % 3);
                calls.add(() -> net.segment(image, SegmentOptions.of().withLogits()).logits().toFloatArray());
            }
            List<Future<float[]>> done = threads.invokeAll(calls);
            for (int i = 0; i < done.size(); i++) {
                assertArrayEquals(alone.get(i % 3), done.get(i).get());
            }
            assertTrue(net.plans() <= UNet.PLANS);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void everyFormOfInputOfTheSamePictureGivesTheSameLabels(String backend) {
        try (Device device = Backends.open(backend);
                Weights weights = SmallUNets.milesial(3, 4, List.of(4, 8), false).build();
                UNet net = UNet.load(device, weights)) {
            Image rgb = noise(20, 18, PixelFormat.RGB8, 5);
            Image bgra = Image.blank(20, 18, PixelFormat.BGRA8);
            Image deep = Image.blank(20, 18, PixelFormat.RGB16);
            HostTensor planes = HostTensor.zeros(DType.F32, Shape.of(3, 18, 20));
            for (int y = 0; y < 18; y++) {
                for (int x = 0; x < 20; x++) {
                    for (int c = 0; c < 3; c++) {
                        int v = rgb.sample(x, y, c);
                        bgra.setSample(x, y, c, v);
                        deep.setSample(x, y, c, v * 257);
                        planes.setDouble((c * 18L + y) * 20 + x, (float) (v / 255.0));
                    }
                }
            }
            SegmentOptions options = SegmentOptions.of().withLogits();
            Segmentation expected = net.segment(rgb, options);
            for (Segmentation s : List.of(net.segment(bgra, options), net.segment(deep, options),
                    net.segment(planes, options))) {
                assertTrue(TensorDifference.of(s.logits(), expected.logits()).relativeL2() <= 1e-6);
            }
            assertNull(net.segment(rgb, SegmentOptions.of()).logits(), "logits only when asked for");
        }
    }

    @Test
    void bilinearUpSamplingSaysThatTilesAreNotExact() {
        try (Device device = Backends.open("cpu");
                Weights weights = SmallUNets.milesial(1, 2, List.of(4, 8, 8), true).build();
                UNet net = UNet.load(device, weights)) {
            assertEquals(false, net.tilesExactly());
            assertEquals(1, net.segment(noise(40, 36, PixelFormat.GRAY8, 1), SegmentOptions.of()).tiles());
        }
    }

    @Test
    void wrongInputsAreNamed() {
        try (Device device = Backends.open("cpu");
                Weights weights = SmallUNets.milesial(5, 2, List.of(4, 8), false).build();
                UNet net = UNet.load(device, weights)) {
            String channels = assertThrows(BadInputException.class,
                    () -> net.segment(noise(16, 16, PixelFormat.RGB8, 1), SegmentOptions.of())).getMessage();
            assertTrue(channels.contains("5 channels") && channels.contains("has 3"), channels);
            HostTensor tiny = HostTensor.zeros(DType.F32, Shape.of(5, 1, 9));
            String size = assertThrows(BadInputException.class,
                    () -> net.segment(tiny, SegmentOptions.of())).getMessage();
            assertTrue(size.contains("9×1"), size);
            assertThrows(BadInputException.class, () -> net.segment(
                    HostTensor.zeros(DType.U8, Shape.of(5, 8, 8)), SegmentOptions.of()));
        }
    }

    @Test
    void everyTensorOfTheFileIsUsedAndNoneIsMissing() {
        try (Device device = Backends.open("cpu")) {
            Weights more = SmallUNets.milesial(1, 2, List.of(4, 8), false).and("outc.conv.extra", 3).build();
            assertTrue(assertThrows(BadWeightsException.class, () -> UNet.load(device, more)).getMessage()
                    .contains("outc.conv.extra"));
            Weights less = SmallUNets.milesial(1, 2, List.of(4, 8), false)
                    .without("up1.conv.double_conv.4.running_var").build();
            assertTrue(assertThrows(BadWeightsException.class, () -> UNet.load(device, less).segment(
                    noise(16, 16, PixelFormat.GRAY8, 1), SegmentOptions.of())).getMessage().contains("running_var"));
        }
    }
}
