package dev.kerf.cli.picture;

import dev.kerf.cli.console.Version;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Which images are done, beside their results: a line of JSON each, appended when the image's files are in their places, so that a run
 * that was stopped, however, can go on. When all have been tried it goes, unless it is asked for or was there before. One process at a time
 * writes it; used by one thread.
 */
final class Manifest implements AutoCloseable {
    static final String NAME = "kerf-manifest.jsonl";

    private final Path file;
    private final Path directory;
    private final Made made;
    /** Whether what it says is skipped, and it stays when all is done. */
    private final boolean keeps;
    /** By image where its last line lies; empty where nothing is to be skipped. */
    private final Map<String, Place> done = new HashMap<>();
    /** Null until there is something to read or write, and where somebody else writes. */
    private FileChannel channel;
    private boolean writes;
    /** Where the next line goes; -1 until that is known. */
    private long end = -1;
    /** Whether it wasn't there before, and nothing is left for it to say. */
    private boolean begun;
    private boolean over;

    /**
     * How results come about.
     *
     * @param command its name
     * @param model   a hash of the weights, when it is known
     * @param options a hash of what was asked for
     */
    record Made(String command, Supplier<String> model, String options) {}

    /** Where a line is in the file, in bytes, without its end. */
    private record Place(long offset, int length) {}

    /** Is given the lines, from the first. */
    private interface Lines {
        /** Takes one, which is null if it isn't of a manifest; returns whether more are wanted. */
        boolean take(Json line, Place place);
    }

    /**
     * What tells whether a file changes.
     *
     * @param size     in bytes
     * @param modified when
     */
    record Stamp(long size, String modified) {
        /** Of a file; null if there is none. */
        static Stamp of(Input input) {
            return input.trouble().isEmpty() ? of(input.file()) : null;
        }

        static Stamp of(Path file) {
            try {
                return new Stamp(Files.size(file), Files.getLastModifiedTime(file).toString());
            } catch (IOException e) {
                // Whoever reads it will say why.
                return null;
            }
        }

        /** As {@link #put} wrote it. */
        static Stamp of(Json line) {
            return new Stamp(line.at("size").asLong(), line.at("modified").asString());
        }

        Json put(Json line) {
            return line.put("size", size).put("modified", modified);
        }
    }

    private Manifest(Path directory, Made made, boolean writes, boolean keeps) {
        this.keeps = keeps;
        this.directory = directory;
        this.file = directory.resolve(NAME);
        this.made = made;
        this.writes = writes;
    }

    /** Nothing is done and nothing is noted. */
    static Manifest none() {
        return new Manifest(Path.of(""), null, false, false);
    }

    /**
     * That of a directory, begun if there is none. Nothing is written before the first image is noted.
     *
     * @param resume whether what is done is skipped; otherwise it is done again
     * @throws BadFileException if it is to be resumed and is another's, or can't be read
     */
    static Manifest open(Path directory, Made made, boolean resume) {
        Manifest m = new Manifest(directory, made, true, resume);
        try {
            if (resume && Files.exists(m.file)) {
                m.load();
            }
        } catch (IOException e) {
            m.close();
            throw new BadFileException(m.file + ": can't be read or written (" + e.getMessage() + ")", e);
        } catch (RuntimeException e) {
            m.close();
            throw e;
        }
        return m;
    }

    private void load() throws IOException {
        if (!lock()) {
            throw new BadFileException(
                    file + ": another run writes it; wait for its end, or choose another directory with --out");
        }
        end = lines((line, place) -> {
            if (line != null) {
                String difference = difference(line);
                if (!difference.isEmpty()) {
                    throw new BadFileException(
                            file + ": is of a run with " + difference + "; choose another directory with --out, or leave"
                                    + " --resume out to begin anew");
                }
                done.put(line.at("input").asString(), place);
            }
            return true;
        });
        if (done.isEmpty() && end > 0) {
            throw new BadFileException(file + ": is no manifest of Kerf's; move it away");
        }
    }

    /** Returns where the last whole line of those taken ends. */
    private long lines(Lines to) throws IOException {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel.position(0)), 1 << 16);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        long from = 0;
        boolean more = true;
        for (int b = in.read(); more && b >= 0; b = in.read()) {
            if (b == '\n') {
                more = to.take(line(text.toString(StandardCharsets.UTF_8)), new Place(from, text.size()));
                from += text.size() + 1;
                text.reset();
            } else {
                text.write(b);
            }
        }
        return from;
    }

    /** Null if it is none. */
    private static Json line(String text) {
        try {
            Json line = Json.parse(text, NAME);
            for (String name : List.of("input", "name", "kerf", "command", "model", "options")) {
                line.at(name).asString();
            }
            Stamp.of(line);
            for (Json output : line.at("outputs").items()) {
                output.at("file").asString();
                Stamp.of(output);
            }
            return line;
        } catch (KerfException e) {
            return null;
        }
    }

    /** How a line was made otherwise; empty if it wasn't. */
    private String difference(Json line) {
        if (!line.at("command").asString().equals(made.command)) {
            return "another command, " + line.at("command").asString();
        } else if (!line.at("kerf").asString().equals(Version.text())) {
            return "another version, " + line.at("kerf").asString();
        } else if (!line.at("model").asString().equals(made.model.get())) {
            return "other weights";
        }
        return line.at("options").asString().equals(made.options) ? "" : "other options or another back end";
    }

    /** Whether it is ours to write. */
    private boolean lock() throws IOException {
        if (channel == null) {
            boolean there = Files.exists(file);
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                writes = channel.tryLock() != null;
            } catch (OverlappingFileLockException e) {
                writes = false;
            }
            begun = writes && !there;
            if (!writes) {
                channel.close();
            }
        }
        return writes;
    }

    private static String key(Input input) {
        return input.file().toAbsolutePath().normalize()
                + (input.pages() > 1 || input.page() > 0 ? " page " + (input.page() + 1) : "")
                + (input.channels().isEmpty() ? "" : " channels " + input.channels());
    }

    /** What an earlier run kept of an image that is done and hasn't changed, and whose results are as they were left and called so. */
    Optional<Json> done(Input input, String called) {
        Place place = done.get(key(input));
        Json line = place == null ? null : at(place);
        if (line == null || !line.at("name").asString().equals(called) || !Stamp.of(line).equals(Stamp.of(input))
                || !line.at("outputs").items().stream()
                        .allMatch(o -> Stamp.of(o).equals(Stamp.of(directory.resolve(o.at("file").asString()))))) {
            return Optional.empty();
        }
        return Optional.of(line.find("kept").orElse(Json.object()));
    }

    /** Null if it can't be read any more. */
    private Json at(Place place) {
        ByteBuffer text = ByteBuffer.allocate(place.length);
        try {
            int n = 0;
            while (n >= 0 && text.hasRemaining()) {
                n = channel.read(text, place.offset + text.position());
            }
            return line(new String(text.array(), 0, text.position(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return null;
        }
    }

    /**
     * Notes an image whose files are in their places.
     *
     * @param called what they are called
     * @param before of the image's file before it was read; null if it had none
     * @param files  that have to be as they are for it to be done
     * @param kept   of it, an object
     * @return what is to be said of it; empty if nothing
     * @throws BadFileException if that can't be written
     */
    String add(Input input, String called, Stamp before, List<Path> files, Json kept) {
        if (!writes || before == null) {
            return "";
        }
        Json line = before.put(Json.object().put("input", key(input)).put("name", called)).put("kerf", Version.text())
                .put("command", made.command).put("model", made.model.get()).put("options", made.options);
        Json outputs = Json.array();
        for (Path output : files) {
            Stamp stamp = Stamp.of(output);
            if (stamp == null) {
                // Somebody took it away already.
                return "";
            }
            outputs.add(stamp.put(
                    Json.object().put("file", directory.toAbsolutePath().relativize(output.toAbsolutePath()).toString())));
        }
        line.put("outputs", outputs);
        if (kept.size() > 0) {
            line.put("kept", kept);
        }
        try {
            if (!lock()) {
                return "";
            }
            String said = end < 0 ? begin() : "";
            if (channel.size() > end) {
                // What a kill left of a line, or all that another network made.
                channel.truncate(end);
            }
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes, end + bytes.position());
            }
            end += bytes.limit();
            return said;
        } catch (IOException e) {
            writes = false;
            throw new BadFileException(file + ": can't be written (" + e.getMessage() + "); --resume won't skip what follows",
                    e);
        } catch (BadFileException e) {
            writes = false;
            throw e;
        }
    }

    /** Finds where to go on in what wasn't read: behind its lines, or in their place if they were made otherwise, which is to be said. */
    private String begin() throws IOException {
        List<Json> first = new ArrayList<>();
        long seen = lines((line, _) -> {
            if (line != null) {
                first.add(line);
            }
            return line == null;
        });
        if (first.isEmpty() && seen > 0) {
            throw new BadFileException(file + ": is no manifest of Kerf's; move it away");
        }
        String difference = first.isEmpty() ? "" : difference(first.getFirst());
        end = first.isEmpty() || !difference.isEmpty() ? 0 : channel.size();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (end > 0 && channel.read(one.clear(), end - 1) == 1 && one.get(0) != '\n') {
            end--;
        }
        return difference.isEmpty() ? "" : file + ": was of a run with " + difference + "; it begins anew";
    }

    /** All images were tried: nobody has to go on, and a record that wasn't asked for and wasn't there goes. */
    void complete() {
        over = true;
    }

    @Override
    public void close() {
        try {
            if (begun && over && !keeps) {
                Files.deleteIfExists(file);
            }
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Its lines are written.
            channel = null;
        }
    }
}
