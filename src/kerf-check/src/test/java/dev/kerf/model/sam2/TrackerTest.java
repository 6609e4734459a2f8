package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.Sam2.FrameResult;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Videos on the golden case's weights: upstream's answers at 256 pixels to a side, everything else at 64. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrackerTest {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");
    private static final Prompt LEFT = Prompt.point(20, 30);
    private static final Prompt RIGHT = Prompt.box(30, 10, 60, 50);

    private final Weights weights = GoldenCase.open(GOLDENS.resolve("sam2-quick")).weights();
    private Device cpu;
    private Sam2 small;

    /** A square that wanders over a gradient. */
    private record Drawn(int count) implements ClipTracker.Frames {
        @Override
        public Image frame(int index) {
            Image image = Image.blank(64, 64, PixelFormat.RGB8);
            for (int y = 0; y < 64; y++) {
                for (int x = 0; x < 64; x++) {
                    boolean in = Math.abs(x - 20 - index % 24) < 8 && Math.abs(y - 30) < 8;
                    image.setSample(x, y, 0, in ? 230 : 2 * x);
                    image.setSample(x, y, 1, in ? 60 : 2 * y);
                    image.setSample(x, y, 2, 90);
                }
            }
            return image;
        }
    }

    @BeforeAll
    void load() {
        cpu = Backends.open("cpu");
        small = Sam2.load(cpu, weights, Sam2.Settings.of().imageSize(64), ModelOptions.of());
    }

    @AfterAll
    void close() {
        small.close();
        cpu.close();
        weights.close();
    }

    /** Bounds: ten times what float32 itself costs upstream, whose cases fill no holes. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void aClipIsFollowedAsUpstreamDoes(String backend) {
        GoldenCase golden = GoldenCase.open(GOLDENS.resolve("sam2-predictor-quick"));
        ClipTracker.Frames video = new ClipTracker.Frames() {
            @Override
            public int count() {
                return 4;
            }

            @Override
            public Image frame(int index) {
                return Image.read(GOLDENS.resolve("sam2-quick/frame" + index + ".png"));
            }
        };
        try (Device device = Backends.open(backend);
                Sam2 sam = Sam2.load(device, weights, Sam2.Settings.of().imageSize(256).holeArea(0), ModelOptions.of());
                Safetensors expected = Safetensors.open(GOLDENS.resolve("sam2-predictor-quick/expected.safetensors"));
                ClipTracker clip = sam.track(video)) {
            clip.prompt(0, 7, Prompt.point(125.44000244140625, 94.72000122070312));
            List<Integer> frames = new ArrayList<>();
            clip.propagate(r -> {
                frames.add(r.frame());
                String stage = "video" + r.frame() + ".low_res_masks";
                Prediction p = r.objects().get(7);
                TensorDifference d = TensorDifference.of(p.lowRes(), expected.tensor(stage));
                assertTrue(d.relativeL2() <= 10 * golden.stages().get(stage).cost(), backend + ", " + stage + ": " + d);
                String score = "video" + r.frame() + ".object_score_logits";
                assertEquals(expected.tensor(score).getDouble(0), p.object(), 2e-2 * Math.abs(p.object()));
            });
            assertEquals(List.of(0, 1, 2, 3), frames);
        }
    }

    private static List<FrameResult> run(ClipTracker clip, int start, int count, boolean backward) {
        List<FrameResult> results = new ArrayList<>();
        clip.propagate(start, count, backward, results::add);
        return results;
    }

    /** A random network is ill-conditioned: what float32 costs it is up to 1e-3 a frame. */
    private static void same(Prediction a, Prediction b, String what) {
        TensorDifference d = TensorDifference.of(a.lowRes(), b.lowRes());
        assertTrue(d.relativeL2() <= 1e-2, what + ": " + d);
    }

    @Test
    void objectsAreFollowedTogetherAsAlone() {
        ClipTracker.Frames video = new Drawn(5);
        try (ClipTracker one = small.track(video);
                ClipTracker two = small.track(video);
                ClipTracker both = small.track(video)) {
            one.prompt(0, 1, LEFT);
            two.prompt(1, 2, RIGHT);
            both.prompt(0, 1, LEFT);
            both.prompt(1, 2, RIGHT);
            List<FrameResult> a = run(one, 1, 3, false);
            List<FrameResult> b = run(two, 1, 3, false);
            List<FrameResult> c = run(both, 1, 3, false);
            for (int i = 0; i < 3; i++) {
                assertEquals(List.of(1, 2), List.copyOf(c.get(i).objects().keySet()));
                same(a.get(i).objects().get(1), c.get(i).objects().get(1), "frame " + (i + 1));
                same(b.get(i).objects().get(2), c.get(i).objects().get(2), "frame " + (i + 1));
            }
        }
    }

    /** By whoever is given the results: as if it had been prompted before, and without those before being found again. */
    @Test
    void objectsComeAreCorrectedAndGoMidway() {
        ClipTracker.Frames video = new Drawn(7);
        Prompt corrected = Prompt.box(0, 40, 60, 64);
        try (ClipTracker before = small.track(video); ClipTracker midway = small.track(video)) {
            before.prompt(0, 1, LEFT);
            run(before, 0, 2, false);
            before.prompt(1, 2, RIGHT);
            List<FrameResult> expected = new ArrayList<>(run(before, 2, 1, false));
            before.prompt(2, 1, corrected);
            expected.addAll(run(before, 3, 2, false));
            midway.prompt(0, 1, LEFT);
            List<FrameResult> found = new ArrayList<>();
            midway.propagate(r -> {
                found.add(r);
                switch (r.frame()) {
                    case 1 -> midway.prompt(1, 2, RIGHT);
                    case 2 -> midway.prompt(2, 1, corrected);
                    case 4 -> midway.remove(1);
                    case 5 -> midway.remove(2);
                    default -> {}
                }
            });
            assertEquals(List.of(Set.of(1), Set.of(1), Set.of(1, 2), Set.of(1, 2), Set.of(1, 2), Set.of(2)),
                    found.stream().map(r -> r.objects().keySet()).toList(), "and nothing once none is left");
            for (int i = 0; i < 3; i++) {
                for (int o : Set.of(1, 2)) {
                    same(expected.get(i).objects().get(o), found.get(2 + i).objects().get(o), "frame " + (2 + i) + ", " + o);
                }
            }
        }
    }

    @Test
    void someAreFollowedAndTheOthersStayAsTheyAre() {
        ClipTracker.Frames video = new Drawn(6);
        try (ClipTracker clip = small.track(video);
                ClipTracker alone = small.track(video);
                ClipTracker other = small.track(video)) {
            clip.prompt(0, 1, LEFT);
            alone.prompt(0, 1, LEFT);
            run(clip, 0, 4, false);
            run(alone, 0, 4, false);
            clip.prompt(2, 2, RIGHT);
            other.prompt(2, 2, RIGHT);
            List<FrameResult> second = new ArrayList<>();
            clip.propagate(Set.of(2), 2, 9, false, second::add);
            List<FrameResult> expected = run(other, 2, 9, false);
            assertEquals(List.of(2, 3, 4, 5), second.stream().map(FrameResult::frame).toList());
            for (int i = 0; i < 4; i++) {
                assertEquals(Set.of(2), second.get(i).objects().keySet());
                same(expected.get(i).objects().get(2), second.get(i).objects().get(2), "frame " + second.get(i).frame());
            }
            same(run(alone, 4, 1, false).getFirst().objects().get(1), run(clip, 4, 1, false).getFirst().objects().get(1),
                    "the first, as if there were no other");
            says("no object 9", () -> clip.propagate(Set.of(1, 9), 0, 1, false, _ -> {}));
            says("name one", () -> clip.propagate(Set.of(), 0, 1, false, _ -> {}));
        }
    }

    @Test
    void backwardIsTheReverseOfTheReversedVideo() {
        Drawn video = new Drawn(6);
        ClipTracker.Frames reversed = new ClipTracker.Frames() {
            @Override
            public int count() {
                return 6;
            }

            @Override
            public Image frame(int index) {
                return video.frame(5 - index);
            }
        };
        try (ClipTracker back = small.track(video);
                ClipTracker forth = small.track(reversed)) {
            back.prompt(4, 1, LEFT);
            forth.prompt(1, 1, LEFT);
            List<FrameResult> a = run(back, 4, 10, true);
            List<FrameResult> b = run(forth, 1, 10, false);
            assertEquals(List.of(4, 3, 2, 1, 0), a.stream().map(FrameResult::frame).toList());
            for (int i = 0; i < a.size(); i++) {
                same(a.get(i).objects().get(1), b.get(i).objects().get(1), "frame " + a.get(i).frame());
            }
        }
    }

    @Test
    void memoriesThatMovedToTheHostComeBack() {
        // 40 frames take more than the 32 slots; following them again needs the first ones, which were moved.
        ClipTracker.Frames video = new Drawn(40);
        try (ClipTracker clip = small.track(video)) {
            clip.prompt(0, 1, LEFT);
            List<FrameResult> first = run(clip, 0, 40, false);
            List<FrameResult> again = run(clip, 3, 4, false);
            for (int i = 0; i < 4; i++) {
                same(first.get(3 + i).objects().get(1), again.get(i).objects().get(1), "frame " + (3 + i));
            }
        }
    }

    @Test
    void aCorrectionChangesWhatFollows() {
        ClipTracker.Frames video = new Drawn(5);
        try (ClipTracker clip = small.track(video)) {
            clip.prompt(0, 1, LEFT);
            Prediction before = run(clip, 0, 5, false).get(4).objects().get(1);
            clip.prompt(2, 1, Prompt.box(0, 40, 60, 64));
            Prediction after = run(clip, 3, 5, false).getLast().objects().get(1);
            assertTrue(TensorDifference.of(after.lowRes(), before.lowRes()).relativeL2() > 1e-2);
            clip.clear(2, 1);
            clip.remove(1);
            assertEquals(Set.of(), clip.objects());
            assertThrows(BadInputException.class, () -> clip.propagate(r -> {}));
        }
    }

    @Test
    void aGivenMaskIsTheObjects() {
        HostTensor mask = HostTensor.zeros(DType.U8, Shape.of(64, 64));
        for (int i = 0; i < 64 * 64; i++) {
            mask.setDouble(i, i % 64 > 12 && i % 64 < 28 && i / 64 > 22 && i / 64 < 38 ? 255 : 0);
        }
        try (ClipTracker clip = small.track(new Drawn(3))) {
            Prediction p = clip.mask(0, 1, mask);
            for (int i = 0; i < 64 * 64; i++) {
                int x = i % 64;
                int y = i / 64;
                boolean edge = Math.abs(x - 12.5) < 3 || Math.abs(x - 27.5) < 3 || Math.abs(y - 22.5) < 3
                        || Math.abs(y - 37.5) < 3;
                assertTrue(edge || p.mask().get(x, y) == (mask.getLong(i) != 0), "pixel " + x + ", " + y);
            }
            assertEquals(3, run(clip, 0, 3, false).size());
            assertEquals(10f, p.object());
            Prediction nothing = clip.mask(0, 2, HostTensor.zeros(DType.U8, Shape.of(64, 64)));
            assertEquals(-10f, nothing.object());
            assertEquals(0, nothing.mask().area());
        }
    }

    /** Through 200 frames, or 1,000. */
    @Test
    void aStreamFollowsAndDoesntGrow() {
        Drawn video = new Drawn(Boolean.getBoolean("kerf.test.wide") ? 1000 : 200);
        try (StreamTracker stream = small.stream()) {
            assertEquals(Map.of(), stream.next(video.frame(0)).objects());
            stream.prompt(1, LEFT);
            long settled = 0;
            for (int i = 1; i < video.count(); i++) {
                FrameResult r = stream.next(video.frame(i));
                assertEquals(i, r.frame());
                assertEquals(Set.of(1), r.objects().keySet());
                if (i % 10 == 5) {
                    stream.prompt(1, LEFT);
                }
                if (i == 40) {
                    settled = cpu.memoryInUse();
                }
            }
            assertEquals(settled, cpu.memoryInUse());
        }
    }

    @Test
    void aStreamFollowsAsAClipOfManyFramesDoes() {
        ClipTracker.Frames video = new Drawn(20);
        try (StreamTracker stream = small.stream();
                ClipTracker clip = small.track(video)) {
            stream.next(video.frame(0));
            stream.prompt(1, LEFT);
            clip.prompt(0, 1, LEFT);
            List<FrameResult> whole = run(clip, 0, 20, false);
            for (int i = 1; i < 20; i++) {
                same(whole.get(i).objects().get(1), stream.next(video.frame(i)).objects().get(1), "frame " + i);
            }
        }
    }

    @Test
    void badInputIsRefused() {
        try (StreamTracker stream = small.stream()) {
            says("no frame yet", () -> stream.prompt(1, LEFT));
            stream.next(new Drawn(1).frame(0));
            says("64×64", () -> stream.next(Image.blank(64, 65, PixelFormat.RGB8)));
            says("not in the image", () -> stream.prompt(1, Prompt.point(65, 3)));
            assertEquals(Set.of(), stream.objects());
            says("can't be prompted", () -> stream.prompt(5, 1, LEFT));
            says("no object 3", () -> stream.remove(3));
            says("(16, 16)", () -> stream.prompt(1, LEFT.refining(HostTensor.zeros(DType.U8, Shape.of(3, 3)))));
        }
        StreamTracker closed = small.stream();
        closed.close();
        assertThrows(ClosedException.class, () -> closed.next(new Drawn(1).frame(0)));
        try (ClipTracker clip = small.track(new Drawn(2))) {
            says("no object has a prompt", () -> clip.propagate(r -> {}));
            says("frame 2 of a video of 2", () -> clip.prompt(2, 1, LEFT));
            says("frames are 64×64", () -> clip.mask(0, 1, HostTensor.zeros(DType.U8, Shape.of(4, 4))));
            says("no object 9", () -> clip.clear(0, 9));
        }
        says("no frames", () -> small.track(new Drawn(0)));
    }

    private static void says(String expected, org.junit.jupiter.api.function.Executable e) {
        String message = assertThrows(BadInputException.class, e).getMessage();
        assertTrue(message.contains(expected), message);
    }

    /** What a pointer is shown is what the prompt answers after a clear, before and after frames were followed; nothing is kept. */
    @Test
    void aPreviewIsThePromptsAnswer() {
        Drawn video = new Drawn(6);
        try (ClipTracker clip = small.track(video); ClipTracker plain = small.track(video)) {
            Prediction preview = clip.preview(0, 1, LEFT);
            assertEquals(Set.of(), clip.objects());
            assertEquals(plain.prompt(0, 1, LEFT).mask(), preview.mask());
            clip.prompt(0, 1, LEFT);
            List<FrameResult> one = new ArrayList<>();
            List<FrameResult> two = new ArrayList<>();
            clip.propagate(r -> one.add(r));
            plain.propagate(r -> two.add(r));
            for (int frame : List.of(3, 0)) {
                Prediction shown = clip.preview(frame, 1, RIGHT);
                clip.preview(frame, 1, LEFT);
                clip.clear(frame, 1);
                assertEquals(clip.prompt(frame, 1, RIGHT).mask(), shown.mask(), "frame " + frame);
            }
            // Frame 0, prompted anew, is the only prompt, and not in memory yet: a frame that was followed attends to it.
            assertEquals(clip.preview(4, 1, LEFT).mask(), clip.prompt(4, 1, LEFT).mask());
        }
    }

    /** Without the memories that are too far away to be attended to, what follows is the same. */
    @Test
    void farMemoriesMayGo() {
        Drawn video = new Drawn(StreamTracker.WINDOW + 12);
        try (ClipTracker all = small.track(video); ClipTracker trimmed = small.track(video)) {
            all.prompt(0, 1, LEFT);
            trimmed.prompt(0, 1, LEFT);
            List<Prediction> expected = new ArrayList<>();
            List<Prediction> found = new ArrayList<>();
            all.propagate(0, video.count(), false, r -> expected.add(r.objects().get(1)));
            trimmed.propagate(0, video.count(), false, r -> {
                found.add(r.objects().get(1));
                trimmed.trim(0, r.frame());
            });
            assertTrue(trimmed.bytes() < all.bytes(), trimmed.bytes() + " of " + all.bytes());
            for (int i = 0; i < found.size(); i++) {
                assertEquals(expected.get(i).mask(), found.get(i).mask(), "frame " + i);
            }
        }
    }
}
