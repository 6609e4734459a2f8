package dev.kerf.serve;

import dev.kerf.json.Json;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.serve.clip.ClipSession;
import dev.kerf.serve.clip.ClipWork;
import dev.kerf.serve.clip.Shown;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The videos that clients know, and those of them that are in memory: of these the ones that weren't used for longest give way
 * to others, so that all take no more than a number of bytes. What was done in one that gave way is on disk.
 */
final class ClipStore implements AutoCloseable {
    private static final int KNOWN = 10_000;
    /** Sessions at once: each may have a program that decodes its video. */
    private static final int MOST = 4;
    private static final long FRAME_BYTES = 64L << 20;

    /** A session and threads that use it now. */
    private static final class Open {
        private final ClipSession session;
        private int users;

        Open(ClipSession session) {
            this.session = session;
        }
    }

    private final Path work;
    private final Sam2 sam;
    private final long limit;
    private final BiFunction<Json, Clip, Shown> reader;
    private final LinkedHashMap<String, Clip> known = new LinkedHashMap<>(16, 0.75f, true);
    private final LinkedHashMap<String, Open> open = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * A store without videos.
     *
     * @param sam   null if there is none
     * @param limit bytes that all take together, unless one that is in use takes more
     */
    ClipStore(Path work, Sam2 sam, long limit, BiFunction<Json, Clip, Shown> reader) {
        this.work = work.resolve("videos");
        this.sam = sam;
        this.limit = limit;
        this.reader = reader;
    }

    /** Makes a video known. */
    synchronized void add(Clip clip) {
        known.put(clip.id(), clip);
        if (known.size() > KNOWN) {
            known.pollFirstEntry();
        }
    }

    /** One that is known by its content, at this place; null if there is none. */
    synchronized Clip find(String id, Path path) {
        Clip found = known.get(id);
        return found != null && found.path().equals(path) ? found : null;
    }

    /** @throws Refusal 404 if no video of this id was opened */
    synchronized Clip clip(String id) {
        Clip found = known.get(id);
        if (found == null) {
            throw new Refusal(404, "no video of this id was opened: send it, or open it by its path");
        }
        return found;
    }

    /** Uses a video, which stays in memory meanwhile. */
    <T> T use(String id, Function<ClipSession, T> does) {
        Clip clip = clip(id);
        Open one;
        synchronized (this) {
            one = open.get(id);
            if (one == null) {
                shrink(MOST - 1);
                one = new Open(new ClipSession(clip.path(), sam, new ClipWork(work.resolve(id), clip.width(), clip.height()),
                        json -> reader.apply(json, clip), Math.min(FRAME_BYTES, limit / 8), limit / 4));
                open.put(id, one);
            }
            one.users++;
        }
        try {
            return does.apply(one.session);
        } finally {
            synchronized (this) {
                one.users--;
                shrink(MOST);
            }
        }
    }

    private void shrink(int most) {
        long sum = bytes();
        int left = open.size();
        for (Iterator<Map.Entry<String, Open>> all = open.entrySet().iterator(); (sum > limit || left > most)
                && all.hasNext();) {
            Open oldest = all.next().getValue();
            if (oldest.users == 0) {
                sum -= oldest.session.bytes();
                left--;
                all.remove();
                oldest.session.close();
            }
        }
    }

    /** Bytes that all take. */
    synchronized long bytes() {
        return open.values().stream().mapToLong(o -> o.session.bytes()).sum();
    }

    /** Videos in memory. */
    synchronized int size() {
        return open.size();
    }

    @Override
    public synchronized void close() {
        open.values().forEach(o -> o.session.close());
        open.clear();
    }
}
