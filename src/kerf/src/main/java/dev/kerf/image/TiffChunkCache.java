package dev.kerf.image;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Unpacked strips and tiles that windows beside each other share, the last ones used, of so many bytes at most, but one however large.
 * Used by many threads. */
final class TiffChunkCache {
    private long most;
    private final Map<Key, byte[]> chunks = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    /**
     * Which one.
     *
     * @param page   whose
     * @param number of the strip or tile
     */
    private record Key(TiffPage page, int number) {}

    /** Of so many bytes. */
    TiffChunkCache(long most) {
        this.most = most;
    }

    /** Of so many bytes from the next one on. */
    synchronized void keep(long bytes) {
        most = bytes;
    }

    byte[] get(TiffPage page, int number, Supplier<byte[]> unpack) {
        Key key = new Key(page, number);
        synchronized (this) {
            byte[] there = chunks.get(key);
            if (there != null) {
                return there;
            }
        }
        byte[] made = unpack.get();
        synchronized (this) {
            if (chunks.putIfAbsent(key, made) == null) {
                bytes += made.length;
            }
            var oldest = chunks.entrySet().iterator();
            while (bytes > most && chunks.size() > 1) {
                bytes -= oldest.next().getValue().length;
                oldest.remove();
            }
        }
        return made;
    }

    /** Bytes that are held. */
    synchronized long held() {
        return bytes;
    }
}
