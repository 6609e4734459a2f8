package dev.kerf.serve;

import dev.kerf.serve.look.Looked;
import dev.kerf.serve.look.Pointer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The pictures that clients know, and those of them that are in memory: of these the ones that weren't used for longest give
 * way to others, so that all take no more than a number of bytes. One that gave way is read and looked at again when it is
 * asked for.
 */
final class ImageStore implements AutoCloseable {
    /** Ids that are remembered; opening the file again makes one known again. */
    private static final int KNOWN = 100_000;

    private final Pointer pointer;
    private final long limit;
    /** Bytes that videos take of it. */
    private final LongSupplier others;
    private final LinkedHashMap<String, Original> known = new LinkedHashMap<>(16, 0.75f, true);
    private final LinkedHashMap<String, Held> held = new LinkedHashMap<>(16, 0.75f, true);
    private final AtomicLong looks = new AtomicLong();
    private final AtomicLong evictions = new AtomicLong();
    private final AtomicLong meanLookNanos = new AtomicLong();
    /** Bytes of the latest picture's features, as what the next one's will take. */
    private volatile long lookBytes;

    ImageStore(Pointer pointer, long limit, LongSupplier others) {
        this.pointer = pointer;
        this.others = others;
        this.limit = limit;
    }

    /** Makes a picture known. */
    synchronized void add(Original original) {
        known.put(original.id(), original);
        if (known.size() > KNOWN) {
            known.pollFirstEntry();
        }
    }

    /** @throws Refusal 404 if no picture of this id was opened */
    synchronized Original original(String id) {
        Original found = known.get(id);
        if (found == null) {
            throw new Refusal(404, "no picture of this id was opened: send it, or open it by its path");
        }
        return found;
    }

    /** Uses a picture, which stays in memory meanwhile. */
    <T> T use(String id, Function<Held, T> work) {
        Original original = original(id);
        Held one;
        synchronized (this) {
            one = held.computeIfAbsent(id, _ -> new Held(original));
            one.users++;
            shrink(limit - others.getAsLong() - 4L * original.width() * original.height() - lookBytes + one.bytes());
        }
        try {
            return work.apply(one);
        } finally {
            synchronized (this) {
                one.users--;
                shrink(limit - others.getAsLong());
            }
        }
    }

    /** Looks at a picture in use if nobody has. */
    Looked look(Held one) {
        if (one.ready()) {
            return one.look(pointer);
        }
        long start = System.nanoTime();
        Looked found = one.look(pointer);
        long took = System.nanoTime() - start;
        meanLookNanos.updateAndGet(mean -> mean == 0 ? took : mean + (took - mean) / 4);
        lookBytes = found.bytes();
        looks.incrementAndGet();
        return found;
    }

    /** The picture if it is in memory, without using it. */
    synchronized Optional<Held> peek(String id) {
        return Optional.ofNullable(held.get(id));
    }

    private void shrink(long most) {
        long sum = bytes();
        for (Iterator<Map.Entry<String, Held>> all = held.entrySet().iterator(); sum > most && all.hasNext();) {
            Held oldest = all.next().getValue();
            if (oldest.users == 0) {
                sum -= oldest.bytes();
                all.remove();
                oldest.close();
                evictions.incrementAndGet();
            }
        }
    }

    /** Bytes that all take. */
    synchronized long bytes() {
        return held.values().stream().mapToLong(Held::bytes).sum();
    }

    /** Pictures in memory. */
    synchronized int size() {
        return held.size();
    }

    long limit() {
        return limit;
    }

    long looks() {
        return looks.get();
    }

    long evictions() {
        return evictions.get();
    }

    /** What looking took lately, in milliseconds; 0 before the first. */
    long lookMillis() {
        return TimeUnit.NANOSECONDS.toMillis(meanLookNanos.get());
    }

    @Override
    public synchronized void close() {
        held.values().forEach(Held::close);
        held.clear();
    }
}
