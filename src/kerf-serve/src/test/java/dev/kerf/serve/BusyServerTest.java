package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.backend.Limit;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.CancelledException;
import dev.kerf.image.Image;
import dev.kerf.mask.Mask;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose network is busy: what waits, what is called off, what is refused, and what stays in memory. */
class BusyServerTest {
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");
    private static final int WAITING = 8;
    private static final int CLIENTS = 50;

    @TempDir
    private static Path folder;
    private static Device device;
    private static Weights weights;
    private static PromptModel sam;
    private static ImageView view;
    private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore held = new Semaphore(0);
    private Server server;
    private Client client;
    private String id;

    @BeforeAll
    static void load() throws Exception {
        Files.copy(QUICK.resolve("frame0.png"), folder.resolve("drawn.png"));
        device = Backends.open("cpu");
        weights = GoldenCase.open(QUICK).weights();
        sam = PromptModel.load(device, weights, 64, ModelOptions.of());
        view = sam.look(Image.read(folder.resolve("drawn.png")));
    }

    @AfterAll
    static void unload() {
        view.close();
        sam.close();
        weights.close();
        device.close();
    }

    @BeforeEach
    void start() {
        server = Server.start(ServeOptions.of(folder).limits(ServeOptions.Limits.of().waiting(WAITING)),
                Networks.of(sam, weights));
        client = new Client(server);
        id = client.open("drawn.png");
        client.post("api/images/" + id + "/look", new byte[0]).is(200);
    }

    @AfterEach
    void stop() {
        held.release(100);
        clients.close();
        server.close();
    }

    /** Holds the network up until {@link #held} is released. */
    private void hold() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        clients.submit(() -> server.prompts().call(Limit.untilCancelled(), () -> {
            begun.countDown();
            held.acquireUninterruptibly();
            return true;
        }));
        begun.await();
    }

    private Future<Client.Got> ask(String json) {
        return clients.submit(() -> new Client(server).post("api/images/" + id + "/prompt", json));
    }

    private void waiting(int expected) throws InterruptedException {
        while (server.prompts().waiting() != expected) {
            Thread.sleep(1);
        }
    }

    private static String hover(String name, int x) {
        return "{\"points\": [[" + x + ", 94]], \"hover\": true, \"client\": \"" + name + "\"}";
    }

    /** Those before it are called off while they wait: they're answered 409 at once, and another client's aren't. */
    @Test
    void theNewestHoverEndsOlderOnes() throws Exception {
        hold();
        List<Future<Client.Got>> older = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Future<Client.Got> newest = ask(hover("a", 100 + i));
            if (i > 0) {
                // The one before has its answer while the network is still held up.
                older.getLast().get().is(409);
            }
            waiting(1);
            older.add(newest);
        }
        Future<Client.Got> others = ask(hover("b", 125));
        waiting(2);
        held.release();
        Mask expected = view.outline(Prompt.point(104, 94), true).mask().decode();
        assertEquals(expected, Client.mask(older.getLast().get().is(200).json().at("masks").at(0)));
        others.get().is(200);
    }

    /** What isn't answered in time is answered 504, leaves the queue, and does no harm to what follows. */
    @Test
    void aDeadlineThatPasses() throws Exception {
        hold();
        assertTrue(ask("{\"points\": [[125, 94]], \"deadline_ms\": 30}").get().is(504).text().contains("in time"));
        waiting(0);
        Future<Client.Got> patient = ask("{\"points\": [[125, 94]], \"deadline_ms\": 60000}");
        waiting(1);
        held.release();
        assertEquals(view.candidates(Prompt.point(125, 94)).getFirst().mask(),
                Client.mask(patient.get().is(200).json().at("masks").at(0)));
        // One that passes while the network is at it.
        Files.copy(QUICK.resolve("frame1.png"), folder.resolve("late.png"));
        String late = client.open("late.png");
        client.post("api/images/" + late + "/prompt", "{\"points\": [[125, 94]], \"deadline_ms\": 1}").is(504);
        client.post("api/images/" + late + "/prompt", "{\"points\": [[125, 94]]}").is(200);
    }

    /** A client that doesn't read what a task sends holds it up until somebody calls it off. */
    @Test
    void aTaskThatIsStuckIsCalledOff() throws Exception {
        Tasks tasks = new Tasks();
        Tasks.Task task = Tasks.of("propagate", new WorkQueue.Ticket(Limit.untilCancelled()));
        CountDownLatch stuck = new CountDownLatch(1);
        Future<Boolean> ended = clients.submit(() -> tasks.run("video", task, () -> {
            try {
                task.write(() -> {
                    try {
                        stuck.countDown();
                        held.acquire();
                    } catch (InterruptedException e) {
                        throw new ClosedByInterruptException();
                    }
                });
                return false;
            } catch (IOException e) {
                return true;
            }
        }));
        stuck.await();
        assertTrue(tasks.cancel("video"));
        assertTrue(ended.get());
        assertThrows(CancelledException.class, task::check);
    }

    @Test
    void aFullQueueSaysWhenToComeBack() throws Exception {
        hold();
        List<Future<Client.Got>> first = new ArrayList<>();
        for (int i = 1; i <= WAITING; i++) {
            first.add(ask("{\"points\": [[" + 10 * i + ", 94]]}"));
            waiting(i);
        }
        Client.Got refused = ask("{\"points\": [[5, 5]]}").get().is(429);
        assertTrue(Integer.parseInt(refused.raw().headers().firstValue("Retry-After").orElseThrow()) >= 1);
        held.release();
        for (Future<Client.Got> f : first) {
            f.get().is(200);
        }
    }

    /**
     * Fifty clients at once, round after round: answers or 429, the same bytes for pictures, and not one object of Kerf's more than
     * after the rounds before.
     */
    @Test
    void memoryIsFlatUnderFiftyClients() throws Exception {
        round(2);
        Map<String, Long> before = objects();
        long bytes = bytes();
        assertTrue(bytes > 0);
        for (int i = 0; i < 4; i++) {
            round(2);
            assertEquals(bytes, bytes());
        }
        Map<String, Long> after = objects();
        after.forEach((name, n) -> assertTrue(n <= before.getOrDefault(name, 0L) + 2,
                name + ": " + before.getOrDefault(name, 0L) + " objects, then " + n));
        assertTrue(before.keySet().stream().anyMatch(n -> n.endsWith(".ImageView")), before.keySet().toString());
    }

    /** Every client hovers and clicks so many times; no answer but 200, 409 of a hover that was overtaken, and 429. */
    private void round(int times) throws Exception {
        List<Callable<Boolean>> all = new ArrayList<>();
        for (int c = 0; c < CLIENTS; c++) {
            int n = c;
            all.add(() -> {
                Client own = new Client(server);
                for (int i = 0; i < times; i++) {
                    for (String json : List.of(hover("client " + n, 10 + 4 * n),
                            "{\"points\": [[" + (10 + 4 * n) + ", 90]]}")) {
                        Client.Got got = own.post("api/images/" + id + "/prompt", json);
                        if (got.status() != 200 && got.status() != 429) {
                            throw new AssertionError(got.status() + " " + got.text());
                        }
                    }
                }
                return true;
            });
        }
        for (Future<Boolean> f : clients.invokeAll(all)) {
            assertTrue(f.get());
        }
    }

    private long bytes() {
        return client.get("metrics").text().lines().filter(l -> l.startsWith("kerf_serve_image_bytes "))
                .mapToLong(l -> Long.parseLong(l.substring(l.indexOf(' ') + 1))).findFirst().orElseThrow();
    }

    /** Objects of Kerf's classes that are alive after a collection. */
    private static Map<String, Long> objects() throws Exception {
        String histogram = (String) ManagementFactory.getPlatformMBeanServer().invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"), "gcClassHistogram", new Object[] {new String[0]},
                new String[] {String[].class.getName()});
        Map<String, Long> counts = new TreeMap<>();
        histogram.lines().map(l -> l.strip().split("\\s+")).filter(w -> w.length > 3 && w[3].startsWith("dev.kerf."))
                .forEach(w -> counts.merge(w[3], Long.parseLong(w[1]), Long::sum));
        return counts;
    }
}
