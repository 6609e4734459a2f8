package dev.kerf.cli.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many images at once: as many as may be and no more, and told in their order whatever becomes of them. */
class ImageRunTest {
    private static final int IMAGES = 60;
    private static final Device.Info DEVICE = new Device.Info("cpu", 0, Device.Info.Kind.CPU, "one", "", "", 1, 1, 1,
            List.of());

    private final AtomicInteger held = new AtomicInteger();
    private final AtomicInteger reading = new AtomicInteger();
    private final AtomicInteger writing = new AtomicInteger();
    private final AtomicInteger mostHeld = new AtomicInteger();
    private final AtomicInteger mostReading = new AtomicInteger();
    private final AtomicInteger mostWriting = new AtomicInteger();
    private final AtomicInteger finding = new AtomicInteger();
    private final AtomicInteger mostFinding = new AtomicInteger();
    private final List<String> collected = Collections.synchronizedList(new ArrayList<>());

    private static void within(AtomicInteger now, AtomicInteger most) {
        int n = now.incrementAndGet();
        most.accumulateAndGet(n, Math::max);
        try {
            Thread.sleep(ThreadLocalRandom.current().nextInt(4));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Every seventh can't be read, every eleventh isn't found, every thirteenth not written. */
    private final class Work implements ImageRun.Work<Integer, Integer> {
        private final int side;

        Work(int side) {
            this.side = side;
        }

        @Override
        public Integer read(Input input) {
            within(reading, mostReading);
            reading.decrementAndGet();
            int i = Integer.parseInt(input.name());
            fail(i % 7 == 6, input);
            mostHeld.accumulateAndGet(held.incrementAndGet(), Math::max);
            return i;
        }

        @Override
        public Integer find(Integer image) {
            within(finding, mostFinding);
            finding.decrementAndGet();
            if (image % 11 == 10) {
                held.decrementAndGet();
                throw new OutOfMemoryError("of the device");
            }
            return image;
        }

        @Override
        public ImageRun.Written write(Input input, Integer image, Integer result) {
            within(writing, mostWriting);
            writing.decrementAndGet();
            held.decrementAndGet();
            fail(image % 13 == 12, input);
            return new ImageRun.Written(side, side, "seen", Json.object().put("n", result), List.of(),
                    Json.object().put("kept", result));
        }

        @Override
        public void collect(Input input, Json kept) {
            collected.add(input.name() + "=" + kept.at("kept"));
        }

        private static void fail(boolean now, Input input) {
            if (now) {
                throw new BadInputException(input.file() + ": as it is");
            }
        }
    }

    private static boolean works(int i) {
        return i % 7 != 6 && i % 11 != 10 && i % 13 != 12;
    }

    private static List<Input> inputs() {
        return IntStream.range(0, IMAGES)
                .mapToObj(i -> new Input(Path.of(i + ".png"), "" + i, 0, 1, List.of(), "", null)).toList();
    }

    private Json run(int jobs, int side) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = Console.of(out, new ByteArrayOutputStream(), false);
        ImageReport report = new ImageReport(console, false, true, DEVICE, "none");
        assertEquals(ExitCode.SOME_FAILED,
                new ImageRun<>(new Work(side), report, new Jobs(jobs, Manifest.none())).run(inputs(), null));
        console.out().flush();
        return Json.parse(out.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void orderAndNumbersAreKept(int jobs) {
        Json said = run(jobs, 4);
        List<Integer> fine = IntStream.range(0, IMAGES).filter(ImageRunTest::works).boxed().toList();
        List<Integer> failed = IntStream.range(0, IMAGES).filter(i -> !works(i)).boxed().toList();
        assertEquals(fine, said.at("images").items().stream().map(i -> i.at("n").asInt()).toList());
        assertEquals(failed.stream().map(i -> i + ".png").toList(),
                said.at("failed").items().stream().map(i -> i.at("file").asString()).toList());
        assertEquals(fine.stream().map(i -> i + "=" + i).toList(), collected);
        assertEquals(0, said.at("skipped").asInt());
        assertEquals(1, mostFinding.get(), "a network takes one unless it says otherwise");
        assertTrue(mostReading.get() <= jobs + 1, mostReading + " were read at once");
        assertTrue(mostWriting.get() <= jobs + 1, mostWriting + " were written at once");
        assertTrue(mostHeld.get() <= 2 * jobs + 2, mostHeld + " were there at once");
        assertTrue(jobs < 8 || mostHeld.get() > 4, mostHeld + " were there at once");
    }

    /** A network that takes two at once: the first waits there for another; later ones come and go as they like. */
    @Test
    void asManyAreInTheNetworkAsItTakes() {
        CountDownLatch two = new CountDownLatch(2);
        assertEquals(IMAGES, through(2, () -> {
            two.countDown();
            try {
                assertTrue(two.await(10, TimeUnit.MINUTES), "nobody came to the first");
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }));
        assertEquals(2, mostFinding.get());
        assertTrue(mostReading.get() <= 3, mostReading + " were read at once");
    }

    @Test
    void oneIsInTheNetworkWhereFewerMayBeOnTheirWayThanItTakes() {
        assertEquals(IMAGES, through(1, () -> {}));
        assertEquals(1, mostFinding.get());
    }

    /** Takes images through a network that does two at once; returns how many are told of, in their order. */
    private int through(int jobs, Runnable inside) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = Console.of(out, new ByteArrayOutputStream(), false);
        int code = new ImageRun<>(new ImageRun.Work<Integer, Integer>() {
            @Override
            public Integer read(Input input) {
                within(reading, mostReading);
                reading.decrementAndGet();
                return Integer.parseInt(input.name());
            }

            @Override
            public int atOnce(Integer image) {
                return 2;
            }

            @Override
            public Integer find(Integer image) {
                within(finding, mostFinding);
                inside.run();
                finding.decrementAndGet();
                return image;
            }

            @Override
            public ImageRun.Written write(Input input, Integer image, Integer result) {
                return new ImageRun.Written(4, 4, "seen", Json.object().put("n", result), List.of());
            }
        }, new ImageReport(console, false, true, DEVICE, "none"), new Jobs(jobs, Manifest.none())).run(inputs(), null);
        console.out().flush();
        List<Integer> told = Json.parse(out.toString()).at("images").items().stream().map(i -> i.at("n").asInt()).toList();
        assertEquals(ExitCode.OK, code);
        assertEquals(IntStream.range(0, told.size()).boxed().toList(), told);
        return told.size();
    }

    @Test
    void largeOnesGoOneByOne() {
        // A quarter of all that the heap may become, each.
        run(8, (int) Math.sqrt(Runtime.getRuntime().maxMemory() / 4));
        assertTrue(mostHeld.get() <= 4, mostHeld + " were there at once");
    }

    /** A hundred that are small, and those that are as large as half of the heap once they are on their way. */
    @Test
    void largeOnesAfterSmallOnesAreSeenComing(@TempDir Path dir) throws IOException {
        int large = (int) Math.sqrt(Runtime.getRuntime().maxMemory() / 100);
        List<Input> inputs = new ArrayList<>();
        for (int i = 0; i < 108; i++) {
            int side = i < 100 ? 8 : large;
            Path file = dir.resolve(i + ".png");
            // As much of a PNG as says how large it is.
            Files.write(file, ByteBuffer.allocate(24).putLong(0x89504E470D0A1A0AL).putInt(13).putInt(0x49484452).putInt(side)
                    .putInt(side).array());
            inputs.add(new Input(file, "" + i, 0, 1, List.of(), "", null));
        }
        Console console = Console.of(new ByteArrayOutputStream(), new ByteArrayOutputStream(), false);
        AtomicInteger small = new AtomicInteger();
        assertEquals(ExitCode.OK, new ImageRun<>(new ImageRun.Work<Integer, Integer>() {
            @Override
            public Integer read(Input input) {
                int i = Integer.parseInt(input.name());
                within(i < 100 ? small : held, i < 100 ? mostReading : mostHeld);
                return i;
            }

            @Override
            public Integer find(Integer image) {
                return image;
            }

            @Override
            public ImageRun.Written write(Input input, Integer image, Integer result) {
                within(writing, mostWriting);
                writing.decrementAndGet();
                (image < 100 ? small : held).decrementAndGet();
                return new ImageRun.Written(1, 1, "seen", Json.object(), List.of());
            }
        }, new ImageReport(console, false, true, DEVICE, "none"), new Jobs(16, Manifest.none())).run(inputs, null));
        assertTrue(mostReading.get() > 4, mostReading + " small ones were there at once");
        assertEquals(1, mostHeld.get(), "large ones were there at once");
    }
}
