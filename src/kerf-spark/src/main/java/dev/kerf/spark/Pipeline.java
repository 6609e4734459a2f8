package dev.kerf.spark;

import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.KerfException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.spark.Encoding.Encoded;
import dev.kerf.spark.Settings.Part;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * One task's images, in order: the next are decoded and the last are encoded while the network has some, by threads of the task's
 * processors; with one processor all is done in turns by the task's own. No more than three batches are held.
 */
final class Pipeline implements Iterator<Row> {
    private static final int PROBE = 64;

    private final Iterator<Row> rows;
    private final Function<Row, Sight> reader;
    private final Engine engine;
    private final ModelFile model;
    private final Encoding encoding;
    private final PngFolder folder;
    private final int batch;
    private final ExecutorService helpers;
    private final TaskContext task;
    private final Deque<Future<Sight>> reading = new ArrayDeque<>();
    private final Deque<Future<Row>> written = new ArrayDeque<>();

    Pipeline(Iterator<Row> rows, Function<Row, Sight> reader, ModelFile model, KerfOptions options, PngFolder folder) {
        this.rows = rows;
        this.reader = reader;
        this.model = model;
        this.folder = folder;
        this.engine = Engine.of(model, options);
        this.encoding = new Encoding(options.settings(), engine.objects());
        this.batch = options.settings().batch;
        this.task = TaskContext.get();
        int cpus = task == null ? 1 : task.cpus();
        // While a GPU works, the task's own processor is free.
        int threads = engine.onCpu() ? Math.min(1, cpus - 1) : cpus;
        this.helpers = threads == 0 ? null : Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().factory());
        if (helpers != null && task != null) {
            task.addTaskCompletionListener(_ -> {
                helpers.shutdownNow();
            });
        }
    }

    @Override
    public boolean hasNext() {
        return rows.hasNext() || !reading.isEmpty() || !written.isEmpty();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        // One batch goes through the network before rows of the one before are waited for.
        while (written.size() <= batch && (rows.hasNext() || !reading.isEmpty())) {
            step();
        }
        return got(written.remove());
    }

    private void step() {
        if (task != null) {
            task.killTaskIfInterrupted();
        }
        while (reading.size() < 2 * batch && rows.hasNext()) {
            Row row = rows.next();
            reading.add(start(() -> reader.apply(row)));
        }
        List<Sight> sights = new ArrayList<>();
        while (sights.size() < batch && !reading.isEmpty()) {
            sights.add(got(reading.remove()));
        }
        List<Sight> whole = sights.stream().filter(s -> s.image() != null).toList();
        long began = System.nanoTime();
        List<Object> found = whole.isEmpty() ? List.of() : together(whole);
        long each = (System.nanoTime() - began) / Math.max(1, whole.size());
        int at = 0;
        for (Sight s : sights) {
            long start = System.nanoTime();
            Object result = s.failed() ? s.error() : s.image() != null ? found.get(at++) : streamed(s);
            long nanos = s.failed() ? 0 : s.image() != null ? each : System.nanoTime() - start;
            written.add(start(() -> row(s, result, nanos)));
        }
    }

    /** An {@link Answer} for each, or a text that says why there is none. */
    private List<Object> together(List<Sight> sights) {
        try {
            return List.copyOf(engine.network().find(sights));
        } catch (KerfException | OutOfMemoryError e) {
            if (sights.size() == 1) {
                return List.of(why(sights.getFirst(), e));
            }
            // Which of them it was shows when they are taken one by one.
            return sights.stream().flatMap(s -> together(List.of(s)).stream()).toList();
        }
    }

    private Object streamed(Sight s) {
        try {
            return engine.network().stream(s);
        } catch (KerfException | OutOfMemoryError e) {
            return why(s, e);
        } finally {
            if (s.owned()) {
                ImageReader.delete(s.streamed());
            }
        }
    }

    /** What is wrong with the image; thrown if it isn't the image but the network or the device, which another executor may do without. */
    private String why(Sight s, Throwable e) {
        if (e instanceof BackendUnavailableException || e instanceof BadWeightsException) {
            throw (KerfException) e;
        } else if (e instanceof DeviceException device) {
            Image blank = Image.blank(PROBE, PROBE, PixelFormat.RGB8);
            try {
                engine.network().find(List.of(new Sight("blank", 0, blank, null, false, s.prompts(), 0, null)));
            } catch (DeviceException again) {
                throw device;
            } catch (KerfException other) {
                // The device answers.
                return device.getMessage();
            }
        }
        return e instanceof OutOfMemoryError ? s.path() + ": not enough memory: " + e.getMessage() : e.getMessage();
    }

    private Row row(Sight s, Object result, long networkNanos) {
        long start = System.nanoTime();
        String error = result instanceof String why ? why : null;
        Encoded encoded = null;
        String png = null;
        if (result instanceof Answer answer) {
            try {
                encoded = encoding.encode(answer, folder != null);
                png = folder == null ? null : folder.write(s.path(), encoded.png());
            } catch (KerfException | OutOfMemoryError e) {
                error = e instanceof OutOfMemoryError ? s.path() + ": not enough memory: " + e.getMessage() : e.getMessage();
            }
        }
        boolean done = error == null;
        ShardTally.count(task, done, error);
        return RowFactory.create(s.path(), s.bytes(), encoded == null ? 0 : encoded.width(),
                encoded == null ? 0 : encoded.height(),
                done && encoding.settings().wants(Part.LABELS) ? encoded.png() : null,
                done && encoded.objects() != null ? encoded.objects().toArray() : null, model.name(), model.sha256(),
                engine.device(), done && result instanceof Answer a ? a.tiles() : 0, ms(s.nanos()), ms(networkNanos),
                ms(System.nanoTime() - start), png, error);
    }

    private static double ms(long nanos) {
        return Math.round(nanos / 1e3) / 1e3;
    }

    private <T> Future<T> start(Callable<T> work) {
        if (helpers != null) {
            return helpers.submit(work);
        }
        FutureTask<T> now = new FutureTask<>(work);
        now.run();
        return now;
    }

    private static <T> T got(Future<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            } else if (e.getCause() instanceof Error serious) {
                throw serious;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new dev.kerf.error.CancelledException("the task was ended");
        }
    }
}
