package dev.kerf.backend.gpu.cuda;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A file of PTX modules, searched once: where the module of each set of definitions lies. */
final class PtxFile {
    /** What stands before the definitions that a module serves. */
    static final String MARK = "// kerf ";

    private static final byte[] MARKED = MARK.getBytes(StandardCharsets.US_ASCII);

    private final byte[] text;
    private final Map<String, Place> places = new HashMap<>();

    private record Place(int from, int to) {}

    PtxFile(byte[] text) {
        this.text = text;
        List<String> keys = new ArrayList<>();
        int from = -1;
        for (int line = 0; line < text.length;) {
            int end = line;
            while (end < text.length && text[end] != '\n') {
                end++;
            }
            if (begins(line)) {
                if (from >= 0) {
                    place(keys, from, line);
                    from = -1;
                }
                int key = line + MARKED.length;
                keys.add(new String(text, key, end - key, StandardCharsets.US_ASCII));
            } else if (from < 0 && !keys.isEmpty()) {
                from = line;
            }
            line = end + 1;
        }
        if (from >= 0) {
            place(keys, from, text.length);
        }
    }

    private boolean begins(int line) {
        return Arrays.equals(text, line, Math.min(text.length, line + MARKED.length), MARKED, 0, MARKED.length);
    }

    private void place(List<String> keys, int from, int to) {
        keys.forEach(key -> places.put(key, new Place(from, to)));
        keys.clear();
    }

    /** The module that serves a set, or null. */
    byte[] module(String key) {
        Place p = places.get(key);
        return p == null ? null : Arrays.copyOfRange(text, p.from, p.to);
    }
}
