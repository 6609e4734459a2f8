package dev.kerf.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The page's files, from the jar; there are no others. */
final class Assets {
    /** Their names; the first is the page itself. */
    static final List<String> NAMES = List.of("index.html", "style.css", "icon.svg", "main.js", "api.js", "files.js", "film.js",
            "model.js", "pointing.js", "rle.js", "rows.js", "video.js", "view.js", "openapi.json");
    private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8", "js",
            "text/javascript; charset=utf-8", "css", "text/css; charset=utf-8", "json", "application/json", "svg",
            "image/svg+xml");

    private final Map<String, byte[]> files = new HashMap<>();

    Assets() {
        for (String name : NAMES) {
            try (InputStream in = Assets.class.getResourceAsStream("page/" + name)) {
                files.put(name, in.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    byte[] file(String name) {
        return files.get(name);
    }

    /** The Content-Type of a name. */
    static String type(String name) {
        return TYPES.get(name.substring(name.lastIndexOf('.') + 1));
    }
}
