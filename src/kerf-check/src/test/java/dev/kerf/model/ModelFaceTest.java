package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.Device;
import dev.kerf.backend.Limit;
import dev.kerf.backend.SharedDevices;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.error.CancelledException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.image.Image;
import dev.kerf.image.Nv12;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every model offers in the same way, asked of each as an application would. */
class ModelFaceTest {
    @RegisterExtension
    static final SharedDevices DEVICES = new SharedDevices();

    private static final int WIDTH = 64;
    private static final int HEIGHT = 48;
    private static final DetectOptions DETECT = DetectOptions.of().score(0.1f).proposals(40).most(10).size(48, 96);

    @TempDir
    private Path folder;

    /** A model, with results that can be compared. */
    private interface Face extends AutoCloseable {
        Object one(Picture picture);

        List<?> many(List<? extends Picture> pictures);

        void warmUp(Duration limit, Picture.Form... forms);

        long compiled();

        /** Whether two results are one: to the bit, where nothing else is said. */
        default boolean same(Object a, Object b) {
            return a.equals(b);
        }

        default void assertSame(Object expected, Object actual, String what) {
            assertTrue(same(expected, actual), what);
        }

        @Override
        void close();
    }

    private record Segments(Weights weights, UNet net) implements Face {
        private static final SegmentOptions OPTIONS = SegmentOptions.of().withLogits();

        Segments(Device device) {
            Weights weights = SmallUNets.milesial(3, 5, List.of(4, 8, 8), false).build();
            this(weights, UNet.load(device, weights, ModelOptions.of().plans(8)));
        }

        private static Object comparable(Segmentation s) {
            return List.of(Arrays.hashCode(s.labels().toArray()), Arrays.hashCode(s.logits().toFloatArray()));
        }

        @Override
        public Object one(Picture picture) {
            return comparable(net.segment(picture, OPTIONS));
        }

        @Override
        public List<?> many(List<? extends Picture> pictures) {
            return net.segment(pictures, OPTIONS).stream().map(Segments::comparable).toList();
        }

        @Override
        public void warmUp(Duration limit, Picture.Form... forms) {
            net.warmUp(limit, OPTIONS, forms);
        }

        @Override
        public long compiled() {
            return net.compiled();
        }

        @Override
        public void close() {
            net.close();
            weights.close();
        }
    }

    private record Detects(Weights weights, MaskRcnn net) implements Face {
        Detects(Device device) {
            Weights weights = SmallRcnns.weights(SmallRcnns.torchvision(6, true));
            this(weights, MaskRcnn.load(device, weights));
        }

        @Override
        public Object one(Picture picture) {
            return net.detect(picture, DETECT);
        }

        @Override
        public List<?> many(List<? extends Picture> pictures) {
            return net.detect(pictures, DETECT);
        }

        @Override
        public void warmUp(Duration limit, Picture.Form... forms) {
            net.warmUp(limit, DETECT, forms);
        }

        @Override
        public long compiled() {
            return net.compiled();
        }

        @Override
        public void close() {
            net.close();
            weights.close();
        }
    }

    private record Answers(Weights weights, Sam2 sam) implements Face {
        Answers(Device device) {
            Weights weights = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick")).weights();
            this(weights, Sam2.load(device, weights, Sam2.Settings.of().imageSize(64), ModelOptions.of()));
        }

        private static Object comparable(ImageView view) {
            return view.predict(Prompt.point(30, 20)).logits();
        }

        /** Sums of attention are ordered differently before the JVM has compiled them: a few of float32's last bits. */
        @Override
        public boolean same(Object a, Object b) {
            return TensorDifference.of((HostTensor) a, (HostTensor) b).relativeL2() <= 1e-5;
        }

        @Override
        public Object one(Picture picture) {
            try (ImageView view = sam.look(picture)) {
                return comparable(view);
            }
        }

        @Override
        public List<?> many(List<? extends Picture> pictures) {
            List<Object> out = new ArrayList<>();
            for (ImageView view : sam.look(pictures)) {
                try (view) {
                    out.add(comparable(view));
                }
            }
            return out;
        }

        @Override
        public void warmUp(Duration limit, Picture.Form... forms) {
            sam.warmUp(limit, forms);
        }

        @Override
        public long compiled() {
            return sam.compiled();
        }

        @Override
        public void close() {
            sam.close();
            weights.close();
        }
    }

    static Stream<Arguments> models() {
        Map<String, Function<Device, Face>> models = new LinkedHashMap<>();
        models.put("U-Net", Segments::new);
        models.put("Mask R-CNN", Detects::new);
        models.put("SAM 2", Answers::new);
        return BackendsUnderTest.devices().flatMap(
                id -> models.entrySet().stream().map(m -> Arguments.of(m.getKey(), id, m.getValue())));
    }

    /** A grey that differs everywhere, the same in red, green and blue if wanted. */
    private static Image picture(int seed, boolean grey) {
        Image image = Image.blank(WIDTH, HEIGHT, PixelFormat.RGB8);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                for (int c = 0; c < 3; c++) {
                    double wave = Math.sin(0.2 * x + seed + (grey ? 0 : c)) * Math.cos(0.3 * y - 0.4 * seed);
                    image.setSample(x, y, c, (int) (127 + 120 * wave) & 0xFF);
                }
            }
        }
        return image;
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("models")
    void afterWarmUpNothingIsCompiled(String model, String id, Function<Device, Face> load) throws Exception {
        DEVICES.on(id, device -> {
            try (Face face = load.apply(device)) {
                assertEquals(0, face.compiled());
                Picture.Form video = new Picture.Form(WIDTH, HEIGHT, Nv12.Matrix.BT709_LIMITED);
                face.warmUp(Duration.ofMillis(1), picture(1, false).form(), video);
                long compiled = face.compiled();
                assertTrue(compiled >= 2);
                face.one(picture(2, false));
                face.one(video.blank());
                assertEquals(compiled, face.compiled());
            }
        });
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("models")
    void deadlinesAndCancellationLeaveTheModelUsable(String model, String id, Function<Device, Face> load)
            throws Exception {
        Image image = picture(1, false);
        DEVICES.on(id, device -> {
            try (Face face = load.apply(device)) {
                Object expected = face.one(image);
                assertThrows(DeadlineExceededException.class, () -> Limit.within(Duration.ofNanos(100_000)).run(() -> {
                    // The first may be done in time.
                    for (int i = 0; i < 1000; i++) {
                        face.one(image);
                    }
                }));
                face.assertSame(expected, face.one(image), model);
                Limit limit = Limit.untilCancelled();
                CountDownLatch twice = new CountDownLatch(2);
                Thread other = Thread.ofPlatform().start(() -> {
                    try {
                        twice.await();
                    } catch (InterruptedException e) {
                        return;
                    }
                    limit.cancel();
                });
                assertThrows(CancelledException.class, () -> limit.run(() -> {
                    while (true) {
                        face.assertSame(expected, face.one(image), model);
                        twice.countDown();
                    }
                }));
                other.join();
                face.assertSame(expected, face.one(image), model);
                face.assertSame(expected, Limit.within(Duration.ofMinutes(10)).call(() -> face.one(image)), model);
            }
        });
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("models")
    void aBatchIsAsEachAlone(String model, String id, Function<Device, Face> load) throws Exception {
        Image blueFirst = converted(picture(3, false), PixelFormat.BGR8, 5);
        List<Image> pictures = List.of(picture(1, false), picture(2, false), blueFirst, picture(4, false),
                picture(5, false), converted(picture(6, false), PixelFormat.BGR8, 0), picture(7, false));
        DEVICES.on(id, device -> {
            try (Face face = load.apply(device)) {
                List<?> alone = pictures.stream().map(face::one).toList();
                assertFalse(face.same(alone.get(0), alone.get(1)));
                List<?> together = face.many(pictures);
                assertEquals(alone.size(), together.size());
                for (int i = 0; i < alone.size(); i++) {
                    face.assertSame(alone.get(i), together.get(i), model + ", picture " + i);
                }
            }
        });
    }

    @ParameterizedTest(name = "{0} on {1}")
    @MethodSource("models")
    void everyInputGivesTheSame(String model, String id, Function<Device, Face> load) throws Exception {
        Image image = picture(1, false);
        Path file = folder.resolve("picture.png");
        image.writePng(file);
        BufferedImage awt = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            int x = i % WIDTH;
            int y = i / WIDTH;
            awt.setRGB(x, y, image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2));
        }
        Map<String, Picture> same = new LinkedHashMap<>();
        same.put("file", Image.read(file));
        same.put("AWT", Image.of(awt));
        for (PixelFormat f : List.of(PixelFormat.BGR8, PixelFormat.RGBA8, PixelFormat.BGRA8, PixelFormat.RGB16)) {
            same.put(f + "", converted(image, f, 0));
            same.put(f + " with gaps", converted(image, f, 12));
        }
        Image grey = picture(1, true);
        DEVICES.on(id, device -> {
            try (Face face = load.apply(device)) {
                Object expected = face.one(image);
                same.forEach((name, p) -> face.assertSame(expected, face.one(p), name));
                Object expectedGrey = face.one(grey);
                assertFalse(face.same(expected, expectedGrey));
                face.assertSame(expectedGrey, face.one(converted(grey, PixelFormat.GRAY8, 3)), "grey");
                Object frame = face.one(nv12(grey, WIDTH));
                face.assertSame(frame, face.one(nv12(grey, WIDTH + 16)), "NV12 with gaps");
                assertFalse(face.same(expected, frame));
                if (id.startsWith("cpu:")) {
                    // Without colour, and over the whole range, NV12's luma is the grey; elsewhere a compiler may divide by 255 in
                    // another way than it multiplies, and FrameOpsTest holds the frame to the oracle.
                    face.assertSame(expectedGrey, frame, "NV12");
                }
            }
        });
    }

    /** The same picture in memory of another form, rows apart by some bytes more. */
    private static Image converted(Image rgb, PixelFormat format, int gap) {
        long stride = (long) WIDTH * format.pixelBytes() + gap * format.sampleBytes();
        byte[] bytes = new byte[Math.toIntExact(stride * HEIGHT)];
        Arrays.fill(bytes, (byte) 0xA5);
        Image out = new Image(WIDTH, HEIGHT, format, stride, MemorySegment.ofArray(bytes));
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                for (int c = 0; c < Math.min(3, format.channels()); c++) {
                    out.setSample(x, y, c, rgb.sample(x, y, c) * (format.bits() == 16 ? 257 : 1));
                }
            }
        }
        return out;
    }

    private static Nv12 nv12(Image grey, int stride) {
        byte[] bytes = new byte[stride * HEIGHT * 3 / 2];
        Arrays.fill(bytes, (byte) 128);
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            bytes[i / WIDTH * stride + i % WIDTH] = (byte) grey.sample(i % WIDTH, i / WIDTH, 0);
        }
        return new Nv12(WIDTH, HEIGHT, Nv12.Matrix.BT601_FULL, stride, MemorySegment.ofArray(bytes));
    }
}
