package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.network.PromptGraphs;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The public face of SAM 2 on the golden case's weights, 256 pixels to a side; answers against what upstream computes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class Sam2Test {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    private static final Image FRAME = Image.read(GOLDENS.resolve("sam2-quick/frame0.png"));

    private final Weights weights = GoldenCase.open(GOLDENS.resolve("sam2-quick")).weights();
    private final Safetensors expected = Safetensors.open(GOLDENS.resolve("sam2-predictor-quick/expected.safetensors"));
    private Device cpu;
    private Sam2 sam;
    private ImageView view;

    @BeforeAll
    void load() {
        cpu = Backends.open("cpu");
        sam = load(cpu);
        view = sam.look(FRAME);
    }

    private Sam2 load(Device device) {
        return Sam2.load(device, weights, Sam2.Settings.of().imageSize(256), ModelOptions.of());
    }

    @AfterAll
    void close() {
        view.close();
        sam.close();
        cpu.close();
        expected.close();
        weights.close();
    }

    private void matches(String stage, double bound, List<Prediction> answers) {
        HostTensor whole = expected.tensor(stage);
        for (int i = 0; i < answers.size(); i++) {
            HostTensor low = answers.get(i).lowRes();
            HostTensor plane = new HostTensor(DType.F32, low.shape(),
                    whole.data().asSlice(i * low.data().byteSize(), low.data().byteSize()));
            TensorDifference d = TensorDifference.of(low, plane);
            assertTrue(d.relativeL2() <= bound, stage + " " + i + ": " + d);
        }
    }

    /** Bounds: ten times what float32 itself costs upstream. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void answersAsUpstream(String backend) {
        try (Device device = Backends.open(backend);
                Sam2 model = load(device);
                ImageView seen = model.look(FRAME)) {
            Prompt three = Prompt.point(125.44, 94.72).foreground(153.6, 102.4).background(25.6, 225.28);
            matches("points3.low_res_masks", 10 * 7.652e-5, List.of(seen.predict(three)));
            Prompt box = Prompt.box(76.8, 64, 179.2, 199.68);
            matches("box.low_res_masks", 10 * 9.555e-5, List.of(seen.predict(box)));
            matches("point.low_res_masks", 10 * 2.088e-4,
                    seen.answers(List.of(Prompt.point(125.44, 94.72)), true).getFirst());
            try (Safetensors inputs = Safetensors.open(GOLDENS.resolve("sam2-quick/inputs.safetensors"))) {
                Prompt mask = Prompt.point(125.44, 94.72).refining(inputs.tensor("mask.mask_input"));
                matches("mask.low_res_masks", 10 * 3.966e-5, List.of(seen.predict(mask)));
                // Several at once, with and without a mask: each as alone, in their order.
                List<Prediction> all = seen.predictAll(List.of(box, three, mask, box));
                matches("box.low_res_masks", 10 * 9.555e-5, List.of(all.get(0)));
                matches("points3.low_res_masks", 10 * 7.652e-5, List.of(all.get(1)));
                matches("mask.low_res_masks", 10 * 3.966e-5, List.of(all.get(2)));
                matches("box.low_res_masks", 10 * 9.555e-5, List.of(all.get(3)));
            }
        }
    }

    /** As an interactive tool asks, 100 times or 500: nothing is left behind, and nothing carries over from one answer to the next. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void manyPromptsOfOneImage(String backend) {
        List<Prompt> prompts = List.of(Prompt.point(125.44, 94.72), Prompt.box(76.8, 64, 179.2, 199.68),
                Prompt.point(125.44, 94.72).foreground(153.6, 102.4).background(25.6, 225.28));
        try (Device device = Backends.open(backend);
                Sam2 model = load(device);
                ImageView seen = model.look(FRAME)) {
            List<Prediction> first = prompts.stream().map(seen::predict).toList();
            long settled = device.memoryInUse();
            for (int i = 0; i < (Boolean.getBoolean("kerf.test.wide") ? 500 : 100); i++) {
                Prediction expected = first.get(i % prompts.size());
                Prediction p = seen.predict(prompts.get(i % prompts.size()));
                assertEquals(-1, p.logits().data().mismatch(expected.logits().data()), "answer " + i);
                assertEquals(expected.iou(), p.iou());
                assertEquals(settled, device.memoryInUse(), "after answer " + i);
            }
        }
    }

    /** Seven memories of 64 × 64 places and 16 pointers: 28,736 keys, whose scores would take 470 MB a layer. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void aTrackedFrameTakesLittleMemory(String backend) {
        Sam2Config config = Sam2Config.of(weights);
        assertEquals(1024, config.imageSize());
        var request = new Sam2VideoGraphs.FrameRequest(new PromptGraphs.DecoderRequest(1, 2, false, true), 16, 7, 16);
        try (Device device = Backends.open(backend); DeviceWeights loaded = device.load(weights)) {
            long before = device.memoryInUse();
            try (Executable frame = device.compile(Sam2VideoGraphs.frame(config, request), loaded, CompileOptions.of())) {
                long taken = device.memoryInUse() - before;
                assertEquals(256 * 256, frame.output("low_res_masks").type().shape().elements());
                assertTrue(taken > 64L * 64 * 256 * Float.BYTES && taken < 400_000_000, taken + " bytes");
            }
        }
    }

    @Test
    void aMaskIsWhereItsLogitsAreAboveZero() {
        List<Prediction> three = view.candidates(Prompt.point(125.44, 94.72));
        assertEquals(3, three.size());
        assertTrue(three.get(0).iou() >= three.get(1).iou() && three.get(1).iou() >= three.get(2).iou());
        for (Prediction p : three) {
            assertEquals(Shape.of(256, 256), p.logits().shape());
            assertEquals(Shape.of(64, 64), p.lowRes().shape());
            long area = 0;
            int left = 256;
            int bottom = -1;
            for (int i = 0; i < 256 * 256; i++) {
                boolean in = p.logits().getDouble(i) > 0;
                assertEquals(in, p.mask().get(i % 256, i / 256));
                area += in ? 1 : 0;
                left = in ? Math.min(left, i % 256) : left;
                bottom = in ? i / 256 : bottom;
            }
            assertEquals(area, p.mask().area());
            assertEquals(left, p.bounds().x());
            assertEquals(bottom, p.bounds().y() + p.bounds().height() - 1);
            assertTrue(p.stability() >= 0 && p.stability() <= 1);
        }
    }

    @Test
    void anImageOfAnotherSizeIsAnsweredAtItsOwn() {
        Image wide = Image.blank(300, 120, PixelFormat.RGB8);
        try (ImageView other = sam.look(wide)) {
            Prediction p = other.predict(Prompt.box(250, 60, 300, 120));
            assertEquals(300, p.mask().width());
            assertEquals(120, p.mask().height());
        }
    }

    @Test
    void everyAnswerIsTheSameAndNothingGrows() {
        Prompt prompt = Prompt.point(125.44, 94.72).foreground(153.6, 102.4);
        // The first runs come before the JVM has compiled the kernels, whose sums are ordered differently.
        List<HostTensor> settled = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            settled.add(view.predict(prompt).logits());
        }
        HostTensor first = settled.getLast();
        long before = cpu.memoryInUse();
        for (int i = 0; i < 100; i++) {
            assertEquals(0, TensorDifference.of(view.predict(prompt).logits(), first).maxAbs());
        }
        assertEquals(before, cpu.memoryInUse());
    }

    @Test
    void viewsAreIndependent() {
        Prompt prompt = Prompt.box(76.8, 64, 179.2, 199.68);
        ImageView second = sam.look(Image.blank(256, 256, PixelFormat.GRAY8));
        Prediction grey = second.predict(prompt);
        matches("box.low_res_masks", 10 * 9.555e-5, List.of(view.predict(prompt)));
        assertTrue(TensorDifference.of(grey.logits(), view.predict(prompt).logits()).relativeL2() > 0.01);
        second.close();
        second.close();
        assertThrows(ClosedException.class, () -> second.predict(prompt));
        matches("box.low_res_masks", 10 * 9.555e-5, List.of(view.predict(prompt)));
    }

    @Test
    void threadsDontDisturbEachOther() throws InterruptedException {
        List<Throwable> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            boolean box = t % 2 == 0;
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < 5; i++) {
                        matches(box ? "box.low_res_masks" : "points3.low_res_masks", 10 * (box ? 9.555e-5 : 7.652e-5),
                                List.of(view.predict(box
                                        ? Prompt.box(76.8, 64, 179.2, 199.68)
                                        : Prompt.point(125.44, 94.72).foreground(153.6, 102.4).background(25.6, 225.28))));
                    }
                } catch (Throwable e) {
                    wrong.add(e);
                }
            }));
        }
        for (Thread t : threads) {
            t.join();
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void badPromptsAreRefused() {
        refused(new Prompt(List.of(), null, null), "empty");
        refused(Prompt.point(256.5, 10), "not in the image");
        refused(Prompt.point(-1, 10), "not in the image");
        refused(Prompt.point(Double.NaN, 10), "not in the image");
        refused(Prompt.point(10, Double.POSITIVE_INFINITY), "not in the image");
        refused(Prompt.box(10, 10, 10, 20), "is empty");
        refused(Prompt.box(30, 10, 10, 20), "is empty");
        refused(Prompt.box(10, 10, 20, 300), "not in the image");
        refused(Prompt.box(Double.NaN, 10, 20, 30), "not in the image");
        refused(Prompt.point(1, 1).refining(HostTensor.zeros(DType.F32, Shape.of(256, 256))), "(64, 64)");
        refused(Prompt.point(1, 1).refining(HostTensor.zeros(DType.U8, Shape.of(64, 64))), "F32");
        assertThrows(BadInputException.class, () -> Prompt.scribble(List.of()));
        assertThrows(BadInputException.class, () -> Prompt.scribble(
                List.of(new Prompt.Point(1, 1, true), new Prompt.Point(2, 2, false))));
    }

    private void refused(Prompt prompt, String says) {
        String message = assertThrows(BadInputException.class, () -> view.predict(prompt)).getMessage();
        assertTrue(message.contains(says), message);
    }

    @Test
    void aScribbleIsPointsAlongItsStroke() {
        Prompt dot = Prompt.scribble(List.of(new Prompt.Point(5, 6, true), new Prompt.Point(5, 6, true)));
        assertEquals(List.of(new Prompt.Point(5, 6, true)), dot.points());
        Prompt corner = Prompt.scribble(List.of(new Prompt.Point(0, 0, false), new Prompt.Point(70, 0, false),
                new Prompt.Point(70, 70, false)));
        assertEquals(Prompt.STROKE_POINTS, corner.points().size());
        assertEquals(new Prompt.Point(0, 0, false), corner.points().getFirst());
        assertEquals(new Prompt.Point(70, 70, false), corner.points().getLast());
        for (int i = 0; i < 8; i++) {
            Prompt.Point p = corner.points().get(i);
            assertEquals(Math.min(70, 20.0 * i), p.x(), 1e-9);
            assertEquals(Math.max(0, 20.0 * i - 70), p.y(), 1e-9);
        }
        Prompt shortStroke = Prompt.scribble(List.of(new Prompt.Point(0, 0, true), new Prompt.Point(1.5, 0, true)));
        assertEquals(2, shortStroke.points().size());
    }
}
