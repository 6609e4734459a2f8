package dev.kerf.geo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * One directory of a TIFF file to be written, little-endian: first the header, then its tags, then what they point to, then the places and
 * sizes of the tiles, which are filled in as these are written.
 */
final class TiffTags {
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int DOUBLE = 12;
    private static final int LONG8 = 16;
    private static final int PLACES = 324;
    private static final int SIZES = 325;

    private final boolean big;
    private final int tiles;
    private final Map<Integer, Entry> entries = new TreeMap<>();

    /** Values of a type, as bytes; none of the tiles' places and sizes, which are zeros until they are known. */
    private record Entry(int type, long count, byte[] bytes) {}

    /** @param big whether it is a BigTIFF */
    TiffTags(boolean big, int tiles) {
        this.big = big;
        this.tiles = tiles;
        entries.put(PLACES, new Entry(big ? LONG8 : LONG, tiles, new byte[0]));
        entries.put(SIZES, new Entry(LONG, tiles, new byte[0]));
    }

    void text(int tag, String text) {
        byte[] bytes = (text + "\0").getBytes(StandardCharsets.ISO_8859_1);
        entries.put(tag, new Entry(2, bytes.length, bytes));
    }

    void shorts(int tag, double... values) {
        ByteBuffer b = buffer(2 * values.length);
        for (double v : values) {
            b.putShort((short) (int) v);
        }
        entries.put(tag, new Entry(SHORT, values.length, b.array()));
    }

    void number(int tag, int value) {
        entries.put(tag, new Entry(LONG, 1, buffer(4).putInt(value).array()));
    }

    void doubles(int tag, double... values) {
        ByteBuffer b = buffer(8 * values.length);
        for (double v : values) {
            b.putDouble(v);
        }
        entries.put(tag, new Entry(DOUBLE, values.length, b.array()));
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int inline() {
        return big ? 8 : 4;
    }

    /** Bytes of a tile's place. */
    int placeBytes() {
        return big ? 8 : 4;
    }

    /** Where the directory begins. */
    private int start() {
        return big ? 16 : 8;
    }

    private long end() {
        return start() + (big ? 8 + 20L * entries.size() + 8 : 2 + 12L * entries.size() + 4);
    }

    /** Where the places of the tiles begin, or where the place of the only one stands. */
    long places() {
        return tiles > 1 ? placesBehind() : slot(PLACES);
    }

    /** Where the sizes of the tiles begin. */
    long sizes() {
        return inlineSizes()
                ? slot(SIZES)
                : placesBehind() + (tiles * (long) placeBytes() > inline() ? tiles * (long) placeBytes() : 0);
    }

    private boolean inlineSizes() {
        return tiles * 4L <= inline();
    }

    /** Where the tiles can begin. */
    long data() {
        long behind = tiles > 1 ? placesBehind() + tiles * (long) placeBytes() : placesBehind();
        return behind + (inlineSizes() ? 0 : tiles * 4L) + 15 & ~15L;
    }

    /** Where a tag's value stands in the directory. */
    private long slot(int tag) {
        int i = 0;
        for (int t : entries.keySet()) {
            if (t == tag) {
                break;
            }
            i++;
        }
        return start() + (big ? 8 + 20L * i + 12 : 2 + 12L * i + 8);
    }

    private long placesBehind() {
        long at = end();
        for (Entry e : entries.values()) {
            at += e.bytes.length > inline() ? e.bytes.length + 7 & ~7L : 0;
        }
        return at + 7 & ~7L;
    }

    /** All that stands before the places of the tiles. */
    byte[] head() {
        ByteBuffer b = buffer((int) placesBehind());
        b.put((byte) 'I').put((byte) 'I');
        if (big) {
            b.putShort((short) 43).putShort((short) 8).putShort((short) 0).putLong(start());
            b.putLong(entries.size());
        } else {
            b.putShort((short) 42).putInt(start());
            b.putShort((short) entries.size());
        }
        long at = end();
        for (Map.Entry<Integer, Entry> tag : entries.entrySet()) {
            Entry e = tag.getValue();
            b.putShort((short) (int) tag.getKey()).putShort((short) e.type);
            if (big) {
                b.putLong(e.count);
            } else {
                b.putInt((int) e.count);
            }
            int value = b.position();
            if (tag.getKey() == PLACES) {
                put(b, tiles > 1 ? places() : 0);
            } else if (tag.getKey() == SIZES) {
                put(b, inlineSizes() ? 0 : sizes());
            } else if (e.bytes.length > inline()) {
                put(b, at);
                b.put((int) at, e.bytes);
                at += e.bytes.length + 7 & ~7L;
            } else {
                b.put(e.bytes);
            }
            b.position(value + inline());
        }
        return b.array();
    }

    private void put(ByteBuffer b, long place) {
        if (big) {
            b.putLong(place);
        } else {
            b.putInt((int) place);
        }
    }
}
