package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.BadFileException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * A file of PTX modules. After its first line it has an index, a line {@code // at OFFSET LENGTH NAME=VALUE …} for each set of
 * definitions: where the module of that set begins, in bytes from the end of the index, and how long it is. The index alone
 * is kept; a module is read when it is asked for, and nothing behind it.
 */
final class PtxFile {
    /** What stands before a line of the index. */
    static final String AT = "// at ";

    /** What stands, for who reads the file, before the definitions that a module serves. */
    static final String MARK = "// kerf ";

    /** Opens the file anew. */
    @FunctionalInterface
    interface Source {
        /** The file from its start; null if there is none. */
        InputStream open() throws IOException;
    }

    private final String name;
    private final Source source;
    private final Map<String, Place> places = new HashMap<>();

    private record Place(long from, int length) {}

    /**
     * Reads the index; of a file that isn't there, an empty one.
     *
     * @throws BadFileException if it can't be read
     */
    PtxFile(String name, Source source) {
        this.name = name;
        this.source = source;
        try (InputStream in = source.open()) {
            if (in == null) {
                return;
            }
            BufferedInputStream lines = new BufferedInputStream(in);
            long end = line(lines).length() + 1L;
            Map<String, Place> relative = new HashMap<>();
            for (String line = line(lines); line.startsWith(AT); line = line(lines)) {
                String[] words = line.substring(AT.length()).split(" ", 3);
                if (words.length < 3) {
                    throw new IOException("no place: " + line);
                }
                relative.put(words[2], new Place(Long.parseLong(words[0]), Integer.parseInt(words[1])));
                end += line.length() + 1;
            }
            long start = end;
            relative.forEach((key, place) -> places.put(key, new Place(start + place.from, place.length)));
        } catch (IOException | NumberFormatException e) {
            throw new BadFileException(name + " can't be read (" + e + ")", e);
        }
    }

    /** Up to the next line feed or the end. */
    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.write(c);
        }
        return line.toString(StandardCharsets.US_ASCII);
    }

    /**
     * The module that serves a set, or null.
     *
     * @throws BadFileException if it can't be read or ends before the module does
     */
    byte[] module(String key) {
        Place p = places.get(key);
        if (p == null) {
            return null;
        }
        try (InputStream in = source.open()) {
            in.skipNBytes(p.from);
            byte[] module = in.readNBytes(p.length);
            if (module.length < p.length) {
                throw new EOFException("it ends within the module of " + key);
            }
            return module;
        } catch (IOException e) {
            throw new BadFileException(name + " can't be read (" + e + ")", e);
        }
    }
}
